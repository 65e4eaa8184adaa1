"""The lake: observations as Parquet partitioned by day and source, queried by DuckDB on one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sipar.eventstore.store import Store


def lake() -> Store:
    """The store of this installation, in `SIPAR_VAR/lake`."""
    from django.conf import settings

    from sipar.eventstore.store import Store

    return Store(settings.VAR / "lake")
