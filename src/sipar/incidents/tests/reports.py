"""Reports for the tests of this noun: a draft with facts, and one that was sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.cast import NOW, Cast

from sipar.assessments.submit_actions import SecondFactor
from sipar.core.acting import Actor, acting
from sipar.incidents.models import Incident
from sipar.incidents.report_actions import open_case, save_report
from sipar.obligations.models import Submission
from sipar.obligations.submit_actions import submit_stage

AWARE = NOW - timedelta(hours=1)
FACTS: dict[str, Any] = {
    "summary": "Screens in the dispatch centre are locked. A note asks for money.",
    "aware_at": AWARE.isoformat(),
    "affected_systems": "Dispatch centre",
    "contact": "Bilal, 0300 0000000",
    "incident_class": "malicious-code",
    "severity": "critical",
}
FRESH = SecondFactor("totp", NOW)


def drafted(actor: Actor, cast: Cast, *, organisation: str = "alpha", facts: Any = None, now: datetime = NOW) -> str:
    """The number of a draft that holds these facts."""
    with acting(actor, reason="draft"):
        incident = open_case(actor, organisation=cast.organisations[organisation], door="web", now=now)
        save_report(actor, incident, facts=FACTS if facts is None else facts, estimates=(), version=0, now=now)
    return incident.number


def sent(
    actor: Actor,
    number: str,
    *,
    stage: str = "early_warning",
    signature: SecondFactor | None = None,
    now: datetime = NOW,
    **more: Any,
) -> Submission:
    """A stage of this case, sent by the actor."""
    with acting(actor, reason="send"):
        incident = Incident.objects.get(number=number)
        return submit_stage(actor, incident, stage=stage, signature=signature, now=now, **more)


def saved(actor: Actor, number: str, facts: Any, *, version: int, now: datetime = NOW, estimates: Any = None) -> int:
    """Save facts into this case; returns the version after it."""
    with acting(actor, reason="save"):
        incident = Incident.objects.get(number=number)
        return save_report(actor, incident, facts=facts, estimates=estimates, version=version, now=now).version
