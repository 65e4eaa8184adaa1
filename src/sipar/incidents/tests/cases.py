"""Cases for the tests of this noun: one that was just reported, and one that its CERT accepted."""

from __future__ import annotations

from typing import Any

from tests.cast import NOW, Cast

from sipar.core.acting import Actor, acting
from sipar.core.numbers import case_number
from sipar.incidents.custody_actions import accept, route_first
from sipar.incidents.models import Incident
from sipar.incidents.selectors import access_incident

FACTS: dict[str, Any] = {
    "aware_at": "2026-11-02T08:00:00+00:00",
    "suspected_malicious": True,
    "cross_border_impact": False,
}


def reported(cast: Cast, *, organisation: str = "alpha", by: str = "ayesha", **fields: Any) -> str:
    """The number of a case that its organisation reported and that waits for its CERT."""
    whose = cast.organisations[organisation]
    with acting(cast.actors[by], reason="report"):
        incident = Incident.objects.create(
            number=case_number(NOW),
            organisation=whose,
            title=fields.pop("title", "Dispatch centre down"),
            door="web",
            facts=fields.pop("facts", FACTS),
            opened_by_id=cast.actors[by].account,
            opened_at=NOW,
            **fields,
        )
        route_first(cast.actors[by], incident, now=NOW)
    return incident.number


def accepted(cast: Cast, **fields: Any) -> str:
    """The number of a case of Alpha Power that Parveen accepted."""
    number = reported(cast, **fields)
    with acting(cast.parveen, reason="accept"):
        accept(cast.parveen, case_of(cast.parveen, number), now=NOW)
    return number


def case_of(actor: Actor, number: str) -> Incident:
    """The case as this actor reaches it, inside `acting`."""
    return access_incident(actor, number)
