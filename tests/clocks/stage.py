"""A Sipar of real processes on a database of its own, every part of which can be killed with SIGKILL."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg.conninfo import make_conninfo

from sipar.config import up
from sipar.core import localdb
from sipar.core.machine import LocalDatabaseProblem
from sipar.core.postgres_configuration import SUPERUSER_ROLE

PROJECT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120


class Stage:
    """The processes and their database. `token` is a reporter's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SIPAR_", "DATABASE_"))}
        self.environment = kept | {
            "SIPAR_VAR": str(folder),
            "SIPAR_MODE": "demonstration",
            "DJANGO_SETTINGS_MODULE": "sipar.config.settings",
        }
        found = localdb.cluster_of(self.environment)
        assert found is not None
        self.cluster = found
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.token = ""

    def open(self) -> None:
        """Make the database and a small nation."""
        self.cluster.ensure_started()
        localdb.ensure_roles_and_database(self.environment)
        self.token = self.play("prepare")["token"]

    def play(self, *words: str) -> Any:
        """What a deed of `tests.clocks.play` answers, in a process of its own."""
        process = self.begin(*words)
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, f"{' '.join(words)} ended with {process.returncode}"
        return json.loads(output.decode().splitlines()[-1])

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        return self._spawn([sys.executable, "-m", "tests.clocks.play", *words], output=subprocess.PIPE)

    def start(self, name: str) -> None:
        """Start the web server or the worker."""
        if name == "web":
            command = list(up.web_process("127.0.0.1", self.port).command)
        else:
            command = [sys.executable, "-m", "tests.clocks.play", "work"]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = self._spawn(command, output=log)

    def kill(self, name: str) -> None:
        """SIGKILL, to the whole of it, and start it again."""
        if name == "postgres":
            os.kill(int((self.cluster.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
            self._start_postgres()
            return
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes.pop(name).wait()
        self.start(name)

    def _start_postgres(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self.cluster.ensure_started()
            except LocalDatabaseProblem:
                # The killed server's children still hold its memory for a moment.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
                continue
            return

    def wait_for_web(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.ask("GET", "/api/me")[0] != 200:
            said = (self.folder / "web.log").read_text()[-2000:]
            assert time.monotonic() < deadline, f"the web server does not answer: {said}"
            time.sleep(0.1)

    def ask(self, method: str, path: str, body: object = None, *, key: str = "") -> tuple[int, Any]:
        """Status and answer of an API call by the reporter's program; status 0 where nobody answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        except (OSError, http.client.HTTPException, ValueError):
            return 0, None
        finally:
            connection.close()

    def rows(
        self, question: str, values: Sequence[object] | None = None, *, database: str = localdb.DATABASE
    ) -> list[tuple[Any, ...]]:
        """What the database says when nothing is hidden from who asks."""
        address = make_conninfo(**self.cluster.connection_parameters(SUPERUSER_ROLE, database))
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(question.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.cluster.stop()

    def _spawn(self, command: list[str], *, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
        said = subprocess.DEVNULL if isinstance(output, int) else subprocess.STDOUT
        return subprocess.Popen(
            command, cwd=PROJECT, env=self.environment, stdout=output, stderr=said, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip


@contextmanager
def a_stage() -> Iterator[Stage]:
    """A stage in a temporary folder that the database's account can reach; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="sipar-clocks-", dir="/tmp"))
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    stage = Stage(folder)
    try:
        stage.open()
        yield stage
    finally:
        stage.close()
        shutil.rmtree(folder, ignore_errors=True)
