"""Reading files of the lake: as Arrow, and as a DuckDB relation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from sipar.exposure.observations import SCHEMA

if TYPE_CHECKING:
    import duckdb

MEMORY = "512MB"


def read(paths: Sequence[Path], columns: Sequence[str] | None, where: Mapping[str, Sequence[object]]) -> pa.Table:
    """The rows of these files that fit `where`, in the types of SCHEMA. Raises ValueError on an unknown column."""
    wanted = list(columns) if columns is not None else SCHEMA.names
    require_columns([*wanted, *where])
    chosen = _condition(where)
    found = [as_schema(parquet.read_table(path, columns=wanted, filters=chosen, partitioning=None)) for path in paths]
    found = [table for table in found if table.num_rows]
    if not found:
        return pa.schema([SCHEMA.field(name) for name in wanted]).empty_table()
    return pa.concat_tables(found)


def relation(
    paths: Sequence[Path], columns: Sequence[str] | None, where: Mapping[str, Sequence[object]]
) -> duckdb.DuckDBPyRelation:
    """The same as a relation of a DuckDB connection of its own, bounded in memory."""
    wanted = list(columns) if columns is not None else SCHEMA.names
    require_columns([*wanted, *where])
    connection = connect()
    if not paths:
        empty = pa.schema([SCHEMA.field(name) for name in wanted]).empty_table()
        return connection.from_arrow(empty)
    rows = connection.read_parquet([str(path) for path in paths], hive_partitioning=False)
    for column, values in where.items():
        rows = rows.filter(_expression(column, values))
    return rows.select(*wanted)


def connect() -> duckdb.DuckDBPyConnection:
    """A DuckDB in this process: UTC, bounded memory, two threads, no extension from anywhere."""
    import duckdb

    connection = duckdb.connect(
        config={
            "memory_limit": MEMORY,
            "threads": "2",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "preserve_insertion_order": "false",
        }
    )
    connection.execute("set TimeZone = 'UTC'")
    return connection


def as_schema(table: pa.Table) -> pa.Table:
    """The table's columns in the types of SCHEMA, without what the file's footer says."""
    fields = [SCHEMA.field(name) for name in table.column_names]
    return pa.table([table[field.name].cast(field.type) for field in fields], schema=pa.schema(fields))


def require_columns(names: Sequence[str]) -> None:
    unknown = sorted(set(names) - set(SCHEMA.names))
    if unknown:
        raise ValueError(f"an observation has no column {', '.join(unknown)}")


def _condition(where: Mapping[str, Sequence[object]]) -> Any:
    """The conditions as an expression that Parquet's statistics prune by; None without any."""
    whole = None
    for column, values in where.items():
        field = pc.field(column)
        given = [value for value in values if value is not None]
        one = field.isin(given) if given else pc.scalar(value=False)
        numbers = [value for value in given if isinstance(value, int)]
        if len(numbers) == len(given) > 1:
            # Row groups are passed by for a range, not for a list.
            one = (field >= min(numbers)) & (field <= max(numbers)) & one
        if len(given) < len(values):
            one = one | field.is_null()
        whole = one if whole is None else whole & one
    return whole


def _expression(column: str, values: Sequence[object]) -> Any:
    import duckdb

    name = duckdb.ColumnExpression(column)
    given = [duckdb.ConstantExpression(value) for value in values if value is not None]
    one = name.isin(*given) if given else duckdb.ConstantExpression(value=False)
    return one | name.isnull() if len(given) < len(values) else one
