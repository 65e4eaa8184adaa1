"""The executor of a cluster: Apache Spark hands out the parts, each worked on by the same code as on one machine.

Spark moves only the names of parts; the rows go from storage to the kernel and back without passing through the JVM,
so that they are the same to the bit. `mapInArrow` since Spark 3.3.
"""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sipar.executors.port import Kernel, Output, run_part

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

INSTALL = "Spark is not installed here: install Sipar with its extra, sipar[spark]."
JAVA = "Spark needs Java 17 or later: install it, or set JAVA_HOME to where it is."
_ANSWER = "number long, path string, rows long"


class SparkMissing(RuntimeError):
    """Spark cannot run here; the sentence says what to install."""


@dataclass(frozen=True, kw_only=True)
class SparkExecutor:
    """Parts on a Spark cluster. `master` is Spark's (`local[2]`, `spark://host:7077`, `yarn`, `k8s://…`).

    None takes what `spark-submit` or the Spark configuration says. Workers need the same Sipar in their Python.
    """

    master: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    def map_parts(self, kernel: Kernel, inputs: Sequence[str], folder: str) -> tuple[Output, ...]:
        """See `Executor`. A part that fails is tried again as the cluster is set up to; raises SparkMissing."""
        if not inputs:
            return ()
        work = _Work(kernel, tuple(inputs), folder)
        session = start(master=self.master, options=self.options)
        with _quiet():
            numbers = session.range(0, len(inputs), 1, numPartitions=len(inputs))
            answers = numbers.mapInArrow(work, _ANSWER).collect()
        made = {
            answer["number"]: Output(inputs[answer["number"]], answer["path"], answer["rows"]) for answer in answers
        }
        return tuple(made[number] for number in range(len(inputs)))


@dataclass(frozen=True)
class _Work:
    """What runs on a worker: numbers of parts in, where their outputs lie out."""

    kernel: Kernel
    inputs: tuple[str, ...]
    folder: str

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            numbers = batch.column(0).to_pylist()
            made = [run_part(self.kernel, self.inputs[number], self.folder) for number in numbers]
            yield pa.RecordBatch.from_pydict({
                "number": pa.array(numbers, pa.int64()),
                "path": pa.array([output.path for output in made], pa.string()),
                "rows": pa.array([output.rows for output in made], pa.int64()),
            })  # fmt: skip


def start(*, master: str | None, options: Mapping[str, str]) -> SparkSession:
    """The Spark session, begun where there is none. Raises SparkMissing with what to install."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as problem:
        raise SparkMissing(INSTALL) from problem
    if not _has_java():
        raise SparkMissing(JAVA)
    # Workers run the Python that runs this, not the first one of the path.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    builder: Any = SparkSession.builder.appName("sipar").config("spark.ui.enabled", "false")
    if master is not None:
        builder = builder.master(master)
        if master.startswith("local"):
            builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    for name, value in options.items():
        builder = builder.config(name, value)
    with _quiet():
        session: SparkSession = builder.getOrCreate()
    return session


def _has_java() -> bool:
    home = os.environ.get("JAVA_HOME")
    if home:
        return (Path(home) / "bin" / "java").exists()
    return shutil.which("java") is not None


class _quiet(warnings.catch_warnings):  # noqa: N801 - used as a function
    """Spark's warnings about pandas, which Sipar does not use, are not errors."""

    def __enter__(self) -> Any:
        entered = super().__enter__()
        warnings.filterwarnings("ignore", category=FutureWarning)
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=ResourceWarning)
        return entered
