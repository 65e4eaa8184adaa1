"""Sipar as a user starts it, and the Chromium of this machine; for the browser tests and for the screenshots."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in NAMES if (path := shutil.which(name))), None)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_SECONDS = 240


@dataclass(frozen=True)
class Installation:
    """A Sipar that answers at `address` and keeps everything in `folder`."""

    address: str
    folder: Path

    def command(self, *words: str) -> str:
        """What `sipar` prints when it is called beside the running one."""
        return self.run("sipar", *words)

    def run(self, module: str, *words: str) -> str:
        """What a module prints that runs beside the running Sipar, on its database."""
        command = [sys.executable, "-m", module, *words]
        done = subprocess.run(
            command, cwd=PROJECT, env=environment(self.folder), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout.strip()


def environment(folder: Path) -> dict[str, str]:
    """The environment of a demonstration in the folder, whatever the test run itself uses."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SIPAR_", "DATABASE_"))}
    return kept | {"SIPAR_VAR": str(folder), "SIPAR_MODE": "demonstration"}


@contextmanager
def running_sipar(folder: Path, *, organisations: int) -> Iterator[Installation]:
    """`sipar up` in the folder, from its first answer until the body is done; then SIGTERM, as a service gets it."""
    port = _free_port()
    log = folder / "up.log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "sipar", "up", "--port", str(port), "--organisations", str(organisations)]
        process = subprocess.Popen(command, cwd=PROJECT, env=environment(folder), stdout=output, stderr=output)
    try:
        _wait_for(f"http://localhost:{port}/accounts/login/", process, log)
        yield Installation(f"http://localhost:{port}", folder)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"sipar up ended with {process.returncode}:\n{log.read_text()[-3000:]}")
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own server
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.3)
            continue
        return
    raise RuntimeError(f"Sipar did not answer in {PATIENCE_SECONDS} s:\n{log.read_text()[-3000:]}")
