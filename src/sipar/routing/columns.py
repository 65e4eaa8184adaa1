"""Columns of Arrow tables as arrays."""

from __future__ import annotations

import pyarrow as pa


def whole(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """The column in one array: its own where it has one, which pyarrow's `combine_chunks` would copy.

    Chunked still where it holds more text than one array of 32-bit offsets.
    """
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
