"""How far an assessment is: in all and section by section."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sipar.assessments.models import Assessment
from sipar.assessments.selectors import unconfirmed, working_levels
from sipar.frameworks.selectors import LoadedFramework
from sipar.posture.levels import UNANSWERED


@dataclass(frozen=True)
class SectionProgress:
    """`settled` counts answers that stand this year, `unconfirmed` those that are only carried forward."""

    group: str
    settled: int
    unconfirmed: int
    total: int

    @property
    def missing(self) -> int:
        return self.total - self.settled - self.unconfirmed

    @property
    def open(self) -> int:
        return self.total - self.settled

    @property
    def complete(self) -> bool:
        return self.settled == self.total


@dataclass(frozen=True)
class Progress:
    """The same for the whole assessment; `open_positions` are those that are missing or only carried, in order."""

    settled: int
    unconfirmed: int
    total: int
    sections: tuple[SectionProgress, ...]
    open_positions: tuple[int, ...]

    @property
    def missing(self) -> int:
        return self.total - self.settled - self.unconfirmed

    def as_dict(self) -> dict[str, Any]:
        """For JSON; without the positions."""
        return {
            "settled": self.settled,
            "unconfirmed": self.unconfirmed,
            "missing": self.missing,
            "total": self.total,
            "sections": {section.group: asdict(section) for section in self.sections},
        }


def progress_of(assessment: Assessment, framework: LoadedFramework) -> Progress:
    """Where an assessment's answers stand now."""
    carried = unconfirmed(assessment, framework)
    unanswered = working_levels(assessment, framework) == UNANSWERED
    pending = carried | unanswered
    return Progress(
        settled=int(np.count_nonzero(~pending)),
        unconfirmed=int(np.count_nonzero(carried)),
        total=len(framework.requirements),
        sections=tuple(
            SectionProgress(
                group=group,
                settled=int(np.count_nonzero(~pending[positions])),
                unconfirmed=int(np.count_nonzero(carried[positions])),
                total=len(positions),
            )
            for group, positions in framework.sections.items()
        ),
        open_positions=tuple(int(position) for position in np.flatnonzero(pending)),
    )


def next_open(progress: Progress, framework: LoadedFramework, *, after: int = -1) -> tuple[str, int] | None:
    """The section and position of the next answer that is missing or not confirmed, round the end; None where none."""
    if not progress.open_positions:
        return None
    position = next((place for place in progress.open_positions if place > after), progress.open_positions[0])
    return framework.requirements[position].group, position
