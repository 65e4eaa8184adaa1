"""A reader as small as can be, for the tests of what stands around readers: `time,ip,kind[,country]` under a head."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

from sipar.feeds.lines import blocks, row_lines
from sipar.feeds.reading import BadRow, Chunk, DriftSeen, Report, excerpt, table_of
from sipar.formats.problems import FormatProblem

HEAD = ["time", "ip", "kind"]


class PlainReader:
    name = "plain"
    label = "Plain lines"

    def recognise(self, name: str, head: bytes, settings: Mapping[str, Any]) -> Report:
        if not head.startswith(b"time,ip"):
            raise FormatProblem("plain.head", "The first line is not `time,ip,kind`.", name)
        day = date.fromisoformat(name[:10]) if name[:4].isdigit() else None
        return Report(type="plain", day=day)

    def read(self, stream: BinaryIO, report: Report, settings: Mapping[str, Any]) -> Iterator[Chunk]:
        head = stream.readline().decode().strip().split(",")
        drifts = [DriftSeen("new", column) for column in head if column not in HEAD]
        for block in blocks(stream, size=settings.get("block", 1 << 20), first_line=2):
            rows: dict[str, list[Any]] = {"line": [], "observed_at": [], "kind": [], "ip": []}
            bad: list[BadRow] = list(block.bad)
            for line, text in zip(row_lines(block), block.data.decode().splitlines(), strict=True):
                row = _row(text)
                if row is None:
                    bad.append(BadRow(int(line), "time", "time", excerpt(text)))
                    continue
                rows["line"].append(int(line))
                for column, value in zip(("observed_at", "ip", "kind"), row, strict=True):
                    rows[column].append(value)
            count = len(rows["line"])
            columns = rows | {"classification": ["vulnerable-system"] * count, "severity": [2] * count}
            yield Chunk(table_of(columns, count), bad, drifts, block.more_bad, block.recoded)
            drifts = []


def _row(text: str) -> tuple[datetime | None, str, str] | None:
    values = text.split(",")
    if len(values) < 3:
        return None
    try:
        moment = datetime.fromisoformat(values[0]).replace(tzinfo=UTC) if values[0] else None
    except ValueError:
        return None
    return moment, values[1], values[2]


def report_of(rows: int, *, day: str = "2026-10-31", first: int = 0) -> bytes:
    """A report of so many different rows on one day."""
    lines = (
        f"{day} {number % 24:02d}:00:00,198.51.{number // 256 % 256}.{number % 256},open-{number // 65536}"
        for number in range(first, first + rows)
    )
    return "\n".join(["time,ip,kind", *lines, ""]).encode()
