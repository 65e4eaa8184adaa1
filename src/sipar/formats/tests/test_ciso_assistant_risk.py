"""CISO Assistant's risk scenarios: a yearly probability becomes a rate, levels wait for their meaning."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from sipar.formats.ciso_assistant_risk import is_ciso, read_ciso, read_ciso_table, write_ciso
from sipar.formats.problems import FormatProblem
from sipar.formats.scenario_file import LevelScale, priced
from sipar.formats.tables import read_table

GOLDEN = (Path(__file__).parent / "fixtures" / "ciso-hypotheses.json").read_bytes()
TABLE = b"""ref_id,name,current_impact,current_proba,residual_impact,treatment
R1,Phishing,Critical,Likely,Minor,mitigate
R2,Theft,Minor,--,,accept
R1,Phishing,Minor,Likely,,
"""


def test_the_current_hypothesis_is_taken_and_every_other_line_is_told_about() -> None:
    found = read_ciso(GOLDEN)
    (only,) = found.rows
    assert only.scenario["title"] == {"en": "Ransomware at the mill"}
    # A year has at least one event of this rate with the probability that the file states.
    assert 1 - math.exp(-only.scenario["frequency"]["mean"]) == pytest.approx(0.2)
    assert only.scenario["loss"]["primary"] == {"shape": "lognormal", "low": 50_000, "high": 900_000, "confidence": 0.9}
    assert [each.where for each in found.left_out] == ["results/1"]
    assert [(each.where, each.code) for each in found.refusals] == [
        ("results/2/impact", "impossible_quantiles"), ("results/3/probability", "probability_range"),
    ]  # fmt: skip


def test_a_domains_export_names_hypotheses_by_their_scenario() -> None:
    objects = [
        {"model": "crq.quantitativeriskscenario", "id": "s-1", "fields": {"name": "Fraud"}},
        {"model": "crq.quantitativeriskhypothesis", "id": "h-1",
         "fields": {"name": "as-is", "risk_stage": "current", "quantitative_risk_scenario": "s-1",
                    "parameters": {"probability": 0.5,
                                   "impact": {"distribution": "LOGNORMAL-CI90", "lb": 1.0, "ub": 2.0}}}},
        {"model": "core.folder", "id": "f", "fields": {"name": "Global"}},
    ]  # fmt: skip
    document = {"meta": {}, "objects": objects}
    assert is_ciso(document)
    assert [row.scenario["key"] for row in read_ciso(json.dumps(document).encode()).rows] == ["fraud"]


def test_a_risk_assessment_gives_levels_by_their_names() -> None:
    found = read_ciso_table(read_table(TABLE, "risks.csv"))
    assert found.levels == {"likelihood": ("Likely",), "impact": ("Critical",)}
    assert [(each.where, each.code) for each in found.refusals] == [
        ("row 3, current_proba", "ciso.not_rated"), ("row 4", "twice"),
    ]  # fmt: skip
    scale = LevelScale(rates={"Likely": 2.0}, impacts={"Critical": (10.0, 100.0)})
    assert priced(found.rated[0], scale, source="risks.csv").scenario["frequency"]["mean"] == 2.0


def test_what_is_written_reads_back() -> None:
    back = read_ciso(write_ciso([read_ciso(GOLDEN).rows[0].scenario], currency="USD")).rows[0]
    assert back.currency == "USD"
    assert back.scenario["frequency"]["mean"] == pytest.approx(-math.log(0.8))
    assert back.scenario["loss"]["primary"]["high"] == pytest.approx(900_000)


def test_something_else_is_refused() -> None:
    with pytest.raises(FormatProblem):
        read_ciso(b'{"results": [{"name": "a control"}]}')
