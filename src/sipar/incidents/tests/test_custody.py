from __future__ import annotations

from datetime import timedelta

import pytest
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.incidents.content_actions import send_message
from sipar.incidents.custody_actions import (
    accept,
    escalate,
    hand_over,
    return_case,
    route_first,
    set_viewers,
    withdraw_offer,
)
from sipar.incidents.models import Access, Entry, Handover, Incident
from sipar.incidents.selectors import audience_of
from sipar.incidents.tests.cases import accepted, case_of, reported
from sipar.obligations.models import Duty
from sipar.teams.models import Membership, Team


def seen_by(cast: Cast, *people: str) -> dict[str, bool]:
    found = {}
    for name in people:
        with acting(cast.actors[name], reason="look"):
            found[name] = Incident.objects.exists()
    return found


def test_a_report_goes_to_the_cert_that_leads_and_waits_for_its_acceptance(cast: Cast) -> None:
    number = reported(cast)
    with acting(cast.parveen, reason="look"):
        case = case_of(cast.parveen, number)
        assert case.state == "reported"
        assert case.lead_team == case.offered_team == cast.teams["power"]
        assert case.tier == 1
        assert case.sector == cast.organisations["alpha"].sector
        assert case.province == cast.organisations["alpha"].province
        assert Handover.objects.get(incident=case).state == "offered"
        assert Entry.objects.get(incident=case).code == "routed"


def test_the_case_of_a_critical_organisation_is_whole_for_the_national_cert_and_hidden_from_everyone_else(
    cast: Cast,
) -> None:
    number = reported(cast)
    seen = seen_by(cast, "ayesha", "bilal", "parveen", "nadia", "bushra", "kamran", "mina", "chand", "omar", "adil")
    assert {name for name, sees in seen.items() if sees} == {"ayesha", "bilal", "parveen", "nadia"}
    with acting(cast.nadia, reason="look"):
        assert audience_of(cast.nadia, case_of(cast.nadia, number), now=NOW).name == "full"


def test_a_case_that_is_not_critical_stays_out_of_sight_of_the_national_cert(cast: Cast) -> None:
    organisation = cast.organisations["alpha"]
    with acting(system(), reason="lower the tier"):
        organisation.tier = 2
        organisation.save()
    reported(cast)
    assert seen_by(cast, "parveen", "nadia") == {"parveen": True, "nadia": False}


def test_another_cert_of_the_constituency_sees_it_for_coordination(cast: Cast) -> None:
    with acting(system(), reason="look"):
        province = Team.objects.exclude(pk__in=[cast.teams["power"].pk, cast.teams["national"].pk]).first()
        assert province is not None
        Membership.objects.get_or_create(team=province, organisation=cast.organisations["alpha"])
    number = reported(cast)
    with acting(cast.parveen, reason="look"):
        access = Access.objects.get(incident__number=number, team=province)
        assert (access.basis, access.projection) == ("constituency", "coordination")
        assert province.pk in case_of(cast.parveen, number).viewers


@pytest.mark.parametrize(("leads", "code"), [(0, "routed_without_lead"), (2, "routed_conflict")])
def test_without_exactly_one_lead_the_national_cert_gets_the_case_with_a_note(
    cast: Cast, leads: int, code: str
) -> None:
    with acting(system(), reason="make a conflict"):
        Membership.objects.filter(organisation=cast.organisations["alpha"]).update(lead=False)
        others = Team.objects.exclude(tier="national")[:leads]
        for team in others:
            Membership.objects.update_or_create(
                team=team, organisation=cast.organisations["alpha"], defaults={"lead": True}
            )
    number = reported(cast)
    with acting(cast.nadia, reason="look"):
        case = case_of(cast.nadia, number)
        assert case.lead_team == cast.teams["national"]
        assert Entry.objects.get(incident=case).code == code


def test_a_report_of_an_organisation_nobody_knows_yet_goes_to_the_national_cert(cast: Cast) -> None:
    sipar = system()
    with acting(sipar, reason="emergency"):
        case = Incident.objects.create(
            number="26-TEST-0001", door="emergency", opened_by_id=sipar.account, opened_at=NOW
        )
        route_first(sipar, case, now=NOW)
    assert seen_by(cast, "nadia", "parveen") == {"nadia": True, "parveen": False}


def test_accepting_opens_the_case_and_nobody_accepts_twice(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="again"):
        case = case_of(cast.parveen, number)
        assert (case.state, case.accepted_at, case.offered_team) == ("open", NOW, None)
        assert Handover.objects.get(incident=case).state == "accepted"
        with pytest.raises(Conflict):
            accept(cast.parveen, case, now=NOW)


@pytest.mark.parametrize("person", ["ayesha", "nadia"])
def test_only_the_cert_that_is_asked_accepts_or_returns(cast: Cast, person: str) -> None:
    number = reported(cast)
    actor = cast.actors[person]
    with acting(actor, reason="meddle"):
        case = case_of(actor, number)
        with pytest.raises(Forbidden):
            accept(actor, case, now=NOW)
        with pytest.raises(Forbidden):
            return_case(actor, case, reason="not mine", now=NOW)


def test_a_case_read_before_somebody_moved_it_is_not_acted_on(cast: Cast) -> None:
    number = reported(cast)
    with acting(cast.parveen, reason="two at once"):
        mine, theirs = case_of(cast.parveen, number), case_of(cast.parveen, number)
        accept(cast.parveen, theirs, now=NOW)
        with pytest.raises(Conflict):
            accept(cast.parveen, mine, now=NOW)


def test_a_routed_case_that_is_returned_goes_one_step_up_with_the_reason(cast: Cast) -> None:
    number = reported(cast)
    with acting(cast.parveen, reason="return"):
        case = case_of(cast.parveen, number)
        return_case(cast.parveen, case, reason="  Not our network.  ", now=NOW)
    with acting(system(), reason="look"):
        above = Team.objects.get(children=cast.teams["power"])
        case = Incident.objects.get(number=number)
        assert (case.state, case.lead_team, case.offered_team) == ("reported", above, above)
        first, second = Handover.objects.filter(incident=case).order_by("id")
        assert (first.state, first.answer) == ("returned", "Not our network.")
        assert (second.state, second.from_team, second.to_team) == ("offered", cast.teams["power"], above)
    with acting(cast.parveen, reason="look"):
        assert audience_of(cast.parveen, case_of(cast.parveen, number), now=NOW).name == "coordination"


def test_returning_needs_a_reason(cast: Cast) -> None:
    number = reported(cast)
    with acting(cast.parveen, reason="return"), pytest.raises(Invalid):
        return_case(cast.parveen, case_of(cast.parveen, number), reason=" ", now=NOW)


def test_a_case_that_is_handed_over_stays_until_the_other_cert_accepts(cast: Cast) -> None:
    number = accepted(cast)
    national = cast.teams["national"]
    with acting(cast.parveen, reason="hand over"):
        case = case_of(cast.parveen, number)
        hand_over(cast.parveen, case, to=national, reason="Spreads", now=NOW)
        assert (case.lead_team, case.offered_team) == (cast.teams["power"], national)
        with pytest.raises(Conflict):
            hand_over(cast.parveen, case, to=national, reason="Again", now=NOW)
    with acting(cast.nadia, reason="accept"):
        accept(cast.nadia, case_of(cast.nadia, number), now=NOW)
    with acting(cast.parveen, reason="look"):
        case = case_of(cast.parveen, number)
        assert case.lead_team == national
        assert audience_of(cast.parveen, case, now=NOW).name == "coordination"
        with pytest.raises(Forbidden):
            hand_over(cast.parveen, case, to=cast.teams["power"], reason="Mine", now=NOW)


def test_a_cert_without_any_tie_sees_the_case_only_while_it_is_offered(cast: Cast) -> None:
    number = accepted(cast)
    bank = cast.teams["bank"]
    with acting(cast.parveen, reason="offer"):
        hand_over(cast.parveen, case_of(cast.parveen, number), to=bank, reason="Payments", now=NOW)
    with acting(cast.farah, reason="return"):
        return_case(cast.farah, case_of(cast.farah, number), reason="Not ours", now=NOW)
        with pytest.raises(NotFound):
            case_of(cast.farah, number)
    with acting(cast.parveen, reason="look"):
        case = case_of(cast.parveen, number)
        assert (case.lead_team, case.offered_team) == (cast.teams["power"], None)


def test_a_cert_that_gave_a_foreign_case_away_no_longer_sees_it(cast: Cast) -> None:
    number = accepted(cast)
    bank, power = cast.teams["bank"], cast.teams["power"]
    with acting(cast.parveen, reason="offer"):
        hand_over(cast.parveen, case_of(cast.parveen, number), to=bank, reason="Payments", now=NOW)
    with acting(cast.farah, reason="take and give back"):
        accept(cast.farah, case_of(cast.farah, number), now=NOW)
        hand_over(cast.farah, case_of(cast.farah, number), to=power, reason="Done", now=NOW)
    with acting(cast.danish, reason="take"):
        accept(cast.danish, case_of(cast.danish, number), now=NOW)
    with acting(cast.farah, reason="look"), pytest.raises(NotFound):
        case_of(cast.farah, number)


def test_an_offer_can_be_taken_back(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="offer and think again"):
        case = case_of(cast.parveen, number)
        hand_over(cast.parveen, case, to=cast.teams["bank"], reason="Payments", now=NOW)
        withdraw_offer(cast.parveen, case, now=NOW)
    assert seen_by(cast, "farah") == {"farah": False}


@pytest.mark.parametrize("projection", ["coordination", "full"])
def test_escalating_shows_the_case_one_step_up_and_leaves_it_where_it_is(cast: Cast, projection: str) -> None:
    organisation, power = cast.organisations["alpha"], cast.teams["power"]
    with acting(system(), reason="lower the tier, and put the CERT below the national one"):
        organisation.tier = 3
        organisation.save()
        power.parent = cast.teams["national"]
        power.save()
    number = accepted(cast)
    with acting(cast.parveen, reason="escalate"):
        case = case_of(cast.parveen, number)
        escalate(cast.parveen, case, projection=projection, reason="Several provinces", now=NOW)
        assert case.lead_team == power
    with acting(cast.nadia, reason="look"):
        assert audience_of(cast.nadia, case_of(cast.nadia, number), now=NOW).name == projection


def test_the_viewers_are_recomputed_at_once_when_an_access_ends(cast: Cast) -> None:
    number = accepted(cast)
    assert seen_by(cast, "nadia") == {"nadia": True}
    with acting(cast.parveen, reason="end"):
        case = case_of(cast.parveen, number)
        Access.objects.filter(incident=case, basis="critical").update(ended_at=NOW)
        set_viewers(case)
    assert seen_by(cast, "nadia") == {"nadia": False}


@pytest.mark.parametrize("person", ["nadia", "bushra"])
def test_who_only_reads_a_case_cannot_pass_it_on_in_the_database_either(cast: Cast, person: str) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="look"):
        key = case_of(cast.parveen, number)
    with acting(cast.actors[person], reason="take"), pytest.raises(Forbidden):
        set_viewers(key)


def test_the_clock_of_acceptance_starts_with_the_report_and_stops_with_the_answer(cast: Cast) -> None:
    number = reported(cast)
    with acting(cast.parveen, reason="look, then accept"):
        case = case_of(cast.parveen, number)
        duty = Duty.objects.get(incident=case, stage="accept")
        assert (duty.state, duty.team, duty.due_at) == ("running", cast.teams["power"], NOW + timedelta(hours=1))
        accept(cast.parveen, case, now=NOW + timedelta(minutes=20))
        duty.refresh_from_db()
        assert (duty.state, duty.met_at) == ("met", NOW + timedelta(minutes=20))
        assert set(Duty.objects.filter(incident=case, state="running").values_list("stage", flat=True)) == {
            "contact",
            "assess",
        }


def test_the_first_word_to_the_organisation_stops_the_clock_of_contact(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.ayesha, reason="ask"):
        send_message(cast.ayesha, case_of(cast.ayesha, number), body="Are you there?", now=NOW)
    with acting(cast.parveen, reason="answer"):
        case = case_of(cast.parveen, number)
        assert Duty.objects.get(incident=case, stage="contact").state == "running"
        send_message(cast.parveen, case, body="We are.", now=NOW)
        assert Duty.objects.get(incident=case, stage="contact").state == "met"


def test_accepting_late_is_recorded_as_late(cast: Cast) -> None:
    number = reported(cast)
    with acting(cast.parveen, reason="late"):
        accept(cast.parveen, case_of(cast.parveen, number), now=NOW + timedelta(hours=2))
        assert Duty.objects.get(incident__number=number, stage="accept").state == "met_late"


def test_the_next_cert_that_is_asked_has_a_clock_of_its_own(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="offer, take back, offer"):
        case = case_of(cast.parveen, number)
        hand_over(cast.parveen, case, to=cast.teams["bank"], reason="Payments", now=NOW)
        withdraw_offer(cast.parveen, case, now=NOW)
        hand_over(cast.parveen, case, to=cast.teams["national"], reason="Spreads", now=NOW)
        clocks = Duty.objects.filter(incident=case, stage__startswith="accept").order_by("id")
        assert list(clocks.values_list("team__code", "state")) == [
            (cast.teams["power"].code, "met"),
            (cast.teams["bank"].code, "withdrawn"),
            (cast.teams["national"].code, "running"),
        ]
