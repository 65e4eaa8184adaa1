"""Sending a stage of a report: it becomes a version that nobody changes any more, and the clocks look at it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.utils.translation import gettext as _

from sipar.assessments.submit_actions import SecondFactor
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Invalid, Place
from sipar.incidents import timeline
from sipar.incidents.custody_actions import route_first
from sipar.incidents.models import Artefact, Incident, Report
from sipar.incidents.report_actions import held_report
from sipar.incidents.report_facts import NEEDED, NEEDED_ELSEWHERE, plain_text
from sipar.incidents.report_policy import require_may_submit
from sipar.obligations.actions import recompute
from sipar.obligations.models import Submission
from sipar.obligations.report_clocks import late_stages
from sipar.obligations.submissions import STAGES, canonical, changed_facts, digest_of, document_of, stages_after

LONGEST_REASON = 4_000
LONGEST_TITLE = 120
LONGEST_KEY = 200


@action("report.submit")
def submit_stage(
    actor: Actor,
    incident: Incident,
    *,
    stage: str,
    signature: SecondFactor | None,
    now: datetime,
    late_reason: str = "",
    idempotency_key: str | None = None,
) -> Submission:
    """Send what the report says as one stage; returns the version, or the one that this key already made.

    The first submission reports the case and gives it to its CERT; every one lets the duties be computed again.
    Raises Forbidden, Conflict, or Invalid with the places that are missing; nothing is kept then.
    """
    key = _own_key(actor, idempotency_key)
    # The lock comes first: of two senders with one key, the second finds what the first has sent.
    incident = Incident.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=incident.pk)
    sent_before = _sent_with(key, incident, stage)
    if sent_before is not None:
        return sent_before
    last = Submission.objects.filter(incident=incident).order_by("-number").first()
    report = held_report(actor, incident, now=now)
    require_may_submit(actor, incident, report, first=last is None, signature=signature, now=now)
    reason = _complete(incident, report, last, stage=stage, late_reason=late_reason, now=now)
    submission = _keep(actor, incident, report, last, stage=stage, signature=signature, key=key, reason=reason, now=now)
    _carry_over(incident, report, submission, last)
    Report.objects.filter(pk=report.pk).update(editing_by_id=None, editing_until=None)
    timeline.record(actor, incident, f"submitted_{stage}", now=now, facts={"number": submission.number})
    recompute(actor, incident, reason=f"submission {submission.number}", now=now, facts=sorted(submission.changed))
    if last is None:
        # Last of all: whoever entered a caller's report may not write the case once it has gone to its CERT.
        route_first(actor, incident, now=now)
    return submission


def _own_key(actor: Actor, key: str | None) -> str | None:
    """The key as it is kept: of this account alone, so that nobody meets another's submission by guessing keys."""
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST_KEY:
        raise Invalid(_("An idempotency key has between 1 and 200 characters."), code="report.key")
    return sha256(f"{actor.account}:{key}".encode()).hexdigest()


def _sent_with(key: str | None, incident: Incident, stage: str) -> Submission | None:
    found = Submission.objects.filter(idempotency_key=key).first() if key else None
    if found is not None and (found.incident_id, found.stage) != (incident.pk, stage):
        raise Conflict(_("This idempotency key was used for another submission."), code="report.key")
    return found


def _complete(
    incident: Incident, report: Report, last: Submission | None, *, stage: str, late_reason: str, now: datetime
) -> str:
    """The cleaned reason for being late, once everything that this stage needs is there; raises Invalid or Conflict."""
    if stage not in STAGES:
        raise Invalid(_("There is no such stage."), code="report.stage", places=[Place("stage", ", ".join(STAGES))])
    if last is not None and stage not in stages_after(last.stage):
        raise Conflict(_("A later stage was sent already."), code="report.stage")
    own = incident.door in ("web", "api")
    needed = NEEDED if own else NEEDED_ELSEWHERE
    places = [Place(name, _("This is needed to send the report.")) for name in needed if not report.facts.get(name)]
    try:
        reason = plain_text(late_reason, longest=LONGEST_REASON)
    except ValueError as error:
        reason, places = "", [*places, Place("late_reason", str(error))]
    if not places and not reason and own and late_stages(incident, report.facts, now=now):
        places = [Place("late_reason", _("The time for this has passed. Say why it is late."))]
    if places:
        raise Invalid(_("The report is not ready to be sent."), code="report.unready", places=places)
    return reason


def _keep(
    actor: Actor,
    incident: Incident,
    report: Report,
    last: Submission | None,
    *,
    stage: str,
    signature: SecondFactor | None,
    key: str | None,
    reason: str,
    now: datetime,
) -> Submission:
    attached = Artefact.objects.filter(incident=incident, kind=Artefact.Kind.ATTACHMENT).order_by("pk")
    artefacts = [{"name": row.name, "size": row.size, "sha256": row.sha256} for row in attached]
    number = last.number + 1 if last else 1
    document = document_of(
        case=incident.number,
        organisation=incident.organisation.identifier if incident.organisation else None,
        number=number,
        stage=stage,
        facts=report.facts,
        estimates=report.estimates,
        artefacts=artefacts,
        late_reason=reason,
        door=_door(actor, incident),
        submitted_at=now,
    )
    return Submission.objects.create(
        incident=incident,
        organisation_id=incident.organisation_id,
        number=number,
        stage=stage,
        facts=report.facts,
        estimates=report.estimates,
        changed=changed_facts(last.facts if last else {}, report.facts),
        artefacts=artefacts,
        late_reason=reason,
        door=_door(actor, incident),
        digest=digest_of(document),
        signed_by_id=actor.account if signature else None,
        signature=signature.method[:20] if signature else "",
        idempotency_key=key,
        submitted_at=now,
    )


def signed_document(submission: Submission) -> bytes:
    """What the digest of a submission was taken over, byte for byte."""
    incident = submission.incident
    # A case without an account gets its organisation later; its submission was digested without one.
    named = incident.organisation if submission.organisation_id is not None else None
    return canonical(
        document_of(
            case=incident.number,
            organisation=named.identifier if named else None,
            number=submission.number,
            stage=submission.stage,
            facts=submission.facts,
            estimates=submission.estimates,
            artefacts=submission.artefacts,
            late_reason=submission.late_reason,
            door=submission.door,
            submitted_at=submission.submitted_at,
        )
    )


def _carry_over(incident: Incident, report: Report, submission: Submission, last: Submission | None) -> None:
    """Bring what the organisation changed into the case; what the CERT corrected stays where they did not touch it."""
    facts: Mapping[str, Any] = {**incident.facts, **report.facts} if last is None else incident.facts
    news = {name: after for name, (_before, after) in submission.changed.items()}
    incident.facts = {name: value for name, value in {**facts, **news}.items() if value is not None}
    incident.estimates = report.estimates
    if not incident.title:
        incident.title = _title(str(report.facts.get("summary", "")))
    incident.save(update_fields=["facts", "estimates", "title"])


def _door(actor: Actor, incident: Incident) -> str:
    """The door that this stage came through."""
    if actor.scopes is not None:
        return Incident.Door.API
    if actor.holds("system") or incident.organisation_id is None:
        return incident.door
    own = actor.holds_at(incident.organisation_id, "reporter", "ciso", "head")
    return Incident.Door.WEB if own else Incident.Door.TELEPHONE


def _title(summary: str) -> str:
    """The first sentence or line of the summary, at most 120 characters."""
    first = summary.strip().splitlines()[0] if summary.strip() else ""
    return first if len(first) <= LONGEST_TITLE else f"{first[: LONGEST_TITLE - 1].rstrip()}…"
