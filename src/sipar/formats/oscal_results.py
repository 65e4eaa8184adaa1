"""Write one organisation's assessment as OSCAL 1.1.2: assessment plan, assessment results, POA&M; read results back.

The same record gives the same bytes: every UUID is of version 5, from identifiers. What OSCAL has no field for
(maturity levels, targets, weights, adjustments by a reviewer) stands in props of `https://sipar.example/ns/oscal`.
OSCAL requires a system security plan, which a national questionnaire does not have: `import-ssp` names a back-matter
resource that says so. The results import the plan by its file name, so the files of `FILE_NAMES` lie side by side.
"""

from __future__ import annotations

import json
from urllib.parse import quote

from sipar.formats import oscal_results_parts as parts
from sipar.formats.oscal_results_parts import Node, prop, uuid_in
from sipar.formats.oscal_results_read import read_results
from sipar.formats.oscal_results_records import AssessmentRecord, RoadmapItem, control_id, requirement_id
from sipar.formats.problems import FormatProblem

__all__ = [
    "FILE_NAMES",
    "AssessmentRecord",
    "control_id",
    "read_results",
    "requirement_id",
    "write_plan",
    "write_poam",
    "write_results",
]

FILE_NAMES = {
    "assessment-plan": "assessment-plan.json",
    "assessment-results": "assessment-results.json",
    "plan-of-action-and-milestones": "poam.json",
}
_METHODS = {
    "INTERVIEW": "The organisation answers each requirement with a level.",
    "EXAMINE": "A reviewer reads the evidence that the organisation adds to its answer.",
    "TEST": "A reviewer looks at a sample of the answers on site.",
}


def write_plan(record: AssessmentRecord) -> bytes:
    """Return the OSCAL assessment plan of the record as JSON."""
    organisation = parts.party_uuid(parts.ORGANISATION_ROLE, record.organisation)
    subject = {"type": "party", "include-subjects": [{"subject-uuid": organisation, "type": "party"}]}
    activities = [_activity(record, method) for method in _METHODS]
    task = {
        "uuid": uuid_in(record, "task"),
        "type": "action",
        "title": record.campaign.title,
        "timing": {
            "within-date-range": {
                "start": parts.moment(record.campaign.opens),
                "end": parts.moment(record.campaign.closes),
            }
        },
        "associated-activities": [
            {"activity-uuid": activity["uuid"], "subjects": [subject]} for activity in activities
        ],
    }
    return _document(
        record,
        "assessment-plan",
        {
            "import-ssp": {"href": f"#{uuid_in(record, 'ssp')}"},
            "local-definitions": {"objectives-and-methods": parts.objectives(record), "activities": activities},
            "reviewed-controls": parts.reviewed_controls(record),
            "assessment-subjects": [subject],
            "tasks": [task],
        },
        [_security_plan(record), _catalogue(record)],
    )


def write_results(record: AssessmentRecord) -> bytes:
    """Return the OSCAL assessment results of the record as JSON: everything in it, as `read_results` reads it back."""
    everything = list(record.positions)
    observations = parts.observations(record, everything)
    observed = {observation["uuid"] for observation in observations}
    risky = parts.risky_requirements(record)
    result: Node = {
        "uuid": uuid_in(record, "result"),
        "title": record.campaign.title,
        "description": f"Answers of {record.organisation.name} as reviewed by {record.team.name}.",
        "start": parts.moment(record.campaign.opens),
        "end": parts.moment(record.campaign.closes),
        "reviewed-controls": parts.reviewed_controls(record),
        "observations": observations,
        "risks": parts.risks(record, observed),
        "findings": parts.findings(record, everything, observed, set(risky)),
    }
    plan: Node = {
        "uuid": uuid_in(record, "plan"),
        "title": "Assessment plan of the same campaign",
        "rlinks": [{"href": FILE_NAMES["assessment-plan"], "media-type": "application/json"}],
    }
    return _document(
        record,
        "assessment-results",
        {
            "import-ap": {"href": f"#{plan['uuid']}"},
            "local-definitions": {"objectives-and-methods": parts.objectives(record)},
            "results": [parts.without_empty(result)],
        },
        [plan, _catalogue(record), *parts.evidence_resources(record, everything)],
    )


def write_poam(record: AssessmentRecord) -> bytes:
    """Return the OSCAL plan of action and milestones as JSON: an item for each measure and each gap without one.

    Raises FormatProblem with code oscal.nothing-to-plan where there is neither gap nor measure: OSCAL knows
    no empty plan.
    """
    risky = parts.risky_requirements(record)
    if not risky:
        raise FormatProblem("oscal.nothing-to-plan", "has no gap and no measure", record.organisation.identifier)
    observations = parts.observations(record, risky)
    observed = {observation["uuid"] for observation in observations}
    found = parts.findings(record, risky, observed, set(risky))
    judged = {finding["uuid"] for finding in found}
    planned = {item.requirement for item in record.roadmap}
    items = [_measure_item(record, item) for item in record.roadmap]
    items += [_open_item(record, requirement) for requirement in risky if requirement not in planned]
    requirements = [item.requirement for item in record.roadmap] + [name for name in risky if name not in planned]
    for item, requirement in zip(items, requirements, strict=True):
        finding = uuid_in(record, "finding", requirement)
        item["related-findings"] = [{"finding-uuid": finding}] if finding in judged else []
        item["related-observations"] = parts.related_observations(record, requirement, observed)
        item["related-risks"] = [{"risk-uuid": parts.risk_uuid(record, requirement)}]
    body: Node = {
        "import-ssp": {"href": f"#{uuid_in(record, 'ssp')}"},
        "observations": observations,
        "risks": parts.risks(record, observed),
        "findings": found,
        "poam-items": [parts.without_empty(item) for item in items],
    }
    resources = [_security_plan(record), _catalogue(record), *parts.evidence_resources(record, risky)]
    return _document(record, "plan-of-action-and-milestones", parts.without_empty(body), resources)


def _document(record: AssessmentRecord, model: str, body: Node, resources: list[Node]) -> bytes:
    root = {
        "uuid": uuid_in(record, model, record.version, parts.moment(record.now)),
        "metadata": parts.metadata(record),
        **body,
        "back-matter": {"resources": resources},
    }
    try:
        return json.dumps({model: root}, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as problem:
        where = problem.object[max(0, problem.start - 20) : problem.start]
        raise FormatProblem("oscal.text", "has half of a character in its text", where) from None


def _activity(record: AssessmentRecord, method: str) -> Node:
    return {
        "uuid": uuid_in(record, "activity", method),
        "description": _METHODS[method],
        "props": [{"name": "method", "value": method}],
    }


def _security_plan(record: AssessmentRecord) -> Node:
    return {
        "uuid": uuid_in(record, "ssp"),
        "title": "System security plan",
        "description": "The organisation keeps its own; the campaign does not ask for it. The address is internal.",
        "rlinks": [{"href": f"urn:sipar:ssp:{quote(record.organisation.identifier, safe='')}"}],
    }


def _catalogue(record: AssessmentRecord) -> Node:
    names = (record.catalogue.identifier, record.catalogue.version)
    return {
        "uuid": uuid_in(record, "catalogue"),
        "title": record.catalogue.title,
        "description": "The requirement catalogue that the control ids belong to.",
        "rlinks": [{"href": ":".join(["urn:sipar:catalogue", *(quote(name, safe="") for name in names)])}],
    }


def _measure_item(record: AssessmentRecord, item: RoadmapItem) -> Node:
    return {
        "uuid": uuid_in(record, "poam-item", item.identifier),
        "title": item.title,
        "description": f"Raises {item.requirement} to level {item.target_level}.",
        "props": [prop("requirement-id", item.requirement), *parts.measure_props(item)],
    }


def _open_item(record: AssessmentRecord, requirement: str) -> Node:
    return {
        "uuid": uuid_in(record, "poam-gap", requirement),
        "title": record.requirements[record.positions[requirement]].title,
        "description": f"No measure is planned yet for {requirement}.",
        "props": [prop("requirement-id", requirement)],
    }
