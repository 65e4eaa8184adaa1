"""A team keeps its profile, services, maturity and duty roster, and nobody else does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone
from tests.cast import NOW, Cast

from sipar.core.acting import Actor, acting
from sipar.core.problems import Forbidden, Invalid, NotFound
from sipar.teams.models import DutyShift, MaturitySelfAssessment, Membership, Team
from sipar.teams.profile_actions import add_shift, assess_maturity, choose_services, describe, remove_shift
from sipar.teams.selectors import access_shift, roster_of


def test_the_head_describes_the_own_team_and_nobody_else_does(cast: Cast, power_head: Actor) -> None:
    team = cast.teams["power"]
    browser = cast.client("pervez")
    form = {"section-3.1": "Keep the lights on <script>alert(1)</script>", "email": "cert@power.example"}
    assert browser.get(reverse("team_profile", args=[team.code])).status_code == 200
    assert browser.post(reverse("team_profile", args=[team.code]), form).status_code == 302
    page = browser.get(reverse("team", args=[team.code])).content.decode()
    assert "Keep the lights on &lt;script&gt;" in page
    text = browser.get(reverse("team_rfc2350", args=[team.code]))
    assert text.headers["Content-Type"].startswith("text/plain")
    assert "Keep the lights on" in text.content.decode()
    for person in ("parveen", "hamid", "ayesha", "kamran"):
        assert cast.client(person).post(reverse("team_profile", args=[team.code]), form).status_code == 403
    with acting(power_head, reason="abroad"), pytest.raises(Forbidden):
        describe(power_head, cast.teams["national"], profile={}, email="", emergency_phone="")


def test_the_database_keeps_a_head_out_of_other_teams(cast: Cast, power_head: Actor) -> None:
    with acting(power_head, reason="abroad"):
        assert Team.objects.filter(pk=cast.teams["national"].pk).update(email="evil@test.example") == 0
        assert Membership.objects.filter(team=cast.teams["power"]).update(lead=False) == 0
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Membership.objects.create(team=cast.teams["power"], organisation=cast.organisations["alpha"])


def test_services_come_from_the_catalogue(cast: Cast, power_head: Actor) -> None:
    team = cast.teams["power"]
    browser = cast.client("pervez")
    assert browser.post(reverse("team_services", args=[team.code]), {"area-6": ["6.1", "6.4"]}).status_code == 302
    assert b"Mitigation and Recovery" in browser.get(reverse("team", args=[team.code])).content
    assert browser.post(reverse("team_services", args=[team.code]), {"area-6": ["6.9"]}).status_code == 422
    with acting(power_head, reason="invent"), pytest.raises(Invalid):
        choose_services(power_head, team, ["6.99"])
    assert cast.client("parveen").post(reverse("team_services", args=[team.code]), {}).status_code == 403


def test_self_assessments_add_up_to_a_history_that_stays(cast: Cast, power_head: Actor) -> None:
    team = cast.teams["power"]
    browser = cast.client("pervez")
    address = reverse("team_maturity", args=[team.code])
    assert browser.get(address).status_code == 200
    assert browser.post(address, {"O-1": "3", "H-1": "1"}).status_code == 302
    assert browser.post(address, {"O-1": "4", "H-1": "1"}).status_code == 302
    assert browser.post(address, {"O-1": "9"}).status_code == 422
    assert browser.post(address, {}).status_code == 422
    assert browser.get(address).context["history"][0].levels["O-1"] == 4
    with acting(power_head, reason="rewrite"):
        assert MaturitySelfAssessment.objects.count() == 2
        with pytest.raises(DatabaseError), transaction.atomic():
            MaturitySelfAssessment.objects.update(levels=b"")
    assert cast.client("parveen").post(address, {"O-1": "0"}).status_code == 403
    assert cast.client("bushra").get(address).context["history"] == []
    assert len(cast.client("kamran").get(address).context["history"]) == 2


def test_a_foreign_head_assesses_nobody_else(cast: Cast, power_head: Actor) -> None:
    with acting(power_head, reason="abroad"):
        with pytest.raises(Forbidden):
            assess_maturity(power_head, cast.teams["national"], levels={"O-1": 0}, comments={}, now=NOW)
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            MaturitySelfAssessment.objects.create(
                team=cast.teams["national"], model_version="1", levels=bytes(44), assessed_at=NOW,
                assessed_by_id=power_head.account,
            )  # fmt: skip


def test_the_roster_shows_who_is_on_duty_and_when_nobody_is(cast: Cast, power_head: Actor) -> None:
    team, parveen = cast.teams["power"], cast.parveen.account
    with acting(power_head, reason="plan"):
        add_shift(power_head, team, parveen, starts_at=NOW, ends_at=NOW + timedelta(hours=8), now=NOW)
        roster = roster_of(team, now=NOW + timedelta(hours=1))
        assert [row.account_id for row in roster.on_duty] == [parveen]
        assert roster.gaps[0].starts_at == NOW + timedelta(hours=8)
        with pytest.raises(Invalid):
            add_shift(power_head, team, cast.nadia.account, starts_at=NOW, ends_at=NOW + timedelta(hours=8), now=NOW)
        with pytest.raises(Invalid):
            add_shift(power_head, team, parveen, starts_at=NOW, ends_at=NOW, now=NOW)
        shift = DutyShift.objects.get()
        with pytest.raises(NotFound):
            access_shift(power_head, cast.teams["national"], shift.pk)
        remove_shift(power_head, team, shift)
        assert not DutyShift.objects.exists()


def test_the_roster_is_planned_on_its_page_by_head_and_duty_officer(cast: Cast, power_head: Actor) -> None:
    address = reverse("team_roster", args=[cast.teams["power"].code])
    begin = timezone.now().replace(tzinfo=None)
    form = {
        "account": cast.parveen.account,
        "starts_at": begin.strftime("%Y-%m-%dT%H:%M"),
        "ends_at": (begin + timedelta(hours=20)).strftime("%Y-%m-%dT%H:%M"),
    }
    browser = cast.client("pervez")
    assert browser.post(address, form).status_code == 302
    assert b"Parveen" in browser.get(address).content
    assert browser.post(address, form | {"ends_at": form["starts_at"]}).status_code == 422
    assert browser.post(address, form | {"account": cast.nadia.account}).status_code == 422
    assert cast.client("parveen").post(address, form).status_code == 403
    assert cast.client("parveen").get(address).status_code == 200
    assert cast.client("ayesha").get(address).status_code == 403
    foreign = reverse("team_roster", args=[cast.teams["national"].code])
    assert cast.client("parveen").get(foreign).status_code == 403
