"""IntelMQ for the ingest bench: installed into a folder of its own with Redis from Debian, and run as real bots.

IntelMQ comes by pip into its own environment, Redis from `PATH` or out of Debian's packages (unpacked, not installed).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sipar.bench import ingest_data
from sipar.bench.figures import median_run

VERSION = "3.5.0"
PACKAGES = (f"intelmq=={VERSION}", "pyasn", "setuptools<80")
DEBIAN = ("redis-server", "redis-tools", "libjemalloc2", "liblzf1")
RUNNER = Path(__file__).parent / "data" / "intelmq_run.py"
# IntelMQ refuses to run as root; this is nobody.
NOBODY = 65534
PREFIXES = 200_000
PATIENCE_S = 900
RUNS = 3


class NoPeerError(Exception):
    """Why IntelMQ could not be measured here."""


def measure(report: str, rows: int) -> dict[str, Any]:
    """Events per second of five bots (parser, ASN lookup, taxonomy, deduplicator, file output) over so many rows.

    The median of `RUNS`, each with bots and queues of its own; `all` has every run's. Raises NoPeerError with the
    reason where it cannot be installed or does not run.
    """
    with _folder() as folder:
        python = _environment(folder)
        redis, libraries = _redis(folder)
        _furnish(folder, report)
        command = [str(python), str(folder / "run.py"), str(folder), redis, str(rows)]
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "LD_LIBRARY_PATH": libraries}
        said = [_run(command, "IntelMQ did not run", env=environment, as_nobody=True) for _ in range(RUNS)]
    return median_run([json.loads(lines.splitlines()[-1]) for lines in said], "per_s")


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="sipar-intelmq-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path) -> Path:
    _run([sys.executable, "-m", "venv", str(folder / "env")], "no environment could be made")
    python = folder / "env" / "bin" / "python"
    _run([str(python), "-m", "pip", "install", "-q", *PACKAGES], f"intelmq {VERSION} could not be installed")
    return python


def _redis(folder: Path) -> tuple[str, str]:
    """The server, and where its libraries are besides the system's."""
    found = shutil.which("redis-server")
    if found:
        return found, ""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise NoPeerError("there is no redis-server, and no Debian to take it from")
    place = folder / "redis"
    place.mkdir()
    _run(["apt-get", "download", *DEBIAN], "redis could not be taken from Debian", cwd=place)
    for package in place.glob("*.deb"):
        _run(["dpkg-deb", "-x", str(package), str(place)], "redis could not be unpacked")
    libraries = sorted({str(path.parent) for path in place.glob("usr/lib/**/*.so*")})
    return str(place / "usr" / "bin" / "redis-server"), ":".join(libraries)


def _furnish(folder: Path, report: str) -> None:
    """The folders, schema, ASN table and harmonisation that the bots want, and the report itself."""
    root = folder / "root"
    for name in ("etc", "var/log", "var/run", "var/lib/bots/asn_lookup", "var/lib/bots/file-output"):
        (root / name).mkdir(parents=True)
    shutil.copy(ingest_data.SCHEMA, root / "var/lib/bots/shadowserver-schema.json")
    harmonisation = next((folder / "env").glob("lib/python3*/site-packages/intelmq/etc/harmonization.conf"), None)
    if harmonisation is None:
        raise NoPeerError(f"intelmq {VERSION} came without its harmonisation")
    shutil.copy(harmonisation, root / "etc")
    (root / "var/lib/bots/asn_lookup/ipasn.dat").write_text("; invented\n" + "\n".join(_prefixes()) + "\n")
    (folder / "report.csv").write_text(report)
    (folder / "name").write_text(ingest_data.NAME)
    shutil.copy(RUNNER, folder / "run.py")
    if os.geteuid() == 0:
        for path in (root, *root.rglob("*")):
            os.chown(path, NOBODY, NOBODY)


def _prefixes() -> list[str]:
    """So many different invented prefixes, each with an AS number."""
    generator = random.Random(1)  # noqa: S311 - invented data
    found: dict[str, int] = {}
    while len(found) < PREFIXES:
        length = generator.choice((16, 18, 19, 20, 21, 22, 23, 24, 24, 24, 24))
        address = generator.randrange(1 << 24, 223 << 24) >> (32 - length) << (32 - length)
        text = ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))
        found[f"{text}/{length}"] = generator.randrange(1, 64_000)
    return [f"{prefix}\t{number}" for prefix, number in found.items()]


def _run(
    command: list[str], problem: str, *, cwd: Path | None = None, env: dict[str, str] | None = None,
    as_nobody: bool = False,
) -> str:  # fmt: skip
    whole = [*_as_nobody(), *command] if as_nobody and os.geteuid() == 0 else command
    try:
        made = subprocess.run(  # noqa: S603 - words of ours
            whole, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoPeerError(f"{problem}: {error}"[:300]) from error
    if made.returncode:
        raise NoPeerError(f"{problem}: {(made.stderr.strip().splitlines() or ['no reason was given'])[-1]}"[:300])
    return made.stdout


def _as_nobody() -> list[str]:
    """Run what follows as nobody, who may read (the interpreter may lie in root's own folder) and not write."""
    reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *reading]
