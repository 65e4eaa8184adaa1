"""Whether what an OSCAL document refers to is there: by UUID, by role, by control id, by back-matter resource.

The model definitions of assessment results and POA&M declare none of these references, so no schema
validator can see them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import cast

from sipar.formats.oscal_check_faults import Column, Faults, shown
from sipar.formats.oscal_check_shape import Walk

_DEFINED: Mapping[str, tuple[str, str]] = {
    "activity": ("activity", "uuid"),
    "finding": ("finding", "uuid"),
    "location": ("location", "uuid"),
    "observation": ("observation", "uuid"),
    "party": ("party", "uuid"),
    "resource": ("resource", "uuid"),
    "response": ("response", "uuid"),
    "risk": ("risk", "uuid"),
    "role": ("role", "id"),
    "task": ("task", "uuid"),
}
_REFERENCES: tuple[tuple[str, str, str], ...] = (
    ("related-observation", "observation-uuid", "observation"),
    ("related-risk", "risk-uuid", "risk"),
    ("related-finding", "finding-uuid", "finding"),
    ("related-response", "response-uuid", "response"),
    ("responsible-party", "party-uuids", "party"),
    ("responsible-role", "party-uuids", "party"),
    ("party", "member-of-organizations", "party"),
    ("logged-by", "party-uuid", "party"),
    ("party", "location-uuids", "location"),
    ("responsible-party", "role-id", "role"),
    ("responsible-role", "role-id", "role"),
    ("user", "role-ids", "role"),
    ("actor", "role-id", "role"),
    ("logged-by", "role-id", "role"),
)
# Results may name activities and tasks of their plan, which is another document; a plan has nobody else to ask.
_REFERENCES_OF_A_PLAN = (("associated-activity", "activity-uuid", "activity"), ("dependency", "task-uuid", "task"))
# These name their kind beside them; other kinds (components, users, inventory) may stand in the security plan.
_TYPED = (("actor", "actor-uuid"), ("subject", "subject-uuid"), ("select-subject", "subject-uuid"))
_TYPES_AT_HOME = frozenset({"party", "location", "resource"})
_RESOURCE_HREFS = ("import-ap", "import-ssp", "evidence")
_CONTROL_OF_TARGET = re.compile(r"(.+?)_(?:smt|obj)(?:\..*)?")


def check_references(model: str, walk: Walk, controls: frozenset[str] | None, faults: Faults) -> None:
    """Report duplicate identifiers and every reference to something that is not there.

    `controls` are the control ids of all catalogues concerned; without them control ids are not looked at.
    """
    known = {space: _lowered(walk, place) for space, place in _DEFINED.items()}
    _refuse_duplicates(walk, "uuid", [key for key in walk.columns if key[1] == "uuid"], faults)
    _refuse_duplicates(walk, "role", [("role", "id")], faults)
    references = _REFERENCES + (_REFERENCES_OF_A_PLAN if model == "assessment-plan" else ())
    for kind, field, space in references:
        for column in walk.columns.get((kind, field), ()):
            _refuse(column, known[space], f"reference.{space}", f"names no {space} of this document", faults)
    _check_typed(walk, known, faults)
    _check_hrefs(walk, known["resource"], faults)
    if controls is not None:
        _check_controls(walk, controls, faults)


def _strings(column: Column) -> list[str]:
    return cast("list[str]", column.values)


def _lowered(walk: Walk, place: tuple[str, str]) -> frozenset[str]:
    return frozenset(value.lower() for column in walk.columns.get(place, ()) for value in _strings(column))


def _refuse(
    column: Column,
    known: frozenset[str],
    code: str,
    sentence: str,
    faults: Faults,
    key: Callable[[str], str] = str.lower,
) -> None:
    dangling = {value for value in set(_strings(column)) if key(value) not in known}
    if not dangling:
        return
    for index, value in enumerate(_strings(column)):
        if value in dangling:
            faults.at_value(code, column, index, f"{shown(value)} {sentence}")


def _refuse_duplicates(walk: Walk, what: str, places: Iterable[tuple[str, str]], faults: Faults) -> None:
    columns = [column for place in places for column in walk.columns.get(place, ())]
    total = sum(len(column.values) for column in columns)
    if len({value.lower() for column in columns for value in _strings(column)}) == total:
        return
    seen: set[str] = set()
    for column in columns:
        for index, value in enumerate(_strings(column)):
            if value.lower() in seen:
                faults.at_value(f"duplicate.{what}", column, index, f"{shown(value)} is carried by another object too")
            seen.add(value.lower())


def _check_typed(walk: Walk, known: Mapping[str, frozenset[str]], faults: Faults) -> None:
    for kind, field in _TYPED:
        for column in walk.columns.get((kind, field), ()):
            for index, space, value in _at_home(column, field):
                if value.lower() not in known[space]:
                    sentence = f"{shown(value)} names no {space} of this document"
                    faults.at_object(f"reference.{space}", column.batch, index, sentence, field)


def _at_home(column: Column, field: str) -> Iterator[tuple[int, str, str]]:
    for index, node in enumerate(column.batch.nodes):
        space, value = node.get("type"), node.get(field)
        if isinstance(space, str) and space in _TYPES_AT_HOME and isinstance(value, str):
            yield index, space, value


def _check_hrefs(walk: Walk, resources: frozenset[str], faults: Faults) -> None:
    anywhere = resources.union(*(_lowered(walk, place) for place in list(walk.columns) if place[1] in {"uuid", "id"}))
    places = [(kind, resources) for kind in _RESOURCE_HREFS] + [("link", anywhere)]
    for kind, known in places:
        for column in walk.columns.get((kind, "href"), ()):
            dangling = {
                value for value in set(_strings(column)) if value.startswith("#") and value[1:].lower() not in known
            }
            for index, value in enumerate(column.values if dangling else ()):
                if value in dangling:
                    sentence = f"{shown(value)} names no resource of the back matter"
                    faults.at_value("reference.resource", column, index, sentence)


def _check_controls(walk: Walk, controls: frozenset[str], faults: Faults) -> None:
    sentence = "is a control of no catalogue given"
    for kind in ("select-control", "local-objective"):
        for column in walk.columns.get((kind, "control-id"), ()):
            _refuse(column, controls, "reference.control", sentence, faults, str)
    local = frozenset(
        value for kind in ("part", "assessment-part") for column in walk.columns.get((kind, "id"), ())
        for value in _strings(column)
    )  # fmt: skip
    for column in walk.columns.get(("finding-target", "target-id"), ()):
        _refuse(column, controls | local, "reference.control", sentence, faults, lambda value: _control(value, local))


def _control(target: str, local: frozenset[str]) -> str:
    """Return the control id that a statement or objective id begins with, or the id itself if this document has it."""
    named = None if target in local else _CONTROL_OF_TARGET.fullmatch(target)
    return target if named is None else named[1]
