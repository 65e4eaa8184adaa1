"""Duties change here: computed from the facts, and waived by a decision not to report. History is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Invalid
from sipar.incidents import timeline
from sipar.incidents.models import Incident
from sipar.obligations.assessing import Asked, asked_in
from sipar.obligations.breaches import record_breaches
from sipar.obligations.clock import moments
from sipar.obligations.models import Decision, Duty, Recomputation, Submission
from sipar.obligations.policy import require_may_decide
from sipar.obligations.service_levels import meet_service, move_service, start_service

__all__ = ["decide_not_to_report", "meet_service", "move_service", "recompute", "start_service"]

LONGEST_REASON = 4_000
ENDED_STATES = ("discarded", "rejected", "merged")
UNMET = ("waiting", "running", "breached")


@action("duty.recompute")
def recompute(
    actor: Actor, incident: Incident, *, reason: str, now: datetime, facts: Sequence[str] = ()
) -> list[Recomputation]:
    """Bring the duties of a case to what the law asks by the facts as they stand; returns what changed.

    Call it inside the action that changed something, with the names of the `facts` that changed. A second call
    changes nothing. What was missed is recorded before anything moves, and stays missed.
    """
    _lock(incident)
    record_breaches(incident=incident, now=now)
    submissions = list(Submission.objects.filter(incident=incident).order_by("number"))
    ended = incident.state in ENDED_STATES
    asked = {} if ended else {each.key: each for each in asked_in(incident, submissions=submissions)}
    known = {
        (duty.code, duty.stage): duty
        for duty in Duty.objects.filter(incident=incident, kind=Duty.Kind.STATUTORY).order_by("pk")
    }
    waived = _waived(incident, asked, submissions)
    book = _Book(actor, incident, reason=reason, facts=facts, now=now)
    for key, each in asked.items():
        duty = known.get(key)
        if each.applies is None:
            continue
        if each.applies:
            book.ask(duty, each, waived=_is_waived(key, waived))
        elif duty is not None:
            book.withdraw(duty)
    for key, duty in known.items():
        if key not in asked:
            book.withdraw(duty)
    changes = book.close()
    if changes:
        record_breaches(incident=incident, now=now)
    book.meet_late()
    return changes


@action("duty.decide_not_to_report")
def decide_not_to_report(
    actor: Actor, incident: Incident, *, code: str, reason: str, now: datetime, stage: str = ""
) -> Decision:
    """Record the decision not to report under one regime (or one stage of it), with its reason, for ever.

    Its open duties are waived; reporting later takes that back. What was missed already stays missed. Raises
    Forbidden, Invalid without a reason, Conflict where nothing of this regime is open.
    """
    require_may_decide(actor, incident)
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Invalid(_("Give the reason in at most 4,000 characters. It is kept."), code="duty.reason")
    _lock(incident)
    record_breaches(incident=incident, now=now)
    duties = Duty.objects.filter(incident=incident, kind=Duty.Kind.STATUTORY, code=code, state__in=UNMET)
    if not (duties.filter(stage=stage) if stage else duties).exists():
        raise Conflict(_("Nothing is open under this law that could be decided about."), code="duty.none_open")
    decision = Decision.objects.create(
        incident=incident,
        organisation_id=incident.organisation_id,
        code=code,
        stage=stage,
        reason=reason.strip(),
        decided_by_id=actor.account,
        decided_at=now,
    )
    timeline.record(actor, incident, "decided_not_to_report", now=now, facts={"law": code, "stage": stage})
    recompute(actor, incident, reason="decision not to report", now=now)
    return decision


def _lock(incident: Incident) -> None:
    """One computation of a case at a time; the scan passes over rows that are being changed."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('obligations.duties'), %s)", [incident.pk % 2**31])


def _waived(
    incident: Incident, asked: dict[tuple[str, str], Asked], submissions: Sequence[Submission]
) -> set[tuple[str, str]]:
    """Regime and stage (empty: all) of the decisions that stand: nothing was reported under the regime since."""
    reported = {
        code: max(each.served_by.submitted_at for each in asked.values() if each.code == code and each.served_by)
        for code in {each.code for each in asked.values() if each.served_by}
    }
    return {
        (decision.code, decision.stage)
        for decision in Decision.objects.filter(incident=incident)
        if decision.code not in reported or decision.decided_at > reported[decision.code]
    }


def _is_waived(key: tuple[str, str], waived: set[tuple[str, str]]) -> bool:
    return key in waived or (key[0], "") in waived


class _Book:
    """The duties of one case while they are computed: what changed, and the rows that say so."""

    def __init__(self, actor: Actor, incident: Incident, *, reason: str, facts: Sequence[str], now: datetime) -> None:
        self.actor = actor
        self.incident = incident
        self.reason = reason
        self.facts = sorted(set(facts))
        self.now = now
        self.changes: list[Recomputation] = []
        self.late: list[tuple[Duty, Submission]] = []

    def ask(self, duty: Duty | None, asked: Asked, *, waived: bool) -> None:
        """The law asks this: appear, move, start, stop, return, be met or waived."""
        if duty is None:
            duty = self._appear(asked)
        else:
            self._move(duty, asked)
        if asked.served_by is not None:
            self._meet(duty, asked.served_by)
        elif waived and duty.state in ("waiting", "running"):
            self._become(duty, "waived", next_at=None)
        elif not waived and duty.state == "waived":
            self._become(duty, "running" if duty.due_at else "waiting", next_at=self._first_moment(duty), step=0)
            self._note(duty, "returned", before=None, after=duty.due_at)

    def withdraw(self, duty: Duty) -> None:
        """The law no longer asks it. What was done or missed stays as it is."""
        if duty.state in ("waiting", "running"):
            self._note(duty, "withdrawn", before=duty.due_at, after=None)
            self._become(duty, "withdrawn", next_at=None)

    def close(self) -> list[Recomputation]:
        """Write the history, and one line of the timeline where something changed."""
        if not self.changes:
            return []
        written = Recomputation.objects.bulk_create(self.changes)
        facts = {"count": len(written)}
        timeline.record(self.actor, self.incident, "duties_changed", now=self.now, facts=facts)
        return written

    def meet_late(self) -> None:
        """Only after their breach stands in the records, duties that were served late are so."""
        for duty, submission in self.late:
            self._become(duty, "met_late", met_at=submission.submitted_at, met_by=submission)

    def _appear(self, asked: Asked) -> Duty:
        duty = Duty(
            kind=Duty.Kind.STATUTORY,
            incident=self.incident,
            organisation_id=self.incident.organisation_id,
            code=asked.code,
            stage=asked.stage,
            opened_at=self.now,
        )
        self._take_over(duty, asked)
        duty.state = "running" if asked.due_at else "waiting"
        duty.next_at = self._first_moment(duty)
        duty.save()
        self._note(duty, "appeared", before=None, after=duty.due_at)
        return duty

    def _move(self, duty: Duty, asked: Asked) -> None:
        before, was = duty.due_at, _standing(duty)
        self._take_over(duty, asked)
        if duty.state == "withdrawn":
            self._note(duty, "returned", before=None, after=duty.due_at)
            self._become(duty, "running" if duty.due_at else "waiting", next_at=self._first_moment(duty), step=0)
            return
        if duty.due_at != before:
            what = "started" if before is None else "stopped" if duty.due_at is None else "moved"
            self._note(duty, what, before=before, after=duty.due_at)
            if duty.state in ("waiting", "running"):
                duty.state = "running" if duty.due_at else "waiting"
            if duty.state in ("waiting", "running", "breached"):
                duty.next_at, duty.step = self._first_moment(duty), 0
        if _standing(duty) != was:
            duty.save()

    def _take_over(self, duty: Duty, asked: Asked) -> None:
        law = asked.duty.duty
        duty.regime_id = asked.binding.row.pk
        duty.to, duty.cite = list(law.to), law.cite[:200]
        duty.clock, duty.anchor = asked.clock, asked.anchor[:60]
        duty.anchor_at, duty.due_at = asked.anchor_at, asked.due_at

    def _meet(self, duty: Duty, submission: Submission) -> None:
        if duty.state in ("met", "met_late"):
            return
        if duty.state == "waived":
            self._become(duty, "running" if duty.due_at else "waiting")
        if duty.state == "breached" or (duty.due_at is not None and submission.submitted_at > duty.due_at):
            if duty.state == "waiting":
                self._become(duty, "running")
            if duty.state == "running":
                # The scan finds it at its limit, should the breach not be recorded in this transaction.
                self._become(duty, "breached", next_at=duty.due_at, step=2)
            self.late.append((duty, submission))
            return
        self._become(duty, "met", next_at=None, met_at=submission.submitted_at, met_by=submission)

    def _first_moment(self, duty: Duty) -> datetime | None:
        if duty.due_at is None:
            return None
        return moments(start=duty.anchor_at or duty.opened_at, due=duty.due_at).before

    def _become(self, duty: Duty, state: str, **changes: object) -> None:
        duty.state = state
        for name, value in changes.items():
            setattr(duty, name, value)
        duty.save()

    def _note(self, duty: Duty, what: str, *, before: datetime | None, after: datetime | None) -> None:
        self.changes.append(
            Recomputation(
                duty=duty,
                incident=self.incident,
                organisation_id=duty.organisation_id,
                what=what,
                before=before,
                after=after,
                facts=self.facts,
                reason=self.reason,
                by_id=self.actor.account,
                at=self.now,
            )
        )


def _standing(duty: Duty) -> tuple[object, ...]:
    return (
        duty.regime_id, duty.to, duty.cite, duty.clock, duty.anchor, duty.anchor_at, duty.due_at, duty.state,
        duty.next_at, duty.step,
    )  # fmt: skip
