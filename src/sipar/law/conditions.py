"""SQL boolean expressions of three values, taken only after every word and every node has been allowed.

polars parses the SQL and evaluates it (Kleene logic: an unknown fact is null). Before it sees a text, each word must be
a known name or one of few keywords, so no function, table, subquery or wildcard can be spelled; afterwards the
expression tree is walked and typed, and anything outside the allow-list is refused.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import polars as pl
from polars.exceptions import PolarsError

from sipar.formats.problems import FormatProblem
from sipar.law.facts import Fact

MAX_LENGTH = 2_000
MAX_TOKENS = 500
MAX_NESTING = 30
MAX_TREE = 120

type Kind = Literal["boolean", "number", "text", "instant", "span"]

KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "IS", "NULL", "BETWEEN", "TRUE", "FALSE", "INTERVAL"})
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)|(?P<text>'(?:[^'\x00]|'')*')|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?)|(?P<sign><=|>=|<>|!=|[=<>+*(),-])"
)
_KIND_OF: Mapping[str, Kind] = MappingProxyType(
    {
        "boolean": "boolean",
        "integer": "number",
        "number": "number",
        "instant": "instant",
        "choice": "text",
        "text": "text",
    }
)
_EQUALITY = frozenset({"Eq", "NotEq"})
_ORDER = frozenset({"Lt", "LtEq", "Gt", "GtEq"})
_MAX_INTERVAL = {"s": 87_600 * 3_600, "d": 3_660, "mo": 120}
_INTERVAL = re.compile(r"([0-9]{1,9})(s|d|mo)\Z")


@dataclass(frozen=True, slots=True)
class Term:
    """A name a condition may use: the column it stands for, what sort of value it holds, its answers if it has any."""

    column: str
    kind: Kind
    answers: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A part of a condition without AND, OR or NOT: unknown as a whole, or not at all. `columns` are those it reads."""

    expression: pl.Expr
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Join:
    """AND, OR, NOT or at_least (of `count`) over parts of a condition."""

    how: Literal["and", "or", "not", "at_least"]
    parts: tuple[Part, ...]
    count: int = 0


type Part = Leaf | Join


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition: the expression to evaluate, the names it uses, and the values it compares them with."""

    text: str
    expression: pl.Expr
    part: Part
    names: tuple[str, ...]
    numbers: tuple[float, ...]
    texts: tuple[str, ...]


def terms_of(facts: Mapping[str, Fact]) -> dict[str, Term]:
    """The terms that facts give; a fact's column has its name."""
    return {
        name: Term(
            column=name,
            kind=_KIND_OF[fact.type],
            answers=frozenset(option.value for option in fact.options) if fact.options else None,
        )
        for name, fact in facts.items()
    }


def compile_condition(text: str, terms: Mapping[str, Term]) -> Condition:
    """The condition a text says. Raises FormatProblem `condition.*`; `where` is the character it was met at, if known.

    Taken: names of `terms`, numbers, 'text', TRUE, FALSE, AND, OR, NOT, = <> < <= > >=, IN, BETWEEN, IS [NOT] NULL,
    + - *, and INTERVAL '24 hours' (seconds to months) added to an instant.
    """
    tokens = _tokens(text, terms)
    columns = {term.column: term for term in terms.values()}
    sql = " ".join(_spell(kind, token, terms) for kind, token, _ in tokens)
    try:
        expression = pl.sql_expr(sql)
        tree = json.loads(expression.meta.serialize(format="json"))
    except (PolarsError, ValueError, RecursionError) as error:
        raise FormatProblem("condition.syntax", f"this is not a condition: {_first_line(error)}") from error
    if _Walk(columns).kind(tree, 0) != "boolean":
        raise FormatProblem("condition.type", "this gives no yes or no")
    _prove_type(expression, columns)
    words = [token for kind, token, _ in tokens if kind == "word" and token.upper() not in KEYWORDS]
    return Condition(
        text=text,
        expression=expression,
        part=_part(tree),
        names=tuple(dict.fromkeys(words)),
        numbers=tuple(dict.fromkeys(float(token) for kind, token, _ in tokens if kind == "number")),
        texts=tuple(dict.fromkeys(_unquote(token) for kind, token, _ in tokens if kind == "text")),
    )


def _part(node: Any) -> Part:
    """The boolean structure of a checked tree."""
    [(name, body)] = node.items()
    if name == "BinaryExpr" and body["op"] in {"And", "Or"}:
        how: Literal["and", "or"] = "and" if body["op"] == "And" else "or"
        return Join(how, (_part(body["left"]), _part(body["right"])))
    if name == "Function" and body["function"] == {"Boolean": "Not"}:
        return Join("not", (_part(body["input"][0]),))
    if name == "Cast":
        return _part(body["expr"])
    expression = _expression(node)
    return Leaf(expression, tuple(expression.meta.root_names()))


def _expression(node: Any) -> pl.Expr:
    return pl.Expr.deserialize(io.BytesIO(json.dumps(node).encode()), format="json")


def at_least(count: int, conditions: list[pl.Expr]) -> pl.Expr:
    """True when `count` of the conditions are, false when so many no longer can be, unknown in between."""
    certain = pl.sum_horizontal([condition.fill_null(value=False).cast(pl.UInt8) for condition in conditions])
    possible = pl.sum_horizontal([condition.fill_null(value=True).cast(pl.UInt8) for condition in conditions])
    unknown = pl.lit(None, dtype=pl.Boolean)
    return pl.when(certain >= count).then(True).when(possible < count).then(False).otherwise(unknown)


def _tokens(text: str, terms: Mapping[str, Term]) -> list[tuple[str, str, int]]:
    if len(text) > MAX_LENGTH:
        raise FormatProblem("condition.length", f"a condition is longer than {MAX_LENGTH:,} characters")
    found: list[tuple[str, str, int]] = []
    position = nesting = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _at("condition.character", f"{text[position]!r} cannot stand in a condition", position)
        kind, word = str(match.lastgroup), match.group()
        if kind != "space":
            nesting += (word == "(") - (word == ")")
            if nesting > MAX_NESTING:
                raise _at("condition.depth", f"parentheses are nested deeper than {MAX_NESTING}", position)
            _check_token(kind, word, position, found[-1] if found else None, terms)
            found.append((kind, word, position))
        position = match.end()
    if len(found) > MAX_TOKENS:
        raise FormatProblem("condition.length", f"a condition has more than {MAX_TOKENS} words and signs")
    return found


def _check_token(
    kind: str, word: str, position: int, before: tuple[str, str, int] | None, terms: Mapping[str, Term]
) -> None:
    previous = before[1].upper() if before else ""
    if previous == "IS" and word.upper() not in {"NULL", "NOT"}:
        raise _at("condition.is", "after IS comes NULL or NOT NULL", position)
    if word.upper() == "NULL" and previous not in {"IS", "NOT"}:
        raise _at("condition.null", "NULL only stands in IS NULL and IS NOT NULL", position)
    if kind == "sign" and word == "-" and before and before[1] == "-" and before[2] == position - 1:
        raise _at("condition.comment", "comments cannot stand in a condition", position)
    if kind == "number" and len(word) > 16:
        raise _at("condition.number", "a number has more than 15 digits", position)
    if kind == "word" and word.upper() not in KEYWORDS and word not in terms:
        raise _at("condition.name", f'"{word}" is neither a fact nor a name given earlier in the file', position)


def _spell(kind: str, token: str, terms: Mapping[str, Term]) -> str:
    if kind == "word" and token in terms:
        return f'"{terms[token].column}"'
    # polars reads 0.05 as a decimal, which overflows where a float does not; with an exponent it is a float.
    return f"{token}e0" if kind == "number" and "." in token else token


def _unquote(token: str) -> str:
    return token[1:-1].replace("''", "'")


def _at(code: str, sentence: str, position: int) -> FormatProblem:
    return FormatProblem(code, sentence, f"character {position + 1}")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:200]


class _Walk:
    """Types a serialised expression tree; a node that is not allowed has no type."""

    def __init__(self, terms: Mapping[str, Term]) -> None:
        self.terms = terms

    def kind(self, node: Any, depth: int) -> Kind:
        if depth > MAX_TREE:
            raise FormatProblem("condition.depth", f"the condition is nested deeper than {MAX_TREE}")
        if not isinstance(node, dict) or len(node) != 1:
            raise self._refused(node)
        [(name, body)] = node.items()
        if name == "Column":
            if body not in self.terms:
                raise self._refused(node)
            return self.terms[body].kind
        if name == "Literal":
            return self._literal(body)
        if name == "BinaryExpr":
            return self._binary(body["op"], body["left"], body["right"], depth + 1)
        if name == "Function":
            return self._function(body["function"], body["input"], depth + 1)
        if name == "Cast" and body["dtype"] == {"Literal": "Boolean"}:
            # NOT wraps what it negates in a cast to boolean; only a boolean may stand there.
            self._expect(body["expr"], "boolean", depth + 1)
            return "boolean"
        raise self._refused(node)

    def _literal(self, body: Any) -> Kind:
        [(name, value)] = body.items()
        if name == "Dyn":
            if next(iter(value.values())) is None:
                raise FormatProblem("condition.number", "a number is too large")
            return "number"
        if name == "Scalar":
            kinds: dict[str, Kind] = {"String": "text", "Boolean": "boolean", "Duration": "span"}
            found = kinds.get(next(iter(value)))
            if found is not None:
                return found
        raise self._refused({"Literal": name})

    def _binary(self, operator: str, left: Any, right: Any, depth: int) -> Kind:
        if operator in {"And", "Or"}:
            self._expect(left, "boolean", depth)
            self._expect(right, "boolean", depth)
            return "boolean"
        one, other = self.kind(left, depth), self.kind(right, depth)
        if operator in _EQUALITY or operator in _ORDER:
            if one != other:
                raise FormatProblem("condition.type", f"a {one} cannot be compared with a {other}")
            if operator in _ORDER and one in {"boolean", "text"}:
                raise FormatProblem("condition.type", f"a {one} is neither more nor less than another")
            self._check_answer(left, right)
            self._check_answer(right, left)
            return "boolean"
        if operator in {"Plus", "Minus"} and one == other == "number":
            return "number"
        if operator == "Minus" and one == other == "instant":
            return "span"
        raise FormatProblem("condition.operator", f"{operator} cannot join a {one} and a {other}")

    def _function(self, function: Any, inputs: list[Any], depth: int) -> Kind:
        if function == {"Boolean": "Not"}:
            self._expect(inputs[0], "boolean", depth)
            return "boolean"
        if function in ({"Boolean": "IsNull"}, {"Boolean": "IsNotNull"}):
            self.kind(inputs[0], depth)
            return "boolean"
        if function == {"Sql": {"IsIn": {"nulls_equal": False}}}:
            return self._is_in(inputs[0], inputs[1], depth)
        if function == {"Sql": {"Binary": "Mul"}}:
            for each in inputs:
                self._expect(each, "number", depth)
            return "number"
        if function == {"TemporalExpr": "OffsetBy"}:
            self._expect(inputs[0], "instant", depth)
            self._check_interval(inputs[1])
            return "instant"
        raise self._refused(function)

    def _is_in(self, needle: Any, haystack: Any, depth: int) -> Kind:
        kind = self.kind(needle, depth)
        if not (isinstance(haystack, dict) and isinstance(haystack.get("Literal"), dict)):
            raise self._refused({"IsIn": ""})
        if "Series" not in haystack["Literal"]:
            raise self._refused({"IsIn": ""})
        values = pl.select(_expression(haystack)).to_series()
        if values.dtype == pl.List:
            values = values.explode()
        matches = values.dtype.is_numeric() if kind == "number" else kind == "text" and values.dtype == pl.String
        if not matches or values.null_count():
            raise FormatProblem("condition.type", f"a {kind} cannot be one of this list")
        for value in values.to_list():
            self._check_answer(needle, {"Literal": {"Scalar": {"String": value}}})
        return "boolean"

    def _check_answer(self, column: Any, literal: Any) -> None:
        if "Column" not in column or "Literal" not in literal:
            return
        answers = self.terms[column["Column"]].answers
        value = literal["Literal"].get("Scalar", {}).get("String")
        if answers is not None and value is not None and value not in answers:
            name = next(name for name, term in self.terms.items() if term.column == column["Column"])
            raise FormatProblem("condition.answer", f"'{value}' is not an answer of {name}")

    def _check_interval(self, node: Any) -> None:
        try:
            text = node["Literal"]["Scalar"]["String"]
        except (KeyError, TypeError) as error:
            raise self._refused({"Interval": ""}) from error
        found = _INTERVAL.match(text) if isinstance(text, str) else None
        if found is None or int(found[1]) > _MAX_INTERVAL[found[2]]:
            raise FormatProblem("condition.interval", "an interval is a whole number of hours, days or months")

    def _expect(self, node: Any, kind: Kind, depth: int) -> None:
        found = self.kind(node, depth)
        if found != kind:
            raise FormatProblem("condition.type", f"a {kind} is needed where a {found} stands")

    def _refused(self, node: Any) -> FormatProblem:
        name = next(iter(node)) if isinstance(node, dict) and node else str(node)
        return FormatProblem("condition.forbidden", f"{str(name)[:60]} is not allowed in a condition")


def _prove_type(expression: pl.Expr, terms: Mapping[str, Term]) -> None:
    dtypes = {
        "boolean": pl.Boolean(),
        "number": pl.Float64(),
        "text": pl.String(),
        "instant": pl.Datetime("us", "UTC"),
    }
    used = expression.meta.root_names()
    frame = pl.DataFrame(schema={name: dtypes[terms[name].kind] for name in used})
    try:
        found = frame.select(expression.alias("result")).schema["result"]
    except PolarsError as error:
        raise FormatProblem("condition.type", f"this cannot be evaluated: {_first_line(error)}") from error
    if found != pl.Boolean:
        raise FormatProblem("condition.type", "this gives no yes or no")
