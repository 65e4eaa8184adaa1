"""The checks that a claim passes before it counts."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.formats.problems import FormatProblem
from sipar.routing.claims import Precedence, canonical, checked
from sipar.routing.lookup import compile_lookup
from sipar.routing.tests.worlds import Claim, frame

GOOD = Claim(1, 1, "prefix", "192.0.2.0/24")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (Claim(7, 1, "prefix", "192.0.2.0/33"), "claim.prefix"),
        (Claim(7, 1, "prefix", "192.0.2.1/24"), "claim.host-bits"),
        (Claim(7, 1, "prefix", "2001:db8::1/64"), "claim.host-bits"),
        (Claim(7, 1, "prefix", "0.0.0.0/0"), "claim.everything"),
        (Claim(7, 1, "prefix", "::/0"), "claim.everything"),
        (Claim(7, 1, "prefix", "::ffff:192.0.2.0/120"), "claim.mapped"),
        (Claim(7, 1, "prefix", "192.0.2.0-192.0.2.255"), "claim.prefix"),
        (Claim(7, 1, "prefix", "x" * 100_000), "claim.prefix"),
        (Claim(7, 1, "domain", "192.0.2.1"), "claim.domain"),
        (Claim(7, 1, "domain", "a..example"), "claim.domain"),
        (Claim(7, 1, "domain", "-a.example"), "claim.domain"),
        (Claim(7, 1, "domain", "x." * 200 + "example"), "claim.domain"),
        (Claim(7, 1, "domain", "ü" * 5_000), "claim.domain"),
        (Claim(7, 1, "domain", "\x00"), "claim.domain"),
        (Claim(7, 1, "domain", ""), "claim.domain"),
        (Claim(7, 1, "asn", "AS0"), "claim.asn"),
        (Claim(7, 1, "asn", "4294967296"), "claim.asn"),
        (Claim(7, 1, "asn", "AS"), "claim.asn"),
        (Claim(7, 1, "asn", "AS٣"), "claim.asn"),
        (Claim(7, 1, "country", "PAK"), "claim.country"),
        (Claim(7, 1, "city", "Lahore"), "claim.kind"),
        (Claim(7, None, "asn", "AS64496"), "claim.nobody"),
        (Claim(7, 1, "asn", "AS64496", mark="maybe"), "claim.mark"),
        (Claim(7, 1, "asn", "AS64496", valid_from=date(2026, 1, 2), valid_until=date(2026, 1, 2)), "claim.dates"),
    ],
)
def test_a_wrong_claim_is_left_out_and_named_and_the_others_count(wrong: Claim, code: str) -> None:
    lookup = compile_lookup(frame([GOOD, wrong]))
    assert lookup.claims["id"].to_list() == [1]
    assert lookup.problems.select("claim", "where", "code").rows() == [(7, "claim 7", code)]
    assert lookup.problems["sentence"][0]
    assert len(lookup.problems["value"][0]) <= 100
    assert lookup.digest == compile_lookup(frame([GOOD])).digest


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("prefix", "192.0.2.1", "192.0.2.1/32"),
        ("prefix", "2001:DB8:0:0::/32", "2001:db8::/32"),
        ("prefix", " 192.0.2.0/24 ", "192.0.2.0/24"),
        ("domain", "Bank.Example.", "bank.example"),
        ("domain", "bücher.example", "xn--bcher-kva.example"),
        ("domain", "پاکستان", "xn--mgbai9azgqp6j"),
        ("asn", "64496", "AS64496"),
        ("asn", "as 64496", "AS64496"),
        ("country", "pk", "PK"),
    ],
)
def test_a_value_has_one_spelling(kind: str, value: str, expected: str) -> None:
    assert canonical(kind, value) == expected
    assert canonical(kind, expected) == expected


def test_a_value_that_is_none_is_refused_with_what_it_was() -> None:
    with pytest.raises(FormatProblem, match=r"192\.0\.2\.1/24") as refused:
        canonical("prefix", "192.0.2.1/24")
    assert refused.value.code == "claim.host-bits"


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["prefix", "domain", "asn", "country"]), st.text(max_size=40)), max_size=20))
def test_no_text_stops_the_check(values: list[tuple[str, str]]) -> None:
    claims = [Claim(place, 1, kind, value) for place, (kind, value) in enumerate(values)]
    good, problems = checked(frame(claims))
    assert sorted([*good["id"], *problems["claim"]]) == list(range(len(claims)))


def test_a_missing_column_and_a_number_that_stands_twice_are_refused() -> None:
    with pytest.raises(FormatProblem, match="valid_until"):
        checked(frame([GOOD]).drop("valid_until"))
    with pytest.raises(FormatProblem, match="claim 1"):
        checked(frame([GOOD, GOOD]))
    with pytest.raises(FormatProblem, match="no number"):
        checked(frame([GOOD]).with_columns(id=pl.lit(None, pl.Int64)))


def test_a_precedence_has_every_rank_once() -> None:
    with pytest.raises(FormatProblem, match="ranks"):
        Precedence(ranks=("address", "prefix"))
    with pytest.raises(FormatProblem, match="twice"):
        Precedence(sources=("manual", "manual"))
