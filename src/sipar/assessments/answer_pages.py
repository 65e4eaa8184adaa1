"""What the page of one section shows: each requirement with its levels as sentences, and everything beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sipar.assessments.answer_changes import Answer, level_to
from sipar.assessments.models import Assessment, Evidence
from sipar.assessments.progress import Progress, SectionProgress
from sipar.assessments.review_selectors import Remark, open_remarks
from sipar.assessments.selectors import (
    answer_at,
    evidence_of,
    last_years_answers,
    notes_of,
    unconfirmed,
    working_levels,
)
from sipar.formats.catalogue import ENVIRONMENTS, Requirement, Text
from sipar.frameworks.selectors import LoadedFramework
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED
from sipar.posture.targets import NOTHING_ASKED


@dataclass(frozen=True)
class Choice:
    """One level to choose: its name, the sentence to choose by, and whether it is the target or last year's."""

    level: int
    title: Text
    criterion: Text
    chosen: bool
    target: bool
    last_year: bool


@dataclass(frozen=True)
class Question:
    """One requirement on the page. `mark` is how the answer stood when it was shown (`Answer.mark`)."""

    position: int
    requirement: Requirement
    choices: tuple[Choice, ...]
    answer: Answer
    mark: str
    carried: bool
    target: int | None
    last_year: Answer | None
    last_year_title: Text | None
    evidence: tuple[Evidence, ...] = ()
    remarks: tuple[Remark, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def not_applicable(self) -> bool:
        return self.answer.level == NOT_APPLICABLE

    @property
    def unanswered(self) -> bool:
        return self.answer.level == UNANSWERED

    @property
    def everywhere(self) -> bool:
        """Whether the requirement applies to every kind of environment."""
        return set(self.requirement.applies_to) == set(ENVIRONMENTS)


@dataclass(frozen=True)
class SectionLink:
    """A section in the side list."""

    progress: SectionProgress
    title: Text
    parent: Text | None
    current: bool


def questions_of(
    assessment: Assessment,
    framework: LoadedFramework,
    group: str,
    *,
    typed: Mapping[int, Answer] | None = None,
    problems: Mapping[int, tuple[str, ...]] | None = None,
) -> list[Question]:
    """The questions of a section as they stand, or as `typed` where a form came back with problems."""
    positions = framework.sections[group]
    levels, carried = working_levels(assessment, framework), unconfirmed(assessment, framework)
    notes, evidence = notes_of(assessment, positions), evidence_of(assessment, positions)
    earlier = last_years_answers(assessment, framework, positions)
    target = framework.target(assessment.profile)
    remarks: dict[int, list[Remark]] = {}
    for remark in open_remarks(assessment) if assessment.state == "returned" else []:
        if remark.position is not None:
            remarks.setdefault(remark.position, []).append(remark)
    found = []
    for position in positions:
        standing = answer_at(position, levels, notes)
        shown = (typed or {}).get(position, standing)
        asked = None if target[position] == NOTHING_ASKED else int(target[position])
        last_year = earlier.get(position)
        found.append(
            Question(
                position=position,
                requirement=framework.requirements[position],
                choices=choices_of(framework, position, chosen=shown.level, target=asked, last_year=last_year),
                answer=shown,
                mark=standing.mark,
                carried=bool(carried[position]),
                target=asked,
                last_year=last_year,
                last_year_title=_title(framework, last_year),
                evidence=tuple(evidence.get(position, ())),
                remarks=tuple(remarks.get(position, ())),
                problems=(problems or {}).get(position, ()),
            )
        )
    return found


def choices_of(
    framework: LoadedFramework, position: int, *, chosen: int, target: int | None, last_year: Answer | None
) -> tuple[Choice, ...]:
    """The levels of one requirement: its own sentence where it has one, else the scale's."""
    own = {step.level: step.criterion for step in framework.requirements[position].levels}
    return tuple(
        Choice(
            level=step.level,
            title=step.title,
            criterion=own.get(step.level, step.criterion),
            chosen=step.level == chosen,
            target=step.level == target,
            last_year=last_year is not None and step.level == last_year.level,
        )
        for step in framework.catalogue.scale
    )


def section_links(framework: LoadedFramework, progress: Progress, current: str) -> list[SectionLink]:
    """Every section in order, with the name of the group above it where that changes."""
    found = []
    last_parent: str | None = None
    for section in progress.sections:
        group = framework.groups[section.group]
        parent = framework.groups[group.parent].title if group.parent and group.parent != last_parent else None
        last_parent = group.parent
        found.append(SectionLink(section, group.title, parent, section.group == current))
    return found


def section_after(framework: LoadedFramework, group: str) -> str | None:
    """The section that follows, or None after the last one."""
    names = list(framework.sections)
    place = names.index(group) + 1
    return names[place] if place < len(names) else None


def answers_by_position(
    assessment: Assessment, framework: LoadedFramework, positions: list[int]
) -> list[dict[str, object]]:
    """How some answers stand now, for JSON."""
    levels, notes = working_levels(assessment, framework), notes_of(assessment, positions)
    found = []
    for position in positions:
        answer = answer_at(position, levels, notes)
        found.append(
            {
                "position": position,
                "requirement": framework.requirements[position].id,
                "level": level_to(answer.level),
                "comment": answer.comment,
                "reason": answer.reason,
            }
        )
    return found


def _title(framework: LoadedFramework, answer: Answer | None) -> Text | None:
    if answer is None or answer.level > framework.catalogue.top_level:
        return None
    return framework.catalogue.scale[answer.level].title
