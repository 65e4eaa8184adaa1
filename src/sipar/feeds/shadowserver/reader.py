"""Shadowserver's daily CSV reports (https://www.shadowserver.org/what-we-do/network-reporting/)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, BinaryIO

from sipar.feeds.kernels.csv_blocks import take_head
from sipar.feeds.kernels.csv_reading import read_rows
from sipar.feeds.kernels.drift import compare
from sipar.feeds.reading import Chunk, Report
from sipar.feeds.shadowserver.compiling import compile_plan
from sipar.feeds.shadowserver.fields import SCANNED
from sipar.feeds.shadowserver.schema import Schema, schema_of
from sipar.formats.problems import FormatProblem

_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-([^-]+)(?:-.+)?\.csv\Z", re.IGNORECASE)
_MAX_SHOWN = 80


class ShadowserverReader:
    """Settings: `schema` (a path or the document), and `report` where files do not carry the name of their type."""

    name = "shadowserver"
    label = "Shadowserver report"

    def check(self, settings: Mapping[str, Any]) -> None:
        """Raises FormatProblem where the settings cannot be worked with."""
        schema = schema_of(settings)
        if settings.get("report"):
            _known(schema, str(settings["report"]))

    def recognise(self, name: str, head: bytes, settings: Mapping[str, Any]) -> Report:
        """The type and the day by the file's name: `2026-03-01-scan_http-nation-geo.csv`."""
        schema = schema_of(settings)
        bare = re.split(r"[/\\]", name)[-1]
        match = _NAME.match(bare)
        fixed = settings.get("report")
        if match is None and not fixed:
            sentence = "The file's name does not say which report it is; such names begin with a day and the type."
            raise FormatProblem("shadowserver.name", sentence, bare[:_MAX_SHOWN])
        day = None
        if match is not None:
            try:
                day = date.fromisoformat(match[1])
            except ValueError as error:
                raise FormatProblem("shadowserver.name", "There is no such day.", bare[:_MAX_SHOWN]) from error
        kind = str(fixed or (match[2].lower() if match else ""))
        _known(schema, kind)
        return Report(kind, day, complete=None if kind.startswith(SCANNED) else False)

    def read(self, stream: BinaryIO, report: Report, settings: Mapping[str, Any]) -> Iterator[Chunk]:
        """The rows by the plan of their type, a chunk a block."""
        kind = schema_of(settings)[report.type]
        head = take_head(stream)
        drifts, renamed = compare(kind.columns, head.names)
        names = [renamed.get(name, name) for name in head.names]
        if not set(names) & set(kind.columns):
            sentence = f"None of the columns of a {report.type} report is in the file; is it one, with a head?"
            raise FormatProblem("shadowserver.columns", sentence, f"line {head.next_line - 1}")
        plan, unknown = compile_plan(kind, names)
        drifts += unknown
        yield from read_rows(stream, plan, head, names, drifts)


def _known(schema: Schema, kind: str) -> None:
    if kind not in schema:
        sentence = f"The schema has no report of the type {kind[:_MAX_SHOWN]}; a newer schema may have it."
        raise FormatProblem("shadowserver.type", sentence, kind[:_MAX_SHOWN])


READER = ShadowserverReader()
