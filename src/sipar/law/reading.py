"""From the bytes of a YAML file to a checked record, every refusal with its line and path."""

from __future__ import annotations

import json
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from sipar.formats.documents import load_yaml
from sipar.formats.limits import Limits, decode_utf8, inflate
from sipar.formats.problems import FormatProblem

MAX_PROBLEMS = 50
FORMS = frozenset({"after", "earliest_of", "case", "on_request", "none"})


class Record(BaseModel):
    """A part of a file: nothing unknown, nothing converted, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Refused(FormatProblem):
    """A file with one or more problems; it is itself the first of them."""

    def __init__(self, problems: list[FormatProblem]) -> None:
        first = problems[0]
        super().__init__(first.code, first.sentence, first.where)
        self.problems = tuple(problems)


class Places:
    """Where each value of a YAML text stands. Only for text that `load_yaml` has already taken."""

    def __init__(self, text: str) -> None:
        self._root = yaml.compose(text, Loader=yaml.CSafeLoader)

    def where(self, path: tuple[str | int, ...]) -> str:
        """`line 12, duties/2/due/hours`: the line of the deepest part of the path that stands in the file."""
        taken, mark = _follow(self._root, path)
        line = f"line {mark.line + 1 if mark else 1}"
        return f"{line}, {'/'.join(taken)}" if taken else line


def _follow(node: Any, path: tuple[str | int, ...]) -> tuple[list[str], Any]:
    """The steps of a path that stand in a document, and the mark of the last.

    Which of several forms a clock has is a step of its own, which may also be the name of a key: whichever leads
    further is taken.
    """
    if not path:
        return [], None
    step, rest = path[0], path[1:]
    found = _child(node, step)
    if found is None:
        return _follow(node, rest)
    mark, inner = found
    further, deeper = _follow(inner, rest)
    if step in FORMS:
        skipped = _follow(node, rest)
        if len(skipped[0]) > len(further):
            return skipped
    return [str(step), *further], deeper or mark


def read_model[M: BaseModel](model: type[M], data: bytes, limits: Limits, *, code: str) -> M:
    """The file as a `model`. Raises FormatProblem from YAML, or Refused with every fault that validation found."""
    value = load_yaml(data, limits)
    try:
        # Through JSON, because only there strictness still takes a list for a tuple and a text for a date.
        return model.model_validate_json(json.dumps(value))
    except ValidationError as error:
        places = Places(decode_utf8(inflate(data, limits)))
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        # A list whose only items are faulty is not too short as well.
        inner = {fault["loc"][:length] for fault in faults for length in range(len(fault["loc"]))}
        told = [fault for fault in faults if not (fault["type"] == "too_short" and fault["loc"] in inner)]
        raise Refused([_problem(fault, places, code) for fault in told[:MAX_PROBLEMS]]) from error


def _problem(fault: Any, places: Places, code: str) -> FormatProblem:
    path = tuple(fault["loc"])
    sentence = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        sentence = f'"{path[-1]}" is not a key that belongs here'
    elif fault["type"] == "missing":
        sentence = f'"{path[-1]}" is missing'
    return FormatProblem(f"{code}.{fault['type']}", sentence, places.where(path))


def _child(node: Any, step: str | int) -> tuple[Any, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark, node.value[step]
    return None
