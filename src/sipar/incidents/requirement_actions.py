"""Which control failed: where an incident meets the organisation's own assessment of the same requirement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sipar.assessments.selectors import standing_answers
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict
from sipar.formats.catalogue import Requirement
from sipar.frameworks.selectors import access_framework, frameworks_in_use, loaded, search_requirements
from sipar.incidents import timeline
from sipar.incidents.content_policy import require_may_write
from sipar.incidents.models import AffectedRequirement, Incident
from sipar.incidents.texts import plain_text, refused
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, Levels

HOW = {
    "failed": gettext_lazy("The control failed"),
    "missing": gettext_lazy("The control was missing"),
    "bypassed": gettext_lazy("The control was bypassed"),
    "helped": gettext_lazy("The control helped"),
}
MOST_REQUIREMENTS = 200
MOST_FOUND = 30


@dataclass(frozen=True)
class Affected:
    """An affected requirement with its words and, where the reader may see it, the organisation's own answer.

    `level` None: not answered, or not for this reader; `not_applicable`: answered so.
    """

    row: AffectedRequirement
    requirement: Requirement | None
    level: int | None
    not_applicable: bool
    highest: int


@dataclass(frozen=True)
class Match:
    """One requirement that a search found."""

    framework: int
    framework_name: str
    requirement: Requirement


@action("incident.add_requirement")
def add_requirement(
    actor: Actor, incident: Incident, *, framework: int, requirement: str, how: str, note: str = "", now: datetime
) -> AffectedRequirement:
    """Say that a requirement's control failed, was missing, was bypassed, or helped."""
    require_may_write(actor, incident)
    if how not in HOW:
        raise refused("how", _("Choose one of the offered answers."))
    row = access_framework(framework)
    if requirement not in loaded(framework).positions:
        raise refused("requirement", _("This framework has no such requirement."))
    said = plain_text(note, "note", longest=2_000, required=False)
    rows = AffectedRequirement.objects.filter(incident=incident)
    if rows.count() >= MOST_REQUIREMENTS:
        raise Conflict(_("A case takes at most %(most)s requirements.") % {"most": MOST_REQUIREMENTS})
    if rows.filter(framework=row, requirement=requirement).exists():
        raise Conflict(_("This requirement is in the list already."), code="requirement.known")
    added = AffectedRequirement.objects.create(
        incident=incident,
        organisation_id=incident.organisation_id,
        framework=row,
        requirement=requirement,
        how=how,
        note=said,
        added_by_id=actor.account,
        added_at=now,
    )
    timeline.record(actor, incident, "requirement.added", now=now)
    return added


@action("incident.remove_requirement")
def remove_requirement(actor: Actor, incident: Incident, requirement: AffectedRequirement, *, now: datetime) -> None:
    """Take a requirement out of the list again."""
    require_may_write(actor, incident)
    requirement.delete()
    timeline.record(actor, incident, "requirement.removed", now=now)


def found_requirements(words: str, language: str) -> list[Match]:
    """Requirements of all loaded frameworks that hold all of these words; the first ones only."""
    found: list[Match] = []
    for framework in frameworks_in_use():
        rest = MOST_FOUND - len(found)
        if rest <= 0:
            break
        name = framework.title.get(language) or framework.title["en"]
        matches = search_requirements(loaded(framework.pk), words, language, most=rest)
        found.extend(Match(framework.pk, name, one.requirement) for one in matches)
    return found


def affected(rows: Iterable[AffectedRequirement]) -> list[Affected]:
    """The rows with their words, and the organisation's own level where its assessment is open to the reader."""
    answers: dict[tuple[int, int], Levels | None] = {}
    shown = []
    for row in rows:
        framework = loaded(row.framework_id)
        position = framework.positions.get(row.requirement)
        key = (row.organisation_id or 0, row.framework_id)
        if key not in answers:
            answers[key] = standing_answers(*key)
        levels = answers[key]
        level = UNANSWERED if levels is None or position is None else int(levels[position])
        shown.append(
            Affected(
                row=row,
                requirement=None if position is None else framework.requirements[position],
                level=None if level in (UNANSWERED, NOT_APPLICABLE) else level,
                not_applicable=level == NOT_APPLICABLE,
                highest=framework.rules.top_level,
            )
        )
    return shown
