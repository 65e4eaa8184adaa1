"""CERTs: who sees and changes what, constituencies, conflicts for the Council, duty, maturity."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from tests.cast import NOW, PASSWORD, Cast

from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.orgs.models import Organisation
from sipar.people.actions import grant_role, open_account
from sipar.people.selectors import actor_of
from sipar.teams.actions import resolve_constituencies
from sipar.teams.constituency_actions import apply_rule, discard_rule, draft_rule, recommend, settle
from sipar.teams.models import (
    ConstituencyDispute,
    ConstituencyDraft,
    DutyShift,
    MaturitySelfAssessment,
    Membership,
    Team,
)
from sipar.teams.profile_actions import add_shift, assess_maturity, choose_services, describe, remove_shift
from sipar.teams.selectors import (
    access_draft,
    access_shift,
    chain_of,
    disputed,
    preview_of,
    roster_of,
    team_sizes,
    why,
)


def joined(cast: Cast, name: str, role: str, team: Team | None = None) -> Actor:
    """One more person of the cast, in a role of a team or of the nation."""
    sipar = system()
    with acting(sipar, reason="one more person"):
        account = open_account(sipar, email=f"{name}@test.example", name=name.title(), password=PASSWORD, now=NOW)
        grant_role(sipar, account, role, team=team.pk if team else None, now=NOW - timedelta(days=9))
    cast.accounts[name] = account
    cast.actors[name] = actor_of(account, now=NOW, verified=True)
    return cast.actors[name]


@pytest.fixture
def power_head(cast: Cast) -> Actor:
    return joined(cast, "pervez", "team_head", cast.teams["power"])


@pytest.fixture
def secretary(cast: Cast) -> Actor:
    return joined(cast, "saima", "council_secretary")


WIDER = {"lead": True, "include": [{"sectors": ["energy", "health"]}]}


def drafted(cast: Cast, head: Actor) -> ConstituencyDraft:
    with acting(head, reason="draft"):
        return draft_rule(head, cast.teams["power"], WIDER, reason="hospitals have no CERT", now=NOW)


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


@pytest.mark.parametrize("person", ["ayesha", "parveen", "nadia", "kamran", "adil", "chand", "omar"])
def test_everyone_reads_the_tree_and_a_team(cast: Cast, person: str) -> None:
    browser = cast.client(person)
    page = browser.get(reverse("teams"))
    assert page.status_code == 200
    assert cast.teams["power"].name["en"] in page.content.decode()
    one = browser.get(reverse("team", args=[cast.teams["power"].code]))
    assert one.status_code == 200
    assert one.content.count(b"<h1>") == 1


def test_the_tree_speaks_urdu(cast: Cast) -> None:
    browser = cast.client("nadia")
    browser.cookies["django_language"] = "ur"
    assert cast.teams["power"].name["ur"] in browser.get(reverse("teams")).content.decode()


def test_a_notification_that_is_not_known_is_said_to_be_unknown(cast: Cast) -> None:
    sipar = system()
    with acting(sipar, reason="forget"):
        Team.objects.filter(pk=cast.teams["power"].pk).update(notification_status="unknown", notification_reference="")
    page = cast.client("nadia").get(reverse("team", args=[cast.teams["power"].code])).content.decode()
    assert "Not known" in page
    assert "The number of the notification is not known." in page


def test_the_council_knows_how_large_a_constituency_is_without_seeing_it(cast: Cast) -> None:
    with acting(cast.kamran, reason="look"):
        assert team_sizes()[cast.teams["power"].pk].leads == 1
        assert not Membership.objects.exists()


def test_members_are_seen_by_the_team_and_the_national_cert_only(cast: Cast) -> None:
    address = reverse("team_members", args=[cast.teams["power"].code])
    assert b"Alpha Power" in cast.client("parveen").get(address).content
    assert b"Alpha Power" in cast.client("nadia").get(address).content
    for person in ("ayesha", "kamran", "omar"):
        assert cast.client(person).get(address).status_code == 403
    abroad = reverse("team_members", args=[cast.teams["national"].code])
    assert cast.client("parveen").get(abroad).status_code == 403


def test_the_number_of_queries_does_not_grow_with_the_members(cast: Cast) -> None:
    address = reverse("team_members", args=[cast.teams["power"].code])
    browser = cast.client("parveen")
    with CaptureQueriesContext(connection) as few:
        browser.get(address)
    sipar, alpha = system(), cast.organisations["alpha"]
    with acting(sipar, reason="more members"):
        for number in range(10):
            Organisation.objects.create(
                identifier=f"PK-T-1{number:03}", name=f"More {number}", ownership="private", sector=alpha.sector,
                province=alpha.province, ministry=alpha.ministry, tier=1, size="large", is_fictional=True,
            )  # fmt: skip
        resolve_constituencies(sipar, now=NOW)
    with CaptureQueriesContext(connection) as many:
        assert b"More 9" in browser.get(address).content
    assert len(many) == len(few)


def test_why_an_organisation_belongs_to_a_team_is_open_to_those_who_see_it(cast: Cast) -> None:
    address = reverse("team_why", args=[cast.teams["power"].code, "PK-T-0001"])
    page = cast.client("ayesha").get(address).content.decode()
    assert "Why Alpha Power (fictional) belongs here" in page
    assert "Sector" in page
    assert cast.client("parveen").get(address).status_code == 200
    for person in ("bushra", "kamran", "adil"):
        assert cast.client(person).get(address).status_code == 404
    beta = reverse("team_why", args=[cast.teams["power"].code, "PK-T-0002"])
    assert cast.client("parveen").get(beta).status_code == 404
    assert b"does not belong here" in cast.client("nadia").get(beta).content


def test_the_explanation_agrees_with_the_membership_table(cast: Cast) -> None:
    with acting(cast.nadia, reason="compare"):
        table = set(Membership.objects.values_list("team_id", "organisation__identifier", "lead"))
        for team in Team.objects.all():
            for organisation in cast.organisations.values():
                answer = why(cast.nadia, team, organisation.identifier)
                assert answer.member == ((team.pk, organisation.identifier, answer.lead) in table)


def test_the_reporting_chain_goes_up_to_the_national_team(cast: Cast) -> None:
    with acting(cast.ayesha, reason="look"):
        chain = chain_of(cast.organisations["alpha"].pk)
        assert chain[0] == cast.teams["power"]
        assert chain[-1] == cast.teams["national"]
        assert chain_of(cast.organisations["beta"].pk) == []


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


def test_a_draft_changes_nothing_until_the_national_head_applies_it(cast: Cast, power_head: Actor) -> None:
    draft = drafted(cast, power_head)
    gamma = cast.organisations["gamma"]
    with acting(power_head, reason="apply"), pytest.raises(Forbidden):
        apply_rule(power_head, draft, now=NOW)
    with acting(cast.hamid, reason="apply"):
        seen = preview_of(draft)
        assert (seen.joins, seen.leaves) == ([gamma.pk], [])
        assert not Membership.objects.filter(team=cast.teams["power"], organisation=gamma).exists()
        apply_rule(cast.hamid, draft, now=NOW)
        assert Membership.objects.filter(team=cast.teams["power"], organisation=gamma, lead=True).exists()
        with pytest.raises(Conflict):
            apply_rule(cast.hamid, draft, now=NOW)
    with acting(cast.parveen, reason="look"):
        assert Organisation.objects.filter(pk=gamma.pk).exists()


def test_a_draft_is_written_previewed_and_applied_on_pages(cast: Cast, power_head: Actor) -> None:
    code = cast.teams["power"].code
    form = {"lead": "on", "sectors": ["energy", "health"], "reason": "hospitals have no CERT"}
    head, national = cast.client("pervez"), cast.client("hamid")
    assert head.get(reverse("team_rule", args=[code])).status_code == 200
    answer = head.post(reverse("team_rule", args=[code]), form)
    assert answer.status_code == 302
    assert head.get(answer.headers["Location"]).status_code == 200
    page = national.get(answer.headers["Location"]).content.decode()
    assert "Gamma Hospital" in page
    with acting(power_head, reason="look"):
        draft = ConstituencyDraft.objects.get()
    apply_address = reverse("team_draft_apply", args=[code, draft.pk])
    assert head.post(apply_address).status_code == 403
    assert cast.client("parveen").post(apply_address).status_code == 403
    wrong_team = reverse("team_draft_apply", args=[cast.teams["national"].code, draft.pk])
    assert national.post(wrong_team).status_code == 404
    assert national.post(apply_address).status_code == 302
    assert b"Gamma Hospital" in cast.client("parveen").get(reverse("team_members", args=[code])).content


@pytest.mark.parametrize(
    "form", [{"reason": "nobody"}, {"everyone": "on", "sectors": ["energy"], "reason": "both"},
             {"sectors": ["energy"]}, {"sectors": ["moon"], "reason": "x"},
             {"included": "spaces are fine but \x00 is not", "reason": "x"}],
)  # fmt: skip
def test_a_rule_that_means_nothing_is_shown_again(cast: Cast, power_head: Actor, form: dict[str, object]) -> None:
    page = cast.client("pervez").post(reverse("team_rule", args=[cast.teams["national"].code]), form)
    assert page.status_code == 403
    own = Team.objects.none()
    with acting(power_head, reason="look"):
        own = Team.objects.filter(pk=cast.teams["power"].pk)
        rule = own.get().rule
    assert cast.client("pervez").post(reverse("team_rule", args=[cast.teams["power"].code]), form).status_code == 422
    with acting(power_head, reason="look"):
        assert Team.objects.get(pk=cast.teams["power"].pk).rule == rule
        assert not ConstituencyDraft.objects.exists()


def test_the_national_team_covers_everyone_for_good(cast: Cast) -> None:
    with acting(cast.hamid, reason="shrink"), pytest.raises(Invalid):
        draft_rule(cast.hamid, cast.teams["national"], WIDER, reason="smaller", now=NOW)


def test_a_dropped_draft_stays_in_the_history(cast: Cast, power_head: Actor) -> None:
    draft = drafted(cast, power_head)
    with acting(power_head, reason="drop"):
        discard_rule(power_head, draft, now=NOW)
        assert access_draft(power_head, cast.teams["power"], draft.pk).state == "discarded"
        with pytest.raises(NotFound):
            access_draft(power_head, cast.teams["national"], draft.pk)


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


def test_the_api_tells_the_tree_a_team_its_size_and_why(cast: Cast) -> None:
    code = cast.teams["power"].code
    browser = cast.client("ayesha")
    assert code in {team["code"] for team in browser.get("/api/teams").json()}
    assert browser.get(f"/api/teams/{code}").json()["leads"] == 1
    assert browser.get(f"/api/teams/{code}/members/count").json() == {"members": 1, "leads": 1}
    answer = browser.get(f"/api/teams/{code}/why/PK-T-0001").json()
    assert (answer["member"], answer["lead"]) == (True, True)
    assert browser.get(f"/api/teams/{code}/why/PK-T-0002").status_code == 404
    assert browser.get("/api/teams/nothing").status_code == 404
