"""Read assessment results that Sipar wrote back into the record they came from."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from sipar.formats import oscal_results_parts as parts
from sipar.formats.oscal_check import check, load
from sipar.formats.oscal_results_records import (
    NO_TARGET,
    NOT_APPLICABLE,
    ROADMAP_STATES,
    UNANSWERED,
    Adjustment,
    AssessmentRecord,
    Campaign,
    CatalogueIdentity,
    Evidence,
    Gap,
    Note,
    Party,
    Requirement,
    RoadmapItem,
    RoadmapState,
    control_id,
    requirement_id,
)
from sipar.formats.problems import FormatProblem

# The check has proved the shape before any of this is touched, hence `Any`.
type _Node = dict[str, Any]


def read_results(data: bytes) -> AssessmentRecord:
    """Return the record that `write_results` made these bytes of.

    Raises FormatProblem: oscal.fault with the first fault of the check, oscal.foreign for results that lack what Sipar
    writes into its props, or what AssessmentRecord raises.
    """
    report = check(data)
    if report.faults:
        first = report.faults[0]
        more = report.counts["faults"] - 1
        raise FormatProblem("oscal.fault", f"{first.sentence} ({more} more faults)", first.path)
    if report.model != "assessment-results":
        raise FormatProblem("oscal.model", "is not assessment results", report.model)
    _, root = load(data)
    try:
        return _record(root)
    except (LookupError, ValueError, OverflowError, InvalidOperation) as problem:
        text = f"was not written by Sipar or was changed since: {type(problem).__name__} {problem}"[:200]
        raise FormatProblem("oscal.foreign", text, report.model) from None


def _record(root: _Node) -> AssessmentRecord:
    metadata = root["metadata"]
    named = _named(metadata)
    (result,) = root["results"]
    objectives = root["local-definitions"]["objectives-and-methods"]
    resources = {resource["uuid"]: resource for resource in root["back-matter"]["resources"]}
    answers = {_requirement(node): node for node in result.get("observations", [])}
    requirements = tuple(_catalogue_requirement(node) for node in objectives)
    if not answers.keys() <= {requirement.identifier for requirement in requirements}:
        raise ValueError("an observation of an unknown requirement")
    risks = result.get("risks", [])
    measures = [(_requirement(risk), node) for risk in risks for node in risk.get("remediations", [])]
    return AssessmentRecord(
        title=metadata["title"],
        version=metadata["version"],
        language=named["language"]["value"],
        now=datetime.fromisoformat(metadata["last-modified"]),
        organisation=_parties(metadata, parts.ORGANISATION_ROLE)[0],
        team=_parties(metadata, parts.TEAM_ROLE)[0],
        reviewers=_parties(metadata, parts.REVIEWER_ROLE),
        campaign=Campaign(
            identifier=named["campaign"]["value"],
            title=result["title"],
            opens=datetime.fromisoformat(result["start"]),
            closes=datetime.fromisoformat(result["end"]),
        ),
        catalogue=CatalogueIdentity(
            identifier=named["catalogue"]["value"],
            version=named["catalogue-version"]["value"],
            title=named["catalogue-title"]["value"],
        ),
        requirements=requirements,
        levels=bytes(_level(answers.get(requirement.identifier)) for requirement in requirements),
        targets=bytes(_number(_named(node), "target-level", NO_TARGET) for node in objectives),
        notes=tuple(_note(requirement, node, resources) for requirement, node in answers.items()),
        gaps=tuple(_gap(node) for node in risks if "rank" in _named(node)),
        roadmap=tuple(_measure(requirement, node, resources) for requirement, node in measures),
    )


def _ours(node: _Node) -> list[_Node]:
    return [prop for prop in node.get("props", []) if prop.get("ns") == parts.NAMESPACE]


def _named(node: _Node) -> dict[str, _Node]:
    return {prop["name"]: prop for prop in _ours(node)}


def _requirement(node: _Node) -> str:
    return cast("str", _named(node)["requirement-id"]["value"])


def _number(named: dict[str, _Node], name: str, default: int) -> int:
    return int(named[name]["value"]) if name in named else default


def _parties(metadata: _Node, role: str) -> tuple[Party, ...]:
    parties = {party["uuid"]: party for party in metadata.get("parties", [])}
    return tuple(
        Party(identifier=_external_id(parties[uuid]), name=parties[uuid]["name"])
        for holder in metadata.get("responsible-parties", [])
        if holder["role-id"] == role
        for uuid in holder["party-uuids"]
    )


def _external_id(party: _Node) -> str:
    (identifier,) = [name["id"] for name in party["external-ids"] if name["scheme"] == parts.IDENTIFIERS]
    return str(identifier)


def _catalogue_requirement(objective: _Node) -> Requirement:
    identifier = _requirement(objective)
    if objective["control-id"] != control_id(identifier):
        raise ValueError(f"control {objective['control-id']} is not requirement {identifier}")
    weight = float(_named(objective)["weight"]["value"])
    return Requirement(identifier=identifier, title=objective["parts"][0]["title"], weight=weight)


def _level(observation: _Node | None) -> int:
    if observation is None:
        return UNANSWERED
    named = _named(observation)
    return NOT_APPLICABLE if "not-applicable" in named else _number(named, "level", UNANSWERED)


def _note(requirement: str, observation: _Node, resources: dict[str, _Node]) -> Note:
    return Note(
        requirement=requirement,
        comment=observation.get("remarks", ""),
        not_applicable_reason=_named(observation).get("not-applicable", {}).get("remarks", ""),
        verified="TEST" in observation["methods"],
        evidence=tuple(_evidence(resources, item["href"]) for item in observation.get("relevant-evidence", [])),
        adjustments=tuple(_adjustment(prop) for prop in _ours(observation) if prop["name"] == "adjustment"),
    )


def _evidence(resources: dict[str, _Node], href: str) -> Evidence:
    resource = resources[href.removeprefix("#")]
    link = resource["rlinks"][0]
    return Evidence(
        title=resource["title"],
        href=link["href"],
        sha256=next((entry["value"] for entry in link.get("hashes", []) if entry["algorithm"] == "SHA-256"), ""),
        media_type=link.get("media-type", ""),
    )


def _adjustment(prop: _Node) -> Adjustment:
    before, after = (None if end == "none" else int(end) for end in prop["value"].split(parts.ADJUSTMENT_ARROW))
    return Adjustment(
        from_level=before,
        to_level=after,
        reason=prop.get("remarks", ""),
        reviewer=requirement_id(prop["group"]) if "group" in prop else "",
        on_site=prop.get("class") == "on-site",
    )


def _gap(risk: _Node) -> Gap:
    return Gap(requirement=_requirement(risk), rank=_number(_named(risk), "rank", 0), reason=risk["description"])


def _measure(requirement: str, response: _Node, resources: dict[str, _Node]) -> RoadmapItem:
    named = {name: prop["value"] for name, prop in _named(response).items()}
    closing = [link["href"] for link in response.get("links", []) if link.get("rel") == parts.CLOSING_EVIDENCE]
    return RoadmapItem(
        identifier=named["roadmap-item"],
        requirement=requirement,
        target_level=int(named["target-level"]),
        title=response["title"],
        due_on=date.fromisoformat(named["due-on"]),
        owner=named.get("owner", ""),
        starts_on=date.fromisoformat(named["starts-on"]) if "starts-on" in named else None,
        cost=Decimal(named["cost"]) if "cost" in named else None,
        depends_on=named.get("depends-on", ""),
        state=_state(named["state"]),
        closing_note=response.get("remarks", ""),
        closing_evidence=_evidence(resources, closing[0]) if closing else None,
    )


def _state(name: str) -> RoadmapState:
    return ROADMAP_STATES[ROADMAP_STATES.index(cast("RoadmapState", name))]
