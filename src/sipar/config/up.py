"""What `sipar up` needs around the supervisor: the database for as long as a command runs, and the two children."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

from sipar.config.environment import WEB_THREADS
from sipar.config.supervisor import Process
from sipar.core import localdb

_WEB_GRACE_SECONDS = 4.0
_WORKER_GRACE_SECONDS = 3.0
# What Python has compiled it keeps, even where the shell says otherwise: a start would compile all of it again.
_COMPILED_ONCE = {"PYTHONDONTWRITEBYTECODE": ""}
# Tables of a batch come and go in several threads. What one has freed the next takes, up to 256 MB; the C library would
# give it back, and the kernel clear it anew each time, most of all in pages of 2 MB.
_WORKER_MEMORY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(256 * 1024 * 1024),
    "MALLOC_TRIM_THRESHOLD_": str(256 * 1024 * 1024),
    "NUMPY_MADVISE_HUGEPAGE": "0",
}


@contextmanager
def database(
    environment: Mapping[str, str], *, say: Callable[[str], object] = lambda _sentence: None
) -> Iterator[localdb.LocalCluster | None]:
    """The database, with its roles, for as long as the body runs: ours is started and stopped, another is only checked.

    Inside, SIGTERM ends the body like Ctrl-C, so that the database is stopped either way. Raises LocalDatabaseProblem.
    """
    cluster = localdb.cluster_of(environment)
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        if cluster:
            if cluster.notice:
                say(cluster.notice)
            cluster.ensure_started()
        localdb.ensure_roles_and_database(environment)
        yield cluster
    finally:
        if cluster:
            cluster.stop()
        signal.signal(signal.SIGTERM, before)


def web_process(host: str, port: int) -> Process:
    """The web server: two processes, each with a thread for every line that speaks; `wsgi` lets two compute at once."""
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    command = [sys.executable, "-m", "gunicorn", "sipar.config.wsgi:application", "--bind", bind]
    command += ["--worker-class", "gthread", "--workers", "2", "--threads", f"{WEB_THREADS}"]
    command += ["--timeout", "120", "--graceful-timeout", f"{_WEB_GRACE_SECONDS - 1:.0f}", "--no-control-socket"]
    # A request computes over a handful of rows: more threads than its own would only wait for each other.
    return Process(
        "web", command, environment=_COMPILED_ONCE | {"POLARS_MAX_THREADS": "1"}, grace_seconds=_WEB_GRACE_SECONDS
    )


def worker_process() -> Process:
    """The worker for background jobs, which gives way to pages where both want to compute."""
    command = ["nice", "-n", "5", sys.executable, "-m", "django", "procrastinate", "worker", "--concurrency", "2"]
    command += ["--shutdown-graceful-timeout", f"{_WORKER_GRACE_SECONDS - 1:.0f}"]
    environment = _COMPILED_ONCE | _WORKER_MEMORY | {"DJANGO_SETTINGS_MODULE": "sipar.config.settings"}
    return Process("worker", command, environment=environment, grace_seconds=_WORKER_GRACE_SECONDS, urgent=False)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
