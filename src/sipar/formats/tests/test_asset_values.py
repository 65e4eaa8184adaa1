"""Each kind of asset has one spelling, and what cannot be one is refused with a reason."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.asset_values import READERS, is_quantum_vulnerable, normalise_asset
from sipar.formats.problems import FormatProblem


@pytest.mark.parametrize(
    ("kind", "written", "canonical"),
    [
        ("prefix", "203.0.113.0/24", "203.0.113.0/24"),
        ("prefix", " 198.51.100.7 ", "198.51.100.7/32"),
        ("prefix", "203.0.113.0/255.255.255.0", "203.0.113.0/24"),
        ("prefix", "2001:0DB8:0000::/48", "2001:db8::/48"),
        ("asn", "64496", "AS64496"),
        ("asn", "as 64500", "AS64500"),
        ("asn", "1.10", "AS65546"),
        ("domain", "Bank.Example.", "bank.example"),
        ("domain", "www.nadra.gov.pk", "www.nadra.gov.pk"),
        ("domain", "بینک.example", "xn--ngb4d5ose.example"),
        ("product", "CPE:2.3:a:Vendor:Prod\\!uct:1.0:*:*:*:*:*:*:*", "cpe:2.3:a:vendor:prod\\!uct:1.0:*:*:*:*:*:*:*"),
        ("product", "pkg:PyPI/Django@6.1", "pkg:pypi/django@6.1"),
        ("product", "pkg:npm/%40angular/core@1.0?b=2&a=1", "pkg:npm/%40angular/core@1.0?a=1&b=2"),
        ("technology", "Remote access", "remote_access"),
        ("cryptography", "rsa 2048", "RSA-2048"),
        ("cryptography", "ecdsa p256", "ECDSA P-256"),
        ("cryptography", "mlkem768", "ML-KEM-768"),
        ("cryptography", "Own  cipher 9", "Own cipher 9"),
    ],
)
def test_a_value_gets_its_canonical_spelling(kind: str, written: str, canonical: str) -> None:
    assert normalise_asset(kind, written) == canonical


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("prefix", "203.0.113.7/24"),
        ("prefix", "10.0.0.0/8"),
        ("prefix", "0.0.0.0/0"),
        ("prefix", "4.0.0.0/7"),
        ("prefix", "fe80::1%eth0"),
        ("prefix", "::/0"),
        ("prefix", "01.2.3.4"),
        ("prefix", "router"),
        ("asn", "0"),
        ("asn", "AS23456"),
        ("asn", "65535"),
        ("asn", "99999999999"),
        ("asn", "4294967296"),
        ("domain", "gov.pk"),
        ("domain", "com"),
        ("domain", "203.0.113.9"),
        ("domain", "-bad.example"),
        ("domain", "under score.example"),
        ("domain", "a" * 64 + ".example"),
        ("product", "cpe:2.3:a:vendor"),
        ("product", "cpe:/a:vendor:product"),
        ("product", "pkg:pypi/"),
        ("product", "nginx"),
        ("technology", "telepathy"),
        ("cryptography", "<script>"),
        ("domain", ""),
        ("domain", "bank\u202e.example"),
        ("product", "pkg:pypi/" + "a" * 500),
    ],
)
def test_what_cannot_be_such_an_asset_is_refused(kind: str, written: str) -> None:
    with pytest.raises(FormatProblem, match=r"\w"):
        normalise_asset(kind, written)


@given(st.ip_addresses(v=4), st.integers(8, 32))
def test_the_spelling_of_a_prefix_is_stable_and_covers_its_address(address: ipaddress.IPv4Address, length: int) -> None:
    network = ipaddress.ip_network((address, length), strict=False)
    try:
        canonical = normalise_asset("prefix", str(network))
    except FormatProblem:
        return
    assert normalise_asset("prefix", canonical) == canonical
    assert address in ipaddress.ip_network(canonical)


@given(st.sampled_from(sorted(READERS)), st.text(max_size=60))
def test_any_text_is_either_spelled_or_refused_and_spelling_twice_changes_nothing(kind: str, text: str) -> None:
    try:
        canonical = normalise_asset(kind, text)
    except FormatProblem:
        return
    assert normalise_asset(kind, canonical) == canonical


def test_algorithms_are_told_apart_by_what_a_quantum_computer_breaks() -> None:
    assert is_quantum_vulnerable("RSA-2048") is True
    assert is_quantum_vulnerable("X25519") is True
    assert is_quantum_vulnerable("X25519MLKEM768") is False
    assert is_quantum_vulnerable("ML-DSA-65") is False
    assert is_quantum_vulnerable("Own cipher 9") is None
