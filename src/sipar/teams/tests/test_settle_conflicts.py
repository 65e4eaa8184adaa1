"""Organisations that several teams claim: the Council recommends, the national head settles."""

from __future__ import annotations

import pytest
from django.urls import reverse
from tests.cast import NOW, Cast

from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid
from sipar.orgs.models import Organisation
from sipar.teams.actions import resolve_constituencies
from sipar.teams.constituency_actions import recommend, settle
from sipar.teams.models import ConstituencyDispute, Membership, Team
from sipar.teams.selectors import disputed


def dispute(cast: Cast) -> ConstituencyDispute:
    """Alpha becomes claimed by two teams."""
    sipar = system()
    with acting(sipar, reason="a second claim"):
        Team.objects.create(
            code="rival", name={"en": "Rival CERT (fictional)", "ur": "حریف سرٹ"}, tier="sectoral",
            parent=cast.teams["national"], rule={"lead": True, "include": [{"organisations": ["PK-T-0001"]}]},
        )  # fmt: skip
        resolve_constituencies(sipar, now=NOW)
        return ConstituencyDispute.objects.get(organisation=cast.organisations["alpha"], settled_at=None)


def test_the_council_reads_conflicts_by_name_and_nothing_else(cast: Cast, secretary: Actor) -> None:
    found = dispute(cast)
    page = cast.client("kamran").get(reverse("conflicts")).content.decode()
    assert "Alpha Power (fictional)" in page
    assert cast.teams["power"].name["en"] in page
    with acting(cast.kamran, reason="look"):
        assert disputed([found.pk])[found.pk].identifier == "PK-T-0001"
        assert not Organisation.objects.exists()
    with acting(cast.bushra, reason="look"):
        assert disputed([found.pk]) == {}
    for person in ("ayesha", "mina", "omar", "adil"):
        assert cast.client(person).get(reverse("conflicts")).status_code == 403


def test_the_council_recommends_and_the_national_head_puts_it_into_the_rules(cast: Cast, secretary: Actor) -> None:
    found = dispute(cast)
    power, alpha = cast.teams["power"], cast.organisations["alpha"]
    with acting(cast.hamid, reason="too early"), pytest.raises(Conflict):
        settle(cast.hamid, found, now=NOW)
    address = reverse("conflict_recommend", args=[found.pk])
    browser = cast.client("saima")
    assert browser.get(address).status_code == 200
    assert browser.post(address, {"team": power.pk}).status_code == 422
    assert browser.post(address, {"team": power.pk, "reason": "it runs the grid"}).status_code == 302
    assert cast.client("kamran").post(address, {"team": power.pk, "reason": "x"}).status_code == 403
    settle_address = reverse("conflict_settle", args=[found.pk])
    assert cast.client("saima").post(settle_address).status_code == 403
    assert cast.client("hamid").post(settle_address).status_code == 302
    with acting(cast.nadia, reason="look"):
        done = ConstituencyDispute.objects.get(pk=found.pk)
        assert done.settled_at is not None
        assert done.reason == "it runs the grid"
        leads = Membership.objects.filter(organisation=alpha, lead=True)
        assert [row.team_id for row in leads] == [power.pk]


def test_only_a_head_of_the_national_team_settles(cast: Cast, secretary: Actor, power_head: Actor) -> None:
    found = dispute(cast)
    with acting(secretary, reason="recommend"):
        recommend(secretary, found, cast.teams["power"], reason="grid", now=NOW)
    for person in (power_head, secretary):
        with acting(person, reason="settle"), pytest.raises(Forbidden):
            settle(person, found, now=NOW)
    with acting(cast.nadia, reason="recommend"), pytest.raises(Forbidden):
        recommend(cast.nadia, found, cast.teams["power"], reason="x", now=NOW)


def test_a_team_that_only_supports_is_not_recommended_as_lead(cast: Cast, secretary: Actor) -> None:
    found = dispute(cast)
    with acting(secretary, reason="recommend"), pytest.raises(Invalid):
        recommend(secretary, found, cast.teams["national"], reason="x", now=NOW)


@pytest.mark.parametrize("person", ["ayesha", "parveen", "nadia", "kamran", "adil"])
def test_nobody_but_the_national_head_works_constituencies_out(cast: Cast, person: str) -> None:
    actor = cast.actors[person]
    with acting(actor, reason="resolve"), pytest.raises(Forbidden):
        resolve_constituencies(actor, now=NOW)
