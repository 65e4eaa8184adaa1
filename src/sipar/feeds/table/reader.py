"""CSV, JSON and JSON lines whose columns the feed's settings declare."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np

from sipar.feeds.kernels.csv_blocks import Head, no_rows, take_head
from sipar.feeds.kernels.csv_reading import read_rows
from sipar.feeds.kernels.drift import compare
from sipar.feeds.kernels.fields import Field
from sipar.feeds.kernels.json_values import peekable
from sipar.feeds.kernels.plan import Before, observations
from sipar.feeds.kernels.records import Row, read_objects
from sipar.feeds.reading import Chunk, DriftSeen, Report
from sipar.feeds.table.declaring import Declaration, declared
from sipar.formats.problems import FormatProblem

_HEAD = 4_096


class TableReader:
    """Settings: `columns` (and `constants`, `others`, `format`, `delimiter`, `time_format`, `time_zone`)."""

    name = "table"
    label = "Table with declared columns (CSV or JSON)"

    def check(self, settings: Mapping[str, Any]) -> None:
        """Raises FormatProblem where the settings cannot be worked with."""
        declared(settings)

    def recognise(self, name: str, head: bytes, settings: Mapping[str, Any]) -> Report:
        """CSV whose head has a declared address or name, or JSON whose beginning has a declared column."""
        declaration = declared(settings)
        form = _form(declaration, head)
        if form == "csv":
            _named(declaration, take_head(io.BytesIO(head), delimiter=declaration.delimiter))
        elif not any(f'"{column.rpartition(".")[2]}"'.encode() in head for column in declaration.assets):
            raise FormatProblem(
                "table.columns", "No object at the beginning has a declared address or name.", name[:80]
            )
        return Report(form)

    def read(self, stream: BinaryIO, report: Report, settings: Mapping[str, Any]) -> Iterator[Chunk]:
        """One observation a row; columns that are not declared go into `extra`."""
        declaration = declared(settings)
        ahead = peekable(stream)
        if _form(declaration, ahead.peek(_HEAD)[:_HEAD]) == "json":
            yield from _read_json(ahead, declaration)
        else:
            yield from _read_csv(ahead, declaration)


def _form(declaration: Declaration, head: bytes) -> str:
    if declaration.format:
        return declaration.format
    return "json" if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") else "csv"


def _read_csv(stream: BinaryIO, declaration: Declaration) -> Iterator[Chunk]:
    head = take_head(stream, delimiter=declaration.delimiter)
    names, drifts = _named(declaration, head)
    more = tuple(Field(name, f"extra.{name}") for name in names if name not in declaration.columns)
    plan = replace(declaration.plan, fields=(*declaration.plan.fields, *more))
    yield from read_rows(stream, plan, head, names, drifts)


def _named(declaration: Declaration, head: Head) -> tuple[list[str], list[DriftSeen]]:
    """The columns of the file under their declared names, and how they differ from the declaration."""
    known = [name.strip().lower() for name in declaration.others or ()]
    drifts, renamed = compare([*declaration.columns, *known], head.names)
    if declaration.others is None:
        drifts = [drift for drift in drifts if drift.kind != "new"]
    names = [renamed.get(name, name) for name in head.names]
    if not set(names) & set(declaration.assets):
        sentence = f"No declared address or name is among the columns; is `{head.delimiter}` the delimiter?"
        raise FormatProblem("table.columns", sentence, f"line {head.next_line - 1}")
    return names, drifts


def _read_json(stream: BinaryIO, declaration: Declaration) -> Iterator[Chunk]:
    seen: set[str] = set()
    extras = {found.column: found.extra for found in declaration.plan.fields if found.extra}
    known = {*declaration.columns, *(declaration.others or ())}
    new: set[str] = set()

    def rows(found: dict[str, Any]) -> Iterator[Row]:
        values = {name: value for name in declaration.columns if (value := _inside(found, name)) is not None}
        seen.update(values)
        tops = {name.partition(".")[0] for name in declaration.columns}
        extra = {name: value for name, value in found.items() if name not in tops and name not in declaration.columns}
        if len(new) < _HEAD:
            new.update(name[:80] for name in extra if name not in known)
        extra |= {key: values.pop(name) for name, key in extras.items() if name in values}
        yield Row(values, {**declaration.plan.constants, **extra})

    fields = tuple(found for found in declaration.plan.fields if not found.extra)
    plan = replace(declaration.plan, fields=fields, constants={})
    yield from read_objects(stream, plan, rows)
    drifts, _renamed = compare([name for name in declaration.columns if name not in seen], sorted(new))
    if declaration.others is None:
        drifts = [drift for drift in drifts if drift.kind != "new"]
    if drifts:
        columns = list(dict.fromkeys(found.column for found in fields))
        yield observations(plan, no_rows(columns), np.array([], dtype=np.int64), before=Before(drifts=drifts))


def _inside(found: Any, name: str) -> Any:
    """The value under a name, or along a path of names: `host.ip`."""
    if name in found:
        return found[name]
    for part in name.split("."):
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    return found


READER = TableReader()
