"""Columns of Arrow tables as arrays."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

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


def valid_rows(column: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
    """Which rows are not null. pyarrow's own way to numpy goes bit by bit."""
    array = whole(column)
    if array.null_count in (0, len(array)):
        return np.full(len(array), not array.null_count)
    bits, end = array.buffers()[0], array.offset + len(array)
    return np.unpackbits(np.frombuffer(bits, np.uint8), count=end, bitorder="little")[array.offset :].view(np.bool_)


def text_buffers(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The bytes that the texts (string or large_string) lie in, and where each begins and the last one ends."""
    wide = np.dtype(np.int64 if pa.types.is_large_string(texts.type) else np.int32)
    _, offsets, data = texts.buffers()
    letters = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8)
    if not len(texts):
        return letters, np.zeros(1, np.int64)
    return letters, np.frombuffer(offsets, wide, len(texts) + 1, texts.offset * wide.itemsize).astype(np.int64)


def text_column(series: pl.Series) -> pa.ChunkedArray:
    """Text of polars as Arrow's `string`."""
    return pa.chunked_array([series.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.string())])
