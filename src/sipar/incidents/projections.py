"""What each audience sees of a case: fields, not only rows. Pages, API, exports and mails all read through these.

Number, state and labels of a case go with every projection: whoever is shown something must know what they may do
with it. The database decides whose rows an actor reaches at all; a projection decides which parts of such a case are
shown. A part that no projection names is shown to nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ALL = frozenset({"*"})

# The facts that tell what happens without telling who or how deep: enough to recognise a wider attack.
COORDINATION_FACTS = frozenset({
    "report_subject", "aware_at", "classified_at", "detected_at", "started_at", "handled_at", "incident_class",
    "certin_type", "suspected_malicious", "ransomware", "ongoing", "cross_border_impact", "vulnerability_exploited",
    "technique", "root_cause_class", "critical_service_affected", "operational_technology_impact", "sector", "country",
})  # fmt: skip
SUMMARY_FACTS = frozenset({"aware_at", "incident_class", "suspected_malicious", "cross_border_impact"})

PARTS = frozenset({
    "identity", "contacts", "facts", "submissions", "duties", "custody", "timeline", "messages", "notes", "tasks",
    "artefacts", "indicators", "requirements", "severity", "score_inputs", "links", "campaign", "support", "looks",
})  # fmt: skip


@dataclass(frozen=True)
class Projection:
    """`facts` holds the names of visible facts, or "*"; `parts` the sections of a case that are shown at all."""

    name: str
    parts: frozenset[str]
    facts: frozenset[str]

    def shows(self, part: str) -> bool:
        return part in self.parts

    def of_facts(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The facts that this audience sees."""
        if self.facts == ALL:
            return dict(facts)
        return {name: value for name, value in facts.items() if name in self.facts}


PROJECTIONS: dict[str, Projection] = {
    projection.name: projection
    for projection in (
        Projection("organisation", PARTS - {"notes", "score_inputs", "links"}, ALL),
        Projection("full", PARTS, ALL),
        Projection(
            "coordination",
            frozenset(
                {"identity", "facts", "duties", "custody", "timeline", "notes", "indicators", "severity", "campaign",
                 "links", "requirements"}
            ),
            COORDINATION_FACTS,
        ),
        Projection("indicators", frozenset({"facts", "indicators", "severity", "campaign"}), SUMMARY_FACTS),
        Projection("summary", frozenset({"facts", "severity", "campaign"}), SUMMARY_FACTS),
    )
}  # fmt: skip
