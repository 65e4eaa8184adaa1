"""Why one observation went where it went."""

from __future__ import annotations

from datetime import date

from sipar.routing.explain import CODES, explain
from sipar.routing.lookup import compile_lookup
from sipar.routing.tests.worlds import Claim, frame

DAY = date(2026, 6, 1)


def test_every_claim_that_matched_says_how_it_stands_to_the_winner() -> None:
    claims = [
        Claim(1, 1, "prefix", "192.0.2.0/24"),
        Claim(2, 2, "prefix", "192.0.2.0/24"),
        Claim(3, 3, "prefix", "192.0.2.0/24", source="imported"),
        Claim(4, 1, "prefix", "192.0.2.0/24", source="imported"),
        Claim(5, 5, "prefix", "192.0.0.0/16", mark="cloud"),
        Claim(6, 6, "domain", "bank.example"),
        Claim(7, None, "country", "PK", team=70),
        Claim(8, 8, "prefix", "198.51.100.0/24"),
        Claim(9, 9, "prefix", "192.0.2.0/24", valid_until=date(2020, 1, 1)),
    ]
    settled = {("prefix", "192.0.2.0/24"): 2}
    asked = {"ip": "192.0.2.1", "hostname": "www.bank.example", "country": "PK", "day": DAY}
    codes = {reason.claim: reason.code for reason in explain(compile_lookup(frame(claims)), **asked)}  # type: ignore[arg-type]
    assert codes == {1: "won", 2: "tied", 3: "source", 4: "same", 5: "shorter", 6: "rank", 7: "national"}
    reasons = explain(compile_lookup(frame(claims), settled=settled), **asked)  # type: ignore[arg-type]
    assert {reason.claim: reason.code for reason in reasons} == {
        2: "won", 1: "settled", 3: "settled", 4: "settled", 5: "shorter", 6: "rank", 7: "national",
    }  # fmt: skip
    assert set(codes.values()) | {"settled"} == set(CODES)
    first = reasons[0]
    assert (first.organisation, first.kind, first.value, first.rank) == (2, "prefix", "192.0.2.0/24", "prefix")
    assert {reason.mark for reason in reasons} == {"", "cloud"}


def test_nothing_is_explained_where_nothing_matched() -> None:
    assert explain(compile_lookup(frame([])), ip="192.0.2.1", day=DAY) == ()
