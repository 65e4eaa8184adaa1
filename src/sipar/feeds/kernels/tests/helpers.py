"""A file read to its end, for the tests of readers."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from sipar.exposure.observations import READ
from sipar.feeds.reading import BadRow, DriftSeen, Reader, Report


@dataclass(frozen=True)
class ReadFile:
    """What came out of a file; `rows` leaves out what is null."""

    report: Report
    table: pa.Table
    bad: list[BadRow]
    drifts: list[DriftSeen]
    refused: int

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [{key: value for key, value in row.items() if value is not None} for row in self.table.to_pylist()]

    @property
    def faults(self) -> list[tuple[int, str, str]]:
        """Line, column and code of each refused row, by line."""
        return sorted((row.line, row.column, row.code) for row in self.bad)


def read_file(
    reader: Reader, data: bytes, name: str = "file", settings: Mapping[str, Any] | None = None, *, report: str = ""
) -> ReadFile:
    """The file as the reader reads it; `report` skips the question of what it is."""
    given = settings or {}
    found = Report(report) if report else reader.recognise(name, data[:65_536], given)
    chunks = list(reader.read(io.BytesIO(data), found, given))
    tables = [chunk.table for chunk in chunks]
    assert all(table.schema.equals(READ) for table in tables)
    return ReadFile(
        found,
        pa.concat_tables(tables) if tables else READ.empty_table(),
        [row for chunk in chunks for row in chunk.bad],
        [drift for chunk in chunks for drift in chunk.drifts],
        sum(chunk.refused for chunk in chunks),
    )
