"""One port for work on many Parquet files: the same kernel on every part, here or on a cluster, with the same rows out.

A kernel is a picklable function from a table to a table that looks at each row by itself. It sees some tens of
thousands of rows at a time, so that memory does not grow with the file. Every input gives one output, named after it,
that appears whole or not at all: an executor may run a part twice and nothing is doubled.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

import pyarrow as pa
from pyarrow import fs, parquet

type Kernel = Callable[[pa.Table], pa.Table]

BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Output:
    """What became of one input: where its rows lie now, and how many they are."""

    source: str
    path: str
    rows: int


class Executor(Protocol):
    """Runs a kernel over parts."""

    def map_parts(self, kernel: Kernel, inputs: Sequence[str], folder: str) -> tuple[Output, ...]:
        """Put `kernel` of each input into `folder`, and say in the order of the inputs what came of them.

        Inputs and folder are paths, or URIs that pyarrow knows (`s3://`, `gs://`, `hdfs://`, `file://`) and that every
        machine at work reaches. Raises what the kernel raises; outputs that were finished by then stay.
        """
        ...


def run_part(kernel: Kernel, source: str, folder: str) -> Output:
    """Read one part, put it through the kernel batch by batch, and write its output. What every executor calls."""
    store, place = fs.FileSystem.from_uri(_uri(source))
    target, base = fs.FileSystem.from_uri(_uri(folder))
    path = f"{base.rstrip('/')}/{output_name(source)}"
    half = f"{base.rstrip('/')}/.{output_name(source)}.{os.getpid()}-{secrets.token_hex(4)}"
    target.create_dir(base, recursive=True)
    rows = 0
    try:
        with store.open_input_file(place) as opened, contextlib.ExitStack() as stack:
            writer: parquet.ParquetWriter | None = None
            for table in _tables(parquet.ParquetFile(opened)):
                made = kernel(table)
                if writer is None:
                    file = stack.enter_context(target.open_output_stream(half))
                    writer = stack.enter_context(parquet.ParquetWriter(file, made.schema, compression="zstd"))
                writer.write_table(made)
                rows += made.num_rows
        target.move(half, path)
    except BaseException:
        with contextlib.suppress(OSError):
            target.delete_file(half)
        raise
    return Output(source, f"{folder.rstrip('/')}/{output_name(source)}", rows)


def output_name(source: str) -> str:
    """The name of an input's output: its own, with a digest of its path, for parts of two days may share a name."""
    digest = hashlib.sha256(source.encode()).hexdigest()[:16]
    return f"{PurePosixPath(source).stem[:80]}-{digest}.parquet"


def _tables(file: parquet.ParquetFile) -> Iterator[pa.Table]:
    """The rows in order; an empty file gives one empty table, so that its output has the kernel's columns."""
    if not file.metadata.num_rows:
        yield file.schema_arrow.empty_table()
    for batch in file.iter_batches(batch_size=BATCH_ROWS):
        yield pa.Table.from_batches([batch])


def _uri(place: str) -> str:
    return place if "://" in place else os.path.abspath(place)  # noqa: PTH100 - a folder that does not exist yet
