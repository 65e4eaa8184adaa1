"""Reads the files of a nation profile: small, plain, and never trusted."""

from __future__ import annotations

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Protocol

import yaml
from pydantic import BaseModel, ValidationError

from sipar.formats.problems import FormatProblem

MAX_BYTES = 1_000_000
MAX_DEPTH = 20


class _UniqueKeyLoader(yaml.CSafeLoader):
    """A safe loader that refuses a key written twice, where plain YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key in seen:
                sentence = f"The key {key} is written twice."
                raise FormatProblem("duplicate_key", sentence, _line(key_node.start_mark))
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FormatProblem("unreadable", "The file cannot be read.", path.name) from error
    if len(content) > MAX_BYTES:
        raise FormatProblem("too_large", f"The file is larger than {MAX_BYTES:,} bytes.", path.name)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatProblem("not_utf8", f"The file is not UTF-8 (byte {error.start}).", path.name) from error


class _Mark(Protocol):
    """What the marks of both YAML parsers, C and Python, have in common."""

    @property
    def line(self) -> int: ...


def _line(mark: _Mark | None) -> str:
    return "" if mark is None else f"line {mark.line + 1}"


def _refuse_bombs(text: str) -> None:
    """Checks the event stream before anything is built: aliases can multiply, nesting can exhaust the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise FormatProblem("alias", "YAML aliases are not accepted; write the value out.", _line(event.start_mark))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                sentence = f"The file is nested deeper than {MAX_DEPTH} levels."
                raise FormatProblem("too_deep", sentence, _line(event.start_mark))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def read_yaml(path: Path) -> dict[str, Any]:
    """Returns the top-level mapping of a YAML file; raises `FormatProblem` naming the file and line otherwise."""
    text = _read_text(path)
    try:
        _refuse_bombs(text)
        document = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 -- a CSafeLoader that refuses more
    except FormatProblem as problem:
        raise FormatProblem(problem.code, problem.sentence, f"{path.name}, {problem.where}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise FormatProblem("not_yaml", "The file is not valid YAML.", f"{path.name}: {error}") from error
    if not isinstance(document, dict):
        raise FormatProblem("not_a_mapping", "The file must hold one mapping at its top.", path.name)
    return document


def read_json(path: Path) -> dict[str, Any]:
    """Returns the top-level object of a JSON file; raises `FormatProblem` naming the file otherwise."""
    try:
        document = json.loads(_read_text(path))
    except (ValueError, RecursionError) as error:
        raise FormatProblem("not_json", "The file is not valid JSON.", f"{path.name}: {error}") from error
    if not isinstance(document, dict):
        raise FormatProblem("not_an_object", "The file must hold one object at its top.", path.name)
    return document


def build[Model: BaseModel](model: type[Model], document: dict[str, Any], name: str) -> Model:
    """Returns the record; raises `FormatProblem` with the first fault and the path to it inside the file."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "/".join([name, *(str(step) for step in first["loc"])])
        raise FormatProblem("invalid", first["msg"], where) from error
