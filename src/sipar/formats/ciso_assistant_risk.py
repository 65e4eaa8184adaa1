"""Risk scenarios of CISO Assistant: quantitative ones with their numbers, qualitative ones with their levels.

Read are answers of its API and exports of a domain (JSON), and risk assessments as tables (CSV, XLSX). A quantitative
hypothesis there is one event a year at most, with a probability, and a lognormal loss by a 90 % interval: the rate of
events with which a year has at least one with the same probability is -ln(1 - probability).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from sipar.formats.documents import load_json
from sipar.formats.inventory import listing, mapping, text
from sipar.formats.problems import FormatProblem
from sipar.formats.scenario_file import (
    LIMITS,
    RatedRisk,
    Refusal,
    Scenario,
    ScenarioFile,
    ScenarioRow,
    key_of,
    once_each,
    real,
)
from sipar.formats.scenario_numbers import cost_quantiles, yearly_rate
from sipar.formats.tables import Table

INTERVAL: Final = "LOGNORMAL-CI90"
STAGE: Final = "current"
_STAGES: Final = ("inherent", "current", "residual")
_HYPOTHESIS, _SCENARIO = "crq.quantitativeriskhypothesis", "crq.quantitativeriskscenario"
_RISK: Final = "core.riskscenario"
_UNRATED: Final = frozenset({"", "--", "-1", "undefined", "not rated"})
TABLE_COLUMNS: Final = ("current_impact", "current_proba")
_SPELLINGS: Final = {"current_probability": "current_proba", "ref": "ref_id", "id": "ref_id"}


def is_ciso(document: object) -> bool:
    """Whether a JSON value looks like scenarios of CISO Assistant."""
    entries = _entries(document)
    return any("risk_stage" in each or "current_proba" in each for each in (entry for _, entry in entries[:50]))


def is_ciso_table(header: Sequence[str]) -> bool:
    return set(TABLE_COLUMNS) <= {_column(name) for name in header}


def read_ciso(data: bytes) -> ScenarioFile:
    """Quantitative hypotheses and rated scenarios in JSON. Raises FormatProblem for bytes that are neither."""
    document = load_json(data, LIMITS)
    entries = _entries(document)
    names = {place: text(entry.get("name"), 200) for place, entry in entries if not _is_hypothesis(entry)}
    by_id = {str(entry["id"]): names[place] for place, entry in entries if place in names and "id" in entry}
    rows: list[ScenarioRow] = []
    rated: list[RatedRisk] = []
    refusals: list[Refusal] = []
    left_out: list[Refusal] = []
    for place, entry in entries:
        try:
            if _is_hypothesis(entry):
                found = _quantified(entry, place, by_id)
                (rows if isinstance(found, ScenarioRow) else left_out).append(found)  # type: ignore[arg-type]
            elif "current_proba" in entry:
                rated.append(_rated(entry, place))
        except FormatProblem as problem:
            refusals.append(Refusal.of(problem, written=text(entry.get("name"), 80)))
    if not (rows or rated or refusals or left_out):
        raise FormatProblem("ciso.empty", "the file holds no risk scenario of CISO Assistant", "results")
    kept, twice = once_each(rows)
    return ScenarioFile("ciso", kept, _first_of_each(rated, refusals), (*refusals, *twice), tuple(left_out))


def read_ciso_table(table: Table) -> ScenarioFile:
    """The rated scenarios of a risk assessment that was exported or is to be imported as a table."""
    names = {_column(name): name for name in table.header}
    if not {"name", *TABLE_COLUMNS} <= set(names):
        raise FormatProblem("ciso.columns", "a risk assessment has name, current_impact and current_proba", "header")
    rated: list[RatedRisk] = []
    refusals: list[Refusal] = []
    for line, row in zip(table.lines.to_list(), table.rows.iter_rows(named=True), strict=True):
        entry = {column: row[name] for column, name in names.items()}
        try:
            rated.append(_rated(entry, f"row {line}"))
        except FormatProblem as problem:
            refusals.append(Refusal.of(problem, written=text(entry.get("name"), 80)))
    return ScenarioFile("ciso", (), _first_of_each(rated, refusals), tuple(refusals))


def write_ciso(scenarios: Sequence[Scenario], *, currency: str) -> bytes:
    """Quantitative hypotheses in the form of the API's answer; a loss of another shape by its 5 % and 95 % quantiles.

    Secondary losses are left out: the form has one interval. Raises FormatProblem where the quantiles are no interval.
    """
    results = []
    for scenario in scenarios:
        key, title = str(scenario["key"]), str(scenario["title"]["en"])
        shares = np.array([0.05, 0.95])
        low, high = cost_quantiles(scenario["loss"]["primary"], shares, where=key).tolist()
        if not 0 < low < high:
            sentence = "Its 5 % and 95 % quantiles are the same or zero: no lognormal interval says that."
            raise FormatProblem("impossible_quantiles", sentence, key)
        results.append(
            {
                "name": "as-is",
                "ref_id": key,
                "risk_stage": STAGE,
                "quantitative_risk_scenario": {"id": key, "str": title},
                "probability": -math.expm1(-yearly_rate(scenario["frequency"])),
                "impact": {"distribution": INTERVAL, "lb": low, "ub": high},
                "currency": currency,
            }
        )
    return json.dumps({"count": len(results), "results": results}, ensure_ascii=False, indent=1).encode()


def _entries(document: object) -> list[tuple[str, dict[str, Any]]]:
    """The objects of an answer, of a list or of a domain's export, with their places."""
    if isinstance(document, dict) and isinstance(document.get("objects"), list):
        found = []
        for place, each in enumerate(document["objects"]):
            kind = str(mapping(each).get("model", "")).lower()
            if kind in (_HYPOTHESIS, _SCENARIO, _RISK):
                found.append((f"objects/{place}", mapping(each.get("fields")) | {"id": each.get("id")}))
        return found
    name, items = ("results", document.get("results")) if isinstance(document, dict) else ("", document)
    pairs = [
        (f"{name}/{place}".strip("/"), each) for place, each in enumerate(listing(items)) if isinstance(each, dict)
    ]
    nested = [
        (f"{place}/hypotheses/{number}", each | {"quantitative_risk_scenario": {"id": scenario.get("id"),
         "str": scenario.get("name"), "ref_id": scenario.get("ref_id")}})
        for place, scenario in pairs
        for number, each in enumerate(listing(scenario.get("hypotheses")))
        if isinstance(each, dict)
    ]  # fmt: skip
    return pairs + nested


def _is_hypothesis(entry: Mapping[str, Any]) -> bool:
    return "risk_stage" in entry


def _quantified(entry: Mapping[str, Any], place: str, names: Mapping[str, str]) -> ScenarioRow | Refusal:
    parent = entry.get("quantitative_risk_scenario")
    number = str(mapping(parent).get("id") if isinstance(parent, dict) else parent)
    title = text(mapping(parent).get("str"), 200) or names.get(number, "") or text(entry.get("name"), 200)
    stage = entry.get("risk_stage")
    if stage not in _STAGES:
        raise FormatProblem("ciso.stage", f"The stages are {', '.join(_STAGES)}.", f"{place}/risk_stage")
    if stage != STAGE:
        sentence = f"It describes the {stage} risk; taken is the current one, and measures are priced by the model."
        return Refusal(place, "ciso.stage", sentence, title[:80])
    if not title:
        raise FormatProblem("empty", "The scenario has no name.", place)
    parameters = mapping(entry.get("parameters"))
    chance = real(entry.get("probability", parameters.get("probability")), f"{place}/probability")
    if chance >= 1:
        sentence = "A yearly probability of 1 or more says nothing of how often: state a rate in a table instead."
        raise FormatProblem("probability_range", sentence, f"{place}/probability")
    impact = mapping(entry.get("impact") or parameters.get("impact"))
    if impact.get("distribution") != INTERVAL:
        raise FormatProblem("ciso.distribution", f"The distribution is {INTERVAL}.", f"{place}/impact/distribution")
    low, high = real(impact.get("lb"), f"{place}/impact/lb"), real(impact.get("ub"), f"{place}/impact/ub")
    if not 0 < low < high:
        raise FormatProblem("impossible_quantiles", "lb is above zero and below ub.", f"{place}/impact")
    origin = {"text": f"CISO Assistant, quantitative scenario “{title}”", "quality": "expert"}
    scenario = {
        "key": key_of(title),
        "title": {"en": title},
        "frequency": {"mean": -math.log1p(-chance), "per": "year", "variation": 0.0, "overdispersion": 0.0,
                      "source": origin},
        "loss": {"primary": {"shape": "lognormal", "low": low, "high": high, "confidence": 0.9},
                 "secondary_probability": 0.0, "secondary": None, "source": origin},
    }  # fmt: skip
    currency = text(entry.get("currency"), 3)
    return ScenarioRow(
        place,
        scenario,
        currency=currency if len(currency) == 3 and currency.isalpha() else "",
        places={"frequency": f"{place}/probability", "loss/primary": f"{place}/impact"},
    )


def _rated(entry: Mapping[str, Any], place: str) -> RatedRisk:
    name = text(entry.get("name"), 200)
    if not name:
        raise FormatProblem("empty", "The scenario has no name.", f"{place}, name")
    levels = {
        kind: _label(entry.get(column), f"{place}, {column}")
        for kind, column in (("likelihood", "current_proba"), ("impact", "current_impact"))
    }
    assets = entry.get("assets")
    if isinstance(assets, list):
        assets = ", ".join(text(mapping(each).get("str") if isinstance(each, dict) else each, 80) for each in assets)
    reference = text(entry.get("ref_id"), 60)
    scenario = {"key": key_of(f"{reference} {name}".strip()), "title": {"en": name}, "asset": text(assets, 200)}
    return RatedRisk(place, scenario, levels)


def _label(value: object, where: str) -> str:
    """A level: its name, or its place in the matrix."""
    if isinstance(value, dict):
        value = value.get("name", value.get("value"))
    label = str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value, 60)
    if label.casefold() in _UNRATED:
        raise FormatProblem("ciso.not_rated", "This risk is not rated.", where)
    return label


def _first_of_each(rated: list[RatedRisk], refusals: list[Refusal]) -> tuple[RatedRisk, ...]:
    kept: dict[str, RatedRisk] = {}
    for risk in rated:
        first = kept.setdefault(risk.scenario["key"], risk)
        if first is not risk:
            refusals.append(Refusal(risk.where, "twice", f"The scenario stands at {first.where} already."))
    return tuple(kept.values())


def _column(name: str) -> str:
    plain = name.strip().lower().replace(" ", "_")
    return _SPELLINGS.get(plain, plain)
