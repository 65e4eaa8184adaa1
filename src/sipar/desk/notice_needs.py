"""What notices of exposure need: an answer from organisations, and from CERTs whatever went wrong or came back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.urls import reverse
from django.utils.translation import ngettext

from sipar.core.acting import Actor
from sipar.desk.needs import Moment, Need
from sipar.notices import selectors
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES

ANSWERED_WITHIN = timedelta(days=3)
SETTLED_WITHIN = timedelta(days=7)
READ_WITHIN = timedelta(days=1)


def needs(actor: Actor, moment: Moment) -> Iterator[Need]:
    """Notices to answer; and for CERTs mails in doubt, questions of ownership and replies."""
    organisations = [grant.organisation for grant in actor.grants if grant.role in ORGANISATION_ROLES]
    if organisations:
        yield from _waiting(organisations, moment)
    teams = [grant.team for grant in actor.grants if grant.role in TEAM_ROLES and grant.team is not None]
    if teams:
        yield from _of_teams(teams, moment)


def _waiting(organisations: list[int | None], moment: Moment) -> Iterator[Need]:
    pile = selectors.notices_waiting(organisations)
    if not pile.number:
        return
    sentence = ngettext(
        "One notice of exposed systems waits for your answer.",
        "%(number)s notices of exposed systems wait for your answer.",
        pile.number,
    )
    yield Need(
        hurts_at=(pile.oldest or moment.now) + ANSWERED_WITHIN,
        sentence=sentence % {"number": f"{pile.number:,}"},
        href=f"{reverse('notice_list')}?state=waiting",
        icon="exposure",
    )


def _of_teams(teams: list[int], moment: Moment) -> Iterator[Need]:
    troubled = selectors.notices_troubled(teams)
    if troubled.number:
        sentence = ngettext(
            "One notice is in doubt, or could not be sent.",
            "%(number)s notices are in doubt, or could not be sent.",
            troubled.number,
        )
        yield Need(
            hurts_at=troubled.oldest or moment.now,
            sentence=sentence % {"number": f"{troubled.number:,}"},
            href=f"{reverse('notice_list')}?state=troubled",
            icon="alert",
        )
    questions = selectors.questions_waiting(teams)
    if questions.number:
        sentence = ngettext(
            "One finding is said to be somebody else's.",
            "%(number)s findings are said to be somebody else's.",
            questions.number,
        )
        yield Need(
            hurts_at=(questions.oldest or moment.now) + SETTLED_WITHIN,
            sentence=sentence % {"number": f"{questions.number:,}"},
            href=reverse("notice_questions"),
            icon="exposure",
        )
    replies = selectors.replies_waiting(teams, now=moment.now)
    if replies.number:
        sentence = ngettext("One mail came back on a notice.", "%(number)s mails came back on notices.", replies.number)
        yield Need(
            hurts_at=(replies.oldest or moment.now) + READ_WITHIN,
            sentence=sentence % {"number": f"{replies.number:,}"},
            href=reverse("notice_list"),
            icon="comment",
        )
