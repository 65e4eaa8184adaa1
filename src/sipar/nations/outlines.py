"""The map of a nation: province outlines in a file that the operator may replace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sipar.formats.catalogue import Shape
from sipar.formats.problems import FormatProblem
from sipar.nations.constituency import Code
from sipar.nations.documents import build, read_json
from sipar.nations.profile import Latitude, Longitude, Nation, Note, Words

Point = tuple[Longitude, Latitude]
Ring = Annotated[tuple[Point, ...], Field(min_length=4)]
Rings = Annotated[tuple[Ring, ...], Field(min_length=1)]


class Polygon(Shape):
    type: Literal["Polygon"]
    coordinates: Rings


class MultiPolygon(Shape):
    type: Literal["MultiPolygon"]
    coordinates: Annotated[tuple[Rings, ...], Field(min_length=1)]


class OutlineProperties(Shape):
    code: Code
    name: Words
    label: Point


class Outline(Shape):
    """One province as a GeoJSON feature (RFC 7946 section 3.2)."""

    type: Literal["Feature"]
    properties: OutlineProperties
    geometry: Annotated[Polygon | MultiPolygon, Field(discriminator="type")]

    @model_validator(mode="after")
    def _rings_are_closed(self) -> Self:
        shape = self.geometry
        polygons = (shape.coordinates,) if isinstance(shape, Polygon) else shape.coordinates
        if any(ring[0] != ring[-1] for rings in polygons for ring in rings):
            raise ValueError(f"a ring of {self.properties.code} does not end where it starts")
        return self


class OutlineMap(Shape):
    """A GeoJSON FeatureCollection; outer rings run clockwise, as spherical renderers such as d3-geo expect."""

    type: Literal["FeatureCollection"]
    note: Note
    source: Note
    licence: Note
    features: tuple[Outline, ...]


def load_map(path: Path, nation: Nation) -> OutlineMap:
    """The outlines of every province of `nation`; raises `FormatProblem` if one is missing, unknown or given twice."""
    outlines = build(OutlineMap, read_json(path), path.name)
    drawn = [feature.properties.code for feature in outlines.features]
    expected = {province.code for province in nation.provinces}
    if len(drawn) != len(set(drawn)):
        raise FormatProblem("duplicate_province", "A province is drawn twice.", path.name)
    if set(drawn) != expected:
        differing = ", ".join(sorted(set(drawn) ^ expected))
        raise FormatProblem("provinces_differ", f"Map and profile do not agree on: {differing}.", path.name)
    return outlines
