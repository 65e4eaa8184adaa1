"""Observations out of JSON objects: what each object says of an observation, then the same casts as for columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from sipar.feeds.kernels.json_values import json_objects
from sipar.feeds.kernels.plan import Before, Plan, observations
from sipar.feeds.reading import MAX_LISTED, BadRow, Chunk, DriftSeen, excerpt

# Rows and characters of a chunk: about a block of memory.
_ROWS = 50_000
_SIZE = 16 * 1024 * 1024
# Observations that one object may make.
MAX_OF_ONE = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """What an object says of one observation: values by the columns of the plan, and what goes into `extra`."""

    values: Mapping[str, Any]
    extra: Mapping[str, Any] = field(default_factory=dict)


type Rows = Callable[[dict[str, Any]], Iterable[Row]]


def read_objects(stream: BinaryIO, plan: Plan, rows_of: Rows) -> Iterator[Chunk]:
    """The observations of all objects in the stream. An object that `rows_of` has no row for is left out.

    `rows_of` may raise ValueError with a code (`record` if it has none) for an object that is not as it should be.
    """
    gathered = Gathered(plan)
    for found in json_objects(stream):
        gathered.bad += found.bad
        gathered.more_bad += found.more_bad
        gathered.recoded += found.recoded
        if found.value is not None:
            gathered.add(found.line, found.value, rows_of)
        if gathered.full:
            yield gathered.chunk()
            gathered = Gathered(plan)
    yield gathered.chunk()


class Gathered:
    """Rows until they are a chunk."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.bad: list[BadRow] = []
        self.drifts: list[DriftSeen] = []
        self.more_bad = self.recoded = 0
        self._columns: dict[str, list[str | None]] = {name: [] for name in _columns(plan)}
        self._lines: list[int] = []
        self._extra: list[str | None] = []
        self._size = 0

    @property
    def full(self) -> bool:
        """Whether it is time for `chunk`."""
        return len(self._lines) >= _ROWS or self._size >= _SIZE or len(self.bad) >= MAX_LISTED

    def add(self, line: int, value: dict[str, Any], rows_of: Rows) -> None:
        """The rows of an object; a bad one where it has none that can be read."""
        try:
            for count, row in enumerate(rows_of(value)):
                if count >= MAX_OF_ONE:
                    raise ValueError("size")
                self.add_row(line, row)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            # The shape of a stranger's object is unknown; what is not where it belongs has no place in a row.
            code = str(error) if isinstance(error, ValueError) and str(error).isalpha() else "record"
            self.bad.append(BadRow(line, "", code, excerpt(repr(value)[:600])))

    def add_row(self, line: int, row: Row) -> None:
        """One row."""
        values = {name: as_text(row.values.get(name)) for name in self._columns}
        extra = {key: value for key, value in row.extra.items() if value not in (None, "", [], {})}
        text = json.dumps(extra, ensure_ascii=False, allow_nan=False, separators=(",", ":")) if extra else None
        for name, cell in values.items():
            self._columns[name].append(cell)
        self._lines.append(line)
        self._extra.append(text)
        self._size += 200 + len(text or "")

    def chunk(self) -> Chunk:
        """The rows so far."""
        columns = {name: pa.array(cells, pa.string()) for name, cells in self._columns.items()}
        before = Before(bad=self.bad, drifts=self.drifts, more_bad=self.more_bad, recoded=self.recoded)
        lines = np.array(self._lines, dtype=np.int64)
        return observations(
            self.plan, pa.table(columns), lines, before=before, ready=pa.array(self._extra, pa.string())
        )


def _columns(plan: Plan) -> list[str]:
    return list(dict.fromkeys(found.column for found in plan.fields))


def as_text(value: Any) -> str | None:
    """A JSON value as the text of a cell; empty text is nothing, a list of plain values its values with spaces."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return " ".join(str(item) for item in value) or None
    return json.dumps(value, ensure_ascii=False)
