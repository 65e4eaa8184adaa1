"""Which unknown facts would settle what is undetermined: values are tried for each, in rows of one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sipar.law.compiling import CompiledRegime, Test
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
    test: Test, columns: Mapping[str, NDArray[Any]], probes: Probes, known: Mapping[str, object]
) -> dict[str, float]:
    """How far each unknown fact would settle a test: the share of its values that do; 0 for one among several."""
    column = columns[test.column]
    if column[0] != -1:
        return {}
    shares: dict[str, float] = {}
    for name in test.facts:
        if name in probes.rows and name not in known:
            tried = column[probes.rows[name]]
            share = float(np.count_nonzero(tried != -1)) / tried.size
            if share:
                shares[name] = share
    for name in _open_facts(test, columns):
        if name not in known:
            shares.setdefault(name, 0.0)
    return shares


def _open_facts(test: Test, columns: Mapping[str, NDArray[Any]]) -> list[str]:
    """The facts named by tests that are still undetermined, from this one down."""
    found = list(test.named)
    for used in test.uses:
        if columns[used.column][0] == -1:
            found += _open_facts(used, columns)
    return list(dict.fromkeys(found))


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
