"""What a register of risks needs: acceptances and insurances that end or have ended, reviews that are due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.desk.needs import SHOWN, Moment, Need
from sipar.people.roles import ORGANISATION_ROLES
from sipar.risks.treatment_selectors import Ending, endings, reviews_due

REVIEW_AHEAD = timedelta(days=14)


def needs(actor: Actor, moment: Moment) -> Iterator[Need]:
    """For the people of an organisation: what was accepted or insured and ends, and risks to look at."""
    organisations = [
        grant.organisation
        for grant in actor.grants
        if grant.role in ORGANISATION_ROLES and grant.organisation is not None
    ]
    if not organisations:
        return
    for ending in endings(organisations, today=moment.today)[:SHOWN]:
        yield _ending(ending, moment)
    for risk in reviews_due(organisations, until=moment.today + REVIEW_AHEAD)[:SHOWN]:
        due = moment.end_of(risk.review_on)
        yield Need(
            hurts_at=due,
            sentence=_("Look at the risk “%(title)s” again.") % {"title": risk.title},
            detail=_("Register of risks, owner: %(owner)s") % {"owner": risk.owner_name},
            href=reverse("risk", args=[risk.pk]),
            icon="board",
            due=due,
        )


def _ending(ending: Ending, moment: Moment) -> Need:
    due = moment.end_of(ending.until)
    over = ending.until < moment.today
    if ending.kind == "accept":
        sentence = (
            _("The acceptance of “%(title)s” has ended: the risk is open again.")
            if over
            else _("The acceptance of “%(title)s” ends: decide what is done next.")
        )
    else:
        sentence = (
            _("The insurance of “%(title)s” has ended: the risk is open again.")
            if over
            else _("The insurance of “%(title)s” ends: renew it, or decide what is done next.")
        )
    return Need(
        hurts_at=due,
        sentence=sentence % {"title": ending.risk.title},
        href=reverse("risk", args=[ending.risk.pk]),
        icon="board",
        due=due,
    )
