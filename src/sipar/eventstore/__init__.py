"""The lake: observations as Parquet partitioned by day and source, queried by DuckDB on one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sipar.eventstore.store import Store


def lake() -> Store:
    """The store of this installation, in `SIPAR_VAR/lake`; brings Arrow along on the first call."""
    from sipar.eventstore import store

    return store.lake()
