"""The map of the nation as data for an SVG: drawn by the server, so it works on paper and without a script."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sipar.nations.outlines import Outline, OutlineMap, Point, Polygon, Ring
from sipar.ui.heatmap import step_class

WIDTH = 600.0
MARGIN = 6.0
NARROWEST_LABELLED = 44.0


@dataclass(frozen=True)
class Region:
    """One province. `x`, `y` are where its label stands; numbers are strings, ready for attributes.

    `label` is empty where the province is too small to hold it; the list beside the map has the value.
    """

    code: str
    name: str
    text: str
    label: str
    path: str
    x: str
    y: str
    step_class: str
    url: str


@dataclass(frozen=True)
class Choropleth:
    sentence: str
    region_head: str
    value_head: str
    width: str
    height: str
    regions: tuple[Region, ...]
    low: str
    high: str
    unknown: str
    note: str


@dataclass(frozen=True)
class Projection:
    """Equirectangular with the cosine of the middle latitude: true to shape for a country of Pakistan's size."""

    west: float
    north: float
    stretch: float
    scale: float

    def place(self, point: Point) -> tuple[float, float]:
        longitude, latitude = point
        x = (longitude - self.west) * self.stretch * self.scale + MARGIN
        return x, (self.north - latitude) * self.scale + MARGIN


def choropleth(
    outlines: OutlineMap,
    values: Mapping[str, float | None],
    *,
    sentence: str,
    heads: tuple[str, str],
    language: str,
    lowest: float,
    highest: float,
    words: tuple[str, str, str],
    write: Callable[[float], str] = lambda value: f"{value:.1f}",
    url: Callable[[str], str] | None = None,
) -> Choropleth:
    """The map coloured by `values` (by province code; missing or None: not known), highest value first in the list.

    `heads` are the column heads (region, value) of the list beside the map; `words` the meanings of the low end,
    the high end and of an uncoloured region. Raises ValueError for a value of a province that the map does not draw.
    """
    drawn = {outline.properties.code for outline in outlines.features}
    if not values.keys() <= drawn:
        raise ValueError(f"the map does not draw {', '.join(sorted(values.keys() - drawn))}")
    projection, height = fit(outlines)

    def region(outline: Outline) -> Region:
        code = outline.properties.code
        value = values.get(code)
        names = outline.properties.name
        x, y = projection.place(outline.properties.label)
        return Region(
            code=code,
            name=names.get(language) or names["en"],
            text="–" if value is None else write(value),
            label="" if value is None or room_at_label(outline, projection) < NARROWEST_LABELLED else write(value),
            path=path_of(outline, projection),
            x=f"{x:.1f}",
            y=f"{y:.1f}",
            step_class=step_class(value, lowest, highest),
            url=url(code) if url else "",
        )

    def rank(outline: Outline) -> float:
        value = values.get(outline.properties.code)
        return math.inf if value is None else -value

    regions = tuple(region(outline) for outline in sorted(outlines.features, key=rank))
    return Choropleth(sentence, *heads, f"{WIDTH:.0f}", f"{height:.0f}", regions, *words, outlines.note)


def fit(outlines: OutlineMap) -> tuple[Projection, float]:
    """The projection that fills `WIDTH`, and the height of the drawing."""
    points = [point for outline in outlines.features for ring in rings(outline) for point in ring]
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    stretch = math.cos(math.radians((south + north) / 2))
    if east <= west or north <= south:
        raise ValueError("the map has no extent")
    scale = (WIDTH - 2 * MARGIN) / ((east - west) * stretch)
    return Projection(west, north, stretch, scale), (north - south) * scale + 2 * MARGIN


def rings(outline: Outline) -> Iterator[Ring]:
    shape = outline.geometry
    for polygon in (shape.coordinates,) if isinstance(shape, Polygon) else shape.coordinates:
        yield from polygon


def room_at_label(outline: Outline, projection: Projection) -> float:
    """How wide a label may be that is centred where the province's label stands, in pixels: none, if it is outside."""
    x, y = projection.place(outline.properties.label)
    borders = [crossing for ring in rings(outline) for crossing in crossings([projection.place(p) for p in ring], y)]
    before = [x - border for border in borders if border <= x]
    after = [border - x for border in borders if border > x]
    return 2 * min(*before, *after) if len(before) % 2 and after else 0.0


def crossings(ring: list[tuple[float, float]], height: float) -> Iterator[float]:
    """Where a closed ring crosses the horizontal line at `height`."""
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (y1 > height) != (y2 > height):
            yield x1 + (height - y1) / (y2 - y1) * (x2 - x1)


def path_of(outline: Outline, projection: Projection) -> str:
    """The province as one SVG path, to a tenth of a pixel, without points that fall on the one before."""
    parts: list[str] = []
    for ring in rings(outline):
        placed = dict.fromkeys(f"{x:.1f},{y:.1f}" for x, y in map(projection.place, ring))
        parts.append(f"M{'L'.join(placed)}Z")
    return "".join(parts)
