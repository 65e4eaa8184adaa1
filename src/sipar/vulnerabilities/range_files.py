"""The table of version ranges: one Parquet file in the lake, replaced as a whole, named in the database.

The file is named by its digest and written before the row that names it: a transaction that rolls back leaves a file
that nobody reads, and the next import removes it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from datetime import datetime
from hashlib import file_digest
from pathlib import Path

import polars as pl
from django.conf import settings
from django.db import transaction

from sipar.routing.products.ranges import SCHEMA
from sipar.vulnerabilities.models import RangeFile


def current() -> pl.DataFrame:
    """The ranges that are in use; empty before the first import."""
    newest = RangeFile.objects.order_by("-pk").first()
    if newest is None:
        return pl.DataFrame(schema=SCHEMA)
    return pl.read_parquet(_place(newest.digest))


def replace(origins: pl.Series, rows: pl.DataFrame, *, now: datetime) -> RangeFile | None:
    """Take out the ranges of these origins (records, advisories) and bring in the rows. None where nothing changes."""
    before = current()
    gone = pl.DataFrame({"origin": origins.cast(pl.String)}).unique()
    kept = before.join(gone, on="origin", how="anti", maintain_order="left")
    after = pl.concat([kept, rows])
    if after.equals(before):
        return None
    made = RangeFile.objects.create(
        digest=_write(after),
        rows=after.height,
        products=after["key"].n_unique(),
        cves=after["cve"].n_unique(),
        made_at=now,
    )
    transaction.on_commit(_tidy)
    return made


def _write(frame: pl.DataFrame) -> str:
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, half = tempfile.mkstemp(dir=folder, suffix=".half")
    try:
        with os.fdopen(descriptor, "w+b") as file:
            frame.write_parquet(file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            digest = file_digest(file, "sha256").hexdigest()
        Path(half).replace(_place(digest))
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(half).unlink()
        raise
    return digest


def _tidy() -> None:
    """Keep the newest files, for whoever is reading the one before."""
    files = sorted(_folder().glob("ranges-*.parquet"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[3:]:
        file.unlink(missing_ok=True)


def _folder() -> Path:
    return Path(settings.VAR) / "lake" / "reference" / "vulnerabilities"


def _place(digest: str) -> Path:
    return _folder() / f"ranges-{digest}.parquet"
