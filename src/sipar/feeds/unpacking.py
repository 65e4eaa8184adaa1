"""Packed files in bounded memory: gzip, bzip2, xz, Zstandard, and the members of a zip archive."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

import pyarrow as pa

from sipar.formats.problems import FormatProblem

HEAD = 64 * 1024
# What a file may unpack to. Reports pack to a tenth or a twentieth; a bomb to a thousandth.
MAX_PLAIN = 32 * 1024**3
MAX_RATIO = 150
FREE = 256 * 1024**2
MAX_MEMBERS = 64
_XZ_MEMORY = 256 * 1024**2
_STEP = 1024 * 1024
_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError)


def unpacked(name: str, stream: BinaryIO, *, size: int) -> Iterator[tuple[str, BinaryIO]]:
    """The plain files inside a file: itself where it is not packed, one for gzip and its like, each member of a zip.

    `size` is the packed length in bytes. Names lose the ending of the packing. A file packed inside a packed file is
    not unpacked again. Reading raises FormatProblem `bomb`, `packing` or `archive`.
    """
    head = stream.read(6)
    stream.seek(0)
    if head.startswith(b"PK\x03\x04"):
        yield from _members(stream, size)
        return
    for magic, endings, opener in _PACKINGS:
        if head.startswith(magic):
            try:
                inner = opener(stream)
            except _ERRORS as error:
                raise _broken(name) from error
            yield _bare(name, endings), _buffered(inner, name, size)
            return
    yield name, stream


class _Xz(io.RawIOBase):
    """An xz stream whose dictionary may not take more than 256 MB; the standard file object has no such limit."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decompressor = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        wanted = size if size > 0 else _STEP
        while True:
            if self._decompressor.eof:
                rest = self._decompressor.unused_data or self._stream.read(_STEP)
                if not rest.strip(b"\0"):
                    return b""
                self._decompressor = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
                data = self._decompressor.decompress(rest, wanted)
            else:
                given = self._stream.read(_STEP) if self._decompressor.needs_input else b""
                if not given and self._decompressor.needs_input:
                    raise EOFError
                data = self._decompressor.decompress(given, wanted)
            if data:
                return data


class _Bounded(io.RawIOBase):
    """What comes out of a packed file, counted: a bomb is a clear problem before it is a full disk."""

    def __init__(self, inner: BinaryIO, name: str, size: int) -> None:
        self._inner = inner
        self._name = name
        self._left = min(MAX_PLAIN, max(FREE, size * MAX_RATIO))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        try:
            data = self._inner.read(min(len(view), _STEP))
        except _ERRORS as error:
            raise _broken(self._name) from error
        self._left -= len(data)
        if self._left < 0:
            raise FormatProblem("bomb", "The file unpacks to far more than a report can hold.", self._name)
        view[: len(data)] = data
        return len(data)


def _buffered(inner: BinaryIO, name: str, size: int) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(_Bounded(inner, name, size), buffer_size=_STEP))


def _members(stream: BinaryIO, size: int) -> Iterator[tuple[str, BinaryIO]]:
    try:
        archive = zipfile.ZipFile(stream)
        members = [member for member in archive.infolist() if not member.is_dir() and member.file_size]
    except (*_ERRORS, ValueError) as error:
        raise _broken("") from error
    if not members or len(members) > MAX_MEMBERS:
        raise FormatProblem(
            "archive", f"The archive holds {len(members)} files; between 1 and {MAX_MEMBERS} may be in one."
        )
    for member in members:
        if member.flag_bits & 1:
            raise FormatProblem("archive", "The archive is encrypted.", member.filename)
        try:
            inner = archive.open(member)
        except (*_ERRORS, ValueError) as error:
            raise _broken(member.filename) from error
        yield member.filename.rsplit("/", 1)[-1], _buffered(cast("BinaryIO", inner), member.filename, size)


def _bare(name: str, endings: tuple[str, ...]) -> str:
    return next((name[: -len(ending)] for ending in endings if name.lower().endswith(ending)), name)


def _broken(name: str) -> FormatProblem:
    return FormatProblem("packing", "The packed file is damaged or cut off.", name)


_PACKINGS: tuple[tuple[bytes, tuple[str, ...], Callable[[BinaryIO], BinaryIO]], ...] = (
    (b"\x1f\x8b", (".gz", ".gzip"), lambda stream: cast("BinaryIO", gzip.GzipFile(fileobj=stream))),
    (b"BZh", (".bz2",), lambda stream: cast("BinaryIO", bz2.BZ2File(stream))),
    (b"\xfd7zXZ\x00", (".xz",), lambda stream: cast("BinaryIO", _Xz(stream))),
    (b"\x28\xb5\x2f\xfd", (".zst", ".zstd"), lambda stream: cast("BinaryIO", pa.CompressedInputStream(stream, "zstd"))),
)
