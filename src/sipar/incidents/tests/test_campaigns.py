"""National incidents and similar cases: names for those who see each case, suppressed counts for the others."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from tests.cast import NOW, Cast

from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.incidents import campaign_actions, indicator_actions
from sipar.incidents.campaign_selectors import (
    Spread,
    access_campaign,
    campaigns,
    members_of,
    spreads_of,
    victims_shown,
)
from sipar.incidents.models import Access, Campaign, Entry, Incident, Indicator
from sipar.incidents.selectors import audience_of
from sipar.incidents.severity import national_severity, shipped_scale
from sipar.incidents.similar_selectors import Similar, similar_cases
from sipar.incidents.tests.cases import accepted, case_of, reported
from sipar.incidents.triage_actions import score_severity
from sipar.orgs.models import Sector

TYPE = "malicious-code/ransomware"


def beta_case(cast: Cast) -> str:
    """A case of Beta Bank, which no CERT of the cast but its own sees, unless it is critical for the national one."""
    return reported(cast, organisation="beta", by="bushra", title="Branches down")


def scored(number: str, score: float) -> None:
    with acting(system(), reason="score"):
        Incident.objects.filter(number=number).update(severity_score=score)


def opened(cast: Cast, actor: Actor) -> Campaign:
    with acting(actor, reason="open"):
        return campaign_actions.open_campaign(actor, title="A wave of ransomware", summary="Since Sunday", now=NOW)


def test_a_national_incident_has_the_severity_of_all_its_victims(cast: Cast) -> None:
    first, second = accepted(cast), accepted(cast)
    for number, score in ((first, 60.0), (second, 40.0)):
        scored(number, score)
    wave = opened(cast, cast.hamid)
    assert wave.lead_team == cast.teams["national"]
    with acting(cast.parveen, reason="join"):
        for number in (first, second):
            campaign_actions.join_campaign(
                cast.parveen, case_of(cast.parveen, number), wave, reason="the same note", now=NOW
            )
        kept = access_campaign(cast.parveen, wave.number)
        expected = national_severity(shipped_scale(), [60.0, 40.0], sectors=1, provinces=1)
        assert (kept.severity_score, kept.severity_level) == (expected.score, expected.level)
        case = case_of(cast.parveen, first)
        with pytest.raises(Conflict):
            campaign_actions.join_campaign(cast.parveen, case, wave, reason="again", now=NOW)
        campaign_actions.leave_campaign(cast.parveen, case, reason="another actor", now=NOW)
        assert access_campaign(cast.parveen, wave.number).severity_score == 40.0
        codes = Entry.objects.filter(incident=case, kind="system").values_list("code", flat=True)
        assert {"campaign.joined", "campaign.left"} <= set(codes)


def test_scoring_a_case_moves_the_severity_of_its_national_incident(cast: Cast) -> None:
    number = accepted(cast)
    wave = opened(cast, cast.hamid)
    with acting(cast.parveen, reason="join, then score"):
        case = case_of(cast.parveen, number)
        campaign_actions.join_campaign(cast.parveen, case, wave, reason="same note", now=NOW)
        assert access_campaign(cast.parveen, wave.number).severity_score is None
        result = score_severity(
            cast.parveen, case_of(cast.parveen, number), choices={"functional_impact": "denial_critical"}, now=NOW
        )
        assert access_campaign(cast.parveen, wave.number).severity_score == result.score


def test_only_the_cert_that_has_the_case_puts_it_into_a_national_incident(cast: Cast) -> None:
    number = accepted(cast)
    wave = opened(cast, cast.hamid)
    for name in ("nadia", "hamid", "ayesha"):
        actor = cast.actors[name]
        with acting(actor, reason="claim"), pytest.raises(Forbidden):
            campaign_actions.join_campaign(actor, case_of(actor, number), wave, reason="mine", now=NOW)
    with acting(cast.parveen, reason="no reason"):
        case = case_of(cast.parveen, number)
        with pytest.raises(Invalid):
            campaign_actions.join_campaign(cast.parveen, case, wave, reason=" ", now=NOW)
        with pytest.raises(Conflict):
            campaign_actions.leave_campaign(cast.parveen, case, reason="not in it", now=NOW)


def test_the_cert_that_leads_it_describes_and_closes_it(cast: Cast) -> None:
    number = accepted(cast)
    wave = opened(cast, cast.hamid)
    with acting(cast.parveen, reason="meddle"):
        with pytest.raises(Forbidden):
            campaign_actions.change_campaign(cast.parveen, wave, title="x", summary="", tlp="green")
        with pytest.raises(Forbidden):
            campaign_actions.settle_campaign(cast.parveen, wave, state="closed", now=NOW)
    with acting(cast.hamid, reason="close"):
        campaign_actions.change_campaign(cast.hamid, wave, title="Over", summary="", tlp="green")
        campaign_actions.settle_campaign(cast.hamid, wave, state="closed", now=NOW)
        with pytest.raises(Conflict):
            campaign_actions.settle_campaign(cast.hamid, wave, state="closed", now=NOW)
        wave = access_campaign(cast.hamid, wave.number)
        assert (wave.title, wave.state, wave.closed_at) == ("Over", "closed", NOW)
    with acting(cast.parveen, reason="too late"), pytest.raises(Conflict):
        campaign_actions.join_campaign(cast.parveen, case_of(cast.parveen, number), wave, reason="late", now=NOW)


def test_organisations_know_of_no_national_incident(cast: Cast) -> None:
    wave = opened(cast, cast.hamid)
    for name in ("ayesha", "bushra", "kamran", "omar"):
        actor = cast.actors[name]
        with acting(actor, reason="pry"):
            assert not campaigns().exists()
            with pytest.raises(NotFound):
                access_campaign(actor, wave.number)
            assert spreads_of([wave.pk])[wave.pk].by_sector == {}
    with acting(cast.ayesha, reason="open"), pytest.raises(Forbidden):
        campaign_actions.open_campaign(cast.ayesha, title="Mine", now=NOW)


def test_victims_are_named_only_to_those_who_see_their_case(cast: Cast) -> None:
    alpha, beta = accepted(cast), beta_case(cast)
    wave = opened(cast, cast.hamid)
    with acting(system(), reason="put both in"):
        Incident.objects.filter(number__in=(alpha, beta)).update(campaign=wave)
    with acting(cast.parveen, reason="read"):
        (member,) = members_of(cast.parveen, wave, now=NOW)
        assert member.organisation is not None
        assert member.organisation["identifier"] == cast.organisations["alpha"].identifier
        spread = spreads_of([wave.pk])[wave.pk]
        assert sum(spread.by_sector.values()) == 2
        shown = victims_shown(spread, {sector.pk: sector for sector in Sector.objects.all()})
        assert (shown.total, shown.exact, shown.sectors) == (None, False, ())


def test_the_counting_function_answers_no_one_but_certs(cast: Cast) -> None:
    wave = opened(cast, cast.hamid)
    number = accepted(cast)
    with acting(system(), reason="put it in"):
        Incident.objects.filter(number=number).update(campaign=wave)
    for name, rows in (("parveen", 1), ("ayesha", 0), ("kamran", 0), ("mina", 0), ("adil", 0)):
        with acting(cast.actors[name], reason="count"), connection.cursor() as cursor:
            cursor.execute("select count(*) from guard.campaign_victims(%s)", [[wave.pk]])
            assert cursor.fetchone() == (rows,)


@given(st.dictionaries(st.integers(1, 6), st.integers(1, 12), max_size=6))
def test_no_count_of_fewer_than_five_victims_is_shown_or_left_over(by_sector: Mapping[int | None, int]) -> None:
    sectors = {key: Sector(pk=key, code=f"s{key}") for key in range(1, 7)}
    shown = victims_shown(Spread(by_sector=by_sector, provinces=1, scores=()), sectors)
    assert all(count >= 5 for _sector, count in shown.sectors)
    if shown.exact:
        assert sum(count for _sector, count in shown.sectors) == shown.total
    elif shown.total is not None:
        assert shown.total % 5 == 0
        assert shown.total <= sum(by_sector.values())


def similar(actor: Actor, number: str) -> list[Similar]:
    with acting(actor, reason="compare"):
        case = case_of(actor, number)
        return similar_cases(actor, case, audience_of(actor, case, now=NOW), now=NOW)


def test_cases_with_the_same_indicator_type_or_cause_are_similar_the_most_alike_first(cast: Cast) -> None:
    numbers = [accepted(cast) for _ in range(4)]
    with acting(system(), reason="furnish"):
        Incident.objects.filter(number__in=numbers[:3]).update(rsit_type=TYPE)
        Incident.objects.filter(number__in=(numbers[0], numbers[1])).update(facts={"root_cause_class": "phishing"})
    with acting(cast.parveen, reason="paste"):
        for number in (numbers[0], numbers[2]):
            indicator_actions.add_indicators(
                cast.parveen, case_of(cast.parveen, number), lines="evil.example\n203.0.113.7", now=NOW
            )
    found = similar(cast.parveen, numbers[0])
    assert [(one.incident.number, one.indicators, one.same_type, one.same_cause) for one in found] == [
        (numbers[2], 2, True, False),
        (numbers[1], 0, True, True),
    ]
    assert similar(cast.ayesha, numbers[0]) == []


def test_a_case_out_of_sight_is_neither_named_nor_counted_as_similar(cast: Cast) -> None:
    alpha, beta = accepted(cast), beta_case(cast)
    with acting(system(), reason="furnish"):
        Incident.objects.filter(number__in=(alpha, beta)).update(rsit_type=TYPE)
    for number, name in ((alpha, "parveen"), (beta, "bushra")):
        with acting(cast.actors[name], reason="paste"):
            indicator_actions.add_indicators(
                cast.actors[name], case_of(cast.actors[name], number), lines="evil.example", now=NOW
            )
    assert similar(cast.parveen, alpha) == []
    assert [one.incident.number for one in similar(cast.nadia, alpha)] == [beta]


def test_a_case_whose_indicators_are_not_shown_is_not_similar_by_them(cast: Cast) -> None:
    first, second = accepted(cast), accepted(cast)
    with acting(cast.parveen, reason="paste"):
        for number in (first, second):
            indicator_actions.add_indicators(
                cast.parveen, case_of(cast.parveen, number), lines="evil.example", tlp="red", now=NOW
            )
    with acting(system(), reason="show less of the second"):
        hidden = Access.objects.filter(incident__number=second, team=cast.teams["national"])
        hidden.update(projection="summary")
        Incident.objects.filter(number__in=(first, second)).update(facts={"root_cause_class": "phishing"})
    with acting(cast.nadia, reason="see"):
        assert Indicator.objects.count() == 2
    assert similar(cast.nadia, first) == []
    with acting(system(), reason="show its travelling indicators"):
        hidden.update(projection="indicators")
    assert similar(cast.nadia, first) == []
    with acting(system(), reason="let them travel"):
        Indicator.objects.update(tlp="green")
    assert [one.indicators for one in similar(cast.nadia, first)] == [1]
