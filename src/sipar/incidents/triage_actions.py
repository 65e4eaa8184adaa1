"""Triage: who works on the case, what kind of incident it is, how severe, how it stands, and what was wrong in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Invalid, Place
from sipar.formats.problems import FormatProblem
from sipar.incidents.campaign_actions import roll_up
from sipar.incidents.case_policy import require_custody, require_may_work
from sipar.incidents.classification import Pap, Tlp, rsit
from sipar.incidents.custody_actions import lead_of, lock, reason_given
from sipar.incidents.models import Incident, SeverityScore
from sipar.incidents.recommending import eu_scale
from sipar.incidents.report_facts import clean_facts
from sipar.incidents.service_hours import CODE
from sipar.incidents.severity import Choices, Severity, score, shipped_scale
from sipar.incidents.sharing_actions import end_what_no_longer_fits
from sipar.incidents.timeline import record
from sipar.obligations.actions import recompute
from sipar.obligations.service_levels import meet_service, stop_service
from sipar.people.roles import TEAM_ROLES
from sipar.people.selectors import people_of_team

# The states that a person chooses; the others follow from custody and merging. Those below them need words.
CHOSEN_STATES = ("contained", "resolved", "closed", "rejected", "open")
WITH_WORDS = ("closed", "rejected", "open")
CODES = {
    "contained": "contained", "resolved": "resolved", "closed": "closed", "rejected": "rejected", "open": "reopened",
}  # fmt: skip


@action("incident.assign")
def assign(actor: Actor, incident: Incident, *, account: int | None, now: datetime) -> None:
    """Put a person of the team that has the case in charge of it; None takes it back."""
    require_may_work(actor, incident)
    lock(incident)
    name = ""
    if account is not None:
        staff = people_of_team(lead_of(incident).pk, now=now).filter(role__in=TEAM_ROLES, account=account).first()
        if staff is None:
            raise Invalid("This person does not work at your CERT.", code="case.assign")
        name = staff.account.name
    incident.assigned_to_id = account
    incident.save(update_fields=["assigned_to_id"])
    if name:
        record(actor, incident, "assigned", now=now, facts={"team": lead_of(incident).code, "name": name})


@action("incident.set_state")
def set_state(actor: Actor, incident: Incident, *, state: str, words: str = "", now: datetime) -> None:
    """Say how the incident stands. Closing, rejecting and opening again need words: a summary, or the reason."""
    if state not in CHOSEN_STATES:
        raise Invalid("Choose one of the states that are offered.", code="case.state")
    over = incident.state in ("closed", "rejected")
    (require_custody if over else require_may_work)(actor, incident)
    lock(incident)
    if state not in Incident.TRANSITIONS[incident.state]:
        raise Conflict("The case cannot go to this state from where it is.", code="case.state")
    if state in ("closed", "rejected") and incident.offered_team_id is not None:
        raise Conflict("This case is offered to a CERT. Take that offer back first.", code="case.offered")
    why = reason_given(words) if state in WITH_WORDS else words.strip()
    incident.state = state
    incident.contained_at = now if state == "contained" else incident.contained_at
    incident.closed_at = now if state in ("closed", "rejected") else None
    incident.closing_summary = why if state == "closed" else incident.closing_summary
    incident.save(update_fields=["state", "contained_at", "closed_at", "closing_summary"])
    record(actor, incident, CODES[state], now=now, facts={"reason": why} if why else {})
    if state in ("closed", "rejected"):
        for stage in ("contact", "assess"):
            stop_service(actor, code=CODE, stage=stage, reason="the case is over", now=now, incident=incident)
    if over or state == "rejected":
        recompute(actor, incident, reason=CODES[state], now=now)


@action("incident.classify")
def classify(actor: Actor, incident: Incident, *, rsit_type: str, tlp: str, pap: str, now: datetime) -> None:
    """Say what kind of incident it is (RSIT), who may read about it (TLP) and what may be done with it (PAP).

    A stricter TLP ends at once what was shared more widely.
    """
    require_may_work(actor, incident)
    lock(incident)
    try:
        path = rsit().path_of(rsit_type) if rsit_type else ""
        label, permitted = Tlp.parse(tlp), Pap.parse(pap)
    except FormatProblem as problem:
        raise Invalid("Choose a class, a TLP and a PAP label.", code=problem.code) from problem
    incident.rsit_class, incident.rsit_type = path.partition("/")[0], path
    incident.tlp, incident.pap = label.value, permitted.value
    incident.save(update_fields=["rsit_class", "rsit_type", "tlp", "pap"])
    record(actor, incident, "classified", now=now, facts={"rsit": path, "tlp": label.value, "pap": permitted.value})
    end_what_no_longer_fits(actor, incident, now=now)


@action("incident.score")
def score_severity(
    actor: Actor, incident: Incident, *, choices: Choices, eu: str = "", outlook: str = "", now: datetime
) -> Severity:
    """Score the severity on the national scale, with the EU scale beside it; inputs and scale are kept with it."""
    require_may_work(actor, incident)
    lock(incident)
    scale = shipped_scale()
    try:
        result = score(scale, choices)
    except FormatProblem as problem:
        raise Invalid(
            "One of the answers is not on the scale.", code=problem.code, places=[Place(problem.where, str(problem))]
        ) from problem
    known = eu_scale()
    colour = eu or known.colour_beside(result.level) or ""
    if colour and colour not in {each.code for each in known.colours}:
        raise Invalid("Choose one of the colours of the EU scale.", code="severity.eu")
    if outlook and outlook not in {each.code for each in known.outlooks}:
        raise Invalid("Choose one of the outlooks.", code="severity.outlook")
    incident.severity_score, incident.severity_level = result.score, result.level
    incident.eu_scale, incident.outlook = colour, outlook
    incident.save(update_fields=["severity_score", "severity_level", "eu_scale", "outlook"])
    SeverityScore.objects.create(
        incident=incident,
        organisation_id=incident.organisation_id,
        scale=f"{result.scale}/{result.version}",
        scale_digest=result.digest,
        inputs={category: list(options) for category, options in result.inputs.items()},
        score=result.score,
        level=result.level,
        eu_scale=colour,
        outlook=outlook,
        team=lead_of(incident),
        scored_by_id=actor.account,
        scored_at=now,
    )
    if incident.campaign is not None:
        roll_up(actor, incident.campaign)
    meet_service(actor, code=CODE, stage="assess", now=now, incident=incident)
    record(actor, incident, "scored", now=now, facts={"level": result.level, "score": f"{result.score:.1f}"})
    return result


@action("incident.correct")
def correct_facts(
    actor: Actor, incident: Incident, *, facts: Mapping[str, Any], reason: str, now: datetime
) -> list[str]:
    """Correct what was reported, as the CERT that has the case; returns the names of the facts that changed.

    What the organisation signed stays as it is in its submissions. The duties are computed anew.
    """
    require_may_work(actor, incident)
    lock(incident)
    why = reason_given(reason)
    cleaned = clean_facts(facts, now=now)
    changed = sorted(name for name, value in cleaned.items() if incident.facts.get(name) != value)
    if not changed:
        raise Invalid("Nothing of this differs from what was reported.", code="case.correct")
    incident.facts = {name: value for name, value in {**incident.facts, **cleaned}.items() if value is not None}
    incident.estimates = [name for name in incident.estimates if name not in changed]
    incident.save(update_fields=["facts", "estimates"])
    record(actor, incident, "corrected", now=now, facts={"team": lead_of(incident).code, "reason": why})
    recompute(actor, incident, reason=why, now=now, facts=changed)
    return changed
