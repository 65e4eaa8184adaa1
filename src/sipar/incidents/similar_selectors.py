"""Cases that look alike, among those that the reader sees, by what the reader is shown of each: rows, fields, counts.

A case that the reader does not see is neither named nor counted, and a field that a projection hides compares with
nothing: the reader could otherwise work it out by what is called similar.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from sipar.core.acting import Actor
from sipar.incidents.content_selectors import WIDEST_TLP_FOR_GUESTS, audiences_of, indicators_of, labels_up_to
from sipar.incidents.models import Incident, Indicator
from sipar.incidents.projections import Projection

NEAR = timedelta(days=30)
MOST_CANDIDATES = 300
MOST_SHOWN = 20
MOST_COMPARED = 2_000
CAUSE_FACTS = ("root_cause_class", "technique")
_WORTH = {"indicator": 10, "cause": 3, "type": 2}


@dataclass(frozen=True)
class Similar:
    """A case that looks alike: how many indicators both hold, whether type and time, or cause, are the same."""

    incident: Incident
    projection: Projection
    indicators: int
    same_type: bool
    same_cause: bool

    @property
    def worth(self) -> int:
        """How alike, for ordering."""
        found = _WORTH["indicator"] * min(self.indicators, 10)
        return found + _WORTH["cause"] * self.same_cause + _WORTH["type"] * self.same_type


def similar_cases(actor: Actor, incident: Incident, projection: Projection, *, now: datetime) -> list[Similar]:
    """The cases most like this one that the actor sees, the most alike first; none where links are not shown."""
    if not projection.shows("links"):
        return []
    shared = _shared_indicators(incident, projection)
    candidates = _candidates(incident, projection, list(shared))
    audiences = audiences_of(actor, candidates, now=now)
    guests = any(audience.name not in ("full", "organisation") for audience in audiences.values())
    free = _shared_indicators(incident, projection, travelling=True) if guests else {}
    found = []
    for case in candidates:
        audience = audiences[case.pk]
        held = shared if audience.name in ("full", "organisation") else free
        alike = Similar(
            incident=case,
            projection=audience,
            indicators=held.get(case.pk, 0) if audience.shows("indicators") else 0,
            same_type=_same_type(incident, case),
            same_cause=_same_cause(projection.of_facts(incident.facts), audience.of_facts(case.facts)),
        )
        if alike.worth:
            found.append(alike)
    return sorted(found, key=lambda one: (-one.worth, -one.incident.pk))[:MOST_SHOWN]


def _candidates(incident: Incident, projection: Projection, holders: list[int]) -> list[Incident]:
    alike = Q(pk__in=holders)
    if incident.rsit_type:
        moment = incident.reported_at or incident.opened_at
        alike |= Q(rsit_type=incident.rsit_type, reported_at__range=(moment - NEAR, moment + NEAR))
    own = projection.of_facts(incident.facts)
    for name in CAUSE_FACTS:
        if isinstance(own.get(name), str) and own[name]:
            alike |= Q(**{f"facts__{name}": own[name]})
    rows = Incident.objects.filter(alike).exclude(pk=incident.pk).exclude(state__in=("draft", "discarded", "merged"))
    return list(rows.select_related("lead_team").order_by("-reported_at", "-pk")[:MOST_CANDIDATES])


def _shared_indicators(incident: Incident, projection: Projection, *, travelling: bool = False) -> dict[int, int]:
    """How many of this case's indicators each other visible case holds; `travelling`: by those that may travel."""
    own = indicators_of(incident, projection)
    values = list(own.values_list("value", flat=True)[:MOST_COMPARED])
    if not values:
        return {}
    kinds = dict(own.values_list("value", "kind"))
    rows = Indicator.objects.filter(value__in=values, kind__in=set(kinds.values())).exclude(incident=incident)
    if travelling:
        rows = rows.filter(tlp__in=labels_up_to(WIDEST_TLP_FOR_GUESTS))
    counts: dict[int, int] = {}
    for case, kind, value in rows.values_list("incident_id", "kind", "value"):
        if kinds.get(value) == kind:
            counts[case] = counts.get(case, 0) + 1
    return counts


def _same_type(incident: Incident, other: Incident) -> bool:
    if not incident.rsit_type or incident.rsit_type != other.rsit_type:
        return False
    here, there = incident.reported_at or incident.opened_at, other.reported_at or other.opened_at
    return abs(here - there) <= NEAR


def _same_cause(facts: Mapping[str, object], others: Mapping[str, object]) -> bool:
    return any(
        isinstance(facts.get(name), str) and facts[name] and facts[name] == others.get(name) for name in CAUSE_FACTS
    )
