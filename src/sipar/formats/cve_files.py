"""Many CVE records in one file: JSON (one or a list), JSON lines, gzip, zip and tar, read one record at a time."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, cast

from sipar.formats.cve import CveRecord, read_record
from sipar.formats.limits import MEGABYTE
from sipar.formats.problems import FormatProblem

MOST_RECORD_BYTES = 8 * MEGABYTE
MOST_LIST_BYTES = 256 * MEGABYTE
MOST_MEMBERS = 1_000_000
MOST_TOTAL_BYTES = 16 * 1024 * MEGABYTE
_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that could not be taken: why, and where it stands."""

    problem: FormatProblem


def read_records(stream: IO[bytes], name: str) -> Iterator[CveRecord | Refused]:
    """Every record of a seekable file, one at a time; what is wrong with one does not stop the others.

    Raises FormatProblem for a file that is damaged or too large as a whole.
    """
    head = stream.read(6)
    stream.seek(0)
    try:
        if head.startswith(b"PK\x03\x04"):
            yield from _zip(stream, name)
        elif _is_tar(stream):
            yield from _tar(stream, name)
        elif head.startswith(b"\x1f\x8b"):
            yield from _plain(cast("IO[bytes]", gzip.GzipFile(fileobj=stream)), name.removesuffix(".gz"))
        else:
            yield from _plain(stream, name)
    except _DAMAGED as problem:
        raise FormatProblem("file.archive", f"the file is damaged: {problem}", name) from problem


def _is_tar(stream: IO[bytes]) -> bool:
    try:
        with tarfile.open(fileobj=stream, mode="r|*"):
            return True
    except (tarfile.TarError, *_DAMAGED):
        return False
    finally:
        stream.seek(0)


def _zip(stream: IO[bytes], name: str) -> Iterator[CveRecord | Refused]:
    with zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
        if len(members) > MOST_MEMBERS:
            raise FormatProblem("file.members", f"more than {MOST_MEMBERS:,} files", name)
        total = 0
        for member in members:
            total += member.file_size
            if total > MOST_TOTAL_BYTES:
                raise FormatProblem("file.size", "the archive inflates to more than 16 GB", name)
            where = f"{name}/{member.filename[:200]}"
            if member.is_dir() or not _wanted(member.filename):
                continue
            if member.filename.endswith(".zip"):
                # The CVE Program's daily archive holds one more zip.
                if member.file_size > 2 * 1024 * MEGABYTE or name.count("/") > 1:
                    yield Refused(FormatProblem("file.size", "the inner archive is too large", where))
                    continue
                with archive.open(member) as inner:
                    yield from _zip(io.BytesIO(_bounded(inner, member.file_size, where)), where)
                continue
            with archive.open(member) as inner:
                yield from _plain(inner, where)


def _tar(stream: IO[bytes], name: str) -> Iterator[CveRecord | Refused]:
    total = 0
    with tarfile.open(fileobj=stream, mode="r|*") as archive:
        for count, member in enumerate(archive):
            total += member.size
            if count >= MOST_MEMBERS or total > MOST_TOTAL_BYTES:
                raise FormatProblem("file.size", "the archive holds too much", name)
            content = archive.extractfile(member) if member.isfile() and _wanted(member.name) else None
            if content is not None:
                yield from _plain(content, f"{name}/{member.name[:200]}")


def _wanted(name: str) -> bool:
    last = name.rpartition("/")[2].casefold()
    # Beside the records, the CVE Program's archive holds its own delta lists.
    return last.endswith((".json", ".jsonl", ".ndjson", ".zip")) and not last.startswith(("delta", "._"))


def _plain(stream: IO[bytes], where: str) -> Iterator[CveRecord | Refused]:
    """Records of a stream of JSON: by line where the first line is a whole object, else one value."""
    first = stream.readline(MOST_RECORD_BYTES + 1)
    value = _value(first) if first.strip().startswith(b"{") and len(first) <= MOST_RECORD_BYTES else None
    if value is not None:
        yield _record(value, f"{where}, line 1")
        yield from _lines(stream, where)
        return
    whole = first + _bounded(stream, MOST_LIST_BYTES - len(first), where)
    if not whole.strip():
        raise FormatProblem("file.empty", "the file is empty", where)
    try:
        parsed = json.loads(whole)
    except (ValueError, RecursionError) as problem:
        yield Refused(FormatProblem("json.syntax", f"this is not JSON: {problem}"[:300], where))
        return
    if isinstance(parsed, list):
        for place, entry in enumerate(parsed):
            yield _record(entry, f"{where}, {place}")
    else:
        yield _record(parsed, where)


def _lines(stream: IO[bytes], where: str) -> Iterator[CveRecord | Refused]:
    number = 1
    while line := stream.readline(MOST_RECORD_BYTES + 1):
        number += 1
        place = f"{where}, line {number}"
        if len(line) > MOST_RECORD_BYTES:
            yield Refused(FormatProblem("file.line", "the line is longer than 8 MB", place))
            while line and not line.endswith(b"\n"):
                line = stream.readline(MEGABYTE)
            continue
        if not line.strip():
            continue
        value = _value(line)
        yield (
            _record(value, place)
            if value is not None
            else Refused(FormatProblem("json.syntax", "the line is not JSON", place))
        )


def _value(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _record(value: Any, where: str) -> CveRecord | Refused:
    try:
        return read_record(value, where)
    except FormatProblem as problem:
        return Refused(problem)


def _bounded(stream: IO[bytes], most: int, where: str) -> bytes:
    content = stream.read(most + 1)
    if len(content) > most:
        raise FormatProblem("file.size", f"a file of JSON is larger than {MOST_LIST_BYTES // MEGABYTE} MB", where)
    return content
