"""Bytes of any type are kept under their hash, within a size, and go out as nameless bytes only."""

from __future__ import annotations

import stat
from hashlib import sha256
from pathlib import Path

import pytest
from django.conf import settings
from django.http import FileResponse

from sipar.core import files
from sipar.core.problems import Conflict, Invalid

PROGRAM = b"MZ\x90\x00" + bytes(range(256)) * 40


def place_of(digest: str) -> Path:
    return Path(settings.VAR) / "files" / digest[:2] / digest


def half_written() -> list[Path]:
    return [path for path in (Path(settings.VAR) / "files").glob("tmp*") if path.is_file()]


def test_bytes_of_any_type_are_kept_in_chunks_under_their_hash() -> None:
    kept = files.keep_bytes(iter([PROGRAM[:100], PROGRAM[100:]]))
    assert (kept.sha256, kept.size) == (sha256(PROGRAM).hexdigest(), len(PROGRAM))
    assert kept.media_type == "application/vnd.microsoft.portable-executable"
    assert files.read_bytes(kept.sha256) == PROGRAM
    assert stat.S_IMODE(place_of(kept.sha256).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"%PDF-1.7 x", "application/pdf"),
        (b"<script>alert(1)</script>", "text/plain"),
        ("حملہ ہوا".encode(), "text/plain"),
        ("حملہ ".encode() * 9 + b"\xd8", "text/plain"),
        (b"\x00\x01\x02", "application/octet-stream"),
        (b"PK\x03\x04rest", "application/zip"),
    ],
)
def test_what_bytes_look_like_is_read_from_their_beginning(content: bytes, media_type: str) -> None:
    assert files.keep_bytes(content).media_type == media_type


@pytest.mark.parametrize(("data", "code"), [(iter([b"x" * 60, b"y" * 60]), "file.size"), (b"", "file.empty")])
def test_too_many_bytes_and_none_are_refused_and_leave_nothing(data: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        files.keep_bytes(data, largest=100)
    assert refused.value.code == code
    assert half_written() == []


def test_bytes_are_read_through_and_again_from_anywhere() -> None:
    content = PROGRAM * (3 * files._PASSED_AT_ONCE // len(PROGRAM))
    with files.open_bytes(files.keep_bytes(content, largest=len(content)).sha256) as file:
        assert b"".join(iter(lambda: file.read(1_000_000), b"")) == content
        file.seek(-100, 2)
        assert file.read() == content[-100:]
        file.seek(0)
        assert file.read(len(content)) == content
    with pytest.raises(Conflict, match="missing"):
        files.open_bytes("0" * 64)


def test_changed_and_missing_bytes_are_found_before_anything_goes_out() -> None:
    kept = files.keep_bytes(b"the evidence as it was received")
    place_of(kept.sha256).write_bytes(b"the evidence as somebody wants it")
    for look in (files.read_bytes, files.require_intact):
        with pytest.raises(Conflict, match="changed on disk"):
            look(kept.sha256)
    place_of(kept.sha256).unlink()
    with pytest.raises(Conflict, match="missing"):
        files.bytes_response(kept.sha256, name="evidence.bin")


def test_a_page_among_the_bytes_goes_out_as_bytes_to_save(db: None) -> None:
    page = b"<!doctype html><script>alert(document.domain)</script>"
    response = files.bytes_response(files.keep_bytes(page).sha256, name="invoice.html")
    assert isinstance(response, FileResponse)
    assert b"".join(response) == page
    response.close()
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == 'attachment; filename="invoice.html"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
