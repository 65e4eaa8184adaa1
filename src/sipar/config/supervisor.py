"""Runs the web server and the worker as children: starts them, restarts what crashes, stops all of them in order.

Each child leads a process group of its own, so that Ctrl-C reaches only the supervisor and no grandchild stays behind.
One loop does everything, without threads: it reads what the children print, looks after them, and notices signals.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sipar.core.machine import MachineProblem

_TURN_SECONDS = 0.05
_LARGEST_LOG = 10 * 1024 * 1024
_SHOWN_AFTER_A_CRASH = 15
_ERROR = re.compile(r"\b(ERROR|CRITICAL)\b")


class SupervisorProblem(MachineProblem):
    """Why Sipar cannot start or go on: a stable code, one plain sentence, and what to do about it."""


@dataclass(frozen=True)
class Process:
    """A child to run. ``grace_seconds`` is how long it may take to finish after SIGTERM before it is killed.

    A child that is not ``urgent`` is started once the first page answers, so that it takes nothing from that page.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    grace_seconds: float = 3.0
    urgent: bool = True


@dataclass(frozen=True)
class Patience:
    """How long the supervisor waits for what. A child that lives ``quick_seconds`` has not crashed quickly."""

    ready_seconds: float = 60.0
    quick_seconds: float = 30.0
    first_pause_seconds: float = 0.5
    quick_crashes: int = 5


def check_port(host: str, port: int) -> None:
    """Raise SupervisorProblem where a web server could not listen at ``host``, ``port``."""
    another = "Choose another with --port or SIPAR_PORT."
    if not 0 < port < 65536:
        raise SupervisorProblem("port_not_valid", f"There is no port {port}.", f"Ports go from 1 to 65535. {another}")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                sentence = f"Port {port} is in use by another program, perhaps by a Sipar that still runs."
                raise SupervisorProblem("port_in_use", sentence, another) from error
            if error.errno == errno.EACCES:
                sentence = f"This account may not open port {port}."
                raise SupervisorProblem("port_not_allowed", sentence, another) from error
            sentence = f"The address {host} is not one of this machine: {error.strerror}."
            raise SupervisorProblem("address_not_valid", sentence, "Use 127.0.0.1.") from error


def run(
    processes: Sequence[Process],
    *,
    ready_url: str,
    on_ready: Callable[[], None],
    log_file: Path,
    finish: Callable[[], object] = lambda: None,
    watch: Callable[[], object] = lambda: None,
    patience: Patience = Patience(),
) -> None:
    """Run ``processes`` until SIGINT, SIGTERM or SIGHUP, then stop them in the order given and call ``finish``.

    ``on_ready`` is called once, when ``ready_url`` answers. ``watch`` is called every two seconds and may raise.
    What the children print goes to ``log_file``, each line with the child's name, and errors to the terminal as well.
    A second signal kills what still runs. Raises SupervisorProblem where a child crashes too often or no page answers
    in time; everything is stopped before that.
    """
    with contextlib.ExitStack() as stack:
        signals = stack.enter_context(_signals_counted())
        stack.callback(finish)
        log = stack.enter_context(_Log.opened(log_file))
        children = [_Child(process, log) for process in processes]
        stack.callback(_stop_all, children, log, signals)
        deadline = time.monotonic() + patience.ready_seconds
        next_watch = time.monotonic() + 2
        ready = False
        while not signals:
            for child in children:
                if ready or child.process.urgent:
                    child.keep_running(patience)
            log.pump(_TURN_SECONDS)
            if not ready:
                status = _status(ready_url)
                ready = 0 < status < 500
                if ready:
                    on_ready()
                elif time.monotonic() > deadline:
                    answer = f"answered only with server error {status}" if status else "did not answer"
                    sentence = f"The page at {ready_url} {answer} within {patience.ready_seconds:.0f} seconds."
                    raise SupervisorProblem("not_ready", sentence, f"What the web server said is in {log_file}.")
            if time.monotonic() > next_watch:
                watch()
                next_watch = time.monotonic() + 2


class _Log:
    """The log file, the pipes from the children, and the last lines that each of them printed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last: dict[str, deque[str]] = {}
        self._selector = selectors.DefaultSelector()
        self._rest: dict[int, bytes] = {}
        self._open()

    @classmethod
    @contextlib.contextmanager
    def opened(cls, path: Path) -> Iterator[_Log]:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        log = cls(path)
        try:
            yield log
        finally:
            for key in list(log._selector.get_map().values()):
                log._forget(key.fd)
            log._selector.close()
            log._file.close()

    def _open(self) -> None:
        if self.path.exists() and self.path.stat().st_size > _LARGEST_LOG:
            self.path.replace(self.path.with_suffix(".previous.log"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        self._file = os.fdopen(os.open(self.path, flags, 0o600), "wb", buffering=0)

    def listen(self, pipe: int, name: str) -> None:
        os.set_blocking(pipe, False)
        self._selector.register(pipe, selectors.EVENT_READ, name)
        self._rest[pipe] = b""

    def pump(self, seconds: float) -> None:
        """Wait at most ``seconds`` for the children to print, and write down what they did."""
        if not self._selector.get_map():
            time.sleep(seconds)
            return
        for key, _ in self._selector.select(seconds):
            try:
                got = os.read(key.fd, 65536)
            except BlockingIOError:
                continue
            lines = (self._rest[key.fd] + got).split(b"\n")
            self._rest[key.fd] = lines.pop()[-65536:] if got else b""
            for line in lines:
                self._write(str(key.data), line.decode("utf-8", "replace").rstrip())
            if not got:
                self._forget(key.fd)

    def _forget(self, pipe: int) -> None:
        self._selector.unregister(pipe)
        del self._rest[pipe]
        os.close(pipe)

    def _write(self, name: str, line: str) -> None:
        self._file.write(f"{name:<8}| {line}\n".encode())
        self.last.setdefault(name, deque(maxlen=_SHOWN_AFTER_A_CRASH)).append(line)
        if _ERROR.search(line):
            self.say(f"{name}: {line}")
        if self._file.tell() > _LARGEST_LOG:
            self._file.close()
            self._open()

    def say(self, sentence: str) -> None:
        """To the terminal; that the terminal is gone is no reason to stop."""
        with contextlib.suppress(OSError):
            sys.stderr.write(sentence + "\n")
            sys.stderr.flush()


class _Child:
    """One process, started again when it ends although nobody asked."""

    def __init__(self, process: Process, log: _Log) -> None:
        self.process = process
        self._log = log
        self._popen: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._start_at = 0.0
        self._quick_crashes = 0

    def keep_running(self, patience: Patience) -> None:
        now = time.monotonic()
        if self._popen is None:
            if now >= self._start_at:
                self._start()
            return
        code = self._popen.poll()
        if code is None:
            return
        self.kill()
        self._popen = None
        self._log.pump(0)
        self._quick_crashes = 1 if now - self._started > patience.quick_seconds else self._quick_crashes + 1
        name = self.process.name
        for line in self._log.last.pop(name, ()):
            self._log.say(f"{name}: {line}")
        if self._quick_crashes >= patience.quick_crashes:
            raise SupervisorProblem(
                "crashes",
                f"The {name} stopped {self._quick_crashes} times in a row, the last time with {_ending(code)}.",
                f"What it said is in {self._log.path}.",
            )
        pause = patience.first_pause_seconds * 2 ** (self._quick_crashes - 1)
        self._log.say(f"The {name} stopped with {_ending(code)}; it starts again in {pause:.1f} seconds.")
        self._start_at = now + pause

    def _start(self) -> None:
        reading, writing = os.pipe()
        try:
            self._popen = subprocess.Popen(  # noqa: S603 - our own programs, named by us
                self.process.command,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **self.process.environment},
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
            )
        except OSError as error:
            os.close(reading)
            sentence = f"The {self.process.name} could not be started: {error.strerror}."
            raise SupervisorProblem("not_started", sentence, "Run `make setup` again.") from error
        finally:
            os.close(writing)
        self._log.listen(reading, self.process.name)
        self._started = time.monotonic()

    def stop(self, signals: list[int]) -> None:
        """Ask it to finish, wait, kill what is left of its group. A new signal ends the waiting."""
        if self._popen is None:
            return
        asked = len(signals)
        if self._popen.poll() is None:
            self._popen.terminate()
            deadline = time.monotonic() + self.process.grace_seconds
            while self._popen.poll() is None and time.monotonic() < deadline and len(signals) == asked:
                self._log.pump(_TURN_SECONDS)
        self.kill()
        self._log.pump(0)

    def kill(self) -> None:
        """Kill its whole group, also where the process itself is gone already."""
        if self._popen is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()


def _stop_all(children: Sequence[_Child], log: _Log, signals: list[int]) -> None:
    for child in children:
        if len(signals) > 1:
            child.kill()
        child.stop(signals)
    log.pump(0)


@contextlib.contextmanager
def _signals_counted() -> Iterator[list[int]]:
    """A list that grows with every signal that asks us to stop; a hang-up that nohup ignores stays ignored."""
    received: list[int] = []
    before = {
        number: signal.signal(number, lambda got, _frame: received.append(got))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _status(url: str) -> int:
    """The HTTP status that a page answers with, 0 for no answer."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=2)
    try:
        connection.request("GET", address.path or "/")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
