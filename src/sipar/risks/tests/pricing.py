"""A small nation with assumptions of its own, to run the model for in tests. Everything is invented."""

from __future__ import annotations

import copy
from typing import Any

from tests.cast import NOW, Cast

from sipar.assessments.models import Campaign
from sipar.board.tests.answered import answer, more_organisations
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.orgs.models import Organisation
from sipar.risks.actions import draft_from, start_run, use_assumptions
from sipar.risks.models import AssumptionSet, Dependency, Run
from sipar.risks.working import perform

SOURCE = {"text": "Invented for a test.", "quality": "assumed"}
YEARS = 1_000
DOCUMENT: dict[str, Any] = {
    "currency": "USD",
    "year": 2026,
    "scenarios": [
        {
            "key": "ransomware", "title": {"en": "Ransomware", "ur": "تاوان"}, "event": "malware/system-intrusion",
            "asset": "Servers", "forms": ["productivity"],
            "applies": {"sectors": [], "tiers": [], "sizes": [], "ownership": []},
            "frequency": {"mean": 0.3, "per": "year", "variation": 0.5, "overdispersion": 0.0, "source": SOURCE},
            "loss": {
                "primary": {"shape": "lognormal", "low": 10_000, "high": 1_000_000, "confidence": 0.9},
                "secondary_probability": 0.0, "secondary": None, "source": SOURCE,
            },
            "scale": {"size": {"small": 0.5, "large": 1.0}, "tier": {"1": 2.0}},
        },
        {
            "key": "outage", "title": {"en": "Outage", "ur": "بندش"}, "event": "environmental/outage", "asset": "",
            "forms": [], "applies": {"sectors": [], "tiers": [], "sizes": [], "ownership": []},
            "frequency": {"mean": 0.02, "per": "year", "variation": 0.2, "overdispersion": 0.0, "source": SOURCE},
            "loss": {
                "primary": {"shape": "pert", "low": 1_000, "mode": 20_000, "high": 300_000},
                "secondary_probability": 0.1, "secondary": {"shape": "pert", "low": 1, "mode": 2, "high": 50_000},
                "source": {"text": "A published table.", "quality": "published"},
            },
            "scale": {"size": {}, "tier": {}},
        },
    ],
    "shocks": [
        {"sector": "", "title": {"en": "Open conflict", "ur": "کشمکش"}, "probability": 0.05, "factor": 3.0,
         "source": SOURCE},
    ],
    "providers": [
        {"key": "grid", "title": {"en": "Grid (fictional)", "ur": "گرڈ"}, "kind": "power", "failures": 0.1,
         "rests_on": [], "sets_off": {"outage": 0.6}, "source": SOURCE},
        {"key": "cloud", "title": {"en": "Cloud (fictional)", "ur": "کلاؤڈ"}, "kind": "cloud", "failures": 0.3,
         "rests_on": ["grid"], "sets_off": {"outage": 0.7}, "source": SOURCE},
    ],
    "effects": [
        {"requirement": "PR.AA-03", "target": "frequency", "reduction": 0.5, "low": 0.3, "high": 0.6,
         "function": "loss event", "event": "", "source": SOURCE},
        {"requirement": "PR.DS-11", "target": "magnitude", "reduction": 0.4, "low": 0.2, "high": 0.5,
         "function": "loss event", "event": "malware/system-intrusion", "source": SOURCE},
    ],
    "exposure": {"critical": 1.1, "high": 1.05, "medium": 1.0, "low": 1.0, "most": 2.0, "source": SOURCE},
    "measures": {},
    "recorded_years": [{"year": 2025, "loss": 3_000_000, "source": SOURCE}],
}  # fmt: skip


def document(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(DOCUMENT) | changes


def peopled(campaign: Campaign, *, count: int = 40) -> list[Organisation]:
    """Organisations that answered; most of them rest on the cloud."""
    made = more_organisations(count)
    answer(campaign, made)
    with acting(system(), reason="say who rests on the cloud"):
        Dependency.objects.bulk_create(
            Dependency(organisation=each, provider="cloud", stated_by_id=1, stated_at=NOW)
            for each in made[: count * 3 // 4]
        )
    return made


def drafted(cast: Cast, *, base: AssumptionSet | None = None, by: str = "nadia", **changes: Any) -> AssumptionSet:
    actor = cast.actors[by]
    with acting(actor, reason="draft"):
        written = document(**changes) if base is None or changes else None
        return draft_from(actor, base, title="First", reason="A test", document=written, now=NOW)


def in_use(cast: Cast) -> AssumptionSet:
    """Assumptions that were drafted and put to use."""
    draft = drafted(cast)
    with acting(cast.nadia, reason="use"):
        return use_assumptions(cast.nadia, draft, reason="There was nothing before.", now=NOW)


def asked(cast: Cast, assumptions: AssumptionSet, *, by: str = "nadia", **said: Any) -> Run:
    wanted: dict[str, Any] = {"title": "A run", "years": YEARS, "seed": 7, "now": NOW}
    with acting(cast.actors[by], reason="run"):
        return start_run(cast.actors[by], assumptions, **(wanted | said))


def ran(cast: Cast, assumptions: AssumptionSet, **said: Any) -> Run:
    """A run that is done."""
    run = asked(cast, assumptions, **said)
    perform(run, now=NOW)
    return again(run)


def again(run: Run) -> Run:
    with acting(system(), reason="look again"):
        return Run.objects.select_related("assumptions", "campaign", "repeats").get(pk=run.pk)
