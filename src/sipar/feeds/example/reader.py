"""The example: lines of a made-up sensor, `2026-03-01T10:00:00Z 192.0.2.7 8080 open-proxy`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from sipar.feeds.kernels.csv_blocks import text_rows
from sipar.feeds.kernels.fields import Field
from sipar.feeds.kernels.plan import Before, Plan, observations
from sipar.feeds.lines import blocks
from sipar.feeds.reading import Chunk, Report
from sipar.formats.problems import FormatProblem

COLUMNS = ("time", "address", "port", "what")
PLAN = Plan(
    kind="seen",
    classification="potentially-unwanted-accessible",
    protocol="tcp",
    fields=(
        Field("time", "observed_at", "time", needed=True),
        Field("address", "ip", "address", needed=True),
        Field("port", "port", "port"),
        Field("what", "kind", "kind"),
    ),
)


class ExampleReader:
    """No settings."""

    name = "example"
    label = "Example: lines of a made-up sensor"

    def recognise(self, name: str, head: bytes, settings: Mapping[str, Any]) -> Report:
        """Lines of four words, the first of which begins with a year."""
        if not head[:4].isdigit() or head.partition(b"\n")[0].count(b" ") != len(COLUMNS) - 1:
            raise FormatProblem("example.lines", "The first line is not: time, address, port, kind.", name[:80])
        return Report("lines")

    def read(self, stream: BinaryIO, report: Report, settings: Mapping[str, Any]) -> Iterator[Chunk]:
        """One observation a line."""
        for block in blocks(stream):
            rows = text_rows(block, COLUMNS, delimiter=" ")
            before = Before(bad=(*block.bad, *rows.bad), more_bad=block.more_bad + rows.more_bad, recoded=block.recoded)
            yield observations(PLAN, rows.table, rows.lines, before=before)


READER = ExampleReader()
