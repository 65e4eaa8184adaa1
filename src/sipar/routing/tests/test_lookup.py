"""Compiling, naming, keeping and conflicts."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.formats.problems import FormatProblem
from sipar.routing.claims import Precedence
from sipar.routing.lookup import Lookup, compile_lookup
from sipar.routing.tests.strategies import CLAIMS, SEEN
from sipar.routing.tests.test_route import routed
from sipar.routing.tests.worlds import Claim, Seen, frame

SHARED = [Claim(1, 1, "prefix", "192.0.2.0/24"), Claim(2, 2, "prefix", "192.0.2.0/24")]


@settings(max_examples=60, deadline=None)
@given(CLAIMS, SEEN, st.randoms(use_true_random=False))
def test_the_order_of_the_claims_changes_nothing(claims: list[Claim], seen: list[Seen], chance: random.Random) -> None:
    shuffled = list(claims)
    chance.shuffle(shuffled)
    one, other = compile_lookup(frame(claims)), compile_lookup(frame(shuffled))
    assert one.digest == other.digest
    assert routed(one, *seen).columns() == routed(other, *seen).columns()
    assert one.conflicts.equals(other.conflicts)


@pytest.mark.parametrize(
    "other",
    [
        Claim(1, 2, "prefix", "192.0.2.0/24"),
        Claim(2, 1, "prefix", "192.0.2.0/24"),
        Claim(1, 1, "prefix", "192.0.2.0/25"),
        Claim(1, 1, "prefix", "192.0.2.0/24", team=1),
        Claim(1, 1, "prefix", "192.0.2.0/24", valid_from=date(1970, 1, 1)),
        Claim(1, 1, "prefix", "192.0.2.0/24", valid_until=date(1970, 1, 1)),
        Claim(1, 1, "prefix", "192.0.2.0/24", source="imported"),
        Claim(1, 1, "prefix", "192.0.2.0/24", mark="nat"),
    ],
)
def test_whatever_changes_in_a_claim_changes_the_digest(other: Claim) -> None:
    assert compile_lookup(frame([other])).digest != compile_lookup(frame(SHARED[:1])).digest


def test_spelling_does_not_change_the_digest_but_rules_and_decisions_do() -> None:
    plain = compile_lookup(frame([Claim(1, 1, "asn", "AS64496"), Claim(2, 1, "domain", "bank.example")]))
    other = compile_lookup(frame([Claim(1, 1, "asn", " as64496"), Claim(2, 1, "domain", "Bank.Example.")]))
    assert plain.digest == other.digest
    shared = frame(SHARED)
    digests = {
        compile_lookup(shared).digest,
        compile_lookup(shared, settled={("prefix", "192.0.2.0/24"): 2}).digest,
        compile_lookup(shared, settled={("prefix", "192.0.2.0/24"): None}).digest,
        compile_lookup(shared, precedence=Precedence(sources=("imported",))).digest,
    }
    assert len(digests) == 4
    unrelated = compile_lookup(shared, settled={("prefix", "198.51.100.0/24"): 2})
    assert unrelated.digest == compile_lookup(shared).digest


@settings(max_examples=25, deadline=None)
@given(CLAIMS, SEEN)
def test_a_lookup_comes_back_from_its_file_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, claims: list[Claim], seen: list[Seen]
) -> None:
    settled = {(claim.kind, claim.value): claim.id for claim in claims if claim.organisation}
    made = compile_lookup(frame(claims), settled=settled, precedence=Precedence(sources=("imported",)))
    path = tmp_path_factory.mktemp("lookup") / "one.lookup"
    made.save(path)
    kept = Lookup.load(path)
    assert (kept.digest, kept.precedence, kept.settled) == (made.digest, made.precedence, made.settled)
    assert routed(kept, *seen).columns() == routed(made, *seen).columns()
    assert [entry.name for entry in path.parent.iterdir()] == ["one.lookup"]


def test_a_file_that_is_none_or_was_changed_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.lookup"
    path.write_bytes(b"\x80\x04not a lookup")
    with pytest.raises(FormatProblem, match=r"x\.lookup") as refused:
        Lookup.load(path)
    assert refused.value.code == "lookup.file"
    frame(SHARED).write_parquet(path)
    with pytest.raises(FormatProblem) as refused:
        Lookup.load(path)
    assert refused.value.code == "lookup.version"


def test_a_file_with_other_claims_than_its_digest_says_is_refused(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    path = tmp_path / "x.lookup"
    compile_lookup(frame(SHARED)).save(path)
    header = pq.read_schema(path).metadata
    pq.write_table(frame(SHARED[:1]).to_arrow().replace_schema_metadata(header), path)
    with pytest.raises(FormatProblem) as refused:
        Lookup.load(path)
    assert refused.value.code == "lookup.digest"


def test_two_organisations_on_one_value_stand_in_the_conflicts_and_the_smaller_number_wins_meanwhile() -> None:
    lookup = compile_lookup(frame(reversed(SHARED)))
    assert lookup.conflicts.to_dicts() == [
        {
            "kind": "prefix",
            "value": "192.0.2.0/24",
            "organisations": [1, 2],
            "claims": [1, 2],
            "settled": False,
            "winner": None,
        }
    ]
    assert routed(lookup, Seen("192.0.2.1")).claim.to_pylist() == [1]


def test_what_a_person_decided_goes_before_every_rule_on_that_value() -> None:
    claims = [*SHARED, Claim(3, 3, "prefix", "192.0.2.0/24", source="imported"), Claim(4, 4, "prefix", "192.0.2.1")]
    lookup = compile_lookup(frame(claims), settled={("prefix", "192.0.2.0/24"): 3})
    assert routed(lookup, Seen("192.0.2.2"), Seen("192.0.2.1")).claim.to_pylist() == [3, 4]
    assert lookup.conflicts.select("claims", "settled", "winner").rows() == [([1, 2], True, 3)]


def test_a_decision_counts_only_while_the_chosen_claim_holds() -> None:
    claims = [SHARED[0], Claim(2, 2, "prefix", "192.0.2.0/24", valid_until=date(2026, 6, 1))]
    lookup = compile_lookup(frame(claims), settled={("prefix", "192.0.2.0/24"): 2})
    found = routed(lookup, Seen("192.0.2.1", day=date(2026, 5, 31)), Seen("192.0.2.1", day=date(2026, 6, 1)))
    assert found.claim.to_pylist() == [2, 1]


@pytest.mark.parametrize(
    ("other", "conflict"),
    [
        (Claim(2, 2, "domain", "bank.example"), True),
        (Claim(2, 1, "domain", "bank.example"), False),
        (Claim(2, None, "domain", "bank.example", team=1), False),
        (Claim(2, 2, "domain", "www.bank.example"), False),
        (Claim(2, 2, "domain", "bank.example", source="imported"), False),
        (Claim(2, 2, "domain", "bank.example", valid_until=date(2026, 1, 1)), False),
        (Claim(2, 2, "domain", "bank.example", valid_until=date(2026, 1, 2)), True),
    ],
)
def test_only_what_no_rule_tells_apart_is_a_conflict(other: Claim, conflict: bool) -> None:
    one = Claim(1, 1, "domain", "bank.example", valid_from=date(2026, 1, 1))
    assert compile_lookup(frame([one, other])).conflicts.height == conflict


@settings(max_examples=150, deadline=None)
@given(CLAIMS)
def test_a_conflict_is_where_two_organisations_hold_one_value_on_one_day_from_one_source(claims: list[Claim]) -> None:
    one_source = [Claim(**{**vars(claim), "source": "manual"}) for claim in claims if claim.organisation]
    expected: dict[tuple[str, str], set[int]] = {}
    for one in one_source:
        for other in one_source:
            same = (one.kind, one.value) == (other.kind, other.value) and one.organisation != other.organisation
            if same and max(_since(one), _since(other)) < min(_until(one), _until(other)):
                expected.setdefault((one.kind, one.value), set()).update({one.id, other.id})
    found = compile_lookup(frame(one_source)).conflicts
    assert {(kind, value): set(ids) for kind, value, ids in found.select("kind", "value", "claims").rows()} == expected


def test_an_imported_tie_under_a_manual_claim_is_no_conflict() -> None:
    imported = [Claim(number, number, "asn", "AS64496", source="imported") for number in (1, 2)]
    assert compile_lookup(frame(imported)).conflicts.height == 1
    assert compile_lookup(frame([*imported, Claim(3, 3, "asn", "AS64496")])).conflicts.height == 0


def _since(claim: Claim) -> date:
    return claim.valid_from or date.min


def _until(claim: Claim) -> date:
    return claim.valid_until or date.max


def test_ten_thousand_organisations_on_one_value_are_one_conflict() -> None:
    many = pl.concat([frame([Claim(1, 1, "domain", "bank.example")])] * 10_000).with_columns(
        id=pl.int_range(1, 10_001, dtype=pl.Int64), organisation=pl.int_range(1, 10_001, dtype=pl.Int64)
    )
    found = compile_lookup(many).conflicts
    assert found["claims"].list.len().to_list() == [10_000]
