"""pyfair's models: their means stay, their contradictions are refused, and what is written they read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sipar.formats.problems import FormatProblem
from sipar.formats.pyfair import read_pyfair, write_pyfair
from sipar.formats.scenario_file import ScenarioFile
from sipar.formats.scenario_numbers import mean_cost

GOLDEN = (Path(__file__).parent / "fixtures" / "pyfair-meta.json").read_bytes()


def model(**nodes: Any) -> bytes:
    facts = {"name": "One", "n_simulations": 100, "random_seed": 1, "model_uuid": "u", "creation_date": "d"}
    return json.dumps({**nodes, **facts, "type": "FairModel"}).encode()


def refusal(found: ScenarioFile) -> tuple[str, str]:
    (only,) = found.refusals
    return only.code, only.where


def test_a_meta_model_gives_its_models_and_names_the_one_that_contradicts_itself() -> None:
    found = read_pyfair(GOLDEN)
    loss, insider = (row.scenario for row in found.rows)
    assert (loss["key"], insider["key"]) == ("data-loss", "insider")
    # BetaPERT: (0.1 + 4 * 0.2 + 0.9) / 6.
    assert loss["frequency"]["mean"] == pytest.approx(0.3)
    assert loss["loss"]["primary"] == {"shape": "pert", "low": 10_000, "mode": 50_000, "high": 200_000}
    assert loss["loss"]["secondary_probability"] == 0.25
    assert np.mean(loss["loss"]["secondary"]["costs"]) == pytest.approx(40_000, rel=1e-3)
    assert insider["frequency"]["mean"] == pytest.approx(2.0)
    assert insider["loss"]["primary"] == {"shape": "pert", "low": 1000, "mode": 2000, "high": 9000}
    assert refusal(found) == ("contradictory", "Both")


def test_the_mean_loss_is_that_which_pyfair_itself_simulates() -> None:
    """Means of the Risk column of pyfair 0.1a12 for the fixture, 10,000 simulations with its seed of 42."""
    simulated = {"data-loss": 23_285.94, "insider": 5_979.20}
    for row in read_pyfair(GOLDEN).rows:
        mean = row.scenario["frequency"]["mean"] * mean_cost(row.scenario["loss"], where="")
        assert mean == pytest.approx(simulated[row.scenario["key"]], rel=0.015)


def test_a_threat_that_is_as_strong_as_the_control_succeeds_half_the_time() -> None:
    even = {"low": 0.2, "mode": 0.5, "high": 0.8}
    found = read_pyfair(model(TEF={"constant": 10}, TC=even, CS=even, LM={"constant": 5}))
    assert found.rows[0].scenario["frequency"]["mean"] == pytest.approx(5.0, rel=2e-3)
    assert found.rows[0].scenario["loss"]["primary"] == {"shape": "empirical", "costs": [5.0]}


@pytest.mark.parametrize(
    ("nodes", "code"),
    [
        ({"LEF": {"constant": -1}, "LM": {"constant": 1}}, "negative"),
        ({"LEF": {"low": 3, "mode": 2, "high": 1}, "LM": {"constant": 1}}, "impossible_quantiles"),
        ({"LEF": {"mean": 1, "high": 2}, "LM": {"constant": 1}}, "pyfair.numbers"),
        ({"TEF": {"constant": 1}, "V": {"constant": 1.5}, "LM": {"constant": 1}}, "probability_range"),
        ({"TEF": {"constant": 1.4e154}, "V": {"constant": 0.5}, "LM": {"constant": 1}}, "too_large"),
        ({"LEF": {"constant": 1}}, "pyfair.incomplete"),
        ({"LM": {"constant": 1}}, "pyfair.incomplete"),
        ({"LEF": {"constant": 1}, "LM": {"raw": []}}, "pyfair.raw"),
        ({"LEF": {"constant": 1}, "LM": {"constant": "1"}}, "not_a_number"),
        ({"LEF": {"constant": 1}, "Loss": {"constant": 1}}, "pyfair.node"),
        ({"LEF": {"constant": 1}, "LM": {"low": 1, "mode": 2, "high": 3, "gamma": 0}}, "pyfair.gamma"),
    ],
)
def test_a_node_that_cannot_be_is_refused_by_name(nodes: dict[str, Any], code: str) -> None:
    assert refusal(read_pyfair(model(**nodes)))[0] == code


def test_something_else_is_no_model() -> None:
    with pytest.raises(FormatProblem):
        read_pyfair(b'{"type": "FairThing"}')


def test_what_is_written_reads_back_with_the_same_means() -> None:
    source = {"text": "t", "quality": "expert"}
    one = {
        "key": "a", "title": {"en": "A"},
        "frequency": {"mean": 1.0, "per": "quarter", "variation": 0.25, "source": source},
        "loss": {"primary": {"shape": "lognormal", "low": 1e4, "high": 1e6}, "secondary_probability": 0.5,
                 "secondary": {"shape": "pert", "low": 1.0, "mode": 2.0, "high": 3.0}, "source": source},
    }  # fmt: skip
    found = read_pyfair(write_pyfair([one, one | {"key": "b"}], title="Nation", simulations=2_000))
    assert found.refusals == ()
    back = found.rows[0].scenario
    assert back["frequency"]["mean"] == pytest.approx(4.0, rel=1e-3)
    assert back["frequency"]["variation"] == pytest.approx(0.25, rel=1e-2)
    assert np.median(back["loss"]["primary"]["costs"]) == pytest.approx(1e5, rel=1e-2)
    assert back["loss"]["secondary"] == {"shape": "pert", "low": 1.0, "mode": 2.0, "high": 3.0}


def test_the_written_values_of_two_scenarios_are_in_no_common_order() -> None:
    source = {"text": "t", "quality": "expert"}
    one = {
        "key": "a", "title": {"en": "A"}, "frequency": {"mean": 1.0, "source": source},
        "loss": {"primary": {"shape": "lognormal", "low": 1e4, "high": 1e6}, "source": source},
    }  # fmt: skip
    written = json.loads(write_pyfair([one, one | {"key": "b"}], title="Nation", simulations=2_000))
    first, second = (np.log(written[key]["Loss Magnitude"]["raw"]) for key in ("a", "b"))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1
