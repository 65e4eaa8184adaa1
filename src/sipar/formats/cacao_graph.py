"""What the parts of a CACAO playbook say about each other: every reference must lead somewhere, every way to an end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sipar.formats.cacao_shape import IDENTIFIER, MAX_POINTERS
from sipar.formats.cacao_steps import ActionStep, EndStep, Playbook, PlaybookActionStep, StartStep, Step
from sipar.formats.problems import FormatProblem


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that the specification asks for or advises against and that does not stop us: code, sentence, place."""

    code: str
    sentence: str
    where: str


def check_playbook(playbook: Playbook) -> None:
    """Refuses the first contradiction with FormatProblem: `cacao.identifier`, `.reference`, `.workflow`, `.time`."""
    _check_keys(playbook)
    _check_times(playbook)
    _check_references(playbook)
    _check_workflow(playbook)


def remarks(playbook: Playbook) -> tuple[Remark, ...]:
    """What a careful reader would tell the author: secrets in clear text, branches that share an end, no activities."""
    found = []
    for key, secret in (playbook.authentication_info_definitions or {}).items():
        for name in ("password", "token"):
            value = getattr(secret, name)
            if value and not value.startswith("__"):
                where = f"authentication_info_definitions/{key}/{name}"
                found.append(Remark("cacao.secret", f"{name} stands in clear text; put a variable here", where))
    if playbook.playbook_types and not playbook.playbook_activities:
        found.append(Remark("cacao.activities", "playbook types are named but no activities", "playbook_activities"))
    ends_of: dict[str, tuple[str, ...]] = {}
    for key, step in playbook.workflow.items():
        owner: dict[str, str] = {}
        for name, first in step.branches():
            if first not in ends_of:
                ends_of[first] = _ends(playbook.workflow, first)
            for end in ends_of[first]:
                if end in owner and owner[end] != name:
                    where = f"workflow/{key}/{name}"
                    found.append(Remark("cacao.shared_end", "two branches of this step share an end step", where))
                owner.setdefault(end, name)
    return tuple(found)


def _check_keys(playbook: Playbook) -> None:
    _check_type("id", playbook.id, "playbook")
    tables: Mapping[str, Mapping[str, object] | None] = {
        "workflow": playbook.workflow,
        "authentication_info_definitions": playbook.authentication_info_definitions,
        "agent_definitions": playbook.agent_definitions,
        "target_definitions": playbook.target_definitions,
        "data_marking_definitions": playbook.data_marking_definitions,
    }
    for name, table in tables.items():
        for key, value in (table or {}).items():
            _check_type(f"{name}/{key}", key, str(getattr(value, "type", "")))
    for key, marking in (playbook.data_marking_definitions or {}).items():
        if marking.id != key:
            where = f"data_marking_definitions/{key}/id"
            raise FormatProblem("cacao.identifier", "the id of a marking is the key it stands under", where)


def _check_type(where: str, identifier: str, kind: str) -> None:
    match = IDENTIFIER.match(identifier)
    if match is None or match["type"] != kind:
        raise FormatProblem("cacao.identifier", f"an identifier of the type {kind} begins with {kind}--", where)


def _check_times(playbook: Playbook) -> None:
    if _instant(playbook.modified, "modified") < _instant(playbook.created, "created"):
        raise FormatProblem("cacao.time", "a playbook is not modified before it is created", "modified")
    begins, ends = playbook.valid_from, playbook.valid_until
    if begins and ends and _instant(ends, "valid_until") <= _instant(begins, "valid_from"):
        raise FormatProblem("cacao.time", "valid_until comes after valid_from", "valid_until")


def _instant(text: str, where: str) -> datetime:
    # The specification allows second 60 and any number of decimals; datetime allows neither.
    seconds, _, decimals = text.removesuffix("Z").partition(".")
    seconds = seconds[:-2] + "59" if seconds.endswith(":60") else seconds
    try:
        return datetime.fromisoformat(f"{seconds}.{(decimals + '000000')[:6]}").replace(tzinfo=UTC)
    except ValueError as error:
        raise FormatProblem("cacao.time", "there is no such day", where) from error


def _check_references(playbook: Playbook) -> None:
    agents = playbook.agent_definitions or {}
    targets = playbook.target_definitions or {}
    variables = frozenset(playbook.playbook_variables or {})
    secrets = playbook.authentication_info_definitions or {}
    _all_there(playbook.markings or (), playbook.data_marking_definitions or {}, "markings")
    for name, table in (("agent_definitions", agents), ("target_definitions", targets)):
        for key, thing in table.items():
            where = f"{name}/{key}"
            if thing.authentication_info is not None:
                _all_there((thing.authentication_info,), secrets, f"{where}/authentication_info")
    for where, used in _extensions(playbook):
        _all_there(used, playbook.extension_definitions or {}, where)
    for key, step in playbook.workflow.items():
        where = f"workflow/{key}"
        if isinstance(step, ActionStep):
            _all_there((step.agent,), agents, f"{where}/agent")
            _all_there(step.targets or (), targets, f"{where}/targets")
        if isinstance(step, ActionStep | PlaybookActionStep):
            known = variables | frozenset(step.step_variables or {})
            for name, arguments in (("in_args", step.in_args), ("out_args", step.out_args)):
                _all_there((argument.removesuffix(":value") for argument in arguments or ()), known, f"{where}/{name}")


def _extensions(playbook: Playbook) -> Iterator[tuple[str, Iterable[str]]]:
    yield "playbook_extensions", playbook.playbook_extensions or ()
    for key, step in playbook.workflow.items():
        yield f"workflow/{key}/step_extensions", step.step_extensions or ()
    for key, secret in (playbook.authentication_info_definitions or {}).items():
        where = f"authentication_info_definitions/{key}/authentication_info_extensions"
        yield where, secret.authentication_info_extensions or ()
    for key, marking in (playbook.data_marking_definitions or {}).items():
        yield f"data_marking_definitions/{key}/marking_extensions", marking.marking_extensions or ()
    for name, table in (
        ("agent_definitions", playbook.agent_definitions),
        ("target_definitions", playbook.target_definitions),
    ):
        for key, thing in (table or {}).items():
            yield f"{name}/{key}/agent_target_extensions", thing.agent_target_extensions or ()


def _all_there(named: Iterable[str], known: Iterable[str], where: str) -> None:
    for name in named:
        if name not in known:
            raise FormatProblem("cacao.reference", f"{name} is not defined in this playbook", where)


def _check_workflow(playbook: Playbook) -> None:
    workflow = playbook.workflow
    pointers = 0
    for key, step in workflow.items():
        for name, target in step.ways():
            pointers += 1
            if target not in workflow:
                where = f"workflow/{key}/{name}"
                raise FormatProblem("cacao.reference", f"the step {target} is not in the workflow", where)
    if pointers > MAX_POINTERS:
        raise FormatProblem(
            "cacao.workflow", f"the steps point to each other more than {MAX_POINTERS} times", "workflow"
        )
    if not isinstance(workflow.get(playbook.workflow_start), StartStep):
        raise FormatProblem("cacao.workflow", "workflow_start names a start step of the workflow", "workflow_start")
    if playbook.workflow_exception is not None and playbook.workflow_exception not in workflow:
        raise FormatProblem("cacao.reference", "the step is not in the workflow", "workflow_exception")
    if not any(isinstance(step, ActionStep | PlaybookActionStep) for step in workflow.values()):
        raise FormatProblem("cacao.workflow", "a playbook has at least one action", "workflow")
    entries = [step for step in (playbook.workflow_start, playbook.workflow_exception) if step is not None]
    reached = frozenset(walk(workflow, entries))
    for key in workflow:
        if key not in reached:
            raise FormatProblem("cacao.workflow", "no way leads to this step from the start", f"workflow/{key}")
    ending = _leading_to_an_end(workflow)
    for key in workflow:
        if key not in ending:
            raise FormatProblem("cacao.workflow", "no way leads from this step to an end step", f"workflow/{key}")


def walk(workflow: Mapping[str, Step], entries: Sequence[str]) -> tuple[str, ...]:
    """The steps that can be reached from the entries, each once, as one reads them: branches, then what follows."""
    waiting = list(reversed(entries))
    reached: dict[str, None] = {}
    while waiting:
        key = waiting.pop()
        if key not in reached:
            reached[key] = None
            waiting.extend(target for _, target in reversed(workflow[key].ways()))
    return tuple(reached)


def _leading_to_an_end(workflow: Mapping[str, Step]) -> frozenset[str]:
    comes_from: dict[str, list[str]] = {}
    for key, step in workflow.items():
        for _, target in step.ways():
            comes_from.setdefault(target, []).append(key)
    waiting = [key for key, step in workflow.items() if isinstance(step, EndStep)]
    found = set(waiting)
    while waiting:
        for key in comes_from.get(waiting.pop(), ()):
            if key not in found:
                found.add(key)
                waiting.append(key)
    return frozenset(found)


def _ends(workflow: Mapping[str, Step], first: str) -> tuple[str, ...]:
    return tuple(key for key in walk(workflow, (first,)) if isinstance(workflow[key], EndStep))
