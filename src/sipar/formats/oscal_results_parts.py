"""The pieces that the OSCAL writers share: parties, resources, observations, findings, risks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from uuid import NAMESPACE_URL, uuid5

from sipar.formats.oscal_results_records import (
    NO_TARGET,
    NOT_APPLICABLE,
    UNANSWERED,
    Adjustment,
    AssessmentRecord,
    Evidence,
    Gap,
    Note,
    Party,
    Requirement,
    RoadmapItem,
    control_id,
)

NAMESPACE = "https://sipar.example/ns/oscal"
IDENTIFIERS = f"{NAMESPACE}/identifier"
OSCAL_VERSION = "1.1.2"
ORGANISATION_ROLE = "assessed-organisation"
TEAM_ROLE = "lead-team"
REVIEWER_ROLE = "reviewer"
CLOSING_EVIDENCE = "closing-evidence"
ADJUSTMENT_ARROW = " > "

_LIFECYCLES = {"planned": "planned", "doing": "planned", "done": "completed", "dropped": "recommendation"}
_UUIDS = uuid5(NAMESPACE_URL, NAMESPACE)

type Node = dict[str, object]


def stable_uuid(*key: str) -> str:
    """Return the UUID of version 5 that always belongs to this key."""
    return str(uuid5(_UUIDS, "\x1f".join(key)))


def uuid_in(record: AssessmentRecord, *key: str) -> str:
    """Return the UUID of a thing of this organisation in this campaign."""
    return stable_uuid(record.campaign.identifier, record.organisation.identifier, *key)


def moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


def midnight(day: date) -> str:
    return datetime.combine(day, time(), UTC).isoformat()


def prop(name: str, value: str, *, remarks: str = "", kind: str = "", group: str = "") -> Node:
    node: Node = {"name": name, "ns": NAMESPACE, "value": value}
    if kind:
        node["class"] = kind
    if group:
        node["group"] = group
    if remarks:
        node["remarks"] = remarks
    return node


def without_empty(node: Node) -> Node:
    """Return the object without empty arrays and missing values: OSCAL arrays have at least one item."""
    return {name: value for name, value in node.items() if value is not None and value != []}


def metadata(record: AssessmentRecord) -> Node:
    holders = [(ORGANISATION_ROLE, "Assessed organisation", [record.organisation])]
    holders += [(TEAM_ROLE, "CERT that leads the assessment", [record.team])]
    holders += [(REVIEWER_ROLE, "Reviewer of the answers", list(record.reviewers))]
    return {
        "title": record.title,
        "last-modified": moment(record.now),
        "version": record.version,
        "oscal-version": OSCAL_VERSION,
        "props": [
            prop("language", record.language),
            prop("campaign", record.campaign.identifier),
            prop("catalogue", record.catalogue.identifier),
            prop("catalogue-version", record.catalogue.version),
            prop("catalogue-title", record.catalogue.title),
        ],
        "roles": [{"id": role, "title": title} for role, title, _ in holders],
        "parties": [_party(role, party) for role, _, parties in holders for party in parties],
        "responsible-parties": [
            {"role-id": role, "party-uuids": [party_uuid(role, party) for party in parties]}
            for role, _, parties in holders
            if parties
        ],
    }


def party_uuid(role: str, party: Party) -> str:
    return stable_uuid("party", role, party.identifier)


def _party(role: str, party: Party) -> Node:
    return {
        "uuid": party_uuid(role, party),
        "type": "person" if role == REVIEWER_ROLE else "organization",
        "name": party.name,
        "external-ids": [{"scheme": IDENTIFIERS, "id": party.identifier}],
    }


def reviewed_controls(record: AssessmentRecord) -> Node:
    chosen = [{"control-id": control_id(requirement.identifier)} for requirement in record.requirements]
    return {"control-selections": [{"include-controls": chosen}]}


def objectives(record: AssessmentRecord) -> list[Node]:
    """Return a local objective for each requirement: its title, weight and target level."""
    return [_objective(*pair) for pair in zip(record.requirements, record.targets, strict=True)]


def _objective(requirement: Requirement, target: int) -> Node:
    props = [prop("requirement-id", requirement.identifier), prop("weight", repr(requirement.weight))]
    if target != NO_TARGET:
        props.append(prop("target-level", str(target)))
    part = {"id": objective_id(requirement.identifier), "name": "objective", "title": requirement.title}
    return {"control-id": control_id(requirement.identifier), "props": props, "parts": [part]}


def objective_id(requirement: str) -> str:
    return f"{control_id(requirement)}_obj"


def observations(record: AssessmentRecord, chosen: Iterable[str]) -> list[Node]:
    """Return an observation for each chosen requirement that has an answer or a note."""
    notes = {note.requirement: note for note in record.notes}
    return [
        _observation(record, requirement, notes.get(requirement, Note(requirement=requirement)))
        for requirement in chosen
        if requirement in notes or record.levels[record.positions[requirement]] != UNANSWERED
    ]


def _observation(record: AssessmentRecord, requirement: str, note: Note) -> Node:
    position = record.positions[requirement]
    level = record.levels[position]
    props = [prop("requirement-id", requirement)]
    if level == NOT_APPLICABLE:
        props.append(prop("not-applicable", "yes", remarks=note.not_applicable_reason))
    elif level != UNANSWERED:
        props.append(prop("level", str(level)))
    props += [_adjustment(adjustment) for adjustment in note.adjustments]
    organisation = party_uuid(ORGANISATION_ROLE, record.organisation)
    methods = ["INTERVIEW", *["EXAMINE"] * bool(note.evidence), *["TEST"] * note.verified]
    evidence = [
        {"href": f"#{evidence_uuid(record, requirement, place)}", "description": item.title}
        for place, item in enumerate(note.evidence)
    ]
    return without_empty(
        {
            "uuid": uuid_in(record, "observation", requirement),
            "title": record.requirements[position].title,
            "description": f"What the organisation answered to {requirement}, and what its reviewers made of it.",
            "props": props,
            "methods": methods,
            "types": ["control-objective"],
            "origins": [{"actors": [{"type": "party", "actor-uuid": organisation}]}],
            "subjects": [{"subject-uuid": organisation, "type": "party"}],
            "relevant-evidence": evidence,
            "collected": moment(record.now),
            "remarks": note.comment or None,
        }
    )


def _adjustment(adjustment: Adjustment) -> Node:
    ends = ("none" if end is None else str(end) for end in (adjustment.from_level, adjustment.to_level))
    return prop(
        "adjustment",
        ADJUSTMENT_ARROW.join(ends),
        remarks=adjustment.reason,
        kind="on-site" if adjustment.on_site else "",
        group=control_id(adjustment.reviewer) if adjustment.reviewer else "",
    )


def evidence_uuid(record: AssessmentRecord, requirement: str, place: int) -> str:
    return uuid_in(record, "evidence", requirement, str(place))


def closing_uuid(record: AssessmentRecord, item: RoadmapItem) -> str:
    return uuid_in(record, "closing-evidence", item.identifier)


def evidence_resources(record: AssessmentRecord, chosen: Iterable[str]) -> list[Node]:
    """Return the back-matter resources of all evidence about the chosen requirements and of all closed measures."""
    wanted = set(chosen)
    answers = [
        _evidence(evidence_uuid(record, note.requirement, place), evidence)
        for note in record.notes
        if note.requirement in wanted
        for place, evidence in enumerate(note.evidence)
    ]
    closing = [
        _evidence(closing_uuid(record, item), item.closing_evidence) for item in record.roadmap if item.closing_evidence
    ]
    return answers + closing


def _evidence(uuid: str, evidence: Evidence) -> Node:
    link: Node = {"href": evidence.href}
    if evidence.media_type:
        link["media-type"] = evidence.media_type
    if evidence.sha256:
        link["hashes"] = [{"algorithm": "SHA-256", "value": evidence.sha256}]
    return {"uuid": uuid, "title": evidence.title, "rlinks": [link]}


def findings(record: AssessmentRecord, chosen: Iterable[str], observed: set[object], risky: set[str]) -> list[Node]:
    """Return a finding for each chosen requirement that has a target."""
    return [
        _finding(record, requirement, observed, risky)
        for requirement in chosen
        if record.targets[record.positions[requirement]] != NO_TARGET
    ]


def _finding(record: AssessmentRecord, requirement: str, observed: set[object], risky: set[str]) -> Node:
    position = record.positions[requirement]
    level, target = record.levels[position], record.targets[position]
    answered = level not in {NOT_APPLICABLE, UNANSWERED}
    satisfied = level == NOT_APPLICABLE or (answered and level >= target)
    props = [prop("requirement-id", requirement), prop("target-level", str(target))]
    if answered:
        props.append(prop("level", str(level)))
    reason = ("pass" if satisfied else "fail") if answered else "other"
    aim: Node = {
        "type": "objective-id",
        "target-id": objective_id(requirement),
        "status": {"state": "satisfied" if satisfied else "not-satisfied", "reason": reason},
    }
    if level == NOT_APPLICABLE:
        aim["implementation-status"] = {"state": "not-applicable"}
    return without_empty(
        {
            "uuid": uuid_in(record, "finding", requirement),
            "title": record.requirements[position].title,
            "description": f"The level of {requirement} beside the level that the profile asks for.",
            "props": props,
            "target": aim,
            "related-observations": related_observations(record, requirement, observed),
            "related-risks": [{"risk-uuid": risk_uuid(record, requirement)}] if requirement in risky else [],
        }
    )


def related_observations(record: AssessmentRecord, requirement: str, observed: set[object]) -> list[Node]:
    uuid = uuid_in(record, "observation", requirement)
    return [{"observation-uuid": uuid}] if uuid in observed else []


def risk_uuid(record: AssessmentRecord, requirement: str) -> str:
    return uuid_in(record, "risk", requirement)


def risky_requirements(record: AssessmentRecord) -> list[str]:
    """Return every requirement with a gap or a measure: the gaps by rank, then the others by due date."""
    return list(dict.fromkeys([gap.requirement for gap in record.gaps] + [item.requirement for item in record.roadmap]))


def risks(record: AssessmentRecord, observed: set[object]) -> list[Node]:
    gaps = {gap.requirement: gap for gap in record.gaps}
    measures: dict[str, list[RoadmapItem]] = {}
    for item in record.roadmap:
        measures.setdefault(item.requirement, []).append(item)
    return [
        _risk(record, requirement, gaps.get(requirement), measures.get(requirement, []), observed)
        for requirement in risky_requirements(record)
    ]


def _risk(
    record: AssessmentRecord, requirement: str, gap: Gap | None, measures: list[RoadmapItem], observed: set[object]
) -> Node:
    title = record.requirements[record.positions[requirement]].title
    states = {item.state for item in measures}
    under_way = "remediating" if "doing" in states or "planned" in states else "open"
    return without_empty(
        {
            "uuid": risk_uuid(record, requirement),
            "title": title,
            "description": gap.reason if gap else f"{requirement} is no gap any more; its measures are kept.",
            "statement": f"{requirement} stays below the level that the profile asks for until its measures are done.",
            "props": [prop("requirement-id", requirement), *([prop("rank", str(gap.rank))] if gap else [])],
            "status": under_way if gap or under_way == "remediating" else "closed",
            "deadline": midnight(max(item.due_on for item in measures)) if measures else None,
            "remediations": [_measure(record, item) for item in measures],
            "related-observations": related_observations(record, requirement, observed),
        }
    )


def _measure(record: AssessmentRecord, item: RoadmapItem) -> Node:
    closing = [{"href": f"#{closing_uuid(record, item)}", "rel": CLOSING_EVIDENCE}] if item.closing_evidence else []
    return without_empty(
        {
            "uuid": uuid_in(record, "measure", item.identifier),
            "lifecycle": _LIFECYCLES[item.state],
            "title": item.title,
            "description": f"Raises {item.requirement} to level {item.target_level}.",
            "props": measure_props(item),
            "links": closing,
            "tasks": [_milestone(record, item)],
            "remarks": item.closing_note or None,
        }
    )


def measure_props(item: RoadmapItem) -> list[Node]:
    named = {
        "roadmap-item": item.identifier,
        "state": item.state,
        "target-level": str(item.target_level),
        "due-on": item.due_on.isoformat(),
        "starts-on": item.starts_on.isoformat() if item.starts_on else "",
        "owner": item.owner,
        "cost": "" if item.cost is None else f"{item.cost:f}",
        "depends-on": item.depends_on,
    }
    return [prop(name, value) for name, value in named.items() if value]


def _milestone(record: AssessmentRecord, item: RoadmapItem) -> Node:
    timing: Node = {"on-date": {"date": midnight(item.due_on)}}
    if item.starts_on and item.starts_on <= item.due_on:
        timing = {"within-date-range": {"start": midnight(item.starts_on), "end": midnight(item.due_on)}}
    known = {other.identifier for other in record.roadmap}
    waits = [{"task-uuid": uuid_in(record, "milestone", item.depends_on)}] if item.depends_on in known else []
    return without_empty(
        {
            "uuid": uuid_in(record, "milestone", item.identifier),
            "type": "milestone",
            "title": item.title,
            "timing": timing,
            "dependencies": waits,
        }
    )
