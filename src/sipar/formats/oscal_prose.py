"""Readable text from OSCAL parts and parameters (https://pages.nist.gov/OSCAL, control layer models)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from sipar.formats.problems import FormatProblem

type Fields = dict[str, Any]

MAX_TEXT = 20_000
_MAX_PARAMETERS = 50_000
_MAX_RENDERED = 20_000_000
_INSERT = re.compile(r"\{\{\s*(?:insert:\s*param\s*,\s*|param:\s*)?([^\s{},]{1,200})\s*\}\}")
_HOW_MANY = {"one": "one of", "one-or-more": "one or more of"}


class Parameters:
    """The parameters of a catalogue by id, rendered as readable placeholders in square brackets, each once."""

    def __init__(self) -> None:
        self._fields: dict[str, Fields] = {}
        self._rendered: dict[str, str] = {}
        self._open: list[str] = []
        self._room = _MAX_RENDERED
        self.unknown: set[str] = set()

    def add(self, parameters: Iterable[Fields], path: str) -> None:
        """Takes the parameters of one catalogue, group or control. Raises FormatProblem `oscal.duplicate`."""
        for parameter in parameters:
            identifier = text_of(parameter, "id", path)
            if identifier in self._fields:
                raise FormatProblem("oscal.duplicate", f"two parameters have the id {identifier}", path)
            if len(self._fields) >= _MAX_PARAMETERS:
                raise FormatProblem("oscal.size", f"more than {_MAX_PARAMETERS} parameters", path)
            self._fields[identifier] = parameter

    def fill(self, prose: str, path: str) -> str:
        """The prose with every parameter insertion replaced. Raises FormatProblem `oscal.cycle` or `oscal.text`."""
        text = _INSERT.sub(lambda found: self._render(found[1], path), prose)
        if len(text) > MAX_TEXT:
            raise FormatProblem("oscal.text", f"the text is longer than {MAX_TEXT} characters", path)
        return text

    def _render(self, identifier: str, path: str) -> str:
        if identifier in self._rendered:
            return self._rendered[identifier]
        if identifier in self._open:
            raise FormatProblem("oscal.cycle", f"the parameter {identifier} stands within itself", path)
        parameter = self._fields.get(identifier)
        if parameter is None:
            self.unknown.add(identifier)
            return f"[{identifier}]"
        if len(self._open) >= 20:
            raise FormatProblem("oscal.cycle", "parameters stand within parameters more than 20 deep", path)
        self._open.append(identifier)
        rendered = self.fill(_placeholder(parameter, identifier, path), path)
        self._open.pop()
        self._room -= len(rendered)
        if self._room < 0:
            raise FormatProblem("oscal.text", "the parameters together are too long", path)
        self._rendered[identifier] = rendered
        return rendered


def _placeholder(parameter: Fields, identifier: str, path: str) -> str:
    values = [str(value) for value in list_of(parameter, "values", path, kind=(str, int, float, bool))]
    if values:
        return ", ".join(values)
    select = parameter.get("select")
    if isinstance(select, dict):
        choices = list_of(select, "choice", path, kind=(str,))
        how_many = _HOW_MANY.get(str(select.get("how-many", "one")), "one of")
        if choices:
            return f"[{how_many}: {'; '.join(choices)}]"
    label = parameter.get("label")
    return f"[{label.strip()}]" if isinstance(label, str) and label.strip() else f"[{identifier}]"


def prose_of(part: Fields, parameters: Parameters, path: str, *, indent: int = 0) -> str:
    """The text of a part and the parts within it: one line each, labels in front, two spaces in for each step."""
    lines: list[str] = []
    prose = part.get("prose")
    if isinstance(prose, str) and prose.strip():
        label = label_of(part)
        text = parameters.fill(prose.strip(), path)
        lines.append("  " * indent + (f"{label} {text}" if label else text))
    inner = indent + 1 if lines else indent
    children = (
        prose_of(child, parameters, f"{path}/parts/{place}", indent=inner)
        for place, child in enumerate(list_of(part, "parts", path))
    )
    return joined(chain(lines, children), "\n", path)


def joined(texts: Iterable[str], between: str, path: str) -> str:
    """The texts that are not empty, put together. Raises FormatProblem `oscal.text` as soon as they are too long."""
    kept: list[str] = []
    room = MAX_TEXT
    for text in texts:
        if not text:
            continue
        room -= len(text) + len(between)
        if room < -len(between):
            raise FormatProblem("oscal.text", f"the text is longer than {MAX_TEXT} characters", path)
        kept.append(text)
    return between.join(kept)


def label_of(fields: Fields) -> str:
    """The plain label among the properties of a part, control or group, or an empty text."""
    labels = [prop for prop in properties_of(fields) if prop.get("name") == "label"]
    plain = [prop for prop in labels if "class" not in prop] or labels
    return str(plain[0].get("value", "")) if plain else ""


def properties_of(fields: Fields) -> Iterator[Fields]:
    """The properties that are objects; others are left out, for a property decides nothing about structure."""
    found = fields.get("props")
    return (prop for prop in found if isinstance(prop, dict)) if isinstance(found, list) else iter(())


def list_of(fields: Fields, name: str, path: str, *, kind: tuple[type, ...] = (dict,)) -> list[Any]:
    """The list in a field, empty when the field is missing. Raises FormatProblem `oscal.shape` with the path."""
    found = fields.get(name)
    if found is None:
        return []
    place = f"{path}/{name}" if path else name
    if not isinstance(found, list):
        raise FormatProblem("oscal.shape", "a list must stand here", place)
    for position, item in enumerate(found):
        if not isinstance(item, kind):
            words = "an object" if kind == (dict,) else "a plain value"
            raise FormatProblem("oscal.shape", f"{words} must stand here", f"{place}/{position}")
    return found


def text_of(fields: Fields, name: str, path: str) -> str:
    """The text in a required field. Raises FormatProblem `oscal.shape` with the path."""
    found = fields.get(name)
    if not isinstance(found, str) or not found.strip():
        raise FormatProblem("oscal.shape", "a text must stand here", f"{path}/{name}" if path else name)
    return found.strip()
