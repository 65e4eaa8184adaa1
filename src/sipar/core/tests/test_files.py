"""Files come in only as what they are, and go out only to who may see them, as downloads."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError, transaction
from tests.cast import NOW, Cast

from sipar.core import files
from sipar.core.acting import acting
from sipar.core.problems import Conflict, Invalid, NotFound

PDF = b"%PDF-1.7\nan invented report"


def office_file(*parts: str) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for part in ("[Content_Types].xml", *parts):
            archive.writestr(part, "<x/>")
    return output.getvalue()


def place_of(digest: str) -> Path:
    return Path(settings.VAR) / "files" / digest[:2] / digest


def test_a_file_is_kept_under_its_hash_readable_by_this_account_only(cast: Cast) -> None:
    alpha = cast.organisations["alpha"].pk
    with acting(cast.ayesha, reason="hand in evidence"):
        kept = files.keep_file(cast.ayesha, iter([PDF[:5], PDF[5:]]), name="report.pdf", organisation=alpha, now=NOW)
        again = files.keep_file(cast.ayesha, PDF, name="same.pdf", organisation=alpha, now=NOW)
        assert files.read_file(kept) == PDF
    assert kept.sha256 == again.sha256
    assert stat.S_IMODE(place_of(kept.sha256).stat().st_mode) == 0o600


def test_a_file_of_an_organisation_is_open_to_its_cert_and_closed_to_others(cast: Cast) -> None:
    alpha = cast.organisations["alpha"].pk
    with acting(cast.ayesha, reason="hand in evidence"):
        kept = files.keep_file(cast.ayesha, PDF, name="report.pdf", organisation=alpha, now=NOW)
    with acting(cast.parveen, reason="review"):
        assert files.open_file(cast.parveen, kept.pk).name == "report.pdf"
    with acting(cast.bushra, reason="pry"), pytest.raises(NotFound):
        files.open_file(cast.bushra, kept.pk)


def test_nobody_files_something_under_a_foreign_organisation(cast: Cast) -> None:
    with acting(cast.bushra, reason="plant"), pytest.raises(DatabaseError), transaction.atomic():
        files.keep_file(cast.bushra, PDF, name="planted.pdf", organisation=cast.organisations["alpha"].pk, now=NOW)


def test_a_download_is_an_attachment_that_no_browser_runs(cast: Cast) -> None:
    with acting(cast.ayesha, reason="hand in evidence"):
        kept = files.keep_file(cast.ayesha, PDF, name='a "b".pdf', organisation=None, now=NOW)
        response = files.file_response(kept)
    assert response["Content-Disposition"].startswith("attachment; ")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]


def test_bytes_changed_on_disk_are_not_given_out(cast: Cast) -> None:
    with acting(cast.ayesha, reason="hand in evidence"):
        kept = files.keep_file(cast.ayesha, PDF + b"2", name="report.pdf", organisation=None, now=NOW)
        place_of(kept.sha256).write_bytes(b"%PDF-forged")
        with pytest.raises(Conflict, match="changed on disk"):
            files.file_response(kept)


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (PDF, "a.pdf", files.PDF),
        (b"\x89PNG\r\n\x1a\n123", "a.PNG", files.PNG),
        (b"\xff\xd8\xff\xe0", "a.jpeg", files.JPEG),
        ("سلام".encode(), "a.txt", files.TEXT),
        (b"a,b\r\n1,2", "a.csv", files.CSV),
        ("a,b".encode("utf-16"), "a.csv", files.CSV),
        (office_file("xl/workbook.xml"), "a.xlsx", files.XLSX),
        (office_file("word/document.xml"), "a.docx", files.DOCX),
    ],
)
def test_the_type_is_read_from_the_bytes(content: bytes, name: str, expected: str) -> None:
    assert files.sniff(content, name) == expected


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<html><script>", "a.html"),
        (PDF, "a.txt"),
        (b"MZ\x90\x00", "a.txt"),
        (b"\x00\x01", "a.csv"),
        (office_file(), "a.zip"),
        (office_file("xl/workbook.xml"), "a.docx"),
        (office_file("xl/workbook.xml", "xl/vbaProject.bin"), "a.xlsx"),
        (b"PK\x03\x04 broken", "a.xlsx"),
        (b"text", "noending"),
    ],
)
def test_what_is_not_allowed_or_wears_a_false_name_is_refused(content: bytes, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        files.sniff(content, name)
    assert refused.value.code == "file.type"


def test_a_file_above_the_limit_is_refused_before_it_is_read_to_its_end(cast: Cast) -> None:
    pieces = iter([b"12345678", b"12345678", b"never read"])
    with acting(cast.ayesha, reason="hand in"), pytest.raises(Invalid, match="larger than"):
        files.keep_file(cast.ayesha, pieces, name="a.txt", organisation=None, now=NOW, largest=10)
    assert list(pieces) == [b"never read"]


def test_a_name_loses_its_folders_and_direction_marks_and_keeps_its_ending() -> None:
    assert files.clean_name("..\\..\\etc/pass\u202egnp.pdf") == "passgnp.pdf"
    assert files.clean_name("x" * 400 + ".pdf").endswith("x.pdf")
    assert len(files.clean_name("x" * 400 + ".pdf")) == 255
    with pytest.raises(Invalid):
        files.clean_name("../")
