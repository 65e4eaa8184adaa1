"""The incidents of the demonstration: a year that is over and cases that live, all invented, all of one piece."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from tests.cast import NOW

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.demonstration.ground import Ground
from sipar.demonstration.past_draw import draw_past
from sipar.demonstration.people import PEOPLE
from sipar.demonstration.recipe import recipe
from sipar.demonstration.register import draw_register
from sipar.demonstration.stories_power import POLICY
from sipar.formats.cacao import read_playbook
from sipar.incidents.custody_reading import national_team, route_for
from sipar.incidents.models import (
    Access,
    Campaign,
    EmergencyReport,
    Extract,
    InboundMail,
    Incident,
    Indicator,
    Playbook,
    Report,
    Task,
)
from sipar.nations.profile import shipped
from sipar.obligations.actions import recompute
from sipar.obligations.models import Breach, Decision, Duty, Submission
from sipar.obligations.submit_actions import signed_document
from sipar.orgs.models import Organisation
from sipar.people.models import Account
from sipar.people.selectors import actor_of
from sipar.support.models import Lesson, SupportRequest

PAST_ENDS = NOW - timedelta(days=4)


def ground(seed: int = 1) -> Ground:
    nation, words = shipped("pk"), recipe("pk")
    register = draw_register(nation, words, organisations=400, seed=seed)
    return Ground(nation=nation, recipe=words, register=register, seed=seed, now=NOW)


def past() -> Any:
    return Incident.objects.filter(reported_at__lt=PAST_ENDS)


def of(place: int) -> Organisation:
    return Organisation.objects.get(identifier=f"PK-D-{place + 1:06d}")


def test_the_same_seed_draws_the_same_year_of_incidents() -> None:
    first, second = draw_past(ground()), draw_past(ground())
    assert first == second
    assert len(first) == 80
    assert [case.number for case in first] != [case.number for case in draw_past(ground(seed=2))]


def test_the_year_is_told_of_reports_before_now_each_after_the_one_before() -> None:
    for case in draw_past(ground()):
        moments = [at for _, at in case.reports]
        assert moments == sorted(moments)
        assert NOW - timedelta(days=366) < case.aware_at
        assert case.aware_at <= moments[0]
        assert moments[-1] < NOW


def test_every_case_is_of_an_invented_organisation_and_calls_nobody(nation: None) -> None:
    with acting(system(), reason="look"):
        cases = list(Incident.objects.select_related("organisation", "emergency"))
        assert len(cases) > 30
        assert all(case.organisation.is_fictional for case in cases if case.organisation)
        contacts = [case.facts["contact"] for case in cases if "contact" in case.facts]
        values = list(Indicator.objects.values_list("kind", "value"))
    assert contacts
    assert all("+92 000" in contact for contact in contacts)
    assert all(
        re.search(r"\.example|^203\.0\.113\.|^198\.51\.100\.", value) for kind, value in values if kind != "sha256"
    )


def test_a_past_case_is_where_its_constituency_would_have_sent_it_and_seen_by_whom_it_was_given_to(
    nation: None,
) -> None:
    with acting(system(), reason="look"):
        national = national_team()
        for case in past().select_related("organisation", "lead_team")[::3]:
            route = route_for(case.organisation, national=national)
            first = case.handovers.order_by("offered_at").first()
            assert first.to_team_id == route.lead.pk
            standing = Access.objects.filter(incident=case, ended_at=None).values_list("team", flat=True)
            assert set(case.viewers) == {*standing, case.lead_team_id}
            assert {team.pk for team, _, _ in route.views} <= {*standing, route.lead.pk}


def test_the_law_asks_in_past_cases_what_a_recomputation_finds(nation: None) -> None:
    with acting(system(), reason="look") as sipar:
        cases = list(past().exclude(state="rejected").select_related("organisation")[::4])
        assert cases
        for case in cases:
            assert recompute(sipar, case, reason="look again", now=NOW) == []


def test_what_was_late_has_its_breach_at_its_true_time(nation: None) -> None:
    with acting(system(), reason="look"):
        late = list(Duty.objects.filter(state__in=("breached", "met_late")))
        breaches = {breach.duty_id: breach for breach in Breach.objects.all()}
        met = Duty.objects.filter(state="met", kind="statutory", due_at__isnull=False)
        assert met.exists()
        assert not any(duty.pk in breaches for duty in met)
    assert {duty.kind for duty in late} == {"statutory", "service"}
    assert all(breaches[duty.pk].due_at == duty.due_at for duty in late)


def test_a_report_is_digested_as_it_was_sent(nation: None) -> None:
    from hashlib import sha256

    with acting(system(), reason="look"):
        for submission in Submission.objects.select_related("incident__organisation")[::9]:
            assert sha256(signed_document(submission)).hexdigest() == submission.digest


def test_clocks_run_for_the_power_distributor_and_the_telecom_operator_and_no_foreign_law_binds_them(
    nation: None,
) -> None:
    with acting(system(), reason="look"):
        assert Duty.objects.filter(organisation=of(0), code=POLICY, state="running").exists()
        telecom = Duty.objects.get(organisation=of(4), code="pk-pta-ctdisr-2025", incident__reported_at__gt=PAST_ENDS)
        codes = set(Duty.objects.filter(kind="statutory").values_list("code", flat=True))
    assert telecom.state == "running"
    assert telecom.due_at is not None
    assert telecom.due_at > NOW
    assert codes == {POLICY, "pk-cert-rules-2023", "pk-pta-ctdisr-2025"}


def test_a_draft_is_its_organisations_alone(nation: None) -> None:
    with acting(system(), reason="look"):
        drafts = list(Incident.objects.filter(state="draft", organisation=of(0)))
        assert len(drafts) >= 1
        assert all(case.viewers == [] and case.lead_team is None for case in drafts)
        assert Report.objects.filter(incident__in=drafts, editing_by_id=None).count() == len(drafts)


def test_there_is_a_decision_not_to_report_that_waives_what_was_asked(nation: None) -> None:
    with acting(system(), reason="look"):
        decision = Decision.objects.get()
        waived = Duty.objects.filter(incident=decision.incident_id, code=decision.code)
        assert {duty.state for duty in waived} == {"waived"}


def test_the_power_cert_has_cases_to_accept_one_at_work_and_one_before_the_national_cert(nation: None) -> None:
    with acting(system(), reason="look"):
        own = Incident.objects.filter(lead_team__code="pk-power")
        assert own.filter(state="reported", offered_team__code="pk-power").count() == 2
        work = own.get(severity_level__gt="", organisation=of(0), campaign=None, reported_at__gt=PAST_ENDS)
        assert {entry.kind for entry in work.entries.all()} >= {"message", "note", "event", "system"}
        assert Task.objects.filter(incident=work, playbook__isnull=False, state="done").count() == 3
        assert set(work.artefacts.values_list("quarantined", flat=True)) == {True, False}
        assert work.requirements.count() == 2
        national = Access.objects.filter(basis="escalated", incident__reported_at__gt=PAST_ENDS, ended_at=None)
        assert national.get().incident.lead_team == work.lead_team


def test_the_power_distributor_is_warned_by_an_extract_of_another_case(nation: None) -> None:
    with acting(system(), reason="look"):
        extract = Extract.objects.get(recipient=of(0))
        assert extract.organisation_id != of(0).pk
        assert {found["kind"] for found in extract.indicators} == {"domain", "email"}


def test_the_national_incident_has_three_victims_in_three_sectors(nation: None) -> None:
    with acting(system(), reason="look"):
        campaign = Campaign.objects.get()
        victims = list(campaign.incidents.all())
        assert len({victim.sector_id for victim in victims}) == len({victim.province_id for victim in victims}) == 3
        assert campaign.severity_score is not None
        assert campaign.severity_score > max(victim.severity_score or 0 for victim in victims)


def test_the_banks_notification_is_late_and_nobody_has_verified_the_emergency(nation: None) -> None:
    with acting(system(), reason="look"):
        late = Duty.objects.get(
            organisation=of(1), stage="notification", code=POLICY, incident__reported_at__gt=PAST_ENDS
        )
        assert late.state == "breached"
        assert Breach.objects.get(duty=late).due_at == late.due_at
        call = EmergencyReport.objects.get()
        assert call.state == "waiting"
        assert call.incident.organisation is None
        assert call.incident.verified_at is None


def test_a_mail_in_plain_words_waits_to_be_read(nation: None) -> None:
    with acting(system(), reason="look"):
        mail = InboundMail.objects.get()
    assert (mail.state, mail.incident_id) == ("waiting", None)
    assert mail.sender.endswith(".example")


def test_help_waits_works_and_is_over_with_a_lesson(nation: None) -> None:
    with acting(system(), reason="look"):
        states = Counter(SupportRequest.objects.values_list("state", flat=True))
        # The second that waits came from the answer to a notice.
        assert states == {"asked": 2, "working": 1, "closed": 1}
        assert Lesson.objects.get().request.state == "closed"


@pytest.mark.parametrize("key", ["sector-duty", "sector-analyst", "analyst", "province-analyst", "health-head"])
def test_staff_of_certs_see_a_living_case_and_no_draft(nation: None, key: str) -> None:
    actor = actor_of(Account.objects.get(email=f"{key}@demo.example"), now=NOW)
    with acting(actor, reason="look"):
        seen = Incident.objects.filter(opened_at__gt=PAST_ENDS)
        assert seen.exists()
        assert not seen.filter(state="draft").exists()


def test_council_members_see_no_case(nation: None) -> None:
    assert any(person.email == "council@demo.example" for person in PEOPLE)
    actor = actor_of(Account.objects.get(email="council@demo.example"), now=NOW)
    with acting(actor, reason="look"):
        assert not Incident.objects.exists()


def test_the_playbooks_are_whole_and_every_cert_may_use_them(nation: None) -> None:
    import json

    actor = actor_of(Account.objects.get(email="sector-duty@demo.example"), now=NOW)
    with acting(actor, reason="look"):
        books = list(Playbook.objects.all())
    assert len(books) == 2
    assert all(read_playbook(json.dumps(book.document).encode()).name == book.name for book in books)
