"""Indicators are read as people write them, defanged or not, and one thing has one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.problems import FormatProblem
from sipar.incidents.indicator_values import GUESSED, READERS, parse_indicator, parse_lines
from sipar.incidents.models import Indicator

MD5, SHA1, SHA256 = "D41D8CD98F00B204E9800998ECF8427E", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "ab" * 32


@pytest.mark.parametrize(
    ("written", "kind", "kept"),
    [
        ("203.0.113[.]7", "ipv4", "203.0.113.7"),
        ("2001:DB8::0:1", "ipv6", "2001:db8::1"),
        ("Evil[.]Example", "domain", "evil.example"),
        ("evil(dot)example.", "domain", "evil.example"),
        ("_dmarc.evil.example", "domain", "_dmarc.evil.example"),
        ("bücher.example", "domain", "xn--bcher-kva.example"),
        ("hxxps://Evil[.]example:8443/Path?q=1,2", "url", "https://evil.example:8443/Path?q=1,2"),
        ("hxxp[://]evil[.]example", "url", "http://evil.example/"),
        ("http://[2001:db8::1]/x", "url", "http://[2001:db8::1]/x"),
        ("Somebody[at]evil[.]example", "email", "somebody@evil.example"),
        ("mailto:a@evil.example", "email", "a@evil.example"),
        (MD5, "md5", MD5.lower()),
        (SHA1, "sha1", SHA1),
        (SHA256, "sha256", SHA256),
        ("cve-2026-01234", "cve", "CVE-2026-01234"),
    ],
)
def test_an_indicator_is_recognised_and_written_one_way(written: str, kind: str, kept: str) -> None:
    parsed = parse_indicator(written)
    assert (parsed.kind, parsed.value) == (kind, kept)
    assert parse_indicator(parsed.value, kind).value == kept


@pytest.mark.parametrize(
    ("written", "kind", "code"),
    [
        ("", "", "indicator.empty"),
        ("x" * 501, "", "indicator.length"),
        ("evil\u202e.example", "", "indicator.control"),
        ("a mutex name", "", "indicator.kind"),
        ("999.1.1.1", "ipv4", "indicator.ip"),
        ("203.0.113.7", "ipv6", "indicator.ip"),
        ("javascript:alert(1)", "url", "indicator.url"),
        ("https:///nohost", "url", "indicator.url"),
        ("https://evil.example:99999/", "url", "indicator.url"),
        ("abc", "sha256", "indicator.hash"),
        ("CVE-26-1", "cve", "indicator.cve"),
        ("a@b@c", "email", "indicator.email"),
        ("evil.example", "yara", "indicator.kind"),
    ],
)
def test_what_is_no_indicator_is_refused_by_its_code(written: str, kind: str, code: str) -> None:
    with pytest.raises(FormatProblem) as refused:
        parse_indicator(written, kind)
    assert refused.value.code == code


def test_every_kind_of_the_table_can_be_read() -> None:
    assert set(READERS) == set(Indicator.Kind.values)
    assert parse_indicator("Global\\Mutex  7", "other").value == "Global\\Mutex 7"


def test_each_pasted_line_gives_an_indicator_or_a_problem_with_its_number() -> None:
    text = (
        "# from the firewall\n203.0.113.7, scanner\n\nhxxps://evil.example/a,b;c seen in a mail\n"
        "not one of them\n203[.]0[.]113[.]7\tagain\nevil.example # the drop\n"
    )
    found, problems = parse_lines(text)
    assert [(one.kind, one.value, one.note) for one in found] == [
        ("ipv4", "203.0.113.7", "scanner"),
        ("url", "https://evil.example/a,b;c", "seen in a mail"),
        ("domain", "evil.example", "the drop"),
    ]
    assert [problem.line for problem in problems] == [5]


@given(st.text(max_size=80))
def test_any_text_is_an_indicator_or_a_problem_and_reading_again_changes_nothing(text: str) -> None:
    for kind in ("", *READERS):
        try:
            parsed = parse_indicator(text, kind)
        except FormatProblem:
            continue
        assert parsed.kind in READERS
        assert parse_indicator(parsed.value, parsed.kind).value == parsed.value
        if not kind:
            assert parsed.kind in GUESSED


@given(st.lists(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20), max_size=20))
def test_no_pasted_line_is_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    wanted = [line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    found, problems = parse_lines(text)
    assert len(found) + len(problems) <= len(wanted)
    assert bool(found or problems) == bool(wanted)
