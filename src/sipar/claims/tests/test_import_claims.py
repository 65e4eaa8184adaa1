"""A file of claims is looked at before it counts, and never changes what people keep by hand."""

from __future__ import annotations

import gzip
from datetime import date, timedelta

import polars as pl
import pytest
from tests.cast import NOW, Cast

from sipar.claims.difference import CLAIMED, STORED, by_holders, compare
from sipar.claims.import_actions import apply_claims, discard_claims, preview_claims
from sipar.claims.models import ClaimImport, NationalRange
from sipar.claims.reading import recognised
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid
from sipar.formats.problems import FormatProblem
from sipar.orgs.models import Asset

TODAY = NOW.date()
HEAD = b"2|apnic|20260101|3|19830613|20251231|+0500\n"
BOTH = HEAD + (
    b"apnic|PK|ipv4|203.0.113.0|256|20100131|allocated|H1\n"
    b"apnic|PK|ipv4|198.51.100.0|256|20100131|allocated|H2\n"
    b"apnic|PK|asn|64500|1|20100131|allocated|H1\n"
)
LESS = HEAD + b"apnic|PK|ipv4|203.0.113.0|256|20100131|allocated|H7\n"


def previewed(cast: Cast, data: bytes, name: str = "delegated.txt", **more: object) -> ClaimImport:
    with acting(cast.nadia, reason="preview"):
        return preview_claims(cast.nadia, data, name=name, team=cast.teams["national"], now=NOW, **more)  # type: ignore[arg-type]


def applied(cast: Cast, data: bytes, name: str = "delegated.txt", *, days: int = 0, **more: object) -> ClaimImport:
    found = previewed(cast, data, name, **more)
    with acting(cast.nadia, reason="apply"):
        return apply_claims(cast.nadia, found, now=NOW + timedelta(days=days))


def counts(found: ClaimImport) -> tuple[int, int, int, int]:
    return found.added, found.changed, found.ended, found.unchanged


def in_force() -> set[tuple[str, str]]:
    with acting(system(), reason="read"):
        return set(NationalRange.objects.filter(valid_until=None).values_list("value", "source"))


def test_a_preview_tells_the_difference_and_changes_nothing(cast: Cast) -> None:
    found = previewed(cast, BOTH)
    assert counts(found) == (3, 0, 0, 0)
    assert found.source == "delegated:apnic"
    assert [row["value"] for row in found.examples["added"]] == ["AS64500", "198.51.100.0/24", "203.0.113.0/24"]
    assert in_force() == set()


def test_an_applied_file_counts_and_the_same_file_again_changes_nothing(cast: Cast) -> None:
    applied(cast, BOTH)
    assert in_force() == {(value, "delegated:apnic") for value in ("203.0.113.0/24", "198.51.100.0/24", "AS64500")}
    assert counts(previewed(cast, gzip.compress(BOTH), "again.gz")) == (0, 0, 0, 3)


def test_a_newer_file_ends_what_it_no_longer_holds_and_changes_what_it_says_differently(cast: Cast) -> None:
    applied(cast, BOTH)
    assert counts(applied(cast, LESS, days=5)) == (0, 1, 2, 0)
    with acting(system(), reason="read"):
        ended = NationalRange.objects.get(value="198.51.100.0/24")
        assert ended.valid_until == TODAY + timedelta(days=5)
        assert NationalRange.objects.get(value="203.0.113.0/24").holder == "H7"


def test_an_organisations_claims_change_and_end_like_those_of_nobody(cast: Cast) -> None:
    head = "kind,value,organisation,mark,valid_from\n"
    later = (TODAY + timedelta(days=30)).isoformat()
    before = f"prefix,203.0.113.0/24,PK-T-0001,,\nprefix,192.0.2.0/24,PK-T-0001,,\nprefix,198.51.100.0/24,,,{later}\n"
    after = "prefix,203.0.113.0/24,PK-T-0001,nat,\n"
    applied(cast, (head + before).encode(), "own.csv")
    assert counts(applied(cast, (head + after).encode(), "own.csv")) == (0, 1, 2, 0)
    with acting(system(), reason="read"):
        marked, ended = Asset.objects.filter(source="csv").order_by("-value")
        assert (marked.value, marked.mark, marked.valid_until) == ("203.0.113.0/24", "nat", None)
        assert (ended.value, ended.valid_until) == ("192.0.2.0/24", TODAY)
        never = NationalRange.objects.get(value="198.51.100.0/24")
        assert never.valid_until == never.valid_from == TODAY + timedelta(days=30)


def test_another_source_and_what_people_keep_by_hand_are_left_alone(cast: Cast) -> None:
    with acting(cast.nadia, reason="keep"):
        NationalRange.objects.create(
            kind="prefix", value="203.0.113.0/24", team=cast.teams["power"], holder="by hand", source="manual"
        )
    applied(cast, b"kind,value\nprefix,192.0.2.0/24\n", "own.csv")
    found = applied(cast, BOTH)
    assert (found.added, found.kept) == (2, 1)
    assert ("192.0.2.0/24", "csv") in in_force()
    applied(cast, HEAD + b"apnic|PK|asn|64500|1|20100131|allocated|H1\n")
    with acting(system(), reason="read"):
        kept = NationalRange.objects.get(value="203.0.113.0/24")
        assert (kept.source, kept.holder, kept.valid_until) == ("manual", "by hand", None)


def test_ranges_go_to_the_organisation_that_holds_the_same_handle_where_that_is_asked_for(cast: Cast) -> None:
    with acting(system(), reason="claim"):
        Asset.objects.create(organisation=cast.organisations["alpha"], kind="asn", value="AS64500")
    found = applied(cast, BOTH, by_holder=True)
    assert (found.added, found.kept, found.examples["to_organisations"]) == (2, 1, 1)
    with acting(system(), reason="read"):
        asset = Asset.objects.get(value="203.0.113.0/24")
        assert (asset.organisation, asset.source) == (cast.organisations["alpha"], "delegated:apnic")
        assert Asset.objects.get(value="AS64500").source == "manual"
    assert in_force() == {("198.51.100.0/24", "delegated:apnic")}


def test_a_table_names_organisations_and_a_public_suffix_is_refused_by_its_line(cast: Cast) -> None:
    table = (
        b"kind,value,organisation,mark\nprefix,203.0.113.0/24,PK-T-0001,nat\ndomain,com.pk,PK-T-0001,\n"
        b"domain,github.io,PK-T-0001,\ncountry,PK,PK-T-0001,\nasn,AS64500,PK-T-9999,\ndomain,gov.pk,,\n"
    )
    found = applied(cast, table, "claims.csv")
    assert [(line, code) for line, _, code, _ in found.problems] == [
        (3, "suffix"), (4, "suffix"), (5, "country"), (6, "organisation")
    ]  # fmt: skip
    with acting(system(), reason="read"):
        assert Asset.objects.get(value="203.0.113.0/24").mark == "nat"
    assert in_force() == {("gov.pk", "csv")}


def test_a_bgp_table_needs_to_know_the_numbers_of_the_nation(cast: Cast) -> None:
    with pytest.raises(FormatProblem) as refused:
        previewed(cast, b"prefix,asn\n203.0.113.0/24,64500\n", "bgp.csv")
    assert refused.value.code == "claims.bgp"
    applied(cast, BOTH)
    assert counts(previewed(cast, b"prefix,asn\n203.0.113.0/24,64500\n192.0.2.0/24,64511\n", "bgp.csv")) == (1, 0, 0, 0)


def test_an_import_is_applied_or_discarded_once_and_by_the_national_cert(cast: Cast) -> None:
    found = applied(cast, BOTH)
    with acting(cast.nadia, reason="again"):
        with pytest.raises(Conflict):
            apply_claims(cast.nadia, found, now=NOW)
        with pytest.raises(Conflict):
            discard_claims(cast.nadia, found)
    with acting(cast.parveen, reason="pry"):
        assert ClaimImport.objects.count() == 0
        with pytest.raises(Forbidden):
            preview_claims(cast.parveen, BOTH, name="x.txt", team=cast.teams["power"], now=NOW)


@pytest.mark.parametrize("source", ["manual", "x" * 61, "a\nb;drop", "…"])
def test_a_source_is_a_plain_name_and_never_that_of_the_hand(cast: Cast, source: str) -> None:
    with pytest.raises(Invalid):
        previewed(cast, BOTH, source=source if source != "a\nb;drop" else "a;b")


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (BOTH, "delegated"), (b"% x\n\ninetnum: 203.0.113.0 - 203.0.113.1\n", "rpsl"),
        (b"TABLE_DUMP2|1|B|x|1|203.0.113.0/24|1|IGP\n", "bgp"), (b"prefix,asn\n1.0.0.0/24,1\n", "bgp"),
        (b"203.0.113.0/24 64500\n", "bgp"), (b"kind,value\nasn,AS1\n", "csv"), (b"prefix,organisation\n", "csv"),
        (b"203.0.113.0/24,64500\n", "bgp"), (b"range_start,range_end,asn\n", "csv"),
    ],
)  # fmt: skip
def test_a_file_tells_by_its_content_what_it_is(data: bytes, form: str) -> None:
    assert recognised(data, "upload.txt") == form


def test_a_file_that_tells_nothing_is_refused() -> None:
    with pytest.raises(FormatProblem):
        recognised(b"once upon a time", "story.txt")


def table(*rows: dict[str, object], stored: bool = False) -> pl.DataFrame:
    blank = {"kind": "prefix", "holder": "", "mark": ""}
    return pl.DataFrame([blank | row for row in rows], schema=STORED if stored else CLAIMED)


def test_a_value_that_passes_to_another_holder_does_so_today() -> None:
    before = table({"value": "A", "organisation": 1, "id": 7, "source": "s"}, stored=True)
    found = compare(table({"value": "A", "organisation": 2}), before, source="s", today=date(2026, 1, 2))
    assert found.added["valid_from"].to_list() == [date(2026, 1, 2)]
    assert found.ended["id"].to_list() == [7]


def test_a_claim_that_ended_begins_again_today_and_one_that_never_changed_stays() -> None:
    ended = {"value": "A", "team": 1, "id": 7, "source": "s", "valid_until": date(2025, 1, 1)}
    same = {"value": "B", "team": 1, "id": 8, "source": "s", "valid_from": date(2020, 1, 1)}
    found = compare(
        table({"value": "A", "team": 1}, {"value": "B", "team": 1}), table(ended, same, stored=True),
        source="s", today=date(2026, 1, 2),
    )  # fmt: skip
    assert found.reopened.select("id", "valid_from").rows() == [(7, date(2026, 1, 2))]
    assert (found.unchanged, found.changed.height, found.ended.height) == (1, 0, 0)


def test_a_file_that_gives_no_first_day_keeps_the_one_that_is_known() -> None:
    before = table({"value": "A", "team": 1, "id": 7, "source": "s", "valid_from": date(2020, 1, 1)}, stored=True)
    after = table({"value": "A", "team": 1, "holder": "Another"})
    found = compare(after, before, source="s", today=date(2026, 1, 2))
    assert found.changed.select("id", "holder", "valid_from").rows() == [(7, "Another", date(2020, 1, 1))]
    assert found.changed["what"].to_list() == [["holder"]]


def test_a_key_that_leads_to_two_organisations_leads_to_none() -> None:
    rows = pl.DataFrame(
        {"kind": ["asn", "asn", "prefix"], "value": ["AS1", "AS2", "A"], "key": ["H", "H", "H"],
         "organisation": [None, None, None]}, schema_overrides={"organisation": pl.Int64},
    )  # fmt: skip
    assert by_holders(rows, {1: 10, 2: 10})["organisation"].to_list() == [10, 10, 10]
    assert by_holders(rows, {1: 10, 2: 20})["organisation"].to_list() == [None, None, None]
