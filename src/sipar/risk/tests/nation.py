"""A small invented nation for tests: a library of three scenarios, two providers, and organisations by columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from sipar.risk.controls import Levels

SOURCE = {"text": "Invented for tests", "quality": "assumed"}


def document() -> dict[str, Any]:
    """Assumptions with every part filled."""
    return {
        "currency": "USD",
        "year": 2026,
        "scenarios": [
            {
                "key": "ransomware",
                "title": {"en": "Ransomware", "ur": "تاوان"},
                "event": "malware",
                "asset": "servers",
                "forms": ["response", "productivity"],
                "applies": {},
                "frequency": {"mean": 0.1, "per": "year", "variation": 0.5, "source": SOURCE},
                "loss": {
                    "primary": {"shape": "lognormal", "low": 5e3, "high": 8e5, "limit": 1e8},
                    "secondary_probability": 0.2,
                    "secondary": {"shape": "pert", "low": 1e3, "mode": 1e4, "high": 3e5},
                    "plausible": {"low": 1e4, "high": 1e6},
                    "source": SOURCE,
                },
                "scale": {"size": {"small": 0.3, "large": 2.0}, "tier": {"1": 3.0}},
            },
            {
                "key": "fraud",
                "title": {"en": "Payment fraud"},
                "event": "social",
                "applies": {"sectors": ["finance", "health"], "tiers": [1, 2]},
                "frequency": {"mean": 0.05, "per": "month", "source": SOURCE},
                "loss": {"primary": {"shape": "empirical", "costs": [2e3, 9e3, 4e4]}, "source": SOURCE},
            },
            {
                "key": "outage",
                "title": {"en": "A shared service fails"},
                "event": "error",
                "frequency": {"mean": 0.02, "source": SOURCE},
                "loss": {
                    "primary": {"shape": "pareto", "threshold": 1e4, "scale": 2e4, "tail_shape": 0.2, "limit": 1e7},
                    "source": SOURCE,
                },
            },
        ],
        "shocks": [
            {"sector": "", "title": {"en": "Crisis"}, "probability": 0.1, "factor": 3.0, "source": SOURCE},
            {"sector": "finance", "title": {"en": "Bank wave"}, "probability": 0.2, "factor": 2.0, "source": SOURCE},
        ],
        "providers": [
            {
                "key": "power",
                "title": {"en": "Power"},
                "kind": "power",
                "failures": 0.05,
                "sets_off": {"outage": 0.2},
                "source": SOURCE,
            },
            {
                "key": "cloud",
                "title": {"en": "Cloud"},
                "kind": "cloud",
                "failures": 0.1,
                "rests_on": ["power"],
                "sets_off": {"outage": 0.5},
                "source": SOURCE,
            },
        ],
        "effects": [
            effect("PR.1", "frequency", 0.6),
            effect("PR.2", "magnitude", 0.5, event="malware"),
            effect("RC.1", "magnitude", 0.4),
            {**effect("GV.1", "frequency", 0.5), "function": "variance management"},
        ],
        "exposure": {"critical": 1.5, "high": 1.2, "most": 3.0, "source": SOURCE},
        "measures": {"close_gap": {"cost": {"per_level": 1e4}, "lead_years": 1}},
        "recorded_years": [{"year": 2024, "loss": 2e6, "source": SOURCE}],
    }


def effect(requirement: str, target: str, reduction: float, *, event: str = "") -> dict[str, Any]:
    """A line of the table of effects."""
    return {
        "requirement": requirement,
        "target": target,
        "reduction": reduction,
        "low": reduction / 2,
        "high": min(reduction * 1.5, 0.95),
        "event": event,
        "source": SOURCE,
    }


def register(many: int) -> pl.DataFrame:
    """So many organisations, the same ones for the same number."""
    draw = np.random.default_rng(7)
    return pl.DataFrame(
        {
            "organisation": np.arange(many) * 3 + 11,
            "sector": draw.choice(["finance", "health", "energy"], many),
            "province": draw.choice(["Sindh", "Punjab"], many),
            "tier": draw.integers(1, 4, many),
            "size": draw.choice(["small", "medium", "large"], many),
            "ownership": draw.choice(["public", "private"], many),
        }
    )


def levels(organisations: pl.Series, *, seed: int = 5) -> Levels:
    """Levels and targets of all four requirements, some unknown, some not asked."""
    draw = np.random.default_rng(seed)
    shape = (len(organisations), 4)
    found = draw.choice(np.array([0.0, 0.25, 0.5, 1.0, np.nan]), shape)
    targets = draw.choice(np.array([0.5, 1.0, np.nan]), shape)
    return Levels(("PR.1", "PR.2", "RC.1", "GV.1"), organisations.to_numpy(), found, targets)


def dependencies(organisations: pl.Series) -> pl.DataFrame:
    """Every second organisation rests on the cloud, every third on power."""
    cloud, power = organisations[::2], organisations[::3]
    return pl.DataFrame(
        {
            "organisation": pl.concat([cloud, power]),
            "provider": ["cloud"] * len(cloud) + ["power"] * len(power),
        }
    )


def findings(organisations: pl.Series) -> pl.DataFrame:
    """Every fifth organisation has open findings."""
    some = organisations[::5]
    return pl.DataFrame(
        {
            "organisation": some,
            "critical": [1] * len(some),
            "high": [2] * len(some),
            "medium": [0] * len(some),
            "low": [4] * len(some),
        }
    )
