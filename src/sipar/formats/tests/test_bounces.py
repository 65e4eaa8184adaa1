"""Delivery status notifications (RFC 3464): who was not reached and why, from any bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.bounces import MAX_RECIPIENTS, Bounce, read_bounces
from sipar.formats.problems import FormatProblem

# After the example of RFC 3464, appendix E.1.
HEAD = b"""Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b

The following addresses had failures.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example

"""


def group(address: str, *, action: str = "failed", original: str = "") -> bytes:
    first = f"Original-Recipient: rfc822;{original}\n" if original else ""
    return (
        f"{first}Final-Recipient: rfc822;{address}\nAction: {action}\nStatus: 4.0.0\n"
        "Diagnostic-Code: smtp; 426 connection\n timed out\n\n"
    ).encode()


def test_the_addresses_that_failed_are_read_with_their_reason() -> None:
    found = read_bounces(HEAD + group("Louisl@Alpha.example", original="lou@alpha.example") + b"--b--\n")
    assert found == (
        Bounce(frozenset({"louisl@alpha.example", "lou@alpha.example"}), "4.0.0 426 connection timed out"),
    )


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", ""])
def test_what_did_not_fail_is_no_bounce(action: str) -> None:
    assert read_bounces(HEAD + group("a@alpha.example", action=action) + b"--b--\n") == ()


def test_a_plain_mail_that_speaks_of_failure_is_no_bounce() -> None:
    assert read_bounces(b"Subject: failed\n\n" + group("a@alpha.example")) == ()


def test_a_list_without_end_is_cut() -> None:
    found = read_bounces(HEAD + b"".join(group(f"a{n}@alpha.example") for n in range(500)) + b"--b--\n")
    assert len(found) == MAX_RECIPIENTS


@given(st.binary(max_size=400))
def test_no_bytes_break_it(rest: bytes) -> None:
    try:
        found = read_bounces(HEAD + rest)
    except FormatProblem:
        return
    assert all("@" in address for bounce in found for address in bounce.addresses)
