"""Cases for the tests of duties: one of Alpha Power, bound by foreign laws that its earlier words made known."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.incidents.models import Incident
from sipar.incidents.report_actions import open_case
from sipar.obligations.models import Submission

# Facts that bind Alpha by the EU's NIS2 and by India's directions, and make the incident significant.
BOUND: dict[str, Any] = {"entity_class": "essential", "entity_type": "other", "operates_in_india": True}
SERIOUS: dict[str, Any] = {"severe_disruption": True, "certin_type": "critical_system_compromise"}


def draft_of(cast: Cast, *, who: str = "bilal", organisation: str = "alpha", now: datetime = NOW) -> Incident:
    """An empty draft of an organisation, opened by one of its people."""
    with acting(cast.actors[who], reason="open a case"):
        return open_case(cast.actors[who], organisation=cast.organisations[organisation], door="web", now=now)


def tell(incident: Incident, **facts: object) -> Incident:
    """Put facts into a draft's report as JSON keeps them; as Sipar, so that no clock is started by the way."""
    with acting(system(), reason="tell facts"):
        report = incident.report
        told = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in facts.items()}
        report.facts = {**report.facts, **told}
        report.save()
    return incident


def submitted(incident: Incident, stage: str, *, at: datetime, number: int = 1) -> Submission:
    """A stage that was handed in at that time, with the facts of the draft; nothing is computed."""
    with acting(system(), reason="hand in"):
        return Submission.objects.create(
            incident=incident,
            organisation_id=incident.organisation_id,
            number=number,
            stage=stage,
            facts=incident.report.facts,
            door="web",
            digest="0" * 64,
            submitted_at=at,
        )
