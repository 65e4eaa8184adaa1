"""What an organisation says of itself to the model: which providers it rests on, and how much is too much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Invalid, Place
from sipar.core.text import turns_direction
from sipar.orgs.models import Organisation
from sipar.risks.models import Dependency
from sipar.risks.organisation_selectors import providers_known
from sipar.risks.treatment_models import Appetite
from sipar.risks.treatment_policy import require_may_keep, require_may_sign, signs_as

MOST_POINTS, RAREST = 4, 1_000
LARGEST = 1e15
LONGEST_NOTE, LONGEST_REASON = 400, 2_000

type Points = Sequence[tuple[float, int]]


@action("risk.state_dependency")
def state_dependency(
    actor: Actor, organisation: Organisation, provider: str, *, note: str = "", now: datetime
) -> Dependency:
    """Say that an organisation rests on a provider of the assumptions in use. The next run of the model counts it."""
    require_may_keep(actor, organisation.pk)
    if provider not in {known.key for known in providers_known(actor)}:
        raise Invalid(
            _("Choose a provider from the list."),
            code="risk.provider",
            places=[Place("provider", _("The model does not know this provider."))],
        )
    if len(note) > LONGEST_NOTE or turns_direction(note) or "\x00" in note:
        raise Invalid(
            _("The note cannot be kept."),
            code="risk.note",
            places=[Place("note", _("At most 400 letters, without marks that turn the direction of the text."))],
        )
    made, fresh = Dependency.objects.get_or_create(
        organisation=organisation,
        provider=provider,
        defaults={"note": note.strip(), "stated_by_id": actor.account, "stated_at": now},
    )
    if not fresh:
        raise Conflict(_("This provider is on the list already."), code="risk.provider_stated")
    return made


@action("risk.remove_dependency")
def remove_dependency(actor: Actor, dependency: Dependency) -> None:
    """The organisation rests on this provider no more."""
    require_may_keep(actor, dependency.organisation_id)
    dependency.delete()


@action("risk.set_appetite")
def set_appetite(
    actor: Actor, organisation: Organisation, points: Points, *, currency: str, reason: str = "", now: datetime
) -> Appetite:
    """Say how much is too much: `points` are (loss, years): more than the loss at most once in so many years.

    The earlier ones stay. Raises Invalid where a point is out of range, or a larger loss may come as often.
    """
    require_may_sign(actor, organisation.pk)
    _refuse_bad_points(points)
    if len(reason) > LONGEST_REASON or turns_direction(reason) or "\x00" in reason:
        raise _bad("reason", _("At most 2,000 letters, without marks that turn the direction of the text."))
    return Appetite.objects.create(
        organisation=organisation,
        points=[[float(loss), int(years)] for loss, years in points],
        currency=currency,
        reason=reason.strip(),
        set_by_id=actor.account,
        set_as=signs_as(actor, organisation.pk),
        set_at=now,
    )


def _refuse_bad_points(points: Points) -> None:
    if not 1 <= len(points) <= MOST_POINTS:
        raise _bad("loss_1", _("Give one to four amounts, each with how often it may be lost."))
    for place, (loss, years) in enumerate(points, start=1):
        if not math.isfinite(loss) or not 0 < loss <= LARGEST:
            raise _bad(f"loss_{place}", _("This is no amount of money that can be kept."))
        if not 1 <= years <= RAREST:
            raise _bad(f"years_{place}", _("Write a number of years from 1 to 1,000."))
    for place in range(1, len(points)):
        if points[place][0] <= points[place - 1][0] or points[place][1] <= points[place - 1][1]:
            raise _bad(f"loss_{place + 1}", _("A larger loss must be rarer: both numbers rise from line to line."))


def _bad(where: str, sentence: str) -> Invalid:
    return Invalid(sentence, code="risk.appetite", places=[Place(where, sentence)])
