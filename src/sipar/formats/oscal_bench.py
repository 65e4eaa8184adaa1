"""Documents that `sipar bench oscal` measures with: results of any size, and seven with one real fault each."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid5

from sipar.formats.oscal_schema import OSCAL_VERSIONS

CONTROLS = tuple(f"x-{number}" for number in range(1, 401))
_NAMESPACE = UUID("5f2c1a52-8c5b-5d8e-9a4e-1f4b2b7d6c31")
_DAY = "2026-03-01T09:00:00+00:00"
_FINDINGS_OF_A_FAULT = 300

type _Document = dict[str, Any]


def synthetic_results(findings: int) -> bytes:
    """Return assessment results of one invented organisation with so many findings and as many observations.

    Without a fault, about 830 bytes for each pair, the same bytes every time; every control stands in `CONTROLS`.
    """
    return _encode(_results(findings))


def seven_faults() -> dict[str, bytes]:
    """Return, by name, seven assessment results of 300 findings in which just one thing is wrong."""
    sound = _results(_FINDINGS_OF_A_FAULT)
    documents = {}
    for name, break_it in _BREAKAGES.items():
        document = copy.deepcopy(sound)
        break_it(document["assessment-results"]["results"][0])
        documents[name] = _encode(document)
    return documents


def _wrong_status(result: _Document) -> None:
    result["findings"][7]["target"]["status"]["state"] = "banana"


def _no_target(result: _Document) -> None:
    del result["findings"][7]["target"]


def _wrong_target_type(result: _Document) -> None:
    result["findings"][7]["target"]["type"] = "nonsense"


def _unknown_field(result: _Document) -> None:
    result["findings"][7]["colour"] = "green"


def _duplicate_uuid(result: _Document) -> None:
    result["findings"][7]["uuid"] = result["findings"][6]["uuid"]


def _dangling_observation(result: _Document) -> None:
    result["findings"][7]["related-observations"][0]["observation-uuid"] = _uuid("nothing", 0)


def _unknown_control(result: _Document) -> None:
    result["reviewed-controls"]["control-selections"][0]["include-controls"][7]["control-id"] = "zz-99"


_BREAKAGES: dict[str, Callable[[_Document], None]] = {
    "status-state-unknown": _wrong_status,
    "finding-without-target": _no_target,
    "target-type-unknown": _wrong_target_type,
    "unknown-field": _unknown_field,
    "duplicate-finding-uuid": _duplicate_uuid,
    "dangling-observation": _dangling_observation,
    "control-in-no-catalogue": _unknown_control,
}


def _encode(document: _Document) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _uuid(kind: str, number: int) -> str:
    return str(uuid5(_NAMESPACE, f"{kind}/{number}"))


def _results(findings: int) -> _Document:
    result = {
        "uuid": _uuid("result", 0),
        "title": "One campaign",
        "description": "An invented assessment of an invented organisation.",
        "start": _DAY,
        "reviewed-controls": {
            "control-selections": [{"include-controls": [{"control-id": control} for control in CONTROLS]}]
        },
        "observations": [_observation(number) for number in range(findings)],
        "findings": [_finding(number) for number in range(findings)],
    }
    if not findings:
        del result["observations"], result["findings"]
    return {
        "assessment-results": {
            "uuid": _uuid("document", 0),
            "metadata": {
                "title": "Results to measure with",
                "last-modified": _DAY,
                "version": "1",
                "oscal-version": min(OSCAL_VERSIONS),
            },
            "import-ap": {"href": "assessment-plan.json"},
            "results": [result],
        }
    }


def _observation(number: int) -> _Document:
    return {
        "uuid": _uuid("observation", number),
        "title": f"Answer {number}",
        "description": "The organisation described how it meets the requirement and showed its records for one quarter."
        " The reviewer read them beside last year's and asked two people of the team.",
        "props": [{"name": "level", "ns": "https://sipar.example/ns/oscal", "value": str(number % 5)}],
        "methods": ["EXAMINE"],
        "types": ["control-objective"],
        "collected": _DAY,
    }


def _finding(number: int) -> _Document:
    return {
        "uuid": _uuid("finding", number),
        "title": f"Finding {number}",
        "description": "The level that was answered is compared with the level that the profile asks for, "
        "after the reviewer took it up, lowered it or left it as it was.",
        "target": {
            "type": "statement-id",
            "target-id": f"{CONTROLS[number % len(CONTROLS)]}_smt",
            "status": {"state": "satisfied" if number % 2 else "not-satisfied"},
        },
        "related-observations": [{"observation-uuid": _uuid("observation", number)}],
    }
