"""Where the files of the lake lie, how they are written, which of them count, and how one is put in place.

    raws/0f/<SHA-256 of the raw file>.feed-code.json         the days that it was written to
    observations/day=2026-10-01/source=feed-code/raw-<SHA-256 of the raw file>-0000.parquet
    observations/day=2026-10-01/source=feed-code/merged-<digest of the names it replaces>.parquet
    summaries/day=2026-10-01/source=feed-code/<raw-SHA-256 or merged-digest>.parquet
    rolled/2026-10.parquet

The folders are the truth; there is no catalogue beside them that could disagree. A merged file names in its footer
the files that it replaces, and from the moment it is renamed into place they no longer count: a reader sees the old
files or the new one, never both and never half. Replaced files are removed later, for whoever still reads them.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Self

OBSERVATIONS, SUMMARIES, ROLLED = "observations", "summaries", "rolled"
REPLACES, RAWS = b"sipar.replaces", b"sipar.raws"
LOCKS = 64
GROUP_ROWS = 65_536
# Statistics serve the columns that queries prune by; hashes and texts would only swell the footer.
OPTIONS = {
    "compression": "zstd",
    "compression_level": 1,
    "write_statistics": ["organisation", "team", "observed_at", "severity", "kind"],
    "use_dictionary": [
        "kind", "classification", "protocol", "country", "source", "raw", "shared", "lookup", "product", "tag",
        "malware", "cves", "asn", "organisation", "team", "claim", "port", "severity", "rank",
    ],
}  # fmt: skip
# For what the night writes anew: a third of the time, in twice the space. Pages stay in the processor's cache.
QUICK_OPTIONS = OPTIONS | {"compression": "snappy", "compression_level": None, "data_page_size": 256 * 1024}
_SOURCE = re.compile(r"[A-Za-z0-9_-]{1,60}")
_RAW = re.compile(r"[0-9a-f]{64}")
_PART = re.compile(r"raw-([0-9a-f]{64})-(\d{4,})\.parquet")


@dataclass(frozen=True, order=True)
class Part:
    """One file of observations of one day and one source; `path` is relative to the lake."""

    day: date
    source: str
    raw: str
    path: str
    rows: int
    size: int

    def document(self) -> dict[str, Any]:
        """The part as a JSON object, for the manifest of its batch."""
        return asdict(self) | {"day": self.day.isoformat()}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        return cls(**{**document, "day": date.fromisoformat(document["day"])})


def check_source(source: str) -> str:
    """The code of a feed, fit to be a folder's name; raises ValueError."""
    if not _SOURCE.fullmatch(source):
        raise ValueError(f"a source is named by letters, digits, - and _, at most 60: {source!r}")
    return source


def check_raw(raw: str) -> str:
    """A SHA-256 in lower-case hexadecimal; raises ValueError."""
    if not _RAW.fullmatch(raw):
        raise ValueError(f"a raw file is named by its SHA-256 in lower-case hexadecimal: {raw!r}")
    return raw


def folder(root: Path, kind: str, day: date, source: str) -> Path:
    return root / kind / f"day={day.isoformat()}" / f"source={check_source(source)}"


def part_name(raw: str, number: int) -> str:
    return f"raw-{raw}-{number:04d}.parquet"


def raw_of(name: str) -> str | None:
    """The raw file that a part was written from; None for a merged one."""
    found = _PART.fullmatch(name)
    return found[1] if found else None


def days(root: Path, kind: str = OBSERVATIONS) -> list[date]:
    """The days that have a folder, oldest first."""
    return sorted(date.fromisoformat(path.name[4:]) for path in (root / kind).glob("day=????-??-??"))


def partitions(
    root: Path, first: date, last: date, *, sources: Sequence[str] | None = None
) -> Iterator[tuple[date, str, Path]]:
    """Day, source and folder of every partition of observations from `first` to `last`, both included."""
    for day in days(root):
        if not first <= day <= last:
            continue
        for place in sorted((root / OBSERVATIONS / f"day={day.isoformat()}").glob("source=*")):
            source = place.name[7:]
            if sources is None or source in sources:
                yield day, source, place


def names(place: Path) -> list[str]:
    """The Parquet files of a folder that count: those that no merged file beside them replaces."""
    with contextlib.suppress(FileNotFoundError):
        found = sorted(entry.name for entry in os.scandir(place) if entry.name.endswith(".parquet"))
        if len(found) < 2:
            return found
        replaced = {name: replaced_by(place / name) for name in found if name.startswith("merged-")}
        # What a replaced file had replaced, its successor names itself, or has put out again.
        gone = {old for name, olds in replaced.items() if not _replaced(name, replaced) for old in olds}
        return [name for name in found if name not in gone]
    return []


def _replaced(name: str, replaced: Mapping[str, frozenset[str]]) -> bool:
    return any(name in olds for olds in replaced.values())


def replaced_by(path: Path) -> frozenset[str]:
    """The names that a merged file replaces, from its footer; none where it is no longer there."""
    return _footer(path, REPLACES)


def raws_of(path: Path) -> frozenset[str]:
    """The raw files whose rows a file holds: by its name, or by its footer where it is a merged one."""
    raw = raw_of(path.name)
    return _footer(path, RAWS) if raw is None else frozenset({raw})


def _footer(path: Path, key: bytes) -> frozenset[str]:
    from pyarrow import parquet

    try:
        metadata = parquet.read_metadata(path).metadata or {}
    except FileNotFoundError:
        return frozenset()
    return frozenset(json.loads(metadata.get(key, b"[]")))


@contextlib.contextmanager
def placed(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` to write to; renamed over `path` when the body ends well, durable then.

    Names that begin with a dot are nobody's files: readers pass them by and `sweep` removes old ones.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = half_of(path)
    try:
        yield half
        sync_file(half)
        half.replace(path)
        sync_folder(path.parent)
    finally:
        half.unlink(missing_ok=True)


def half_of(path: Path) -> Path:
    """A name beside `path` that nobody else writes to and no reader sees."""
    return path.parent / f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}"


def sync_file(path: Path) -> None:
    """Make the bytes of a file durable."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(place: Path) -> None:
    """Make the names of a folder durable."""
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(root: Path, day: date, source: str) -> Iterator[None]:
    """One writer of a partition at a time; the lock goes with the process that held it. Never nested."""
    place = root / "locks"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    bucket = zlib.crc32(f"{day.isoformat()} {source}".encode()) % LOCKS
    with (place / f"{bucket:02d}").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
