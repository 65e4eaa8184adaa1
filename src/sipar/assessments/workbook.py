"""An assessment as an XLSX workbook: taken home over a poor line, filled in, and brought back.

The visible sheet is for people. A hidden one says which assessment and which save it was taken from and how each
answer stood, signed by this installation, so that bringing it back can tell what was changed in the file, what was
changed online meanwhile, and a workbook that was put together by hand.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from django.core.signing import Signer
from django.utils import translation
from django.utils.translation import gettext as _

from sipar.assessments.answer_changes import (
    LONGEST_COMMENT,
    LONGEST_REASON,
    Answer,
    Change,
    level_from,
    text_from,
)
from sipar.assessments.models import AnswerNote, Assessment
from sipar.assessments.selectors import answer_at, last_years_answers, notes_of, touched_by, unconfirmed, working_levels
from sipar.core.problems import Invalid, Place
from sipar.formats.catalogue import Text
from sipar.formats.limits import MEGABYTE, Limits
from sipar.formats.problems import FormatProblem
from sipar.formats.tables import Sheet, Table, read_table, write_xlsx
from sipar.formats.workbook_safety import column_letters
from sipar.frameworks.selectors import LoadedFramework
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, Levels

FORMAT = "sipar-workbook/1"
HIDDEN = "_sipar"
HIDDEN_HEADER = ("kind", "key", "value")
NOT_APPLICABLE_CELL = "N/A"
LIMITS = Limits(max_bytes=8 * MEGABYTE, max_rows=12_000, max_columns=40, max_workbook_bytes=64 * MEGABYTE)
RIGHT_TO_LEFT = ("ur",)
WIDTHS = {"requirement": 14.0, "title": 28.0, "statement": 50.0, "levels": 70.0, "answer": 26.0, "comment": 45.0,
          "reason": 45.0, "last_year": 26.0, "target": 10.0}  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """One cell that cannot be taken: its row and column in the file, and why."""

    line: int
    column: str
    sentence: str


@dataclass(frozen=True)
class Proposal:
    """One answer that the file changes. `conflict`: it was also changed online since the file was taken."""

    position: int
    line: int
    online: Answer
    answer: Answer
    conflict: bool

    @property
    def change(self) -> Change:
        return Change(self.position, level=self.answer.level, comment=self.answer.comment, reason=self.answer.reason)


@dataclass(frozen=True)
class Preview:
    """What bringing a workbook back would do. `changed_online` are answers that others changed and the file did not."""

    version: int
    proposals: tuple[Proposal, ...]
    problems: tuple[Problem, ...]
    changed_online: tuple[int, ...]


def export_workbook(assessment: Assessment, framework: LoadedFramework, *, language: str) -> bytes:
    """The workbook of an assessment as it stands now, in `language`, right to left where it is written so."""
    shown = _shown_answers(assessment, framework)
    earlier = last_years_answers(assessment, framework)
    target = framework.target(assessment.profile)
    with translation.override(language):
        columns = _columns()
        choices = _choices(framework, language)
        rows = [
            [
                requirement.id,
                _in(requirement.title, language),
                _in(requirement.statement, language),
                _levels_as_sentences(framework, position, language),
                _cell(shown[position].level, choices),
                shown[position].comment,
                shown[position].reason,
                _cell(earlier[position].level, choices) if position in earlier else "",
                str(target[position]) if target[position] <= framework.catalogue.top_level else "",
            ]
            for position, requirement in enumerate(framework.requirements)
        ]
        title = _("Answers")[:31]
    marks = {framework.requirements[place].id: answer.mark for place, answer in enumerate(shown)}
    hidden = [("column", header, key) for key, header in columns.items()]
    hidden += [("mark", requirement, mark) for requirement, mark in marks.items()]
    hidden += [("assessment", "id", str(assessment.pk)), ("assessment", "version", str(assessment.version))]
    hidden.append(("signature", FORMAT, _signature(hidden)))
    return write_xlsx(
        [
            Sheet(
                name=title,
                header=list(columns.values()),
                rows=rows,
                widths={columns[key]: width for key, width in WIDTHS.items()},
                choices={columns["answer"]: list(choices.values())},
                right_to_left=language in RIGHT_TO_LEFT,
            ),
            Sheet(name=HIDDEN, header=HIDDEN_HEADER, rows=hidden, hidden=True),
        ]
    )


def preview_workbook(data: bytes, name: str, assessment: Assessment, framework: LoadedFramework) -> Preview:
    """What a workbook would change; changes nothing.

    Raises Invalid where the file is no workbook of this assessment as Sipar gave it out.
    """
    kept = _hidden_sheet(data, name, assessment)
    try:
        table = read_table(data, name, LIMITS)
    except FormatProblem as problem:
        raise _refused(problem.sentence, problem.where or name) from problem
    keys = {header: key for header, key in kept.columns.items() if header in table.header}
    missing = {"requirement", "answer", "comment", "reason"} - set(keys.values())
    if missing:
        raise _refused(_("A column of the workbook was removed or renamed."), ", ".join(sorted(missing)))
    levels, notes = working_levels(assessment, framework), notes_of(assessment)
    touched, waiting = touched_by(assessment, framework), unconfirmed(assessment, framework)
    problems: list[Problem] = []
    proposals: list[Proposal] = []
    seen: set[int] = set()
    for line, row in _rows(table, keys):
        try:
            position, answer = _read_row(row, framework)
            if position in seen:
                raise _cell_refused("requirement", _("This requirement stands here twice."))
            seen.add(position)
            if answer.mark == kept.marks.get(framework.requirements[position].id):
                continue
            _refuse_bare_reason(answer)
        except Invalid as problem:
            problems.extend(_placed(problem, line, table, keys))
            continue
        online = answer_at(position, levels, notes)
        if answer == online and not waiting[position]:
            continue
        proposals.append(Proposal(position, line, online, answer, conflict=bool(touched[position] > kept.version)))
    theirs = {int(place) for place in np.flatnonzero(touched > kept.version)}
    return Preview(
        version=assessment.version,
        proposals=tuple(proposals),
        problems=tuple(problems),
        changed_online=tuple(sorted(theirs - {proposal.position for proposal in proposals})),
    )


@dataclass(frozen=True)
class _Kept:
    version: int
    columns: dict[str, str]
    marks: dict[str, str]


def _hidden_sheet(data: bytes, name: str, assessment: Assessment) -> _Kept:
    try:
        table = read_table(data, name, LIMITS, sheet=HIDDEN, hidden=True)
    except FormatProblem as problem:
        raise _refused(
            _("This is not a workbook that Sipar gave out, or it was damaged: %(why)s") % {"why": problem.sentence},
            problem.where or name,
        ) from problem
    if tuple(table.header) != HIDDEN_HEADER:
        raise _refused(_("The hidden sheet of this workbook was changed. Take the workbook again."), HIDDEN)
    rows = [(str(kind), str(key), str(value)) for kind, key, value in table.rows.iter_rows()]
    signed = [row for row in rows if row[0] != "signature"]
    given = [value for kind, key, value in rows if (kind, key) == ("signature", FORMAT)]
    if len(given) != 1 or not hmac.compare_digest(given[0].encode(), _signature(signed).encode()):
        raise _refused(_("The hidden sheet of this workbook was changed. Take the workbook again."), HIDDEN)
    facts = {key: value for kind, key, value in signed if kind == "assessment"}
    if facts.get("id") != str(assessment.pk):
        raise _refused(_("This workbook belongs to another assessment."), HIDDEN)
    return _Kept(
        version=int(facts["version"]),
        columns={key: value for kind, key, value in signed if kind == "column"},
        marks={key: value for kind, key, value in signed if kind == "mark"},
    )


def _signature(rows: list[tuple[str, str, str]]) -> str:
    return Signer(salt="sipar.assessments.workbook").signature(json.dumps([FORMAT, rows], ensure_ascii=False))


def _shown_answers(assessment: Assessment, framework: LoadedFramework) -> list[Answer]:
    """The answers as the workbook shows them: one that is only carried stays empty, so that choosing confirms it."""
    levels, notes = working_levels(assessment, framework), notes_of(assessment)
    waiting = unconfirmed(assessment, framework)
    return [_shown(place, levels, notes, carried=bool(waiting[place])) for place in range(len(levels))]


def _shown(place: int, levels: Levels, notes: dict[int, AnswerNote], *, carried: bool) -> Answer:
    answer = answer_at(place, levels, notes)
    return Answer(UNANSWERED, answer.comment, answer.reason) if carried else answer


def _columns() -> dict[str, str]:
    return {
        "requirement": _("Requirement"),
        "title": _("Title"),
        "statement": _("What is asked"),
        "levels": _("Levels"),
        "answer": _("Answer"),
        "comment": _("Comment"),
        "reason": _("Why it does not apply"),
        "last_year": _("Last year"),
        "target": _("Target"),
    }


def _choices(framework: LoadedFramework, language: str) -> dict[int, str]:
    """What the answer cell offers, by byte; every choice begins with its level, whatever the language."""
    choices = {step.level: f"{step.level} {_in(step.title, language)}" for step in framework.catalogue.scale}
    return choices | {NOT_APPLICABLE: f"{NOT_APPLICABLE_CELL} {_('Not applicable')}"}


def _cell(level: int, choices: dict[int, str]) -> str:
    return choices.get(level, "")


def _levels_as_sentences(framework: LoadedFramework, position: int, language: str) -> str:
    own = {step.level: step.criterion for step in framework.requirements[position].levels}
    return "\n".join(
        f"{step.level} {_in(step.title, language)}: {_in(own.get(step.level, step.criterion), language)}"
        for step in framework.catalogue.scale
    )


def _in(text: Text, language: str) -> str:
    return text.get(language) or text["en"]


def _rows(table: Table, keys: dict[str, str]) -> Iterator[tuple[int, dict[str, str]]]:
    wanted = table.rows.select(list(keys))
    for line, cells in zip(table.lines.to_list(), wanted.iter_rows(), strict=True):
        yield int(line), {keys[header]: cell for header, cell in zip(keys, cells, strict=True)}


def _read_row(row: dict[str, str], framework: LoadedFramework) -> tuple[int, Answer]:
    position = framework.positions.get(row["requirement"].strip())
    if position is None:
        raise _cell_refused("requirement", _("The framework has no requirement of this number."))
    return position, Answer(
        level=_level_of(row["answer"].strip(), framework),
        comment=text_from(row["comment"], "comment", longest=LONGEST_COMMENT),
        reason=text_from(row["reason"], "reason", longest=LONGEST_REASON),
    )


def _level_of(cell: str, framework: LoadedFramework) -> int:
    if not cell:
        return UNANSWERED
    if cell.upper().startswith(NOT_APPLICABLE_CELL):
        return NOT_APPLICABLE
    number = re.match(r"([0-9])(?![0-9])", cell)
    if number is None:
        raise _cell_refused("answer", _("Choose an answer of the list."))
    return level_from(number[1], framework, "answer")


def _refuse_bare_reason(answer: Answer) -> None:
    if answer.level == NOT_APPLICABLE and not answer.reason:
        raise _cell_refused("reason", _("Say why the requirement does not apply."))


def _placed(problem: Invalid, line: int, table: Table, keys: dict[str, str]) -> Iterator[Problem]:
    headers = {key: header for header, key in keys.items()}
    for place in problem.places:
        header = headers.get(place.where, "")
        letters = column_letters(table.header.index(header) + 1) if header else ""
        yield Problem(line, f"{letters} ({header})", place.sentence)


def _cell_refused(where: str, sentence: str) -> Invalid:
    return Invalid(sentence, code="workbook.cell", places=[Place(where, sentence)])


def _refused(sentence: str, where: str) -> Invalid:
    return Invalid(
        _("This workbook cannot be taken. Nothing was changed."), code="workbook", places=[Place(where, sentence)]
    )
