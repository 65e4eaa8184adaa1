"""One of everything that hangs on a case, on a request for help and on the law, for the furnished world."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db.models import Model

import sipar.formats
from sipar.core.acting import acting
from sipar.core.files import keep_bytes
from sipar.core.jobs import system
from sipar.core.numbers import case_number
from sipar.frameworks.models import Framework
from sipar.incidents.custody_actions import route_first
from sipar.incidents.models import (
    Access,
    AffectedRequirement,
    Artefact,
    BreakGlass,
    Campaign,
    CaseLink,
    Custody,
    EmergencyReport,
    Entry,
    Extract,
    Handover,
    InboundMail,
    Incident,
    Indicator,
    Look,
    MailboxTrouble,
    Playbook,
    Report,
    RollUp,
    SeverityScore,
    Task,
)
from sipar.incidents.recommending import eu_scale
from sipar.incidents.severity import shipped_scale
from sipar.law.facts import shipped_facts
from sipar.obligations import models as law
from sipar.obligations.reading_actions import digest_of
from sipar.orgs.models import Ministry
from sipar.people.models import Account
from sipar.support import models as help_
from sipar.teams.models import Team
from tests.cast import NOW, Cast

PLAYBOOK = Path(sipar.formats.__file__).parent / "tests/fixtures/playbook-ransomware.json"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# What hangs on a case by `incident`, without an organisation of its own; and on a duty.
BY_INCIDENT: tuple[type[Model], ...] = (CaseLink, EmergencyReport, InboundMail)
BY_DUTY: tuple[type[Model], ...] = (law.Reminder,)
# What carries the number of its organisation.
CASE_TABLES: tuple[type[Model], ...] = (
    Incident, Report, Access, BreakGlass, Look, Extract, Handover, SeverityScore, Entry, Task, Artefact, Custody,
    Indicator, AffectedRequirement, law.Duty, law.Submission, law.Decision, law.Recomputation, law.Breach,
    help_.SupportRequest, help_.Handover, help_.Assignment, help_.Effort, help_.Lesson,
)  # fmt: skip
# What of these the ledger and the boards of others may count, and what belongs to no organisation at all.
SHARED_TABLES: tuple[type[Model], ...] = (Campaign, Playbook, RollUp, law.Regime, law.CalendarFeed)


def told(words: str) -> dict[str, Any]:
    """Every fact of text that an incident can have, saying these words, and some that are none."""
    texts = {name: words for name, fact in shipped_facts().items() if fact.type == "text" and fact.source == "incident"}
    return texts | {
        "aware_at": (NOW - HOUR).isoformat(), "incident_class": "malicious-code", "severity": "critical",
        "suspected_malicious": True, "ransomware": True, "root_cause_class": "malicious_actions",
    }  # fmt: skip


def furnish_nation(cast: Cast) -> dict[str, object]:
    """What all CERTs share, and what a ministry writes, once: a national incident, a playbook, a roll-up, a draft."""
    national, government = cast.teams["national"], Team.objects.get(tier="government")
    campaign = Campaign.objects.create(
        number=case_number(NOW, prefix="N"), title="Locked dispatch centres", summary="Several sectors.",
        lead_team=national, opened_by_id=cast.accounts["nadia"].pk, opened_at=NOW,
    )  # fmt: skip
    playbook = Playbook.objects.create(
        team=national, identifier="playbook--00000000-0000-4000-8000-000000000001", name="Contain",
        document=json.loads(PLAYBOOK.read_bytes()), digest="0" * 64, imported_by_id=cast.accounts["nadia"].pk,
        imported_at=NOW,
    )  # fmt: skip
    rollup = RollUp.objects.create(
        number=case_number(NOW, prefix="R"), from_team=government, to_team=national, since=NOW - 7 * DAY, until=NOW,
        figures={}, remarks="secret of the roll-up", digest="0" * 64, signature="totp",
        sent_by_id=cast.accounts["hamid"].pk, sent_at=NOW,
    )  # fmt: skip
    shipped = law.Regime.objects.filter(is_draft=False).order_by("code")[0]
    draft = law.Regime.objects.create(
        code="draft-act", version=1, status="draft", title={"en": "secret of the ministry"}, jurisdiction="PK",
        text=shipped.text + "\n# secret of the ministry", digest="0" * 64, is_draft=True,
        ministry=Ministry.objects.get(code="nepra"), written_by_id=cast.accounts["mina"].pk, written_at=NOW,
        note="secret of the ministry",
    )  # fmt: skip
    return {
        "cases/campaigns/|number": campaign.number, "api/cases/campaigns/|number": campaign.number,
        "state": "closed", "playbook_id": playbook.pk, "roll-ups/|number": rollup.number,
        "law/|code": draft.code, "law/replay/|kind": "csv",
    }  # fmt: skip


def furnish_case(
    cast: Cast, key: str, person: Account, analyst: Account, framework: Framework, requirement: str, words: str
) -> dict[str, object]:
    """A case of this organisation with one of everything, a draft, a report without account, and a request for help.

    `words` stand in every text of it.
    """
    organisation = cast.organisations[key]
    incident = _case(cast, key, person, words)
    _triaged(incident, analyst, words)
    lead = incident.lead_team
    assert lead is not None
    of = {"incident": incident, "organisation_id": organisation.pk}
    draft = Incident.objects.create(
        number=case_number(NOW), organisation=organisation, state="draft", title=f"draft {words}", door="web",
        opened_by_id=person.pk, opened_at=NOW,
    )  # fmt: skip
    Report.objects.create(incident=draft, organisation_id=organisation.pk, facts=told(f"draft {words}"))
    twin = _case(cast, key, person, words)
    link = CaseLink.objects.create(
        incident=incident, other=twin, kind="related", note=words, linked_by_id=analyst.pk, linked_at=NOW
    )
    access = Access.objects.create(
        **of, team=Team.objects.get(tier="government"), basis="shared", projection="summary", reason=words,
        given_by_id=analyst.pk, given_at=NOW, ended_at=NOW,
    )  # fmt: skip
    extract = Extract.objects.create(
        **of, recipient=cast.organisations["gamma"], team=lead, projection="indicators", tlp="amber", words=words,
        facts=told(words), indicators=[{"kind": "domain", "value": words, "tlp": "amber"}], given_by_id=analyst.pk,
        given_at=NOW,
    )  # fmt: skip
    examples = _contents(of, lead, analyst, person, words, framework, requirement)
    examples |= _duties(cast, of, lead, person, words)
    examples |= _help(incident, person, analyst, framework, requirement, words)
    waiting, mail = _without_account(cast, words.replace("case secret", "word of a caller"))
    law.CalendarFeed.objects.update_or_create(
        account_id=person.pk, defaults={"digest": digest_of(f"calendar-of-{key}"), "created_at": NOW}
    )
    return examples | {
        "number": incident.number, "access": access.pk, "extract": extract.pk, "link_id": link.pk,
        "report/waiting/|number": waiting.number, "mail": mail.pk, "duties/feed/|token": f"calendar-of-{key}",
        "sent": 1, "draft_case": draft.number, "other_case": twin.number,
    }  # fmt: skip


def leave_traces(cast: Cast, number: object, analyst: str, words: str) -> None:
    """That people from outside looked at the case, as themselves: nobody else can write that they did."""
    hamid, looker = cast.actors["hamid"], cast.actors[analyst]
    with acting(hamid, reason="behind the glass"):
        incident = Incident.objects.get(number=number)
        of: dict[str, Any] = {"incident": incident, "organisation_id": incident.organisation_id}
        BreakGlass.objects.create(
            **of, account_id=hamid.account, reason=words, opened_at=NOW - DAY, until=NOW - DAY + HOUR
        )
    with acting(looker, reason="look"):
        Look.objects.create(**of, account_id=looker.account, team=incident.lead_team, on=NOW.date(), at=NOW)


def _case(cast: Cast, key: str, person: Account, words: str) -> Incident:
    """A case that was reported, routed and accepted, with what its organisation is still writing."""
    incident = Incident.objects.create(
        number=case_number(NOW), organisation=cast.organisations[key], title=words, door="web", facts=told(words),
        estimates=["summary"], opened_by_id=person.pk, opened_at=NOW, verified_at=NOW,
    )  # fmt: skip
    Report.objects.create(incident=incident, organisation_id=incident.organisation_id, facts=told(f"draft {words}"))
    route_first(system(), incident, now=NOW)
    Handover.objects.filter(incident=incident).update(state="accepted", reason=words, answer=words, answered_at=NOW)
    Incident.objects.filter(pk=incident.pk).update(state="open", accepted_at=NOW, offered_team=None)
    Access.objects.filter(incident=incident).update(reason=words)
    incident.refresh_from_db()
    return incident


def _triaged(incident: Incident, analyst: Account, words: str) -> None:
    lead = incident.lead_team
    assert lead is not None
    level, colour = shipped_scale().levels[4].code, eu_scale().colours[-1].code
    Incident.objects.filter(pk=incident.pk).update(
        rsit_class="malicious-code", rsit_type="malicious-code/infected-system", severity_score=70.0,
        severity_level=level, eu_scale=colour, assigned_to_id=analyst.pk, closing_summary=words,
    )  # fmt: skip
    SeverityScore.objects.create(
        incident=incident, organisation_id=incident.organisation_id, scale="nciss/1", scale_digest="0" * 64,
        inputs={}, score=70.0, level=level, eu_scale=colour, team=lead, scored_by_id=analyst.pk,
        scored_at=NOW,
    )  # fmt: skip
    incident.refresh_from_db()


def _contents(
    of: dict[str, Any], lead: Team, analyst: Account, person: Account, words: str, framework: Framework,
    requirement: str,
) -> dict[str, object]:  # fmt: skip
    """The timeline, tasks, files, indicators and requirements; what teams write among themselves says so."""
    written = {"happened_at": NOW, "written_by_id": analyst.pk, "written_at": NOW}
    for kind, audience, team, body in (
        ("event", "everyone", None, words), ("message", "everyone", lead, words), ("message", "everyone", None, words),
        ("event", "team", lead, f"team {words}"), ("note", "teams", lead, f"among teams {words}"),
        ("note", "team", lead, f"team {words}"),
    ):  # fmt: skip
        Entry.objects.create(**of, kind=kind, audience=audience, team=team, body=body, **written)
    Entry.objects.create(
        **of,
        kind="system",
        audience="everyone",
        code="corrected",
        facts={"team": lead.code, "reason": words},
        **written,
    )
    task = Task.objects.create(
        **of, team=lead, for_organisation=True, title=words, detail=words, outcome=words, assigned_to_id=person.pk,
        due_at=NOW + HOUR, created_by_id=analyst.pk, created_at=NOW,
    )  # fmt: skip
    inner = Task.objects.create(
        **of, team=lead, title=f"among teams {words}", detail=f"among teams {words}", position=1,
        created_by_id=analyst.pk, created_at=NOW,
    )  # fmt: skip
    files = {}
    for audience, text in (("everyone", words), ("team", f"team {words}")):
        kept = keep_bytes(text.encode())
        files[audience] = Artefact.objects.create(
            **of, kind="attachment", audience=audience, team=None if audience == "everyone" else lead,
            name=f"{text}.txt", media_type=kept.media_type, size=kept.size, sha256=kept.sha256, description=text,
            added_by_id=person.pk, added_at=NOW,
        )  # fmt: skip
        Custody.objects.create(
            artefact=files[audience], incident=of["incident"], what="received",
            organisation_id=of["organisation_id"] if audience == "everyone" else None, holder=text,
            purpose=text, sha256=kept.sha256, account_id=person.pk, at=NOW,
        )  # fmt: skip
    indicator = Indicator.objects.create(
        **of, kind="other", value=words, note=words, added_by_id=person.pk, added_at=NOW
    )
    Indicator.objects.create(
        **of, kind="other", value=f"red {words}", tlp="red", note=words, added_by_id=person.pk, added_at=NOW
    )
    affected = AffectedRequirement.objects.create(
        **of, framework=framework, requirement=requirement, how="failed", note=words, added_by_id=person.pk,
        added_at=NOW,
    )  # fmt: skip
    return {
        "task_id": task.pk, "inner_task": inner.pk, "artefact_id": files["everyone"].pk,
        "inner_artefact": files["team"].pk, "row_id": indicator.pk,
        "cases/<slug:number>/requirements/|row_id": affected.pk,
        "api/cases/{slug:number}/requirements/|row_id": affected.pk,
    }  # fmt: skip


def _duties(cast: Cast, of: dict[str, Any], lead: Team, person: Account, words: str) -> dict[str, object]:
    """A duty of the law that was missed, with its history; what was sent and what was decided."""
    regime = law.Regime.objects.filter(is_draft=False).order_by("code")[0]
    duty = law.Duty.objects.create(
        kind="statutory", incident=of["incident"], organisation_id=of["organisation_id"], team=lead, regime=regime,
        code=regime.code, stage="final", cite="Art. 1", state="breached", clock="running", anchor="aware_at",
        anchor_at=NOW - DAY, due_at=NOW - HOUR, opened_at=NOW - DAY,
    )  # fmt: skip
    law.Recomputation.objects.create(
        duty=duty, **of, team_id=lead.pk, what="moved", before=NOW - 2 * HOUR, after=NOW - HOUR, facts=["aware_at"],
        reason=words, by_id=person.pk, at=NOW,
    )  # fmt: skip
    law.Breach.objects.create(duty=duty, **of, team_id=lead.pk, due_at=NOW - HOUR, recorded_at=NOW)
    law.Reminder.objects.create(
        duty=duty, account_id=person.pk, moment="late", due_at=NOW - HOUR, at=NOW, created_at=NOW
    )
    law.Submission.objects.create(
        **of, number=1, stage="early_warning", facts=told(words), estimates=["summary"],
        changed={"summary": [None, words]}, artefacts=[{"name": words, "size": 1, "sha256": "0" * 64}],
        late_reason=words, door="web", digest="0" * 64, submitted_at=NOW,
    )  # fmt: skip
    law.Decision.objects.create(
        **of, code=regime.code, stage="final", reason=words, decided_by_id=person.pk, decided_at=NOW
    )
    return {"duty_id": duty.pk}


def _help(
    incident: Incident, person: Account, analyst: Account, framework: Framework, requirement: str, words: str
) -> dict[str, object]:
    lead = incident.lead_team
    assert lead is not None
    assert incident.organisation is not None
    request = help_.SupportRequest.objects.create(
        number=case_number(NOW, prefix="H"), organisation=incident.organisation, incident=incident, state="accepted",
        title=words, needs=words, urgency="now", mode="on_site", place=words, access=words, contact=words, phone=words,
        team=lead, viewers=[lead.pk], asked_by_id=person.pk, asked_at=NOW, accepted_by_id=analyst.pk, accepted_at=NOW,
        eta=NOW + HOUR, closing_report=words, feedback=words,
    )  # fmt: skip
    of: dict[str, Any] = {"request": request, "organisation_id": request.organisation_id}
    help_.Handover.objects.create(**of, kind="routed", to_team=lead, reason=words, by_id=person.pk, at=NOW)
    assignment = help_.Assignment.objects.create(
        **of, team=lead, account=analyst, mode="on_site", task=words, equipment=words, assigned_by_id=analyst.pk,
        assigned_at=NOW,
    )  # fmt: skip
    help_.Effort.objects.create(
        **of, team=lead, account_id=analyst.pk, on=NOW.date(), minutes=60, what=f"among teams {words}", written_at=NOW
    )
    lesson = help_.Lesson.objects.create(
        **of, framework=framework, requirement=requirement, text=words, written_by_id=analyst.pk, written_at=NOW
    )
    law.Duty.objects.create(
        kind="support", support_request=request, organisation_id=request.organisation_id, team=lead, code="support",
        stage="arrive", state="running", clock="running", anchor_at=NOW, due_at=NOW + HOUR, opened_at=NOW,
    )  # fmt: skip
    return {"help_number": request.number, "assignment_id": assignment.pk, "lesson_id": lesson.pk}


def _without_account(cast: Cast, words: str) -> tuple[Incident, InboundMail]:
    """What somebody without an account reported, and a mail that nobody has read: the National CERT alone has them."""
    national = cast.teams["national"]
    incident = Incident.objects.create(
        number=case_number(NOW), title=words, door="emergency", facts=told(words), opened_by_id=system().account,
        opened_at=NOW,
    )  # fmt: skip
    Report.objects.create(incident=incident, facts=told(words))
    route_first(system(), incident, now=NOW)
    EmergencyReport.objects.create(
        incident=incident, team=national, organisation_said=words, caller_name=words, caller_role=words, phone=words,
        email="caller@test.example", received_at=NOW,
    )  # fmt: skip
    mail = InboundMail.objects.create(
        message_id=f"<{incident.number}@test.example>", team=national, sender=words, subject=words, text=words,
        sha256=keep_bytes(words.encode()).sha256, received_at=NOW, problem=words, note=words,
    )  # fmt: skip
    setting = list(MailboxTrouble.MAILBOXES)[MailboxTrouble.objects.count()]
    MailboxTrouble.objects.create(setting=setting, team=national, problem=words, since=NOW - HOUR, tried_at=NOW)
    return incident, mail
