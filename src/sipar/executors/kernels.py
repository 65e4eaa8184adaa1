"""The kernels that run on any executor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from sipar.exposure.observations import SCHEMA

if TYPE_CHECKING:
    from sipar.routing.lookup import Lookup


@dataclass(frozen=True)
class Reroute:
    """Observations of the lake routed again by the lookup in this file, their keys with them; rows and order stay.

    Every machine at work must reach the file.
    """

    lookup: str

    def __call__(self, table: pa.Table) -> pa.Table:
        from sipar.exposure.hashing import finding_keys, row_hashes
        from sipar.routing.route import route

        fields = [SCHEMA.field(name) for name in table.column_names]
        rows = pa.table([table[field.name].cast(field.type) for field in fields], schema=pa.schema(fields))
        found = route(
            _opened(self.lookup),
            ip=rows["ip"], hostname=rows["hostname"], asn=rows["asn"], country=rows["country"],
            day=rows["observed_at"].cast(pa.date32()),
        ).columns()  # fmt: skip
        routed = _with(rows, found)
        return _with(routed, {"row": row_hashes(routed), "key": finding_keys(routed)})


def _with(table: pa.Table, columns: dict[str, pa.Array]) -> pa.Table:
    for name, values in columns.items():
        table = table.set_column(
            table.column_names.index(name), SCHEMA.field(name), values.cast(SCHEMA.field(name).type)
        )
    return table


@lru_cache(maxsize=1)
def _opened(path: str) -> Lookup:
    """Compiled once in each process."""
    from sipar.routing.lookup import Lookup

    return Lookup.load(Path(path))
