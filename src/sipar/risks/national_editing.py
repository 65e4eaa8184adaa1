"""A part of the assumptions as the fields of a form, and back: a scenario, a shock, a provider, an effect and so on.

A part has the address that the model's refusals use: `scenarios/ransomware`, `shocks/nation`, `exposure`; entries that
no single name tells apart go by their place: `effects/3`. A field's name is its path below the part.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sipar.core.problems import not_open

LISTS = ("scenarios", "shocks", "providers", "effects", "recorded_years")
OBJECTS = ("exposure", "measures", "doubts")
IDENTITY = {"scenarios": "key", "shocks": "sector", "providers": "key", "recorded_years": "year"}
NATION = "nation"
SIZES = ("micro", "small", "medium", "large")
TIERS = ("1", "2", "3", "4")
FORMS = ("productivity", "response", "replacement", "fines", "competitive advantage", "reputation")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "per": ("year", "quarter", "month", "decade"),
    "quality": ("measured", "published", "expert", "assumed"),
    "target": ("frequency", "magnitude"),
    "function": ("loss event", "variance management", "decision support"),
    "kind": ("cloud", "telecom", "power", "software", "other"),
}
# The order in which people read a part; the database keeps none. What is not named here comes last.
ORDER = (
    "key", "sector", "requirement", "year", "title", "en", "ur", "kind", "event", "asset", "target", "mean", "per",
    "failures", "probability", "factor", "reduction", "variation", "overdispersion", "frequency", "loss", "shape",
    "low",
    "mode", "high", "confidence", "mu", "sigma", "threshold", "tail_shape", "costs", "tail", "limit", "primary",
    "secondary_probability", "secondary", "plausible", "function", "rests_on", "sets_off", "forms", "applies",
    "sectors", "tiers", "sizes", "ownership", "scale", "size", "tier", *SIZES, *TIERS, "critical", "most", "source",
    "text", "quality", "doubt",
)  # fmt: skip
# These tell what the part is, or which other fields it has: they are changed in the whole document.
FIXED = ("key", "shape", "requirement", "sector")

type Document = Mapping[str, Any]


@dataclass(frozen=True)
class Leaf:
    """One field: `kind` is text, number, choice, several (of `options`), numbers (a list) or fixed."""

    path: str
    kind: str
    value: Any
    options: tuple[str, ...] = ()
    required: bool = True
    whole: bool = False


def part_of(document: Document, address: str) -> dict[str, Any]:
    """A copy of the part at an address; raises NotFound where there is none."""
    head, _slash, tail = address.partition("/")
    if head in OBJECTS and not tail:
        found = document.get(head) or {}
        return copy.deepcopy(dict(found))
    place = _place(document, head, tail)
    return copy.deepcopy(dict(document[head][place]))


def with_part(document: Document, address: str, part: Mapping[str, Any]) -> dict[str, Any]:
    """The document with this part in the place of the old one."""
    made = copy.deepcopy(dict(document))
    head, _slash, tail = address.partition("/")
    if head in OBJECTS and not tail:
        made[head] = dict(part)
    else:
        made[head][_place(document, head, tail)] = dict(part)
    return made


def without_part(document: Document, address: str) -> dict[str, Any]:
    """The document without this entry of a list."""
    made = copy.deepcopy(dict(document))
    head, _slash, tail = address.partition("/")
    del made[head][_place(document, head, tail)]
    return made


def with_copy(document: Document, address: str, *, key: str) -> dict[str, Any]:
    """The document with a copy of this entry at the end of its list, under a new key where such entries have one."""
    made = copy.deepcopy(dict(document))
    head, _slash, tail = address.partition("/")
    entry = copy.deepcopy(dict(document[head][_place(document, head, tail)]))
    name = IDENTITY.get(head)
    if name:
        entry[name] = int(key) if name == "year" and key.isdigit() else key
    made[head].append(entry)
    return made


def address_of(head: str, place: int, entry: Mapping[str, Any]) -> str:
    """The address of an entry of a list."""
    name = IDENTITY.get(head)
    return f"{head}/{place}" if name is None else f"{head}/{entry.get(name) or NATION}"


def leaves(part: Mapping[str, Any], *, document: Document, sectors: Sequence[str]) -> list[Leaf]:
    """Every field of a part, in order. What may be added (a factor of another size) has a field too, empty."""
    return list(_leaves(part, "", document, tuple(sectors)))


def rebuilt(part: Mapping[str, Any], fields: Sequence[Leaf], values: Mapping[str, Any]) -> dict[str, Any]:
    """The part with these values by path; a field left empty that need not be there is taken out."""
    made = copy.deepcopy(dict(part))
    for leaf in fields:
        if leaf.kind != "fixed":
            _put(made, leaf.path.split("/"), values.get(leaf.path), keep=leaf.required)
    return made


def _leaves(part: Mapping[str, Any], path: str, document: Document, sectors: tuple[str, ...]) -> Iterator[Leaf]:
    for name, value in _with_open_places(part, path, document):
        spot = f"{path}/{name}" if path else name
        if isinstance(value, Mapping):
            yield from _leaves(value, spot, document, sectors)
        elif name in FIXED:
            yield Leaf(spot, "fixed", value)
        elif isinstance(value, list | tuple):
            yield _list_leaf(spot, name, value, document, sectors)
        elif name in CHOICES:
            yield Leaf(spot, "choice", value, CHOICES[name])
        elif value is None and _is_open(path):
            yield Leaf(spot, "number", None, required=False)
        elif value is None or isinstance(value, bool):
            continue
        elif isinstance(value, int | float):
            yield Leaf(spot, "number", value, required=not _is_open(path), whole=name == "year")
        else:
            yield Leaf(spot, "text", value, required=name not in ("ur", "event", "asset"))


def _list_leaf(spot: str, name: str, value: Sequence[Any], document: Document, sectors: tuple[str, ...]) -> Leaf:
    options = {
        "sectors": sectors,
        "tiers": TIERS,
        "sizes": SIZES,
        "ownership": ("public", "private"),
        "forms": FORMS,
        "rests_on": tuple(str(entry["key"]) for entry in document.get("providers", ())),
    }.get(name)
    if options is None:
        return Leaf(spot, "numbers", list(value))
    chosen = [str(one) for one in value]
    known = (*options, *(one for one in chosen if one not in options))
    return Leaf(spot, "several", chosen, known, required=False, whole=name == "tiers")


def _with_open_places(part: Mapping[str, Any], path: str, document: Document) -> Iterator[tuple[str, Any]]:
    """The entries of an object in order, and those that it does not have yet but may."""
    names: Sequence[str] = ()
    if path.endswith("scale/size") or path == "scale/size":
        names = SIZES
    elif path.endswith("scale/tier"):
        names = TIERS
    elif path == "sets_off":
        names = [str(entry["key"]) for entry in document.get("scenarios", ())]
    found = {**part, **{name: None for name in names if name not in part}}
    yield from sorted(found.items(), key=lambda item: ORDER.index(item[0]) if item[0] in ORDER else len(ORDER))


def _is_open(path: str) -> bool:
    return path.endswith(("scale/size", "scale/tier")) or path == "sets_off"


def _put(made: dict[str, Any], steps: Sequence[str], value: Any, *, keep: bool) -> None:
    inner = made
    for step in steps[:-1]:
        inner = inner[step]
    empty = value is None or value == ""
    if empty and not keep:
        if isinstance(inner.get(steps[-1]), str):
            inner[steps[-1]] = ""
        else:
            inner.pop(steps[-1], None)
        return
    inner[steps[-1]] = value


def _place(document: Document, head: str, tail: str) -> int:
    entries = document.get(head) if head in LISTS else None
    if not isinstance(entries, list):
        raise not_open("assumption")
    for place, entry in enumerate(entries):
        if address_of(head, place, entry) == f"{head}/{tail}":
            return place
    raise not_open("assumption")
