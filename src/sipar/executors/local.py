"""The executor of one machine: threads, or processes where a kernel holds the interpreter's lock."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import Executor as Pool
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass

from sipar.executors.port import Kernel, Output, run_part


@dataclass(frozen=True, kw_only=True)
class LocalExecutor:
    """Parts side by side on this machine, at most `workers` at a time (all processors where it is None).

    Sipar's kernels are compiled or Arrow's own and let threads run, so that processes are rarely worth their start.
    """

    workers: int | None = None
    processes: bool = False

    def map_parts(self, kernel: Kernel, inputs: Sequence[str], folder: str) -> tuple[Output, ...]:
        """See `Executor`."""
        count = self.workers or os.cpu_count() or 1
        with self._pool(count) as pool:
            waiting = [pool.submit(run_part, kernel, source, folder) for source in inputs]
            try:
                return tuple(part.result() for part in waiting)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _pool(self, count: int) -> Pool:
        if self.processes:
            # Forking a process that has threads (Arrow's, polars') can hang the child.
            return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))
        return ThreadPoolExecutor(count)
