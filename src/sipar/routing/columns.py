"""Columns of Arrow tables as arrays."""

from __future__ import annotations

import pyarrow as pa

# What the 32-bit offsets of one array of text reach.
MOST_BYTES = 2**31 - 1


def whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The column in one array: its own where it has one, which pyarrow's `combine_chunks` would copy.

    Text of more than `MOST_BYTES` comes as large_string.
    """
    if not isinstance(column, pa.ChunkedArray):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    if pa.types.is_string(column.type) and column.nbytes > MOST_BYTES:
        column = column.cast(pa.large_string())
    return column.combine_chunks()
