"""A consultant sees the engagement and nothing else, and never an organisation of their own."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone
from tests.cast import Cast

from sipar.assessments.campaign_selectors import organisations_in_scope, reviewing_teams
from sipar.assessments.engagement_actions import end_engagement, engage
from sipar.assessments.models import Assessment, Campaign, Engagement, EngagementScope
from sipar.assessments.tests.test_campaign_launch import drafted, launched, power_head
from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid
from sipar.nations.constituency import Clause, ConstituencyRule
from sipar.orgs.models import Organisation
from sipar.people.actions import grant_role

NOW = timezone.now()


def engaged(
    cast: Cast,
    campaign: Campaign,
    *identifiers: str,
    actor: Actor | None = None,
    email: str = "chand@test.example",
    valid_from: datetime = NOW - timedelta(days=1),
    valid_until: datetime = NOW + timedelta(days=10),
) -> Engagement:
    actor = actor or cast.hamid
    with acting(actor, reason="engage"):
        return engage(
            actor,
            campaign,
            email=email,
            firm="Second Opinion (fictional)",
            identifiers=identifiers,
            valid_from=valid_from,
            valid_until=valid_until,
            now=NOW,
        )


def seen_by(cast: Cast, person: str) -> set[str]:
    with acting(cast.actors[person], reason="look"):
        organisations = set(Organisation.objects.values_list("identifier", flat=True))
        assessments = set(Assessment.objects.values_list("organisation__identifier", flat=True))
    assert organisations == assessments
    return organisations


def only_engagement(cast: Cast) -> None:
    """End what the cast begins with, so that only the engagement of the test is left."""
    with acting(system(), reason="clear"):
        Engagement.objects.update(ended_at=NOW)


def test_a_consultant_sees_the_organisations_of_the_engagement_and_no_others(cast: Cast, campaign: Campaign) -> None:
    only_engagement(cast)
    assert seen_by(cast, "chand") == set()
    engagement = engaged(cast, campaign, "PK-T-0003", "PK-T-0004")
    assert seen_by(cast, "chand") == {"PK-T-0003", "PK-T-0004"}
    with acting(cast.hamid, reason="look"):
        assert [row.identifier for row in organisations_in_scope(engagement)] == ["PK-T-0004", "PK-T-0003"]


def test_nothing_is_seen_before_the_window_or_after_it(cast: Cast, campaign: Campaign) -> None:
    only_engagement(cast)
    later = engaged(cast, campaign, "PK-T-0003", valid_from=NOW + timedelta(days=2))
    assert seen_by(cast, "chand") == set()
    with acting(system(), reason="let time pass"):
        Engagement.objects.filter(pk=later.pk).update(valid_from=NOW - timedelta(days=9), valid_until=NOW)
    assert seen_by(cast, "chand") == set()


def test_nothing_is_seen_once_the_engagement_was_ended(cast: Cast, campaign: Campaign) -> None:
    only_engagement(cast)
    engagement = engaged(cast, campaign, "PK-T-0003")
    assert seen_by(cast, "chand") == {"PK-T-0003"}
    with acting(cast.hamid, reason="end"):
        end_engagement(cast.hamid, engagement, now=timezone.now())
        with pytest.raises(Conflict):
            end_engagement(cast.hamid, engagement, now=timezone.now())
    assert seen_by(cast, "chand") == set()


def test_a_role_at_the_organisation_rules_an_engagement_out(cast: Cast, campaign: Campaign) -> None:
    sipar = system()
    with acting(sipar, reason="appoint"):
        grant_role(
            sipar, cast.accounts["chand"], "ciso", organisation=cast.organisations["gamma"].pk, now=NOW - timedelta(1)
        )
    with pytest.raises(Invalid) as refused:
        engaged(cast, campaign, "PK-T-0003", "PK-T-0004")
    assert [place.sentence for place in refused.value.places] == ["PK-T-0003: this person works there."]
    assert engaged(cast, campaign, "PK-T-0004").account == cast.accounts["chand"]


def test_only_a_consultant_or_auditor_is_engaged(cast: Cast, campaign: Campaign) -> None:
    for email in ("bilal@test.example", "nobody@test.example"):
        with pytest.raises(Invalid) as refused:
            engaged(cast, campaign, "PK-T-0003", email=email)
        assert [place.where for place in refused.value.places] == ["email"]


def test_an_engagement_covers_only_organisations_that_the_campaign_asks(cast: Cast, campaign: Campaign) -> None:
    with pytest.raises(Invalid):
        engaged(cast, campaign, "PK-T-9999")
    with pytest.raises(Invalid):
        engaged(cast, campaign)
    energy = ConstituencyRule(lead=False, include=(Clause(sectors=("energy",)),))
    small = launched(cast, drafted(cast, campaign.framework, cohort=energy))
    with pytest.raises(Invalid):
        engaged(cast, small, "PK-T-0004")
    assert engaged(cast, small, "PK-T-0001").campaign == small


def test_a_window_that_is_empty_or_past_is_refused(cast: Cast, campaign: Campaign) -> None:
    for first, last in ((1, 1), (2, 1), (-9, -1)):
        with pytest.raises(Invalid) as refused:
            engaged(
                cast,
                campaign,
                "PK-T-0003",
                valid_from=NOW + timedelta(days=first),
                valid_until=NOW + timedelta(days=last),
            )
        assert [place.where for place in refused.value.places] == ["valid_until"]


@pytest.mark.parametrize("person", ["nadia", "parveen", "ayesha", "bilal", "kamran", "chand", "adil"])
def test_only_the_head_of_the_leading_team_engages_and_ends(cast: Cast, campaign: Campaign, person: str) -> None:
    actor = cast.actors[person]
    with pytest.raises(Forbidden):
        engaged(cast, campaign, "PK-T-0003", actor=actor)
    with acting(system(), reason="look"):
        engagement = Engagement.objects.select_related("campaign").get()
    with acting(actor, reason="end"), pytest.raises(Forbidden):
        end_engagement(actor, engagement, now=NOW)


def test_the_head_of_another_team_can_neither_engage_nor_widen_a_scope(cast: Cast, campaign: Campaign) -> None:
    saima = power_head(cast)
    with pytest.raises(Forbidden):
        engaged(cast, campaign, "PK-T-0001", actor=saima)
    with acting(saima, reason="widen"):
        engagement = Engagement.objects.get()
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            EngagementScope.objects.create(engagement=engagement, organisation=cast.organisations["beta"])


def test_the_leading_team_and_the_lead_cert_of_the_organisation_review(cast: Cast, campaign: Campaign) -> None:
    with acting(cast.hamid, reason="look"):
        teams = set(reviewing_teams(campaign, cast.organisations["alpha"].pk))
    assert teams == {cast.teams["national"], cast.teams["power"]}
