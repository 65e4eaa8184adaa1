"""Tables for people: CSV and XLSX in which no cell can act as a formula (CWE-1236)."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from sipar.formats.problems import FormatProblem
from sipar.formats.workbook_safety import column_letters

type Cell = str | int | float | bool | dt.date | dt.datetime | None
type Rows = pl.DataFrame | Sequence[Sequence[Cell]]

# A spreadsheet takes a cell that begins so for a formula. Apostrophes before it count in, so that reading can undo
# exactly what writing did.
_FORMULA = "^'*[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20]"
_GUARDED = "^'('*[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20])"
_MAX_CELL = 32_767
_MAX_INLINE_CHOICES = 255
_LISTS_SHEET = "_lists"
_DEFAULT_WIDTH = 18.0
_WRAP_FROM_WIDTH = 40.0
# A fixed date keeps the bytes of a workbook the same for the same content.
_CREATED = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - xlsxwriter takes naive times only


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet to write: `widths` in characters and `choices` (the allowed texts) are by column name.

    A `hidden` sheet carries what a program needs to find again; it cannot be the first one.
    """

    name: str
    header: Sequence[str]
    rows: Rows
    widths: Mapping[str, float] = field(default_factory=dict)
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    right_to_left: bool = False
    hidden: bool = False


def write_csv(header: Sequence[str], rows: Rows) -> bytes:
    """CSV as spreadsheets like it: UTF-8 with byte order mark, commas, CRLF; None is an empty cell.

    Text that a spreadsheet would run gets an apostrophe in front; numbers and dates are written as they are.
    `rows` is a frame with the columns in the order of `header`, or a sequence of rows.
    """
    frame = _frame(header, rows)
    text = [name for name, kind in frame.schema.items() if kind == pl.String]
    guarded = frame.with_columns(
        pl.when(pl.col(name).str.contains(_FORMULA)).then("'" + pl.col(name)).otherwise(pl.col(name)).alias(name)
        for name in text
    ).rename(dict(zip(frame.columns, (_guard(name) for name in header), strict=True)))
    return guarded.write_csv(include_bom=True, line_terminator="\r\n", null_value="").encode()


def restore_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """The text columns without the apostrophes that `write_csv` put in front of them."""
    guarded = frame.select(pl.all().str.starts_with("'").any()).row(0) if frame.height else ()
    return frame.with_columns(
        pl.col(name).str.replace(_GUARDED, "$1")
        for name, is_guarded in zip(frame.columns, guarded, strict=False)
        if is_guarded
    )


def write_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """An XLSX workbook: header bold and frozen, text written as text whatever it begins with, None left empty.

    A column with `choices` offers them as a list and takes nothing else; columns 40 or more wide wrap.
    Raises FormatProblem `table.cell` for a text longer than XLSX can hold.
    """
    # Only who writes a workbook waits for it.
    import xlsxwriter

    output = io.BytesIO()
    workbook = xlsxwriter.Workbook(
        output,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    )
    workbook.set_properties({"created": _CREATED})
    formats = {
        "header": workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
        "plain": workbook.add_format({"valign": "top"}),
        "wrap": workbook.add_format({"valign": "top", "text_wrap": True}),
    }
    lists: list[Sequence[str]] = []
    for sheet in sheets:
        _write_sheet(workbook, sheet, formats, lists)
    if lists:
        hidden = workbook.add_worksheet(_LISTS_SHEET)
        hidden.hide()
        for place, choices in enumerate(lists):
            for row, choice in enumerate(choices):
                hidden.write_string(row, place, choice)
    workbook.close()
    return output.getvalue()


def _write_sheet(workbook: Any, sheet: Sheet, formats: Mapping[str, object], lists: list[Sequence[str]]) -> None:
    page = workbook.add_worksheet(sheet.name)
    page.freeze_panes(1, 0)
    if sheet.right_to_left:
        page.right_to_left()
    if sheet.hidden:
        page.hide()
    frame = _frame(sheet.header, sheet.rows)
    for place, (name, column) in enumerate(zip(sheet.header, frame.iter_columns(), strict=True)):
        width = sheet.widths.get(name, _DEFAULT_WIDTH)
        page.set_column(place, place, width, formats["wrap" if width >= _WRAP_FROM_WIDTH else "plain"])
        _write_cell(page, 0, place, name, formats["header"])
        for row, cell in enumerate(column.to_list(), start=1):
            if cell is not None:
                _write_cell(page, row, place, cell, None)
        choices = sheet.choices.get(name)
        if choices and frame.height:
            page.data_validation(1, place, frame.height, place, _choice_rule(choices, lists))


def _write_cell(page: Any, row: int, place: int, cell: Cell, style: object) -> None:
    if isinstance(cell, bool):
        page.write_boolean(row, place, cell, style)
    elif isinstance(cell, int | float):
        page.write_number(row, place, cell, style)
    else:
        text = cell if isinstance(cell, str) else "" if cell is None else cell.isoformat()
        if len(text) > _MAX_CELL:
            where = f"row {row + 1}, column {column_letters(place + 1)}"
            raise FormatProblem(
                "table.cell", f"a text is longer than the {_MAX_CELL} characters of an XLSX cell", where
            )
        page.write_string(row, place, text, style)


def _choice_rule(choices: Sequence[str], lists: list[Sequence[str]]) -> dict[str, object]:
    source: object = list(choices)
    if len(",".join(choices)) > _MAX_INLINE_CHOICES or any("," in choice for choice in choices):
        if choices not in lists:
            lists.append(choices)
        column = column_letters(lists.index(choices) + 1)
        source = f"={_LISTS_SHEET}!${column}$1:${column}${len(choices)}"
    return {"validate": "list", "source": source, "ignore_blank": True}


def _frame(header: Sequence[str], rows: Rows) -> pl.DataFrame:
    """The rows as columns named by place; a column of mixed kinds becomes text only where it must."""
    if isinstance(rows, pl.DataFrame):
        if rows.width != len(header):
            raise ValueError(f"{rows.width} columns do not fit a header of {len(header)}")
        return rows.rename({name: f"column_{place}" for place, name in enumerate(rows.columns)})
    columns = zip(*rows, strict=True) if rows else ([] for _ in header)
    series = [_series(f"column_{place}", list(cells)) for place, cells in enumerate(columns)]
    if len(series) != len(header):
        raise ValueError(f"{len(series)} columns do not fit a header of {len(header)}")
    return pl.DataFrame(series)


def _series(name: str, cells: list[Cell]) -> pl.Series:
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds <= {str}:
        return pl.Series(name, cells, dtype=pl.String)
    if len(kinds) == 1:
        return pl.Series(name, cells)
    return pl.Series(name, [None if cell is None else str(cell) for cell in cells], dtype=pl.String)


def _guard(text: str) -> str:
    return "'" + text if pl.Series([text]).str.contains(_FORMULA)[0] else text
