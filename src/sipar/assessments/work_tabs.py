"""The places of the assessment work beside each other, and what their pages share. Only views use this."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.gates import Gate
from sipar.core.numbers import whole_number
from sipar.formats.catalogue import Requirement
from sipar.frameworks.selectors import LoadedFramework
from sipar.people.roles import ENGAGED_ROLES, TEAM_ROLES
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED

REVIEWERS = Gate("reviewers", frozenset({*TEAM_ROLES, *ENGAGED_ROLES}))
MOST_LETTERS = 200


def work_tabs(actor: Actor, active: str) -> list[dict[str, Any]]:
    """Assessments, review, gaps and roadmap as tabs; review only for those who review."""
    places = [("/assessments/", _("Assessments"), "assessments")]
    if actor.holds(*TEAM_ROLES, *ENGAGED_ROLES):
        places.append((reverse("reviews"), _("Review"), "reviews"))
    places += [(reverse("gaps"), _("Gaps"), "gaps"), (reverse("roadmap"), _("Roadmap"), "roadmap")]
    return [{"url": url, "label": label, "active": key == active, "count": None} for url, label, key in places]


def text_of(request: HttpRequest, name: str) -> str:
    """A text of the address: short, and without what PostgreSQL cannot hold."""
    return request.GET.get(name, "").replace("\x00", "").strip()[:MOST_LETTERS]


def whole_number_of(request: HttpRequest, name: str, *, most: int = 2**31 - 1) -> int | None:
    """A whole number of the address, or None where it is none, negative or too large."""
    return whole_number(request.GET.get(name), most=most)


def level_view(framework: LoadedFramework, requirement: Requirement, level: int | None) -> dict[str, Any]:
    """A byte of an answer vector in words: `value` for the level component, title and criterion in every language."""
    if level is None or level in (UNANSWERED, NOT_APPLICABLE):
        word = _("Not applicable") if level == NOT_APPLICABLE else _("Not answered")
        return {"value": None, "word": word, "title": {}, "criterion": {}}
    step = framework.catalogue.scale[level]
    own = {criterion.level: criterion.criterion for criterion in requirement.levels}
    return {"value": level, "word": "", "title": step.title, "criterion": own.get(level, step.criterion)}
