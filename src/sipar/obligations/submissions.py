"""What a submitted stage says, in one byte form, and what changed since the one before. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sipar.law.facts import shipped_facts

FORMAT = "sipar-report/1"
# The stages of a report in their order, and the stage of the vocabulary up to which each of them asks.
STAGES: dict[str, tuple[str, ...]] = {
    "early_warning": ("first",),
    "notification": ("first", "second"),
    "intermediate": ("first", "second", "third"),
    "progress": ("first", "second", "third"),
    "final": ("first", "second", "third", "final"),
}


@dataclass(frozen=True)
class Change:
    """One fact that two submissions do not share; None where it was not known."""

    name: str
    title: Mapping[str, str]
    before: Any
    after: Any


def document_of(
    *,
    case: str,
    organisation: str | None,
    number: int,
    stage: str,
    facts: Mapping[str, Any],
    estimates: Sequence[str],
    artefacts: Sequence[Mapping[str, Any]],
    late_reason: str,
    door: str,
    submitted_at: datetime,
) -> dict[str, Any]:
    """Everything that a digest covers, so that it can be read and checked without Sipar."""
    return {
        "format": FORMAT,
        "case": case,
        "organisation": organisation,
        "number": number,
        "stage": stage,
        "facts": dict(facts),
        "estimates": list(estimates),
        "attachments": [dict(artefact) for artefact in artefacts],
        "late_reason": late_reason,
        "door": door,
        "submitted_at": submitted_at.astimezone(UTC).isoformat(),
    }


def canonical(document: Mapping[str, Any]) -> bytes:
    """The one byte form of a document: keys sorted, no spaces, UTF-8."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def digest_of(document: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical form, in hexadecimal."""
    return sha256(canonical(document)).hexdigest()


def changed_facts(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What differs, as fact -> [before, after] in the order of the vocabulary; None for what was or is not known."""
    return {
        name: [earlier.get(name), later.get(name)] for name in shipped_facts() if earlier.get(name) != later.get(name)
    }


def changes_in_words(changed: Mapping[str, Sequence[Any]]) -> list[Change]:
    """The changes of a submission with the title of each fact, in the order of the vocabulary."""
    return [
        Change(name, fact.title.model_dump(), changed[name][0], changed[name][1])
        for name, fact in shipped_facts().items()
        if name in changed
    ]


def stages_after(stage: str | None) -> list[str]:
    """The stages that may follow the last one that was sent, itself included; all where nothing was sent."""
    names = list(STAGES)
    return names[names.index(stage) :] if stage in STAGES else names
