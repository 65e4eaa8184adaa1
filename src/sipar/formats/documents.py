"""YAML and JSON from strangers: every bound is checked before a value is built, and every refusal says where.

Both readers give the same plain values: dict with text keys, list, str, int, float, bool, None. YAML scalars follow
the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema), so `no`, `on` and dates stay text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np
import yaml

from sipar.formats.limits import DEFAULT_LIMITS, Limits, decode_utf8, inflate
from sipar.formats.problems import FormatProblem

type Value = Any
"""A document value; the shape is for the reader behind this one to check."""

_MAX_INTEGER = 2**63 - 1
_MAX_DIGITS = 19
_MAX_KEY = 1_000
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
CORE_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z")
# A text that never closes matches to the end: were it to fail, each later quote would be tried again, in square time.
_JSON_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_JSON_BAD_ESCAPE = re.compile(r"\\u(?:0000|[dD][89abAB])")
_SURROGATE = re.compile("[\ud800-\udfff\x00]")


def load_yaml(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Value:
    """The one document in YAML bytes (plain or gzip) as plain values.

    Refuses with FormatProblem: tags, several documents, duplicate or non-text keys, aliases that loop or that expand
    beyond `limits.max_nodes`, and anything deeper or longer than the limits. `where` is `line L, column C`.
    """
    text = decode_utf8(inflate(data, limits))
    parser = yaml.CSafeLoader(text)
    try:
        return _YamlBuilder(limits).build(parser)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        sentence = f"this is not YAML: {problem.problem or problem.context}"
        raise FormatProblem("yaml.syntax", sentence, _place(mark) if mark else "") from problem
    except yaml.YAMLError as problem:
        raise FormatProblem("yaml.syntax", f"this is not YAML: {problem}") from problem
    finally:
        parser.dispose()


def load_json(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Value:
    """The value in JSON bytes (plain or gzip, RFC 8259) as plain values.

    Refuses with FormatProblem: duplicate keys, NaN and infinity, integers beyond 64 bits, half characters, and
    anything deeper or longer than the limits. `where` is a line and column, or a path such as `catalog/groups/3/id`.
    """
    data = inflate(data, limits)
    text = decode_utf8(data)
    _bound_json(data, limits)
    duplicates: list[tuple[dict[str, Value], str]] = []

    def take_pairs(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
        values = dict(pairs)
        if len(values) < len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    duplicates.append((values, key))
                    break
                seen.add(key)
        return values

    try:
        value = json.loads(
            text,
            object_pairs_hook=take_pairs,
            parse_int=_json_integer,
            parse_float=_json_float,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as problem:
        place = f"line {problem.lineno}, column {problem.colno}"
        raise FormatProblem("json.syntax", f"this is not JSON: {problem.msg}", place) from problem
    except RecursionError as problem:
        raise FormatProblem("json.depth", f"values are nested deeper than {limits.max_depth}") from problem
    if duplicates:
        marked, key = duplicates[0]
        path = next((path for path, found in _walk(value) if found is marked), "")
        raise FormatProblem("json.duplicate", f'the key "{key[:80]}" stands twice in one object', path)
    if _JSON_BAD_ESCAPE.search(text):
        _refuse_half_characters(value)
    return value


def load_document(data: bytes, name: str, limits: Limits = DEFAULT_LIMITS) -> Value:
    """The value in a JSON or YAML file: JSON when the first character opens an object or list, else YAML.

    `name` (a file name) decides when it ends in .yaml, .yml or .json, with or without .gz.
    """
    data = inflate(data, limits)
    ending = name.lower().removesuffix(".gz").rpartition(".")[2]
    if ending == "json":
        return load_json(data, limits)
    if ending in {"yaml", "yml"}:
        return load_yaml(data, limits)
    opens_json = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}
    return load_json(data, limits) if opens_json else load_yaml(data, limits)


class _Open:
    """A mapping or list that has begun and not ended."""

    __slots__ = ("anchor", "key", "nodes", "value")

    def __init__(self, value: dict[str, Value] | list[Value], anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.key: str | None = None
        self.nodes = 1


class _YamlBuilder:
    """Builds values from parser events; libyaml never composes, so a bomb is met before it goes off."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Value, int]] = {}
        self.aliases = 0
        self.nodes = 0
        self.result: Value = None

    def build(self, parser: yaml.CSafeLoader) -> Value:
        documents = 0
        handlers: dict[type[yaml.Event], Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.MappingStartEvent: self._begin,
            yaml.SequenceStartEvent: self._begin,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
        }
        while (event := parser.get_event()) is not None:
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _problem("yaml.documents", "a second document begins here; send one document a file", event)
        if documents == 0:
            raise FormatProblem("file.empty", "the file holds no document")
        return self.result

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        _refuse_tag(event)
        if len(self.stack) >= self.limits.max_depth:
            raise _problem("yaml.depth", f"values are nested deeper than {self.limits.max_depth}", event)
        if event.anchor is not None:
            self.anchors.pop(event.anchor, None)
        if self.stack and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None:
            raise _problem("yaml.key", "a key must be plain text", event)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self.stack.append(_Open({} if is_mapping else [], event.anchor))

    def _end(self, event: yaml.MappingEndEvent | yaml.SequenceEndEvent) -> None:
        done = self.stack.pop()
        if done.anchor is not None:
            self.anchors[done.anchor] = (done.value, done.nodes)
        self._place_value(done.value, done.nodes, event)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        _refuse_tag(event)
        if len(event.value) > self.limits.max_scalar:
            raise _problem("yaml.scalar", f"a text is longer than {self.limits.max_scalar} characters", event)
        if "\x00" in event.value:
            raise _problem("file.control", "a NUL character stands here", event)
        parent = self.stack[-1] if self.stack else None
        if parent is not None and isinstance(parent.value, dict) and parent.key is None:
            self._take_key(parent, event)
            return
        value = event.value if event.style else _plain(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, 1)
        self._place_value(value, 1, event)

    def _take_key(self, parent: _Open, event: yaml.ScalarEvent) -> None:
        key = event.value
        if len(key) > _MAX_KEY:
            raise _problem("yaml.key", f"a key is longer than {_MAX_KEY} characters", event)
        if key == "<<" and not event.style:
            raise _problem("yaml.merge", "merge keys (<<) are not taken; write the values out", event)
        if key in parent.value:
            raise _problem("yaml.duplicate", f'the key "{key[:80]}" stands twice in one mapping', event)
        if event.anchor is not None:
            self.anchors[event.anchor] = (key, 1)
        parent.key = key

    def _alias(self, event: yaml.AliasEvent) -> None:
        self.aliases += 1
        if self.aliases > self.limits.max_aliases:
            raise _problem("yaml.aliases", f"more than {self.limits.max_aliases} aliases", event)
        if self.stack and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None:
            raise _problem("yaml.key", "a key must be plain text, not an alias", event)
        if event.anchor not in self.anchors:
            raise _problem("yaml.alias", f"*{event.anchor} points to nothing, or to what it stands in", event)
        value, nodes = self.anchors[event.anchor]
        self._place_value(value, nodes, event)

    def _place_value(self, value: Value, nodes: int, event: yaml.Event) -> None:
        if not self.stack:
            self.result = value
            return
        parent = self.stack[-1]
        parent.nodes += nodes
        if parent.nodes > self.limits.max_nodes:
            raise _problem("yaml.nodes", f"more than {self.limits.max_nodes} values once aliases are expanded", event)
        if isinstance(parent.value, list):
            self._count(event)
            parent.value.append(value)
            return
        self._count(event)
        parent.value[parent.key or ""] = value
        parent.key = None

    def _count(self, event: yaml.Event) -> None:
        # What is still open has not been added to its parent yet, so the file's own values are counted apart.
        self.nodes += 1
        if self.nodes > self.limits.max_nodes:
            raise _problem("yaml.nodes", f"more than {self.limits.max_nodes} values", event)


def _plain(event: yaml.ScalarEvent) -> Value:
    text: str = event.value
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if _INTEGER.match(text):
        if len(text) > _MAX_DIGITS + 1 or abs(int(text)) > _MAX_INTEGER:
            raise _problem("yaml.number", "a whole number here is beyond 64 bits", event)
        return int(text)
    if _NOT_FINITE.match(text):
        raise _problem("yaml.number", "NaN and infinity are not numbers here", event)
    if CORE_NUMBER.match(text):
        number = float(text)
        if math.isinf(number):
            raise _problem("yaml.number", "a number here is too large", event)
        return number
    return text


def _refuse_tag(event: yaml.ScalarEvent | yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
    if event.tag is not None:
        raise _problem("yaml.tag", f"the tag {event.tag[:80]} is not taken; write plain values", event)


def _problem(code: str, sentence: str, event: yaml.Event) -> FormatProblem:
    return FormatProblem(code, sentence, _place(event.start_mark))


def _place(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"


def _bound_json(data: bytes, limits: Limits) -> None:
    """Refuses by the skeleton (brackets and commas outside text) before anything is built.

    Text holds no raw newline in JSON, so a line number in the skeleton is one in the file.
    """
    skeleton = _JSON_TEXT.sub(b"", data)
    if len(data) - len(skeleton) > limits.max_scalar:
        for match in _JSON_TEXT.finditer(data):
            if match.end() - match.start() > limits.max_scalar:
                place = f"line {data.count(b'\n', 0, match.start()) + 1}"
                raise FormatProblem("json.scalar", f"a text is longer than {limits.max_scalar} bytes", place)
    if skeleton.count(b",") + skeleton.count(b"{") + skeleton.count(b"[") > limits.max_nodes:
        raise FormatProblem("json.nodes", f"more than {limits.max_nodes} values")
    letters = np.frombuffer(skeleton, dtype=np.uint8)
    steps = np.zeros(len(letters), dtype=np.int8)
    steps[(letters == ord("{")) | (letters == ord("["))] = 1
    steps[(letters == ord("}")) | (letters == ord("]"))] = -1
    too_deep = np.flatnonzero(np.cumsum(steps, dtype=np.int32) > limits.max_depth)
    if too_deep.size:
        place = f"line {skeleton.count(b'\n', 0, int(too_deep[0])) + 1}"
        raise FormatProblem("json.depth", f"values are nested deeper than {limits.max_depth}", place)


def _json_integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS + 1 or abs(int(digits)) > _MAX_INTEGER:
        raise FormatProblem("json.number", "a whole number is beyond 64 bits", digits[:40])
    return int(digits)


def _json_float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise FormatProblem("json.number", "a number is too large", digits[:40])
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise FormatProblem("json.number", "NaN and infinity are not JSON", name)


def _refuse_half_characters(value: Value) -> None:
    for path, found in _walk(value):
        texts = list(found) if isinstance(found, dict) else [found] if isinstance(found, str) else []
        if any(_SURROGATE.search(text) for text in texts):
            raise FormatProblem("file.control", "a NUL character or half a character stands here", path)


def _walk(value: Value) -> Iterator[tuple[str, Value]]:
    """Every value with its path, outermost first."""
    waiting: list[tuple[str, Value]] = [("", value)]
    while waiting:
        path, found = waiting.pop()
        yield path, found
        pairs = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
        waiting += [(f"{path}/{key}" if path else str(key), child) for key, child in pairs]
