"""A measured figure, its limit and its peer, and the document that a bench prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Peer:
    """The same work by somebody else, measured in the same run; `value` None where it could not be measured."""

    name: str
    value: float | None
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """`direction` says which side of `limit` is good: at most, or at least. Without a value the figure is missed."""

    name: str
    value: float | None
    unit: str
    limit: float | None
    direction: Literal["max", "min"] = "max"
    peer: Peer | None = None
    note: str = ""

    @property
    def ok(self) -> bool:
        if self.value is None:
            return False
        if self.limit is None:
            return True
        return self.value <= self.limit if self.direction == "max" else self.value >= self.limit

    def as_dict(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "name": self.name,
            "value": None if self.value is None else round(self.value, 4),
            "unit": self.unit,
            "limit": self.limit,
            "direction": self.direction,
            "ok": self.ok,
            "peer": None,
        }
        if self.peer:
            value = None if self.peer.value is None else round(self.peer.value, 4)
            document["peer"] = {"name": self.peer.name, "value": value, "note": self.peer.note}
        if self.note:
            document["note"] = self.note
        return document


def median_run(runs: Sequence[dict[str, Any]], by: str) -> dict[str, Any]:
    """The run whose value `by` is the median, with those of every run as `all`."""
    return sorted(runs, key=lambda run: float(run[by]))[len(runs) // 2] | {"all": [run[by] for run in runs]}


def document(bench: str, figures: Sequence[Figure]) -> dict[str, Any]:
    """What `sipar bench NAME --json` prints: `ok` only where every figure is."""
    return {
        "bench": bench,
        "figures": [figure.as_dict() for figure in figures],
        "ok": all(figure.ok for figure in figures),
    }
