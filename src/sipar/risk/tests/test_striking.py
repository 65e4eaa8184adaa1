"""How often and how dearly a scenario strikes each organisation, beside what is stated."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from sipar.formats.problems import FormatProblem
from sipar.risk.assumptions import parse
from sipar.risk.controls import Levels
from sipar.risk.expanding import EXPOSURE, REGISTER
from sipar.risk.striking import Struck, struck_by

SOURCE = {"text": "Invented", "quality": "assumed"}
DOCUMENT: dict[str, Any] = {
    "currency": "USD",
    "year": 2025,
    "scenarios": [
        {
            "key": "theft", "title": {"en": "Theft"}, "event": "hacking", "applies": {"sectors": ["energy"]},
            "frequency": {"mean": 0.2, "source": SOURCE},
            "loss": {"primary": {"shape": "pert", "low": 1, "mode": 2, "high": 9}, "source": SOURCE},
            "scale": {"size": {"small": 0.5}, "tier": {"1": 4.0}},
        },
        {
            "key": "outage", "title": {"en": "Outage"}, "event": "outage", "frequency": {"mean": 0.1, "source": SOURCE},
            "loss": {"primary": {"shape": "pert", "low": 1, "mode": 2, "high": 9}, "source": SOURCE},
        },
    ],
    "effects": [
        {"requirement": "A", "target": "frequency", "reduction": 0.5, "source": SOURCE},
        {"requirement": "B", "target": "magnitude", "reduction": 0.4, "source": SOURCE},
    ],
    "exposure": {"critical": 1.5, "most": 2.0, "source": SOURCE},
}  # fmt: skip


def struck(scenario: str = "theft", *, sector: str = "energy") -> Struck:
    register = pl.DataFrame(
        [
            (7, sector, "north", 1, "small", "public"),
            (8, sector, "north", 2, "large", "public"),
            (9, "health", "north", 2, "large", "public"),
        ],
        schema=REGISTER,
        orient="row",
    )
    levels = Levels(("A", "B"), np.array([7, 9]), np.array([[1.0, 0.5], [1.0, 1.0]]), np.ones((2, 2)))
    exposure = pl.DataFrame([(8, 1, 0, 0, 0)], schema=EXPOSURE, orient="row")
    return struck_by(parse(DOCUMENT), scenario, register, levels, exposure=exposure)


def test_controls_and_findings_move_the_rate_and_size_tier_and_controls_the_cost() -> None:
    found = struck()
    assert found.organisations.tolist() == [7, 8]
    # The first has the control that halves events and half of the one on costs; the second one critical finding.
    assert found.rate == pytest.approx([0.5, 1.5])
    assert found.cost == pytest.approx([0.5 * 4 * 0.8, 1.0])


def test_a_scenario_without_limits_strikes_everybody() -> None:
    assert struck("outage").organisations.tolist() == [7, 8, 9]


@pytest.mark.parametrize(
    ("scenario", "sector", "code"), [("fire", "energy", "unknown_scenario"), ("theft", "finance", "no_organisations")]
)
def test_a_scenario_that_is_not_there_or_hits_nobody_is_refused(scenario: str, sector: str, code: str) -> None:
    with pytest.raises(FormatProblem) as raised:
        struck(scenario, sector=sector)
    assert raised.value.code == code
