"""Two people at one assessment: which changes can be merged, and which must be refused so that nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from sipar.assessments.answer_changes import Answer, Change
from sipar.core.problems import Conflict, Place
from sipar.frameworks.selectors import LoadedFramework
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED


def refuse_lost_updates(
    changes: Sequence[Change],
    *,
    before: dict[int, Answer],
    touched: NDArray[np.uint32],
    version: int,
    current: int,
    framework: LoadedFramework,
) -> None:
    """Raise Conflict that names every requirement which somebody else wrote after its writer had looked.

    `changes` really change something; `version` is the save that their writers had seen, unless a change says
    otherwise. Changes of other requirements than those are merged.
    """
    if version > current or version < 0:
        raise Conflict(_("This version of the answers does not exist. Open the page again."), code="answer.version")
    late = [change for change in changes if touched[change.position] > _seen(change, version)]
    if not late:
        return
    places = [
        Place(where, in_words(change.position, before[change.position], framework))
        for change in late
        for where in change.where or (f"requirement {framework.requirements[change.position].id}",)
    ]
    raise Conflict(
        _("Somebody else changed these answers while you were writing. Nothing was overwritten."),
        code="answer.conflict",
        places=places,
    )


def in_words(position: int, answer: Answer, framework: LoadedFramework) -> str:
    """How an answer stands now, with its requirement's number."""
    name = framework.requirements[position].id
    if answer.level == UNANSWERED:
        return _("%(requirement)s now stands without an answer.") % {"requirement": name}
    if answer.level == NOT_APPLICABLE:
        return _("%(requirement)s now stands as not applicable.") % {"requirement": name}
    return _("%(requirement)s now stands at level %(level)s.") % {"requirement": name, "level": answer.level}


def _seen(change: Change, version: int) -> int:
    return version if change.version is None else change.version
