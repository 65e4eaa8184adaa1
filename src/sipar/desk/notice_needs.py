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

AT_ONCE = timedelta()
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
    sentence = ngettext(
        "One notice of exposed systems waits for your answer.",
        "%(number)s notices of exposed systems wait for your answer.",
        pile.number,
    )
    yield from _need(pile, sentence, f"{reverse('notice_list')}?state=waiting", "exposure", moment, ANSWERED_WITHIN)


def _of_teams(teams: list[int], moment: Moment) -> Iterator[Need]:
    troubled = selectors.notices_troubled(teams)
    sentence = ngettext(
        "One notice is in doubt, or did not arrive.",
        "%(number)s notices are in doubt, or did not arrive.",
        troubled.number,
    )
    yield from _need(troubled, sentence, f"{reverse('notice_list')}?state=troubled", "alert", moment, AT_ONCE)
    questions = selectors.questions_waiting(teams)
    sentence = ngettext(
        "One finding is said to be somebody else's.",
        "%(number)s findings are said to be somebody else's.",
        questions.number,
    )
    yield from _need(questions, sentence, reverse("notice_questions"), "exposure", moment, SETTLED_WITHIN)
    replies = selectors.replies_waiting(teams, now=moment.now)
    sentence = ngettext("One mail came back on a notice.", "%(number)s mails came back on notices.", replies.number)
    yield from _need(replies, sentence, reverse("notice_list"), "comment", moment, READ_WITHIN)


def _need(
    pile: selectors.Pile, sentence: str, href: str, icon: str, moment: Moment, within: timedelta
) -> Iterator[Need]:
    """What a pile needs, `within` a time from its oldest; nothing where there is none."""
    if pile.number:
        yield Need(
            hurts_at=(pile.oldest or moment.now) + within,
            sentence=sentence % {"number": f"{pile.number:,}"},
            href=href,
            icon=icon,
        )
