"""MONARC's analyses, old and new: each property's risk comes from its own impact."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sipar.formats.monarc_risk import analysis_of, read_monarc, write_monarc
from sipar.formats.problems import FormatProblem
from sipar.formats.scenario_file import LevelScale, priced

FIXTURES = Path(__file__).parent / "fixtures"
NEW = (FIXTURES / "monarc-2.13.json").read_bytes()
OLD = (FIXTURES / "monarc-2.12.json").read_bytes()
SCALE = LevelScale(
    rates={"1": 0.1, "2": 0.5, "3": 2.0},
    chances={"1": 0.1, "2": 0.4, "3": 1.0},
    impacts={"1": (1e3, 1e4), "2": (1e4, 1e5), "4": (1e5, 1e6)},
)


@pytest.mark.parametrize("data", [NEW, OLD], ids=["new", "old"])
def test_the_risk_to_confidentiality_comes_from_the_confidentiality_value(data: bytes) -> None:
    """The golden case of governance-peers 2.1: another reader takes it from the integrity value, and says 6 here."""
    risk = analysis_of(data).risks[0]
    assert dict(risk.impacts) == {"confidentiality": 4, "integrity": 1, "availability": 2}
    assert (risk.threat_rate, risk.vulnerability_rate) == (3, 2)
    assert dict(risk.risks) == {"confidentiality": 24, "integrity": 6, "availability": 12}
    assert (risk.threat, risk.vulnerability, risk.asset) == ("Theft of data", "Shared passwords", "Ledger database")
    assert (risk.treatment, risk.residual) == ("reduce", 8)


def test_a_property_that_the_threat_does_not_touch_has_no_risk() -> None:
    risk = analysis_of(NEW).risks[1]
    assert dict(risk.risks) == {"availability": 12}
    assert risk.impact == 2


def test_what_is_not_rated_is_passed_over_and_a_product_that_contradicts_its_levels_is_refused() -> None:
    found = analysis_of(NEW)
    assert [(each.where, each.code) for each in found.left_out] == [
        ("instances/0/children/0/instanceRisks/2", "monarc.not_rated")
    ]
    assert [(each.where, each.code) for each in found.refusals] == [
        ("instances/0/children/0/instanceRisks/3/riskConfidentiality", "contradictory")
    ]


def test_levels_become_numbers_only_by_a_stated_scale() -> None:
    found = read_monarc(NEW)
    assert found.rows == ()
    assert found.levels == {"threat": ("2", "3"), "vulnerability": ("2", "3"), "impact": ("2", "4")}
    with pytest.raises(FormatProblem) as caught:
        priced(found.rated[0], LevelScale(), source="file")
    assert caught.value.code == "level.unknown"
    made = priced(found.rated[0], SCALE, source="file").scenario
    assert made["frequency"]["mean"] == pytest.approx(2.0 * 0.4)
    assert made["loss"]["primary"] == {"shape": "lognormal", "low": 1e5, "high": 1e6, "confidence": 0.9}
    assert made["forms"] == ["confidentiality", "integrity", "availability"]


def test_the_same_risk_has_the_same_key_in_both_forms() -> None:
    assert analysis_of(NEW).risks[0].key == analysis_of(OLD).risks[0].key


def test_what_is_written_reads_back_with_the_nearest_levels() -> None:
    source = {"text": "t", "quality": "expert"}
    one: dict[str, Any] = {
        "key": "fraud", "title": {"en": "Fraud"}, "asset": "payments", "forms": ["integrity"],
        "frequency": {"mean": 0.45, "per": "year", "source": source},
        "loss": {"primary": {"shape": "lognormal", "low": 1e4, "high": 1e5}, "source": source},
    }  # fmt: skip
    never = one | {"key": "never", "frequency": {"mean": 0.0, "source": source}}
    content, refused = write_monarc([one, never], SCALE, title="Nation")
    risk = analysis_of(content).risks[0]
    assert (risk.threat_rate, risk.vulnerability_rate) == (2, 3)
    assert dict(risk.risks) == {"integrity": 12}
    assert [(each.where, each.code) for each in refused] == [("never", "level.unknown")]


@pytest.mark.parametrize(
    "change",
    [
        {"monarc_version": 2},
        {"monarc_version": "two"},
        {"instances": []},
        {"instances": "x"},
    ],
)
def test_a_file_that_is_no_analysis_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(FormatProblem):
        analysis_of(json.dumps(json.loads(NEW) | change).encode())


@pytest.mark.parametrize("level", [-2, 1000, "high", 1.5, True])
def test_a_level_that_is_none_is_refused_by_its_place(level: object) -> None:
    document = json.loads(NEW)
    document["instances"][0]["children"][0]["instanceRisks"][0]["threatRate"] = level
    found = analysis_of(json.dumps(document).encode())
    assert "instances/0/children/0/instanceRisks/0/threatRate" in {each.where for each in found.refusals}
