"""The lookup follows the claims, conflicts come and go with them, and a person's decision counts."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from django.conf import settings
from tests.cast import NOW, Cast

from sipar.claims import actions, lookups, selectors
from sipar.claims.claimed import claims_table
from sipar.claims.models import Conflict, Lookup, NationalRange
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict as Clash
from sipar.core.problems import Forbidden, Invalid
from sipar.orgs.models import Asset

TODAY = NOW.date()
PREFIX = "203.0.113.0/24"


def claim(cast: Cast, key: str, kind: str, value: str, **more: object) -> Asset:
    return Asset.objects.create(organisation=cast.organisations[key], kind=kind, value=value, **more)


def compiled(days: int = 0) -> Lookup:
    """The row of the lookup after compiling as Sipar."""
    with acting(system(), reason="compile"):
        made = lookups.current_lookup(NOW + timedelta(days=days))
        return Lookup.objects.get(digest=made.digest)


def asked(cast: Cast, person: str, text: str, day: date = TODAY) -> list[tuple[str, str | None, bool]]:
    """Code, organisation and whether it is hidden, of every claim that matched."""
    with acting(cast.actors[person], reason="look up"):
        found = selectors.whose(selectors.question_of(text), day=day)
    return [
        (answer.reason.code, answer.organisation.name.split()[0] if answer.organisation else None, answer.hidden)
        for answer in found.answers
    ]


@pytest.fixture
def claimed(cast: Cast) -> Cast:
    with acting(system(), reason="claim"):
        claim(cast, "alpha", "prefix", PREFIX)
        claim(cast, "alpha", "domain", "alpha.example")
        claim(cast, "beta", "asn", "AS64500")
        claim(cast, "beta", "product", "pkg:pypi/django")
        NationalRange.objects.create(kind="prefix", value="203.0.112.0/22", team=cast.teams["power"])
        NationalRange.objects.create(kind="country", value="PK", team=cast.teams["national"])
    return cast


def test_every_claim_of_the_register_and_of_the_nation_stands_in_one_table(claimed: Cast) -> None:
    with acting(system(), reason="read"):
        table = claims_table()
    assert sorted(table["value"].to_list()) == ["203.0.112.0/22", PREFIX, "AS64500", "PK", "alpha.example"]
    assert table.filter(pl.col("organisation").is_null())["id"].max() < 0  # type: ignore[operator]


def test_an_organisation_that_ceased_claims_nothing(claimed: Cast) -> None:
    with acting(system(), reason="end"):
        claimed.organisations["alpha"].is_active = False
        claimed.organisations["alpha"].save()
        assert PREFIX not in claims_table()["value"].to_list()


def test_the_lookup_is_reused_until_a_claim_changes(claimed: Cast) -> None:
    first = compiled()
    assert compiled(days=1).compiled_at == first.compiled_at
    with acting(system(), reason="claim"):
        claim(claimed, "gamma", "prefix", "198.51.100.0/24")
    second = compiled(days=2)
    assert second.digest != first.digest
    assert second.claims == first.claims + 1


def test_a_lookup_whose_file_is_missing_or_damaged_is_made_again(claimed: Cast) -> None:
    digest = compiled().digest
    file = Path(settings.VAR) / "lake" / "lookups" / f"{digest}.parquet"
    for damage in (b"", b"no lookup"):
        file.write_bytes(damage)
        lookups._loaded.cache_clear()
        assert compiled(days=1).digest == digest
        assert file.stat().st_size > 100


def test_an_address_is_its_organisations_and_an_unclaimed_one_the_certs(claimed: Cast) -> None:
    compiled()
    assert asked(claimed, "nadia", "203.0.113.7") == [("won", "Alpha", False), ("national", None, False)]
    assert asked(claimed, "nadia", "203.0.112.7") == [("won", None, False)]
    assert asked(claimed, "nadia", "www.alpha.example") == [("won", "Alpha", False)]
    assert asked(claimed, "nadia", "as64500") == [("won", "Beta", False)]
    assert asked(claimed, "nadia", "PK") == [("won", None, False)]
    assert asked(claimed, "nadia", "192.0.2.1") == []


def test_who_does_not_see_an_organisation_is_not_told_its_name(claimed: Cast) -> None:
    compiled()
    assert asked(claimed, "parveen", "AS64500") == [("won", None, True)]
    assert asked(claimed, "farah", "203.0.113.7")[0] == ("won", None, True)


def test_an_address_is_whose_it_was_on_that_day(claimed: Cast) -> None:
    with acting(system(), reason="move"):
        Asset.objects.filter(value=PREFIX).update(valid_until=TODAY - timedelta(days=10))
        claim(claimed, "beta", "prefix", PREFIX, valid_from=TODAY - timedelta(days=10))
    compiled()
    assert asked(claimed, "nadia", "203.0.113.7")[0][1] == "Beta"
    assert asked(claimed, "nadia", "203.0.113.7", TODAY - timedelta(days=11))[0][1] == "Alpha"
    with acting(system(), reason="read"):
        assert Conflict.objects.count() == 0


@pytest.mark.parametrize("text", ["", "  ", "nothing", "203.0.113.0/24", "a b.example", "AS4294967296", "x" * 400])
def test_what_is_no_question_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        selectors.question_of(text)


def in_conflict(cast: Cast) -> Conflict:
    with acting(system(), reason="claim twice"):
        claim(cast, "beta", "prefix", PREFIX)
    compiled(days=1)
    with acting(system(), reason="read"):
        return Conflict.objects.get()


def test_what_two_claim_waits_for_a_decision_and_the_decision_counts(claimed: Cast) -> None:
    found = in_conflict(claimed)
    assert (found.state, found.value) == ("open", PREFIX)
    assert [row[:2] for row in asked(claimed, "nadia", "203.0.113.7")][:2] == [("won", "Alpha"), ("tied", "Beta")]
    with acting(claimed.nadia, reason="settle"):
        beta = Asset.objects.get(organisation=claimed.organisations["beta"], value=PREFIX)
        actions.settle_conflict(claimed.nadia, found, winner=beta.pk, reason="Both confirmed it by telephone.", now=NOW)
        with pytest.raises(Clash):
            actions.settle_conflict(claimed.nadia, found, winner=None, reason="A second thought of it.", now=NOW)
    compiled(days=2)
    assert [row[:2] for row in asked(claimed, "nadia", "203.0.113.7")][:2] == [("won", "Beta"), ("settled", "Alpha")]
    with acting(system(), reason="read"):
        assert Conflict.objects.get().state == "settled"


def test_a_decision_can_be_taken_back(claimed: Cast) -> None:
    found = in_conflict(claimed)
    with acting(claimed.nadia, reason="settle"):
        beta = Asset.objects.get(organisation=claimed.organisations["beta"], value=PREFIX)
        settled = actions.settle_conflict(claimed.nadia, found, winner=beta.pk, reason="It was sold.", now=NOW)
        again = actions.unsettle_conflict(claimed.nadia, settled, reason="The sale was called off.")
    assert (again.state, again.winner_id, again.settled_by_id) == ("open", None, None)
    compiled(days=2)
    assert asked(claimed, "nadia", "203.0.113.7")[0][1] == "Alpha"


def test_a_conflict_is_gone_when_a_claim_ends_and_open_again_when_somebody_new_claims_it(claimed: Cast) -> None:
    found = in_conflict(claimed)
    with acting(claimed.nadia, reason="settle"):
        actions.settle_conflict(claimed.nadia, found, winner=None, reason="They share the network.", now=NOW)
    compiled(days=2)
    with acting(system(), reason="a third one"):
        assert Conflict.objects.get().state == "settled"
        claim(claimed, "gamma", "prefix", PREFIX)
    compiled(days=3)
    with acting(system(), reason="the others give up"):
        found.refresh_from_db()
        assert (found.state, len(found.claims)) == ("open", 3)
        Asset.objects.filter(value=PREFIX).exclude(organisation=claimed.organisations["gamma"]).delete()
    compiled(days=4)
    with acting(system(), reason="read"):
        found.refresh_from_db()
        assert found.state == "gone"


def test_only_the_national_cert_settles_and_only_with_a_reason(claimed: Cast) -> None:
    found = in_conflict(claimed)
    for person in ("parveen", "farah", "bilal", "omar"):
        with acting(claimed.actors[person], reason="pry"), pytest.raises(Forbidden):
            actions.settle_conflict(claimed.actors[person], found, winner=None, reason="Because I say so.", now=NOW)
    with acting(claimed.nadia, reason="settle"):
        for winner, reason in ((None, "short"), (-1, "This is nobody's claim."), (None, "turned \u202e round")):
            with pytest.raises(Invalid):
                actions.settle_conflict(claimed.nadia, found, winner=winner, reason=reason, now=NOW)


def test_a_cert_sees_the_conflicts_of_its_constituents_and_not_the_other_name(claimed: Cast) -> None:
    found = in_conflict(claimed)
    with acting(claimed.parveen, reason="read"):
        rows = selectors.claimants(selectors.access_conflict(claimed.parveen, found.pk))
        assert [row.organisation.name.split()[0] if row.organisation else None for row in rows] == ["Alpha", None]
    with acting(claimed.mina, reason="read"):
        assert Conflict.objects.count() == 0


def test_the_nation_keeps_its_ranges_by_hand(claimed: Cast) -> None:
    with acting(claimed.nadia, reason="keep"):
        national = claimed.teams["national"]
        kept = actions.keep_range(claimed.nadia, kind="domain", value="GOV.pk.", team=national, mark="")
        assert (kept.value, kept.source) == ("gov.pk", "manual")
        for kind, value in (("domain", "gov.pk"), ("prefix", "203.0.113.1/24"), ("country", "PAK"), ("planet", "x")):
            with pytest.raises(Invalid):
                actions.keep_range(claimed.nadia, kind=kind, value=value, team=national)
        actions.end_range(claimed.nadia, kept, today=TODAY)
        assert selectors.ranges(today=TODAY, kind="domain", ended=True).count() == 1
    with acting(claimed.parveen, reason="pry"), pytest.raises(Forbidden):
        actions.keep_range(claimed.parveen, kind="country", value="IN", team=claimed.teams["power"])
