"""What the bench of the risk pages does inside the database: a nation, invented assumptions, and one run of them."""

from __future__ import annotations

import time
from typing import Any

ORGANISATIONS, YEARS = 10_000, 10_000
SCENARIOS, EFFECTS = 12, 24
SOURCE = {"text": "Invented for a bench.", "quality": "assumed"}
PROVIDERS = ("cloud", "grid")


def load(_number: int) -> dict[str, Any]:
    """A nation whose organisations rest on two providers, and a run that counts; seconds of both."""
    from django.utils import timezone

    from sipar.bench import measure, nation
    from sipar.bench.duties_steps import _admin
    from sipar.core import database
    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.risks.actions import draft_from, start_run, use_assumptions
    from sipar.risks.working import perform

    database.migrate()
    begun = time.perf_counter()
    nation.load(measure.superuser(), organisations=ORGANISATIONS, campaigns=1)
    with _admin() as admin:
        for place, provider in enumerate(PROVIDERS):
            admin.execute(
                "insert into risks_dependency (organisation_id, provider, note, stated_by_id, stated_at)"
                " select id, %s, '', 1, now() from orgs_organisation where id %% 3 = %s",
                [provider, place],
            )
    loaded = time.perf_counter()
    now, sipar = timezone.now(), system()
    with acting(sipar, reason="run the model of a bench"):
        draft = draft_from(sipar, None, title="Bench", reason="A bench", document=document(), now=now)
        used = use_assumptions(sipar, draft, reason="A bench", now=now)
        run = start_run(sipar, used, title="Bench", years=YEARS, seed=1, now=now)
    perform(run, now=now)
    ended = time.perf_counter()
    with _admin() as admin:
        admin.execute("vacuum analyze risks_run, risks_runpublication, risks_rundetail, risks_organisationloss")
    return {"seconds": loaded - begun, "run_s": ended - loaded}


def sign_in(_number: int) -> dict[str, Any]:
    """Static files where the server looks for them, and sessions of the analyst and the Council."""
    from sipar.bench import measure
    from sipar.config import installation

    installation.collect_static_files(say=lambda _sentence: None)
    return {"national": measure._session("analyst"), "council": measure._session("council_member")}


def document() -> dict[str, Any]:
    """Invented assumptions of a nation's size: twelve scenarios, effects of the bench framework, two providers."""
    scenarios: list[dict[str, Any]] = [
        {
            "key": f"scenario-{place}",
            "title": {"en": f"Invented scenario {place}", "ur": f"فرضی منظر {place}"},
            "event": "malware/system-intrusion" if place % 2 else "hacking/system-intrusion",
            "asset": "Servers",
            "forms": ["productivity", "response"],
            "applies": {"sectors": [], "tiers": [], "sizes": [], "ownership": []},
            "frequency": {"mean": 0.01 + 0.004 * place, "per": "year", "variation": 0.5, "source": SOURCE},
            "loss": {
                "primary": {"shape": "lognormal", "low": 5_000, "high": 1_000_000 * (1 + place), "confidence": 0.9},
                "secondary_probability": 0.0,
                "secondary": None,
                "source": SOURCE,
            },
            "scale": {"size": {"small": 0.2, "medium": 0.5}, "tier": {"1": 2.0}},
        }
        for place in range(SCENARIOS)
    ]
    effects = [
        {
            "requirement": f"R{place * 16:03d}", "target": "frequency" if place % 2 else "magnitude",
            "reduction": 0.3, "low": 0.15, "high": 0.45, "function": "loss event", "event": "", "source": SOURCE,
        }
        for place in range(EFFECTS)
    ]  # fmt: skip
    providers = [
        {
            "key": key, "title": {"en": f"Invented {key}", "ur": "فرضی"}, "kind": "other", "failures": 0.2,
            "rests_on": [], "sets_off": {"scenario-1": 0.5, "scenario-2": 0.1}, "source": SOURCE,
        }
        for key in PROVIDERS
    ]  # fmt: skip
    shocks = [
        {"sector": "", "title": {"en": "A bad year", "ur": "برا سال"}, "probability": 0.05, "factor": 3.0,
         "source": SOURCE},
    ]  # fmt: skip
    return {
        "currency": "USD", "year": 2026, "scenarios": scenarios, "shocks": shocks, "providers": providers,
        "effects": effects, "measures": {}, "recorded_years": [],
    }  # fmt: skip
