"""Risk analyses of MONARC (JSON of version 2.13.1 and later, and of before): rated information risks, in and out.

A MONARC risk is impact x threat rate x vulnerability rate, for each of confidentiality, integrity and availability that
the threat touches (https://www.monarc.lu/documentation/method-guide/). The three impacts belong to the instance; the
risk to confidentiality comes from the impact on confidentiality and from no other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sipar.formats.documents import load_json
from sipar.formats.inventory import listing, mapping, text
from sipar.formats.problems import FormatProblem
from sipar.formats.scenario_file import (
    LIMITS,
    LevelScale,
    RatedRisk,
    Refusal,
    Scenario,
    ScenarioFile,
    ScenarioRow,
    key_of,
    once_each,
)
from sipar.formats.scenario_numbers import mean_cost, yearly_rate

REFACTORED: Final = (2, 13, 1)
PROPERTIES: Final = ("confidentiality", "integrity", "availability")
TREATMENTS: Final = {1: "reduce", 2: "refuse", 3: "accept", 4: "share", 5: "untreated"}
HIGHEST_LEVEL: Final = 100
NOT_RATED: Final = -1
# MONARC numbers the languages of its older files; English is preferred.
_LANGUAGES: Final = (2, 1, 3, 4)
_OLD_IMPACTS: Final = {"confidentiality": "c", "integrity": "i", "availability": "d"}
_OLD_TOUCHES: Final = {"confidentiality": "c", "integrity": "i", "availability": "a"}


type _Waiting = tuple[str, dict[str, Any], dict[str, dict[str, Any]]]
"""A node of an analysis: its path, itself, and what the nodes above it list."""


@dataclass(frozen=True, slots=True)
class MonarcRisk:
    """One information risk. `risks` has the properties that the threat touches, each with its own impact's product."""

    where: str
    key: str
    asset: str
    threat: str
    vulnerability: str
    threat_rate: int
    vulnerability_rate: int
    impacts: Mapping[str, int]
    risks: Mapping[str, int]
    treatment: str
    residual: int

    @property
    def impact(self) -> int:
        """The greatest impact among the properties that the threat touches."""
        return max(self.impacts[name] for name in self.risks)


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a MONARC file holds: its version, the risks that are rated, and what is not taken and why."""

    version: str
    risks: tuple[MonarcRisk, ...]
    refusals: tuple[Refusal, ...]
    left_out: tuple[Refusal, ...]


def is_monarc(document: object) -> bool:
    return isinstance(document, dict) and "monarc_version" in document


def read_monarc(data: bytes) -> ScenarioFile:
    """The rated risks of a file as scenarios without numbers yet: their levels wait for a `LevelScale`."""
    found = analysis_of(data)
    rows, twice = once_each(ScenarioRow(risk.where, _scenario_of(risk)) for risk in found.risks)
    wanted = {row.where for row in rows}
    rated = tuple(
        RatedRisk(row.where, row.scenario, _levels_of(risk))
        for row, risk in zip(rows, (risk for risk in found.risks if risk.where in wanted), strict=True)
    )
    return ScenarioFile("monarc", rated=rated, refusals=(*found.refusals, *twice), left_out=found.left_out)


def analysis_of(data: bytes) -> Analysis:
    """The information risks of a MONARC file. Raises FormatProblem for bytes that are none."""
    document = load_json(data, LIMITS)
    if not is_monarc(document):
        raise FormatProblem("monarc.version", "this is no MONARC file: it has no monarc_version", "monarc_version")
    version = _version(document["monarc_version"])
    risks: list[MonarcRisk] = []
    refusals: list[Refusal] = []
    left_out: list[Refusal] = []
    for where, instance, rated in _rated(document, is_new=version >= REFACTORED):
        try:
            found = _risk(where, instance, rated)
        except FormatProblem as problem:
            refusals.append(Refusal.of(problem))
            continue
        if isinstance(found, Refusal):
            left_out.append(found)
        else:
            risks.append(found)
    return Analysis(".".join(map(str, version)), tuple(risks), tuple(refusals), tuple(left_out))


def write_monarc(scenarios: Sequence[Scenario], scale: LevelScale, *, title: str) -> tuple[bytes, tuple[Refusal, ...]]:
    """An analysis of MONARC's newer form whose levels are the nearest of `scale`, and the scenarios that have none.

    `scale` says what threats' and impacts' levels mean; every vulnerability has the level that means certainty, or the
    one nearest to it. Nearest by ratio. The number itself stands in the risk's comment.
    """
    refused: list[Refusal] = []
    children: list[dict[str, Any]] = []
    sure = min(scale.chances, key=lambda level: abs(1 - scale.chances[level]), default="")
    for scenario in scenarios:
        key = str(scenario["key"])
        try:
            if not sure:
                raise FormatProblem("level.unknown", "The scale does not say what a vulnerability's level means.", key)
            children.append(_written(scenario, scale, sure))
        except FormatProblem as problem:
            refused.append(Refusal.of(problem))
    root = {
        "name": title, "label": title, "level": 1, "position": 1, "parent": None,
        "confidentiality": NOT_RATED, "integrity": NOT_RATED, "availability": NOT_RATED,
        "asset": {"uuid": "sipar", "code": "SIPAR", "label": title},
        "object": {"uuid": "sipar", "label": title},
        "instanceRisks": [], "operationalInstanceRisks": [], "children": children,
    }  # fmt: skip
    document = {
        "type": "anr",
        "monarc_version": ".".join(map(str, REFACTORED)),
        "withEval": True,
        "languageCode": "en",
        "instances": [root],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode(), tuple(refused)


def _rated(document: Mapping[str, Any], *, is_new: bool) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Every information risk with its instance, both in the newer form, and the path to it; no recursion."""
    one = mapping(document.get("instance"))
    if document.get("type") == "instance" and one:
        # In an older file the lists stand beside the instance; in it, `instance` is an object that holds only facts.
        waiting: list[_Waiting] = [("instance", one if is_new else dict(document), {})]
    else:
        waiting = [(f"instances/{place}", each, {}) for place, each in _members(document.get("instances"))]
    if not waiting:
        raise FormatProblem("monarc.empty", "the file holds no instance", "instances")
    waiting.reverse()
    while waiting:
        where, node, above = waiting.pop()
        known = above if is_new else _known(node, above)
        instance = node if is_new else _old_instance(node)
        risks = node.get("instanceRisks") if is_new else node.get("risks")
        for place, risk in _members(risks):
            path = f"{where}/{'instanceRisks' if is_new else 'risks'}/{place}"
            yield path, instance, risk if is_new else _old_risk(risk, known)
        below = [(f"{where}/children/{place}", each, known) for place, each in _members(node.get("children"))]
        waiting.extend(reversed(below))


def _members(value: object) -> list[tuple[str, dict[str, Any]]]:
    """The objects of a list or of an object, with their place or name."""
    pairs = list(value.items()) if isinstance(value, dict) else list(enumerate(listing(value)))
    return [(str(name)[:60], each) for name, each in pairs if isinstance(each, dict)]


def _risk(where: str, instance: Mapping[str, Any], risk: Mapping[str, Any]) -> MonarcRisk | Refusal:
    threat, vulnerability = mapping(risk.get("threat")), mapping(risk.get("vulnerability"))
    asset = text(instance.get("name"), 200) or text(instance.get("label"), 200) or "asset"
    titles = (text(threat.get("label"), 200), text(vulnerability.get("label"), 200))
    rates = (_level(risk, "threatRate", where), _level(risk, "vulnerabilityRate", where))
    impacts = {name: _level(instance, name, where) for name in PROPERTIES}
    touched = [name for name in PROPERTIES if threat.get(name) not in (None, 0, False, "0", "")]
    rated = [name for name in touched if impacts[name] != NOT_RATED]
    if NOT_RATED in rates or not rated:
        return Refusal(where, "monarc.not_rated", "This risk is not rated in MONARC.", f"{asset}: {titles[0]}")
    risks = {name: impacts[name] * rates[0] * rates[1] for name in rated}
    _refuse_other_products(risk, risks, where)
    named = (asset, *titles)
    parts = (instance.get("asset"), instance.get("object"), threat, vulnerability)
    origin = "/".join(text(mapping(part).get("uuid"), 80) for part in parts)
    return MonarcRisk(
        where,
        key_of(" ".join(part for part in named if part), origin=f"{asset}/{origin}"),
        asset,
        titles[0] or text(threat.get("code"), 80) or "threat",
        titles[1] or text(vulnerability.get("code"), 80) or "vulnerability",
        *rates,
        impacts,
        risks,
        TREATMENTS.get(_level(risk, "kindOfMeasure", where), "untreated"),
        _level(risk, "cacheTargetedRisk", where, highest=HIGHEST_LEVEL**3),
    )


def _refuse_other_products(risk: Mapping[str, Any], risks: Mapping[str, int], where: str) -> None:
    """A newer file states the products besides: one that is another number contradicts its own levels."""
    for name, product in risks.items():
        stated = risk.get(f"risk{name.capitalize()}")
        if isinstance(stated, int) and not isinstance(stated, bool) and stated not in (NOT_RATED, product):
            sentence = f"The file says {stated} for {name}, but its levels give {product}."
            raise FormatProblem("contradictory", sentence, f"{where}/risk{name.capitalize()}")


def _level(holder: Mapping[str, Any], name: str, where: str, *, highest: int = HIGHEST_LEVEL) -> int:
    value = holder.get(name, NOT_RATED)
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,7}", value):
        value = int(value)
    if value is None:
        return NOT_RATED
    if isinstance(value, bool) or not isinstance(value, int):
        raise FormatProblem("not_a_number", f"{name} is a whole number.", f"{where}/{name}")
    if not NOT_RATED <= value <= highest:
        raise FormatProblem("level.range", f"{name} lies from {NOT_RATED} (not rated) to {highest}.", f"{where}/{name}")
    return value


def _known(node: Mapping[str, Any], above: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Threats, vulnerabilities and links of an older file, by name; what a parent lists holds for its children."""
    return {name: {**above.get(name, {}), **mapping(node.get(name))} for name in ("threats", "vuls", "amvs")}


def _old_instance(node: Mapping[str, Any]) -> dict[str, Any]:
    facts = mapping(node.get("instance"))
    return {
        "name": _old_text(facts, "name"),
        "label": _old_text(facts, "label"),
        "asset": {"uuid": facts.get("asset")},
        "object": {"uuid": facts.get("object")},
        **{name: facts.get(letter, NOT_RATED) for name, letter in _OLD_IMPACTS.items()},
    }


def _old_risk(risk: Mapping[str, Any], known: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    threat = mapping(known["threats"].get(str(risk.get("threat"))))
    weak = mapping(known["vuls"].get(str(risk.get("vulnerability"))))
    return {
        **{name: risk.get(name) for name in ("threatRate", "vulnerabilityRate", "cacheTargetedRisk")},
        "kindOfMeasure": risk.get("kindOfMeasure", 5),
        "threat": {
            "uuid": threat.get("uuid", risk.get("threat")),
            "code": threat.get("code"),
            "label": _old_text(threat, "label"),
            **{name: threat.get(letter) for name, letter in _OLD_TOUCHES.items()},
        },
        "vulnerability": {
            "uuid": weak.get("uuid", risk.get("vulnerability")),
            "code": weak.get("code"),
            "label": _old_text(weak, "label"),
        },
    }


def _old_text(holder: Mapping[str, Any], name: str) -> str:
    return next((found for number in _LANGUAGES if (found := text(holder.get(f"{name}{number}"), 200))), "")


def _version(written: object) -> tuple[int, ...]:
    if not isinstance(written, str) or not re.fullmatch(r"v?\d{1,4}(\.\d{1,4}){0,3}([-+.][\w.-]{1,40})?", written):
        raise FormatProblem("monarc.version", "a version of MONARC reads like 2.13.1", "monarc_version")
    return tuple(int(number) for number in re.findall(r"\d+", written)[:3])


def _scenario_of(risk: MonarcRisk) -> Scenario:
    return {
        "key": risk.key,
        "title": {"en": f"{risk.threat}: {risk.vulnerability} ({risk.asset})"[:200]},
        "asset": risk.asset,
        "forms": [name for name in PROPERTIES if risk.risks.get(name)],
    }


def _levels_of(risk: MonarcRisk) -> dict[str, str]:
    return {
        "threat": str(risk.threat_rate),
        "vulnerability": str(risk.vulnerability_rate),
        "impact": str(risk.impact),
    }


def _written(scenario: Scenario, scale: LevelScale, sure: str) -> dict[str, Any]:
    key, title = str(scenario["key"]), str(scenario["title"]["en"])
    rate, cost = yearly_rate(scenario["frequency"]), mean_cost(scenario["loss"], where=key)
    threat = _nearest(rate / (scale.chances[sure] or 1), scale.rates, key)
    means = {level: (low * high) ** 0.5 for level, (low, high) in scale.impacts.items()}
    impact = _nearest(cost, means, key)
    touched = [name for name in PROPERTIES if name in scenario.get("forms", ())] or list(PROPERTIES)
    impacts = {name: int(impact) if name in touched else NOT_RATED for name in PROPERTIES}
    return {
        "name": title, "label": title, "level": 3, "position": 1, **impacts,
        "asset": {"uuid": f"asset-{key}", "code": key, "label": scenario.get("asset") or title},
        "object": {"uuid": f"object-{key}", "label": scenario.get("asset") or title},
        "instanceRisks": [{
            "informationRisk": None,
            "threat": {"uuid": f"threat-{key}", "code": key, "label": title,
                       **{name: name in touched for name in PROPERTIES}},
            "vulnerability": {"uuid": f"vulnerability-{key}", "code": key, "label": title},
            "threatRate": int(threat), "vulnerabilityRate": int(sure), "kindOfMeasure": 5,
            "cacheMaxRisk": int(impact) * int(threat) * int(sure), "cacheTargetedRisk": NOT_RATED,
            **{f"risk{name.capitalize()}": int(impact) * int(threat) * int(sure) if name in touched else NOT_RATED
               for name in PROPERTIES},
            "comment": f"{rate:g} events a year, {cost:,.0f} for one event", "recommendations": [],
        }],
        "operationalInstanceRisks": [], "children": [],
    }  # fmt: skip


def _nearest(value: float, meanings: Mapping[str, float], where: str) -> str:
    """The level whose meaning is nearest by ratio."""
    usable = {level: meaning for level, meaning in meanings.items() if meaning > 0 and re.fullmatch(r"\d{1,2}", level)}
    if not usable or value <= 0:
        raise FormatProblem("level.unknown", "No level of the scale comes near this number.", where)
    return min(usable, key=lambda level: max(usable[level] / value, value / usable[level]))
