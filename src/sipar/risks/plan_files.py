"""The tables behind a plan as kept files: what could be bought, what is bought, and its limits with their prices."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

from sipar.core.files import keep_bytes, read_bytes

if TYPE_CHECKING:
    import polars as pl

    from sipar.risk.plan_measures import Built

LARGEST = 512 * 1024 * 1024
PARTS = ("measures", "uses", "dependencies", "exclusions")
# The start of DOS time: a ZIP of the same tables has the same bytes whenever it is made.
EPOCH = (1980, 1, 1, 0, 0, 0)


def keep_table(table: pl.DataFrame) -> str:
    """Keep a table and return its digest."""
    return keep_bytes(_parquet(table), largest=LARGEST).sha256


def kept_table(digest: str) -> pl.DataFrame:
    """The table behind a digest, checked against it. Raises Conflict `file.damaged`."""
    import polars as pl

    return pl.read_parquet(io.BytesIO(read_bytes(digest)))


def keep_candidates(built: Built) -> str:
    """Keep everything that could be bought as one ZIP of tables, and return its digest."""
    tables = {part: getattr(built.candidates, part) for part in PARTS} | {"details": built.details}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, table in tables.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.parquet", EPOCH), _parquet(table))
        archive.writestr(zipfile.ZipInfo("left_out", EPOCH), str(built.left_out))
    return keep_bytes(buffer.getvalue(), largest=LARGEST).sha256


def kept_candidates(digest: str) -> Built:
    """What could be bought, behind a digest, checked against it. Raises Conflict `file.damaged`."""
    import polars as pl

    from sipar.risk.plan_input import Candidates
    from sipar.risk.plan_measures import Built

    with zipfile.ZipFile(io.BytesIO(read_bytes(digest))) as archive:
        tables = {name: pl.read_parquet(io.BytesIO(archive.read(f"{name}.parquet"))) for name in (*PARTS, "details")}
        left_out = int(archive.read("left_out"))
    return Built(Candidates(**{part: tables[part] for part in PARTS}), tables["details"], left_out)


def _parquet(table: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    return buffer.getvalue()
