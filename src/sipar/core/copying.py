"""Tables in and out of PostgreSQL by COPY, inside the caller's transaction."""

from __future__ import annotations

import io
from typing import Any, LiteralString

import polars as pl
from django.db import connection

_CHUNK = 1 << 20
_SPECIAL = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}


def copy_text(frame: pl.DataFrame) -> bytes:
    """The rows as `copy ... from stdin` reads them in its text format, which costs PostgreSQL less than CSV does.

    Numbers, texts, dates and truths; lists are text written as `{a,b}` by the caller.
    """
    escaped = frame.with_columns(pl.col(pl.String).str.replace_many(_SPECIAL))
    body = io.BytesIO()
    escaped.write_csv(body, include_header=False, separator="\t", quote_style="never", null_value=r"\N")
    return body.getvalue()


def copy_in(table: str, frame: pl.DataFrame) -> None:
    """Append the rows of a frame to a table, or to columns of it: `staged`, `staged (a, b)`."""
    body = copy_text(frame)
    with connection.cursor() as cursor, cursor.copy(f"copy {table} from stdin") as copy:
        for start in range(0, len(body), _CHUNK):
            copy.write(body[start : start + _CHUNK])


def stage(create: LiteralString, table: LiteralString, frame: pl.DataFrame) -> None:
    """Make a temporary table, and fill the columns that the frame has. Lists are text written as `{a,b}`.

    One that the transaction has made already is emptied: every new one holds locks until the end, and a loop over
    organisations would run out of them.
    """
    columns = ", ".join(frame.columns)
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass(%s)", [f"pg_temp.{table}"])
        cursor.execute(create if cursor.fetchone() == (None,) else f"truncate {table}")
        copy_in(f"{table} ({columns})", frame)
        cursor.execute(f"analyze {table}")


def json_of_codes(column: str) -> pl.Expr:
    """A column of lists of codes as JSON arrays; codes hold nothing that JSON would escape."""
    quoted = pl.col(column).list.eval('"' + pl.element() + '"').list.join(",")
    return pl.concat_str(pl.lit("["), quoted, pl.lit("]")).alias(column)


def fetch(query: LiteralString, parameters: dict[str, Any], schema: pl.Schema) -> pl.DataFrame:
    """The rows of a query as a table with this schema, whose columns are those of the query."""
    buffer = io.BytesIO()
    with connection.cursor() as cursor, cursor.copy(f"copy ({query}) to stdout (format csv)", parameters) as copy:
        for piece in copy:
            buffer.write(piece)
    if not buffer.tell():
        return pl.DataFrame(schema=schema)
    buffer.seek(0)
    # An empty text is quoted by COPY, null is not.
    return pl.read_csv(buffer, has_header=False, schema=schema)
