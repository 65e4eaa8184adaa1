"""What a mail says as a report, and that no bytes break the reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.problems import FormatProblem
from sipar.formats.report_mail import MAX_BYTES, read_fields, read_report_mail


def test_fields_begin_at_the_mark_and_end_at_the_signature() -> None:
    text = "Hello\nkey: no\nsipar-report: 1\nName: Bilal\nusers-affected: 5\n--\nphone: 1\n"
    assert read_fields(text) == {"sipar-report": "1", "name": "Bilal", "users_affected": "5"}


def test_a_line_that_begins_with_a_blank_goes_on() -> None:
    assert read_fields("sipar-report: 1\nsummary: One.\n  Two.\n\tThree.\n")["summary"] == "One.\nTwo.\nThree."


def test_the_first_value_of_a_key_counts() -> None:
    assert read_fields("sipar-report: 1\nphone: 1\nphone: 2\n 3\n")["phone"] == "1"


@pytest.mark.parametrize("text", ["", "name: Bilal", "sipar-report: 2\nname: x", "x sipar-report: 1"])
def test_without_the_mark_there_is_no_report(text: str) -> None:
    assert read_fields(text) == {}


def test_control_characters_do_not_come_through() -> None:
    assert read_fields("sipar-report: 1\nname: B\x00i\x1bl\x9bal\n")["name"] == "Bilal"


def test_a_mail_that_is_too_large_is_not_parsed() -> None:
    with pytest.raises(FormatProblem) as refusal:
        read_report_mail(b"x" * (MAX_BYTES + 1))
    assert refusal.value.code == "mail.size"


def test_a_text_in_another_charset_is_read() -> None:
    head = b"Content-Type: text/plain; charset=windows-1256\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    mail = read_report_mail(head + "sipar-report: 1\r\nname: علی\r\n".encode("windows-1256", errors="replace"))
    assert mail.fields["name"].startswith("عل")


def test_markup_is_a_file_or_nothing_and_never_the_report() -> None:
    mail = read_report_mail(b"Content-Type: text/html\r\n\r\nsipar-report: 1\r\nname: x\r\n")
    assert (mail.is_report, mail.files) == (False, ())


@given(st.binary(max_size=2_000))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    try:
        mail = read_report_mail(data)
    except FormatProblem:
        return
    assert 3 <= len(mail.message_id) <= 300


HEADERS = st.sampled_from([b"From", b"Subject", b"Message-ID", b"Content-Type", b"Content-Disposition", b"Precedence"])


@given(st.lists(st.tuples(HEADERS, st.binary(max_size=80)), max_size=12), st.binary(max_size=400))
def test_no_headers_break_the_reader(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    head = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    try:
        mail = read_report_mail(head + b"\r\n" + body)
    except FormatProblem:
        return
    assert "\n" not in mail.subject
    assert len(mail.sender) <= 320
