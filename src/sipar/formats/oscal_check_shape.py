"""Whether every object of an OSCAL document has the fields, datatypes and values that its model knows.

The document is walked by kind, not object by object: all findings at once, then all their targets at once.
Membership and pattern tests run over whole columns; the path of a value is worked out only when the value is wrong.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import chain
from typing import cast

from sipar.formats.oscal_check_faults import Batch, Column, Faults, Node, shown
from sipar.formats.oscal_schema import CHOICES, OBJECTS, VALUE_SETS, Field

MAX_DEPTH = 100

_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII).fullmatch


def is_datetime(value: str) -> bool:
    """Whether the value is a date and time of the calendar that says its zone (OSCAL dateTime-with-timezone)."""
    if _DATETIME(value) is None:
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


_PATTERNS: dict[str, tuple[Callable[[str], object], str]] = {
    "base64": (re.compile(r"[0-9A-Za-z+/]+={0,2}").fullmatch, "is not base64"),
    "datetime": (is_datetime, "is not a date and time with a zone"),
    "email": (re.compile(r"[^\s@]+@[^\s@]+").fullmatch, "is not an e-mail address"),
    "line": (re.compile(r"[^\n]+").fullmatch, "is not one line of text"),
    "reference": (re.compile(r"\S+").fullmatch, "is not a URI reference"),
    "string": (re.compile(r"\S(?:.*\S)?").fullmatch, "is not one line of text without space around it"),
    "token": (re.compile(r"[^\W\d][\w.\-]*").fullmatch, "is not a token"),
    "uri": (re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+").fullmatch, "is not an absolute URI"),
    "uuid": (
        re.compile(
            r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[45][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}"
        ).fullmatch,
        "is not a UUID of version 4 or 5",
    ),
}
_LEAST = {"number": 0, "count": 1}


class Walk:
    """The columns of a document by (object, field), and how many objects of each kind there are."""

    def __init__(self) -> None:
        self.columns: defaultdict[tuple[str, str], list[Column]] = defaultdict(list)
        self.objects: defaultdict[str, int] = defaultdict(int)


def walk(model: str, kind: str, root: Node, faults: Faults) -> Walk:
    """Check the shape of everything under `root`, report to `faults` and return the columns that were found."""
    found = Walk()
    waiting = [Batch(kind, [root], None, model)]
    while waiting:
        batch = waiting.pop()
        found.objects[batch.kind] += len(batch.nodes)
        fields = OBJECTS[batch.kind]
        present = set(chain.from_iterable(batch.nodes))
        _refuse_unknown(batch, present - fields.keys(), faults)
        _refuse_missing(batch, fields.values(), faults)
        _refuse_choices(batch, present, faults)
        for field in fields.values():
            if field.name not in present:
                continue
            column = _column(batch, field, faults)
            if field.kind not in OBJECTS:
                _refuse_values(column, field.kind, faults)
                found.columns[batch.kind, field.name].append(column)
                continue
            _keep_only(column, dict, faults)
            if column.values and batch.depth >= MAX_DEPTH:
                faults.at_value("shape.depth", column, 0, f"lies deeper than {MAX_DEPTH} levels")
            elif column.values:
                waiting.append(Batch(field.kind, cast("list[Node]", column.values), column))
    return found


def _refuse_unknown(batch: Batch, unknown: set[str], faults: Faults) -> None:
    if not unknown:
        return
    for index, node in enumerate(batch.nodes):
        for name in node.keys() & unknown:
            faults.at_object("shape.unknown-field", batch, index, f"has a field {shown(name)} that OSCAL does not know")


def _refuse_missing(batch: Batch, fields: Iterable[Field], faults: Faults) -> None:
    required = {field.name for field in fields if field.required}
    if not required:
        return
    for index, node in enumerate(batch.nodes):
        if node.keys() >= required:
            continue
        for name in sorted(required - node.keys()):
            faults.at_object("shape.missing-field", batch, index, f"has no {name}", name)


def _refuse_choices(batch: Batch, present: set[str], faults: Faults) -> None:
    names, least, most = CHOICES.get(batch.kind, ((), 0, 0))
    if not names or (least == 0 and not present & set(names)):
        return
    for index, node in enumerate(batch.nodes):
        if not least <= sum(name in node for name in names) <= most:
            few = f"at least {least}" if most > least else f"exactly {most}"
            wanted = few if least else f"at most {most}"
            faults.at_object("shape.choice", batch, index, f"must have {wanted} of {', '.join(names)}")


def _column(batch: Batch, field: Field, faults: Faults) -> Column:
    name = field.name
    found = [node[name] for node in batch.nodes if name in node]
    if not field.array:
        return Column(batch, name, found, None)
    if set(map(type, found)) != {list} or not all(found):
        plain = Column(batch, name, found, None)
        for index, value in enumerate(found):
            if not isinstance(value, list):
                faults.at_value("shape.type", plain, index, f"must be an array, not {shown(value)}")
            elif not value:
                faults.at_value("shape.empty", plain, index, "must not be an empty array")
        found = [value if isinstance(value, list) else [] for value in found]
    return Column(batch, name, [], cast("list[list[object]]", found))


def _keep_only(column: Column, kind: type, faults: Faults) -> None:
    """Report every value of another type and go on with the rest. `True` is no number here, as in JSON."""
    if set(map(type, column.values)) <= {kind}:
        return
    wanted = {dict: "an object", str: "a text", int: "a whole number"}[kind]
    for index, value in enumerate(column.values):
        if type(value) is not kind:
            faults.at_value("shape.type", column, index, f"must be {wanted}, not {shown(value)}")
    column.keep([index for index, value in enumerate(column.values) if type(value) is kind])


def _refuse_values(column: Column, kind: str, faults: Faults) -> None:
    if kind in _LEAST:
        _keep_only(column, int, faults)
        for index, number in enumerate(cast("list[int]", column.values)):
            if number < _LEAST[kind]:
                faults.at_value("shape.format", column, index, f"must be at least {_LEAST[kind]}")
        return
    _keep_only(column, str, faults)
    if kind == "text":
        return
    distinct = set(cast("list[str]", column.values))
    code, sentence = "shape.value", ""
    if kind in VALUE_SETS:
        wrong = distinct - VALUE_SETS[kind]
        sentence = f"is none of {', '.join(sorted(VALUE_SETS[kind]))}"
    else:
        fits, sentence = _PATTERNS[kind]
        code = "shape.format"
        wrong = set() if all(map(fits, distinct)) else {value for value in distinct if not fits(value)}
    if not wrong:
        return
    for index, value in enumerate(column.values):
        if value in wrong:
            faults.at_value(code, column, index, f"{shown(value)} {sentence}")
