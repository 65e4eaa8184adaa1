"""Many rows at once, through the same walls as one row: triggers, checks and row-level security stay on.

COPY cannot write into a table under row-level security, so rows go to a temporary table first.
"""

from __future__ import annotations

import io
import json
from typing import Any

import polars as pl
from django.db import connection, models

NULL = "\\N"


def next_ids(model: type[models.Model], count: int) -> pl.Series:
    """Reserve `count` primary keys of a model, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select nextval(pg_get_serial_sequence(%s, 'id')) from generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return pl.Series("id", [row[0] for row in cursor.fetchall()], dtype=pl.Int64)


def insert_rows(model: type[models.Model], rows: pl.DataFrame) -> pl.Series:
    """Insert rows whose columns are the model's database columns, and return their ids.

    A column left out takes the model's default. bytea columns are hexadecimal text, JSON columns JSON text.
    """
    if "id" not in rows.columns:
        rows = rows.with_columns(next_ids(model, rows.height))
    if rows.is_empty():
        return rows["id"]
    rows = rows.with_columns(_defaults(model, rows))
    table = model._meta.db_table
    columns = ", ".join(f'"{name}"' for name in rows.columns)
    text = io.BytesIO()
    rows.with_columns(
        ("\\x" + pl.col(column)).alias(column)
        for column, field in _columns(model)
        if isinstance(field, models.BinaryField) and rows.schema[column] == pl.String
    ).write_csv(text, include_header=False, null_value=NULL)
    with connection.cursor() as cursor:
        cursor.execute(f"create temporary table incoming as select {columns} from {table} limit 0")  # noqa: S608
        with cursor.copy(f"copy incoming ({columns}) from stdin (format csv, null '{NULL}')") as copy:
            copy.write(text.getvalue())
        cursor.execute(f"insert into {table} ({columns}) select {columns} from incoming")  # noqa: S608
        cursor.execute("drop table incoming")
    return rows["id"]


def _defaults(model: type[models.Model], rows: pl.DataFrame) -> list[pl.Expr]:
    return [pl.lit(_plain(field)).alias(column) for column, field in _columns(model) if column not in rows.columns]


def _columns(model: type[models.Model]) -> list[tuple[str, models.Field[Any, Any]]]:
    return [(str(field.column), field) for field in model._meta.concrete_fields]


def _plain(field: models.Field[Any, Any]) -> Any:
    value = field.get_default()
    return json.dumps(value) if isinstance(field, models.JSONField) else value
