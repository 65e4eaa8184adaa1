"""CACAO 2.0 security playbooks (OASIS): bytes in, a checked playbook out, and back without loss.

What is checked: the shape of every object (`cacao_shape`, `cacao_steps`), that every reference leads somewhere, that
every step can be reached and leads to an end (`cacao_graph`). A property that the specification does not define is
refused by name, custom ones included: version 2.0 knows extensions for them, and their content is kept as it is.
Writing gives the same JSON value that was read; only the order of properties and white space may differ, which the
canonical form under a signature (RFC 8785) does not see. Nothing in a playbook is ever run.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sipar.formats.cacao_graph import Remark, check_playbook, remarks, walk
from sipar.formats.cacao_steps import ActionStep, EndStep, IfStep, Playbook, StartStep, Step, SwitchStep, WhileStep
from sipar.formats.documents import load_json
from sipar.formats.limits import MEGABYTE, Limits
from sipar.formats.problems import FormatProblem

__all__ = [
    "Instruction",
    "Playbook",
    "Remark",
    "instructions",
    "manual_playbook",
    "read_playbook",
    "remarks",
    "write_playbook",
]

LIMITS = Limits(max_bytes=2 * MEGABYTE, max_depth=24, max_nodes=100_000, max_scalar=MEGABYTE)
# Null is a value only for variables (10.18), for the end of an IEP marking, and inside extensions.
_MAY_BE_NULL = frozenset({"value", "end_date"})
_KEPT_AS_IT_IS = frozenset(
    {
        "playbook_extensions",
        "step_extensions",
        "agent_target_extensions",
        "authentication_info_extensions",
        "marking_extensions",
        "value",
    }
)
_WORDS = {
    "missing": "this property is missing",
    "extra_forbidden": "CACAO 2.0 has no such property; custom content belongs into an extension",
    "union_tag_invalid": "CACAO 2.0 has no such type here",
    "union_tag_not_found": "the type is missing",
}


def read_playbook(data: bytes) -> Playbook:
    """The playbook in JSON bytes (plain or gzip).

    Raises FormatProblem with the path to the fault: the codes of `documents.load_json` and `cacao_graph`,
    `cacao.shape` for an object that is not as specified, `cacao.null` for an empty value where none may stand.
    """
    document = load_json(data, LIMITS)
    if not isinstance(document, dict):
        raise FormatProblem("cacao.shape", "a playbook is one JSON object")
    return _playbook(document)


def write_playbook(playbook: Playbook) -> bytes:
    """The playbook as JSON, UTF-8, indented; exactly what was set, nothing that was not."""
    document = playbook.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


@dataclass(frozen=True, slots=True)
class Instruction:
    """One step for a person: what to do, or what to decide. `after`: the steps that point to it."""

    identifier: str
    kind: str
    title: str
    description: str
    commands: tuple[str, ...]
    after: tuple[str, ...]


def instructions(playbook: Playbook) -> tuple[Instruction, ...]:
    """The steps that a person can see to, in the order of `cacao_graph.walk`; starts and ends left out.

    Commands come as text, base64 ones decoded where they are UTF-8: to be read, never to be run.
    """
    entries = [step for step in (playbook.workflow_start, playbook.workflow_exception) if step is not None]
    points_from: dict[str, list[str]] = {}
    for key, step in playbook.workflow.items():
        for _, target in step.ways():
            points_from.setdefault(target, []).append(key)
    return tuple(
        Instruction(
            identifier=key,
            kind=step.type,
            title=step.name or _question(step) or step.type,
            description=step.description or _question(step),
            commands=_commands(step),
            after=tuple(before for before in points_from.get(key, ()) if before != playbook.workflow_start),
        )
        for key in walk(playbook.workflow, entries)
        if not isinstance(step := playbook.workflow[key], StartStep | EndStep)
    )


def manual_playbook(
    *,
    identifier: uuid.UUID,
    author: uuid.UUID,
    name: str,
    description: str,
    created: str,
    modified: str,
    tasks: Sequence[tuple[str, str]],
    tlp: str,
) -> Playbook:
    """A playbook of manual steps, one after the other: how Sipar hands on its own. FormatProblem for what is invalid.

    `tasks` are titles with their instructions; times are `2026-11-22T06:00:00.000Z`; `tlp` such as `TLP:GREEN`. Step
    identifiers follow from the playbook's, so that the same playbook is written the same way.
    """

    def key(kind: str, place: int) -> str:
        digest = hashlib.sha256(f"{identifier}/{kind}/{place}".encode()).digest()
        return f"{kind}--{uuid.UUID(bytes=digest[:16], version=4)}"

    start, end, agent, marking = key("start", 0), key("end", 0), key("group", 0), key("marking-tlp", 0)
    steps = [key("action", place) for place in range(len(tasks))]
    created_by = f"identity--{author}"
    workflow: dict[str, Any] = {start: {"type": "start", "on_completion": [*steps, end][0]}}
    for step, following, (title, instruction) in zip(steps, [*steps, end][1:], tasks, strict=True):
        workflow[step] = {
            "type": "action",
            "name": title,
            "on_completion": following,
            "commands": [{"type": "manual", "command": instruction or title}],
            "agent": agent,
        }
    workflow[end] = {"type": "end"}
    return _playbook(
        {
            "type": "playbook",
            "spec_version": "cacao-2.0",
            "id": f"playbook--{identifier}",
            "name": name,
            **({"description": description} if description else {}),
            "playbook_processing_summary": {"manual_playbook": True, "data_markings": True},
            "created_by": created_by,
            "created": created,
            "modified": modified,
            "markings": [marking],
            "workflow_start": start,
            "workflow": workflow,
            "agent_definitions": {agent: {"type": "group", "name": "Response team"}},
            "data_marking_definitions": {
                marking: {
                    "type": "marking-tlp",
                    "id": marking,
                    "created_by": created_by,
                    "created": created,
                    "tlpv2_level": tlp,
                }
            },
        }
    )


def _playbook(document: dict[str, Any]) -> Playbook:
    _refuse_nulls(document)
    try:
        # From JSON rather than from values: there, strict types still take an array for a tuple.
        playbook = Playbook.model_validate_json(json.dumps(document))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        sentence = _WORDS.get(first["type"], first["msg"].removeprefix("Value error, "))
        raise FormatProblem("cacao.shape", sentence, _place(document, first)) from error
    check_playbook(playbook)
    return playbook


def _refuse_nulls(document: dict[str, Any]) -> None:
    waiting: list[tuple[str, Any]] = [("", document)]
    while waiting:
        where, value = waiting.pop()
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, child in pairs:
            path = f"{where}/{key}" if where else str(key)
            if child is None and key not in _MAY_BE_NULL:
                raise FormatProblem("cacao.null", "a property that has no value is left out", path)
            if isinstance(child, dict | list) and key not in _KEPT_AS_IT_IS:
                waiting.append((path, child))


def _place(document: Any, error: ErrorDetails) -> str:
    """The path in the file: pydantic's own, without the names of the variants that it tried."""
    path: list[str] = []
    value = document
    for part in error["loc"]:
        if isinstance(value, dict) and part in value:
            value = value[str(part)]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        elif error["type"] != "missing" or part != error["loc"][-1]:
            continue
        path.append(str(part))
    return "/".join(path)


def _question(step: Step) -> str:
    if isinstance(step, IfStep | WhileStep):
        return step.condition
    return step.switch if isinstance(step, SwitchStep) else ""


def _commands(step: Step) -> tuple[str, ...]:
    if not isinstance(step, ActionStep):
        return ()
    return tuple(command.command or _decoded(command.command_b64 or "") for command in step.commands)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text
