"""Which unknown facts would settle what is undetermined: values are tried for each, in rows of one table."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from sipar.law.compiling import CompiledRegime, Test
from sipar.law.conditions import Join, Leaf, Part
from sipar.law.facts import Fact, shipped_facts

MANY = 1e15
_OTHER = "\x00other"


@dataclass(frozen=True, slots=True)
class Probes:
    """What to try: the `rows` of `table` in which a fact has a value, the facts `read`, and every test's column."""

    table: pl.DataFrame
    rows: Mapping[str, slice]
    read: frozenset[str]
    tests: tuple[str, ...]


@lru_cache(maxsize=16)
def probes_of(compiled: tuple[CompiledRegime, ...]) -> Probes:
    """A table that knows nothing in its first row, and one thing in each other: a value that a fact might have."""
    facts = shipped_facts()
    tests = [test for each in compiled for test in each.tests]
    compared = _merged(tests)
    rows: dict[str, slice] = {}
    height = 1
    values: dict[str, list[object]] = {}
    for name, (numbers, texts) in compared.items():
        values[name] = _values(facts[name], numbers, texts)
        rows[name] = slice(height, height + len(values[name]))
        height += len(values[name])
    read = dict.fromkeys([*compared, *(name for each in compiled for name in each.facts)])
    table = pl.DataFrame(
        [
            pl.Series(
                name,
                [None] * (rows[name].start if name in rows else height)
                + values.get(name, [])
                + [None] * (height - rows[name].stop if name in rows else 0),
                dtype=facts[name].dtype,
            )
            for name in read
        ]
    )
    tried = {name: part for name, part in rows.items() if values[name]}
    return Probes(table=table, rows=tried, read=frozenset(read), tests=tuple(test.column for test in tests))


def settling(
    compiled: Sequence[CompiledRegime],
    tests: Sequence[Test],
    answered: pl.DataFrame,
    probes: Probes,
    known: Container[str],
) -> list[dict[str, float]]:
    """For each test, how far each unknown fact would settle it: the share of its values that do.

    Nothing for a test that is settled. A fact has 0 when it stands in an undetermined part, but settles nothing alone.
    """
    if not tests:
        return []
    columns = answered.select(pl.col({test.column for test in tests}).cast(pl.Int8).fill_null(-1))
    owners = {test.column: (test, each) for each in compiled for test in each.tests}
    unknown = _Unknown(owners, answered.head(1))
    found = []
    for test in tests:
        column = columns[test.column].to_numpy()
        shares: dict[str, float] = {}
        if column[0] == -1:
            for name in test.facts:
                if name in probes.rows and name not in known:
                    tried = column[probes.rows[name]]
                    shares[name] = float(np.count_nonzero(tried != -1)) / tried.size
            open_facts = unknown.facts(test)
            shares = {name: share for name, share in shares.items() if share or name in open_facts}
        found.append(shares)
    return found


class _Unknown:
    """Finds the facts that stand in the undetermined parts of tests, for the incident in a table of one row."""

    def __init__(self, owners: Mapping[str, tuple[Test, CompiledRegime]], row: pl.DataFrame) -> None:
        self.owners = owners
        self.row = row.row(0, named=True)
        self.values: dict[Part, bool | None] = {}
        open_parts = [test.part for test, _ in owners.values() if self.row[test.column] is None]
        leaves = list(dict.fromkeys(leaf for part in open_parts for leaf in _leaves(part)))
        named = [leaf.expression.alias(str(number)) for number, leaf in enumerate(leaves)]
        values = row.select(named).row(0) if named else ()
        self.values.update(zip(leaves, values, strict=True))

    def facts(self, test: Test) -> set[str]:
        """The unknown facts in the undetermined parts of a test, through the tests it uses."""
        found: set[str] = set()
        parts = [(part, self.owners[test.column][1]) for part in (test.part,) if part is not None]
        while parts:
            part, each = parts.pop()
            if self._value(part) is not None:
                continue
            if isinstance(part, Join):
                parts += [(inner, each) for inner in part.parts]
                continue
            for column in part.columns:
                if column in self.owners:
                    used, owner = self.owners[column]
                    parts += [(used.part, owner)] if used.part is not None else []
                elif self.row.get(column) is None:
                    found.update(each.derived.get(column, (column,)))
        return found

    def _value(self, part: Part) -> bool | None:
        """What a part comes to, by Kleene's rules."""
        if part not in self.values and isinstance(part, Join):
            self.values[part] = _join(part, [self._value(each) for each in part.parts])
        return self.values[part]


def _join(part: Join, inner: list[bool | None]) -> bool | None:
    if part.how == "not":
        return None if inner[0] is None else not inner[0]
    needed = {"and": len(inner), "or": 1, "at_least": part.count}[part.how]
    if inner.count(True) >= needed:
        return True
    return False if inner.count(True) + inner.count(None) < needed else None


def _leaves(part: Part | None) -> list[Leaf]:
    if part is None:
        return []
    return [part] if isinstance(part, Leaf) else [leaf for inner in part.parts for leaf in _leaves(inner)]


def questions(found: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    weights: dict[str, float] = {}
    for each in found:
        for name, share in each.items():
            weights[name] = weights.get(name, 0.0) + share
    return tuple(sorted(weights, key=lambda name: -weights[name]))


def _merged(tests: Sequence[Test]) -> dict[str, tuple[set[float], set[str]]]:
    """For every fact, the numbers and texts that it is compared with somewhere."""
    found: dict[str, tuple[set[float], set[str]]] = {}
    for test in tests:
        for name in test.named:
            numbers, texts = found.setdefault(name, (set(), set()))
            numbers.update(test.numbers)
            texts.update(test.texts)
    return found


def _values(fact: Fact, numbers: set[float], texts: set[str]) -> list[object]:
    """Values on every side of whatever the fact is compared with."""
    if fact.type == "boolean":
        return [True, False]
    if fact.type in {"integer", "number"}:
        cast = int if fact.type == "integer" else float
        return [cast(value) for value in sorted({0.0, MANY, *numbers, *(number + 1 for number in numbers)})]
    if fact.type in {"choice", "text"}:
        named = [word for word in sorted(texts) if not fact.options or word in {each.value for each in fact.options}]
        return [*named, _OTHER] if named else []
    return []
