"""Who rests on whom, as a drawing: shared providers on one side, sectors on the other, lines as wide as many rest.

The server draws it, so that it works on paper and without a script. Numbers are strings, ready for attributes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sipar.risks.national_pictures import one_in
from sipar.risks.national_reading import Picture, amount, language
from sipar.ui.charts import RIGHT_TO_LEFT

COLUMN, BOX, GAP, LINE, PADDING = 350.0, 260.0, 16.0, 20.0, 12.0
TITLE_LETTERS = 28
THINNEST, WIDEST = 1.5, 14.0


@dataclass(frozen=True)
class Text:
    x: str
    y: str
    words: str
    strong: bool


@dataclass(frozen=True)
class Box:
    """A provider or a sector. `kind` is "provider" or "sector"."""

    key: str
    kind: str
    name: str
    x: str
    y: str
    width: str
    height: str
    texts: tuple[Text, ...]


@dataclass(frozen=True)
class Wire:
    """A line between two boxes; `known` false: how many rest is hidden. `title` says it in words."""

    path: str
    width: str
    known: bool
    title: str


@dataclass(frozen=True)
class Graph:
    width: str
    height: str
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]


@dataclass(frozen=True)
class ProviderLine:
    """A shared provider in words, for the table beside the drawing. None: not known, or hidden."""

    key: str
    name: str
    kind: str
    failures: float
    rests_on: tuple[str, ...]
    loss: float | None
    dependents: int | None


@dataclass(frozen=True)
class _Node:
    key: str
    kind: str
    name: str
    says: tuple[str, ...]
    column: int

    @property
    def lines(self) -> list[tuple[str, bool]]:
        titles = textwrap.wrap(self.name, TITLE_LETTERS) or [self.key]
        return [(line, True) for line in titles[:2]] + [(line, False) for line in self.says]

    @property
    def height(self) -> float:
        return 2 * PADDING + LINE * len(self.lines)


def provider_lines(picture: Picture) -> list[ProviderLine]:
    """The shared providers, the one whose failure costs most first."""
    said = {str(row["key"]): row for row in picture.result.get("providers", ())}
    found = []
    for entry in picture.document.get("providers", ()):
        row = said.get(str(entry["key"]), {})
        found.append(
            ProviderLine(
                key=str(entry["key"]),
                name=picture.name("provider", str(entry["key"])),
                kind=str(entry.get("kind") or "other"),
                failures=float(entry["failures"]),
                rests_on=tuple(picture.name("provider", str(key)) for key in entry.get("rests_on") or ()),
                loss=amount(row.get("loss_when_failing")),
                dependents=row.get("dependents"),
            )
        )
    return sorted(found, key=lambda line: (line.loss is None, -(line.loss or 0.0), line.name))


def graph_of(picture: Picture) -> Graph | None:
    """The drawing of a run's dependencies; None where nobody rests on a shared provider."""
    lines = {line.key: line for line in provider_lines(picture)}
    if not lines:
        return None
    depth = _depths(picture.document["providers"])
    links = [link for link in picture.result.get("links", ()) if link["provider"] in lines]
    last = max(depth.values()) + 1
    nodes = [
        _Node(key, "provider", line.name, tuple(_provider_says(picture, line)), depth[key])
        for key, line in lines.items()
    ]
    sectors = list(dict.fromkeys(link["sector"] for link in links))
    sectors.sort(key=lambda code: -sum(link["organisations"] or 0 for link in links if link["sector"] == code))
    nodes += [_Node(code, "sector", picture.name("sector", code), (), last) for code in sectors]
    return _drawn(nodes, links, picture)


def _drawn(nodes: Sequence[_Node], links: Sequence[Mapping[str, Any]], picture: Picture) -> Graph:
    mirrored = language() in RIGHT_TO_LEFT
    columns = 1 + max(node.column for node in nodes)
    width = (columns - 1) * COLUMN + BOX
    heights = [sum(node.height + GAP for node in nodes if node.column == column) - GAP for column in range(columns)]
    height = max(heights)
    place: dict[tuple[str, str], tuple[float, float, float]] = {}
    boxes = []
    for column in range(columns):
        y = (height - heights[column]) / 2
        for node in (node for node in nodes if node.column == column):
            x = column * COLUMN
            x = width - x - BOX if mirrored else x
            place[node.kind, node.key] = (x, y, node.height)
            boxes.append(_box(node, x, y))
            y += node.height + GAP
    most = max((link["organisations"] or 0 for link in links), default=0) or 1
    wires = [
        _wire(
            place["provider", link["provider"]],
            place["sector", link["sector"]],
            THINNEST + (WIDEST - THINNEST) * (link["organisations"] or 0) / most,
            known=link["organisations"] is not None,
            title=_link_says(picture, link),
            mirrored=mirrored,
        )
        for link in links
    ]
    for entry in picture.document["providers"]:
        for below in entry.get("rests_on") or ():
            title = _("%(provider)s rests on %(other)s") % {
                "provider": picture.name("provider", str(entry["key"])),
                "other": picture.name("provider", str(below)),
            }
            ends = place["provider", str(below)], place["provider", str(entry["key"])]
            wires.append(_wire(*ends, THINNEST * 2, known=True, title=title, mirrored=mirrored))
    return Graph(f"{width:.0f}", f"{height:.0f}", tuple(boxes), tuple(wires))


def _box(node: _Node, x: float, y: float) -> Box:
    texts = tuple(
        Text(f"{x + BOX / 2:.1f}", f"{y + PADDING + LINE * (place + 0.75):.1f}", words, strong)
        for place, (words, strong) in enumerate(node.lines)
    )
    return Box(
        node.key, node.kind, node.name, f"{x:.1f}", f"{y:.1f}", f"{BOX:.0f}", f"{node.height:.1f}", texts
    )  # fmt: skip


def _wire(
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    width: float,
    *,
    known: bool,
    title: str,
    mirrored: bool,
) -> Wire:
    x1, x2 = (start[0], end[0] + BOX) if mirrored else (start[0] + BOX, end[0])
    y1, y2 = start[1] + start[2] / 2, end[1] + end[2] / 2
    middle = (x1 + x2) / 2
    path = f"M{x1:.1f},{y1:.1f}C{middle:.1f},{y1:.1f} {middle:.1f},{y2:.1f} {x2:.1f},{y2:.1f}"
    return Wire(path, f"{width:.1f}", known, title)


def _provider_says(picture: Picture, line: ProviderLine) -> list[str]:
    says = [fails_in_words(line.failures)]
    if line.loss is not None:
        says.append(_("one failure costs %(loss)s") % {"loss": picture.money(line.loss)})
    if line.dependents is not None:
        says.append(
            ngettext("%(number)s organisation rests on it", "%(number)s organisations rest on it", line.dependents)
            % {"number": f"{line.dependents:,}"}
        )
    return says


def fails_in_words(failures: float) -> str:
    """How often a provider fails."""
    if failures <= 0:
        return _("never fails")
    if failures > 1:
        return _("fails %(times)s times a year") % {"times": f"{failures:.1f}"}
    return _("fails in %(years)s") % {"years": one_in(failures)}


def _link_says(picture: Picture, link: Mapping[str, Any]) -> str:
    many = link["organisations"]
    return _("%(sector)s on %(provider)s: %(number)s") % {
        "sector": picture.name("sector", link["sector"]),
        "provider": picture.name("provider", link["provider"]),
        "number": _("too few to show") if many is None else f"{many:,}",
    }


def _depths(entries: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many providers stand below each; the parser of assumptions has refused circles."""
    below = {str(entry["key"]): [str(key) for key in entry.get("rests_on") or ()] for entry in entries}

    def depth(key: str) -> int:
        return 1 + max((depth(other) for other in below[key]), default=-1)

    return {key: depth(key) for key in below}
