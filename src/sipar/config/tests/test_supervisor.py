from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sipar.config import supervisor, up
from sipar.core import localdb

WEB = """
import http.server, sys, pathlib
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"here")
print("listening", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""
WORKER = """
import os, pathlib, signal, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])
def end(*_):
    (folder / "worker-ended").write_text("in order")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
with (folder / "starts").open("a") as file:
    file.write(f"{os.getpid()} ")
time.sleep(600)
"""
STUBBORN = """
import os, pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path(sys.argv[1], "pids").write_text(f"{os.getpid()} {child.pid}")
time.sleep(600)
"""
SUPERVISOR = """
import pathlib, sys
from sipar.config import supervisor
folder, port = pathlib.Path(sys.argv[1]), sys.argv[2]
children = [
    supervisor.Process(name, [sys.executable, str(folder / script), argument], grace_seconds=grace)
    for name, script, argument, grace in (
        ("web", "web.py", port, 3.0),
        ("worker", sys.argv[3], str(folder), float(sys.argv[4])),
    )
]
try:
    supervisor.run(
        children,
        ready_url=f"http://127.0.0.1:{port}/",
        on_ready=lambda: print("ready", flush=True),
        log_file=folder / "log" / "sipar.log",
        finish=lambda: print("finished", flush=True),
        patience=supervisor.Patience(ready_seconds=float(sys.argv[5]), first_pause_seconds=0.05),
    )
except supervisor.SupervisorProblem as problem:
    print(problem.code, problem, flush=True)
    sys.exit(3)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


type Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a real supervisor with real children; whatever still runs after the test is killed."""
    for name, text in (("web", WEB), ("worker", WORKER), ("stubborn", STUBBORN), ("supervisor", SUPERVISOR)):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
    started: list[subprocess.Popen[str]] = []

    def begin(*, worker: str = "worker.py", grace: float = 3.0, ready_seconds: float = 30.0) -> subprocess.Popen[str]:
        command = [sys.executable, str(tmp_path / "supervisor.py"), str(tmp_path), str(free_port()), worker, str(grace)]
        process = subprocess.Popen(  # noqa: S603
            [*command, str(ready_seconds)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def is_alive(process: int) -> bool:
    with contextlib.suppress(OSError):
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything_in_order(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    process = start()
    assert first_line(process) == "ready"
    wait_until((tmp_path / "starts").exists)
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    assert out.strip() == "finished"
    assert process.returncode == 0
    assert (tmp_path / "worker-ended").read_text() == "in order"
    assert re.search(r"^web +\| listening$", (tmp_path / "log" / "sipar.log").read_text(), re.MULTILINE)


def test_a_child_that_is_killed_starts_again(start: Start, tmp_path: Path) -> None:
    process = start()
    assert first_line(process) == "ready"
    starts = tmp_path / "starts"
    wait_until(lambda: starts.exists() and starts.read_text().endswith(" "))
    os.kill(int(starts.read_text()), signal.SIGKILL)
    wait_until(lambda: len(starts.read_text().split()) == 2)
    process.terminate()
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "The worker stopped with signal SIGKILL; it starts again" in err


def test_a_child_that_always_crashes_ends_the_whole_with_a_plain_sentence(start: Start, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise SystemExit('the reason it gave')")
    process = start(worker="broken.py")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "crashes The worker stopped 5 times in a row, the last time with exit code 1." in out
    assert "finished" in out
    assert err.count("worker: the reason it gave") == 5


def test_a_second_ctrl_c_leaves_no_orphan(start: Start, tmp_path: Path) -> None:
    process = start(worker="stubborn.py", grace=300.0)
    assert first_line(process) == "ready"
    wait_until(lambda: (tmp_path / "pids").exists() and " " in (tmp_path / "pids").read_text())
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert all(is_alive(pid) for pid in pids)
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert "finished" in out
    wait_until(lambda: not any(is_alive(pid) for pid in pids))


def test_a_child_that_does_not_listen_is_killed_with_its_children_when_its_time_is_up(
    start: Start, tmp_path: Path
) -> None:
    process = start(worker="stubborn.py", grace=0.2)
    assert first_line(process) == "ready"
    wait_until(lambda: (tmp_path / "pids").exists() and " " in (tmp_path / "pids").read_text())
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 0
    wait_until(lambda: not any(is_alive(int(pid)) for pid in (tmp_path / "pids").read_text().split()))


@pytest.mark.parametrize(
    ("web", "said"),
    [
        ("import time; time.sleep(600)", "did not answer within 2 seconds"),
        (WEB.replace("200", "500"), "answered only with server error 500 within 2 seconds"),
    ],
)
def test_no_page_in_time_is_said_and_everything_stops(start: Start, tmp_path: Path, web: str, said: str) -> None:
    (tmp_path / "web.py").write_text(web)
    out, _ = start(ready_seconds=2.0).communicate(timeout=30)
    assert "not_ready" in out
    assert said in out
    assert "finished" in out


def test_a_port_in_use_is_named_with_the_way_to_another() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            supervisor.SupervisorProblem, match=f"Port {port} is in use .* --port or SIPAR_PORT"
        ) as problem:
            supervisor.check_port("127.0.0.1", port)
        assert problem.value.code == "port_in_use"
    supervisor.check_port("127.0.0.1", port)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(supervisor.SupervisorProblem, match=f"There is no port {port}"):
        supervisor.check_port("127.0.0.1", port)


def test_the_database_runs_as_long_as_the_command_and_sigterm_stops_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with localdb.throwaway_cluster() as outer:
        environment = {"SIPAR_VAR": str(outer.folder.parent / "var")}
        with pytest.raises(KeyboardInterrupt):
            wait_for_sigterm_beside_a_database(environment)
        cluster = localdb.cluster_of(environment)
        assert cluster is not None
        assert (cluster.data / "PG_VERSION").exists()
        assert not cluster.is_running()


def wait_for_sigterm_beside_a_database(environment: dict[str, str]) -> None:
    with up.database(environment) as cluster:
        assert cluster is not None
        assert cluster.is_running()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)


def test_an_unreachable_database_url_is_one_sentence() -> None:
    environment = {"DATABASE_URL": "postgresql://someone@127.0.0.1:1/nation"}
    with pytest.raises(localdb.LocalDatabaseProblem, match="does not answer"), up.database(environment):
        pytest.fail("the body must not run")
