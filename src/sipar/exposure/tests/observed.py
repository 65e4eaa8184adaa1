"""Small tables of observations for tests, from dicts of what matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from sipar.exposure.hashing import finding_keys, row_hashes
from sipar.exposure.observations import SCHEMA

SEEN = datetime(2026, 10, 1, 4, tzinfo=UTC)
RAW = "a" * 64
USUAL: Mapping[str, Any] = {
    "observed_at": SEEN, "kind": "accessible-rdp", "classification": "potentially-unwanted-accessible", "severity": 2,
    "ip": "192.0.2.7", "port": 3389, "protocol": "tcp", "source": "sensor", "raw": RAW,
}  # fmt: skip


def observed(rows: Sequence[Mapping[str, Any]], **same: Any) -> pa.Table:
    """The rows in the columns of SCHEMA with their hashes, each with the `USUAL` values where it says nothing else."""
    whole = [{"line": number, **USUAL, **same, **row} for number, row in enumerate(rows, start=2)]
    table = pa.Table.from_pylist(
        [{field.name: row.get(field.name) for field in SCHEMA} for row in whole], schema=SCHEMA
    )
    for name, hashes in (("row", row_hashes(table)), ("key", finding_keys(table))):
        table = table.set_column(SCHEMA.get_field_index(name), SCHEMA.field(name), hashes)
    return table
