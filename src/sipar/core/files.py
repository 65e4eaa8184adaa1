"""Files that people hand in: kept outside the web root under their SHA-256, given out as downloads only.

The bytes are content-addressed (`var/files/<aa>/<sha256>`) and never overwritten; who may see them is decided by the
`StoredFile` row, and by the noun that it hangs on. A transaction that rolls back leaves bytes that no row names.
`keep_bytes` takes bytes of any type, also dangerous ones, without a row: the noun's own row is the permission.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
import unicodedata
import zipfile
from collections.abc import Buffer, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from django.conf import settings
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.models import StoredFile
from sipar.core.problems import Conflict, Invalid, Place, not_open

if TYPE_CHECKING:
    from sipar.formats.table_writing import Rows

MAX_BYTES = 25 * 1024 * 1024
CHUNK = 256 * 1024
_SENT_AT_ONCE = _PASSED_AT_ONCE = 16 * 1024 * 1024
MAX_NAME = 255
MAX_PARTS = 5_000
PDF, PNG, JPEG, TEXT, CSV = "application/pdf", "image/png", "image/jpeg", "text/plain", "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SUFFIXES: dict[str, tuple[str, ...]] = {
    PDF: (".pdf",),
    PNG: (".png",),
    JPEG: (".jpg", ".jpeg"),
    TEXT: (".txt", ".log", ".md"),
    CSV: (".csv",),
    XLSX: (".xlsx",),
    DOCX: (".docx",),
}
_MAGIC = ((b"%PDF-", PDF), (b"\x89PNG\r\n\x1a\n", PNG), (b"\xff\xd8\xff", JPEG))
BYTES = "application/octet-stream"
# What analysts meet besides documents; a label only, nothing is ever given out under it.
_MAGIC_OF_ANYTHING = (
    *_MAGIC,
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", "application/x-elf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\xd4\xc3\xb2\xa1", "application/vnd.tcpdump.pcap"),
    (b"\x0a\x0d\x0d\x0a", "application/x-pcapng"),
)
_OFFICE_PARTS = (("xl/workbook.xml", XLSX), ("word/document.xml", DOCX))
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")


@action("file.keep")
def keep_file(
    actor: Actor,
    data: bytes | Iterable[bytes],
    *,
    name: str,
    organisation: int | None,
    now: datetime,
    largest: int = MAX_BYTES,
) -> StoredFile:
    """Keep a file of at most `largest` bytes, whole or in chunks, and return its row.

    The type is read from the bytes and must fit the ending of `name`. Raises Invalid `file.empty`, `file.size`,
    `file.type` or `file.name`. The caller has checked that the actor may write for `organisation`.
    """
    content = _bounded(data, largest)
    clean = clean_name(name)
    media_type = sniff(content, clean)
    digest = sha256(content).hexdigest()
    _write(content, digest)
    return StoredFile.objects.create(
        organisation_id=organisation,
        account_id=actor.account,
        sha256=digest,
        size=len(content),
        media_type=media_type,
        name=clean,
        stored_at=now,
    )


def open_file(actor: Actor, file: int) -> StoredFile:
    """The row of a file that the actor may see; raises NotFound otherwise. Nouns ask their own policy besides."""
    found = StoredFile.objects.filter(pk=file).first()
    if found is None:
        raise not_open("file")
    return found


def read_file(file: StoredFile) -> bytes:
    """The bytes of a stored file, checked against its SHA-256. Raises Conflict `file.damaged`."""
    return read_bytes(file.sha256)


def file_response(file: StoredFile) -> HttpResponse:
    """The file as a download that no browser runs or shows inside Sipar."""
    return download(read_file(file), name=file.name, media_type=file.media_type)


def download(content: bytes | str, *, name: str, media_type: str) -> HttpResponse:
    """What was made for this request, to save: no browser runs or shows it inside Sipar, and no cache keeps it."""
    response = HttpResponse(content, content_type=media_type)
    _as_download(response, name)
    return response


def download_table(header: Sequence[str], rows: Rows, *, name: str) -> HttpResponse:
    """A table as CSV to save."""
    from sipar.formats.table_writing import write_csv

    return download(write_csv(header, rows), name=name, media_type=f"{CSV}; charset=utf-8")


@dataclass(frozen=True)
class Stored:
    """Bytes that are kept: their SHA-256 in hexadecimal, their length, and what they look like (a label only)."""

    sha256: str
    size: int
    media_type: str


def keep_bytes(data: bytes | Iterable[bytes], *, largest: int = MAX_BYTES) -> Stored:
    """Keep at most `largest` bytes of any type, whole or in chunks, never more than a chunk in memory.

    Raises Invalid `file.empty` or `file.size`, and keeps nothing then. No `StoredFile` row is made: the caller's row
    holds the SHA-256, and decides who may read it.
    """
    folder = Path(settings.VAR) / "files"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, half = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file, ThreadPoolExecutor(1) as disk:
            digest, size, head = sha256(), 0, b""
            sent: list[Future[None]] = []
            for piece in (data,) if isinstance(data, bytes) else data:
                size += len(piece)
                if size > largest:
                    raise _too_large(largest)
                head = head or piece[:CHUNK]
                digest.update(piece)
                file.write(piece)
                if size >= (len(sent) + 1) * _SENT_AT_ONCE and all(part.done() for part in sent):
                    # What is on its way to the disk already is not waited for at the end.
                    file.flush()
                    sent.append(disk.submit(os.fdatasync, file.fileno()))
            if not size:
                raise _empty()
            for part in sent:
                part.result()
            file.flush()
            os.fsync(file.fileno())
        place = _place(digest.hexdigest())
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        Path(half).replace(place)
    finally:
        Path(half).unlink(missing_ok=True)
    return Stored(sha256=digest.hexdigest(), size=size, media_type=_looks_like(head))


def read_bytes(digest: str) -> bytes:
    """The bytes with this SHA-256, checked against it. Raises Conflict `file.damaged`."""
    try:
        content = _place(digest).read_bytes()
    except FileNotFoundError:
        content = b""
    if sha256(content).hexdigest() != digest:
        raise _damaged()
    return content


def open_bytes(digest: str) -> BinaryIO:
    """The bytes with this SHA-256 to read through, with room to peek. Raises Conflict `file.damaged` where missing."""
    try:
        return read_once(_place(digest), buffer=1024 * 1024)
    except FileNotFoundError as error:
        raise _damaged() from error


def read_once(file: Path | int, *, buffer: int = 64 * 1024) -> BinaryIO:
    """A file, by its path or its descriptor, to read through: what was read of it stays in memory for nobody."""
    return io.BufferedReader(_ReadOnce(file), buffer_size=buffer)


class _ReadOnce(io.FileIO):
    """A file of which the kernel may use again what was read, for what is made of it."""

    def __init__(self, file: Path | int) -> None:
        super().__init__(file)
        self._passed = 0

    def readinto(self, buffer: Buffer) -> int | None:
        count = super().readinto(buffer)
        here = self.tell()
        if here - self._passed >= _PASSED_AT_ONCE:
            os.posix_fadvise(self.fileno(), self._passed, here - self._passed, os.POSIX_FADV_DONTNEED)
            self._passed = here
        return count


def require_intact(digest: str) -> None:
    """Read the bytes through and compare their SHA-256. Raises Conflict `file.damaged` where they are not the same."""
    try:
        with _place(digest).open("rb") as file:
            found = file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        found = ""
    if found != digest:
        raise _damaged()


def bytes_response(digest: str, *, name: str) -> HttpResponseBase:
    """The bytes with this SHA-256, checked first, as nameless bytes to save: no browser runs, shows or guesses them."""
    require_intact(digest)
    response = FileResponse(_place(digest).open("rb"), content_type=BYTES)
    _as_download(response, name)
    return response


def _as_download(response: HttpResponseBase, name: str) -> None:
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"


def clean_name(name: str) -> str:
    """The last part of a file name without control or direction characters, at most 255 long, its ending kept."""
    last = re.split(r"[\\/]", name)[-1]
    kept = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C").strip(" .")
    if not kept:
        raise _refused("file.name", "The file has no name.")
    stem, dot, ending = kept.rpartition(".")
    if len(kept) <= MAX_NAME:
        return kept
    return f"{stem[: MAX_NAME - len(ending) - 1]}{dot}{ending}" if stem and len(ending) < 10 else kept[:MAX_NAME]


def sniff(content: bytes, name: str) -> str:
    """The media type that the bytes have, out of the allowed ones; the ending of `name` must belong to it."""
    found = _type_of(content, name)
    if found is None:
        raise _refused("file.type", "Sipar takes PDF, PNG, JPEG, TXT, CSV, XLSX and DOCX files without macros.")
    if Path(name).suffix.lower() not in SUFFIXES[found]:
        allowed = ", ".join(SUFFIXES[found])
        raise _refused("file.type", f"The content is {found}, so the name must end in {allowed}.")
    return found


def _type_of(content: bytes, name: str) -> str | None:
    for magic, media_type in _MAGIC:
        if content.startswith(magic):
            return media_type
    if content.startswith(b"PK\x03\x04"):
        return _office_type(content)
    if not _is_text(content):
        return None
    return CSV if name.lower().endswith(".csv") else TEXT


def _office_type(content: bytes) -> str | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            names = parts.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    if len(names) > MAX_PARTS or "[Content_Types].xml" not in names:
        return None
    if any(part.lower().endswith(("vbaproject.bin", ".exe", ".dll")) for part in names):
        return None
    return next((media_type for part, media_type in _OFFICE_PARTS if part in names), None)


def _looks_like(head: bytes) -> str:
    """What bytes that begin like this are called."""
    for magic, media_type in _MAGIC_OF_ANYTHING:
        if head.startswith(magic):
            return media_type
    # A chunk may end inside a letter of up to four bytes.
    return TEXT if any(_is_text(head[: len(head) - cut]) for cut in range(min(4, len(head)))) else BYTES


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-16" if content.startswith(_UTF16_MARKS) else "utf-8")
    except UnicodeDecodeError:
        return False
    return _CONTROL.search(text) is None


def _bounded(data: bytes | Iterable[bytes], largest: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    for piece in (data,) if isinstance(data, bytes) else data:
        size += len(piece)
        if size > largest:
            raise _too_large(largest)
        pieces.append(piece)
    if not size:
        raise _empty()
    return b"".join(pieces)


def _write(content: bytes, digest: str) -> None:
    """Put the bytes in their place: whole or not at all, readable by this account only."""
    place = _place(digest)
    if place.exists() and place.stat().st_size == len(content):
        return
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # mkstemp opens with mode 0600, so that the bytes are never readable by others.
    descriptor, half = tempfile.mkstemp(dir=place.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(half).replace(place)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(half).unlink()
        raise


def _place(digest: str) -> Path:
    return Path(settings.VAR) / "files" / digest[:2] / digest


def _too_large(largest: int) -> Invalid:
    return _refused("file.size", _("The file is larger than %(size)s MB.") % {"size": f"{largest / (1024 * 1024):g}"})


def _empty() -> Invalid:
    return _refused("file.empty", "The file is empty.")


def _damaged() -> Conflict:
    return Conflict("The stored file is missing or was changed on disk. Tell the administrator.", code="file.damaged")


def _refused(code: str, sentence: str) -> Invalid:
    return Invalid(sentence, code=code, places=[Place("file", sentence)])
