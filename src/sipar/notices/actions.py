"""What people say about findings, and what follows from it: a question to the register, a request for help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Invalid, Place
from sipar.core.text import turns_direction
from sipar.notices.models import OPEN, Decision, Finding, Notice, OwnershipQuestion
from sipar.notices.policy import (
    require_may_accept_risk,
    require_may_answer,
    require_may_work,
    require_system,
)
from sipar.orgs.models import Contact
from sipar.support.actions import Asking, ask_for_help
from sipar.teams.selectors import chain_of

MOST_AT_ONCE = 5_000
LONGEST_NOTE = 2_000
LONGEST_ACCEPTANCE = timedelta(days=366)
LISTED = 20
# A finding that its organisation calls fixed, of a source whose reports hold only what was seen, is closed after this.
UNSEEN_SINCE_FIXED = timedelta(days=7)
URGENCIES = ("planned", "planned", "days", "days", "hours")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What somebody says: `until` belongs to an accepted risk, `contact` and `phone` to a call for help."""

    kind: str
    note: str = ""
    until: date | None = None
    contact: str = ""
    phone: str = ""


def decide(
    actor: Actor, finding: Finding, *, kind: str, note: str = "", until: date | None = None, now: datetime
) -> Decision:
    """Say one thing about one finding; see `answer`. `need_help` names the actor as contact."""
    (made,) = answer(actor, [finding], Answer(kind=kind, note=note, until=until, contact=actor.name), now=now)
    return made


@action("notice.answer")
def answer(
    actor: Actor, findings: Sequence[Finding], said: Answer, *, notice: Notice | None = None, now: datetime
) -> list[Decision]:
    """Say the same about findings of one organisation. Raises Forbidden, Conflict, or Invalid with every wrong place.

    `fixed` waits for evidence: the finding stays open until it is not seen any more, and is told again if it is.
    `not_mine` asks the CERT about the register. `accepted` keeps the finding from being told until its day.
    `need_help` opens one request for help for all of them; without a `phone` the register's number is called.
    """
    organisation = _one_organisation(findings)
    require_may_answer(actor, organisation)
    _refuse_bad_answer(actor, organisation, findings, said, now=now)
    number = _ask_for_help(actor, findings, said, now=now) if said.kind == Decision.Kind.NEED_HELP else ""
    made = Decision.objects.bulk_create(
        Decision(
            finding=finding,
            organisation_id=organisation,
            kind=said.kind,
            note=said.note.strip(),
            account_id=actor.account,
            notice_id=notice.pk if notice is not None else None,
            decided_at=now,
            until=said.until if said.kind == Decision.Kind.ACCEPTED else None,
            help_number=number,
        )
        for finding in findings
    )
    if said.kind == Decision.Kind.NOT_MINE:
        _ask_register(findings, said.note.strip(), now=now)
    if notice is not None:
        Notice.objects.filter(pk=notice.pk, state__in=("sent", "shown")).update(state="answered", answered_at=now)
    return made


@action("notice.settle_ownership")
def settle_ownership(
    actor: Actor, question: OwnershipQuestion, *, theirs: bool, answer: str, now: datetime
) -> OwnershipQuestion:
    """The CERT says whose it is. Not theirs: the finding is closed for them; the register is changed on its own pages.
    Theirs after all: they are told again, with the reason in the list of findings."""
    require_may_work(actor, question.team_id)
    _refuse_bad_note("answer", answer, required=True)
    changed = OwnershipQuestion.objects.filter(pk=question.pk, state="open").update(
        state="refused" if theirs else "agreed", answer=answer.strip(), settled_by_id=actor.account, settled_at=now
    )
    if not changed:
        raise Conflict(_("Somebody has settled this already."), code="notice.settled")
    if not theirs:
        Finding.objects.filter(pk=question.finding_id, state__in=OPEN).update(
            state="closed", closed_by="not_mine", state_at=now
        )
    return OwnershipQuestion.objects.get(pk=question.pk)


@action("notice.close_fixed")
def close_fixed(actor: Actor, *, now: datetime) -> int:
    """Close what was called fixed and has not been seen for a week since; returns how many. Sipar itself does so.

    Where a complete report misses the finding, folding has closed it long before.
    """
    require_system(actor)
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE_FIXED, {"now": now, "before": now - UNSEEN_SINCE_FIXED})
        return int(cursor.rowcount)


@action("notice.close_answered")
def close_notices(actor: Actor, *, now: datetime) -> int:
    """Close each notice of which every finding is closed; returns how many. Sipar itself does so."""
    require_system(actor)
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE_NOTICES)
        return int(cursor.rowcount)


_CLOSE_FIXED = """
update notices_finding f set state = 'closed', closed_by = 'fixed', state_at = %(now)s
from (
    select distinct on (finding_id) finding_id, kind, decided_at from notices_decision
    order by finding_id, decided_at desc, id desc
) d
where d.finding_id = f.id and d.kind = 'fixed' and d.decided_at < %(before)s and f.last_seen <= d.decided_at
    and f.state in ('open', 'stale', 'reopened')
"""
_CLOSE_NOTICES = """
update notices_notice n set state = 'closed'
where n.state in ('sent', 'shown', 'answered') and not exists (
    select 1 from notices_noticefinding l join notices_finding f on f.id = l.finding_id
    where l.notice_id = n.id and f.state <> 'closed'
)
"""


def _one_organisation(findings: Sequence[Finding]) -> int | None:
    if not findings or len(findings) > MOST_AT_ONCE:
        raise Invalid(
            _("Choose at least one finding, and at most %(most)s.") % {"most": f"{MOST_AT_ONCE:,}"},
            code="notice.findings",
            places=[Place("finding", _("Choose at least one finding."))],
        )
    owners = {finding.organisation_id for finding in findings}
    if len(owners) != 1:
        raise Invalid(_("Findings of several organisations are answered one after the other."), code="notice.several")
    return owners.pop()


def _refuse_bad_answer(
    actor: Actor, organisation: int | None, findings: Sequence[Finding], said: Answer, *, now: datetime
) -> None:
    if said.kind not in Decision.Kind.values:
        raise Invalid(_("Say what it is."), code="notice.kind", places=[Place("kind", _("Choose one of these."))])
    _refuse_bad_note("note", said.note, required=said.kind in (Decision.Kind.NOT_MINE, Decision.Kind.ACCEPTED))
    if any(finding.state == "closed" for finding in findings):
        raise Conflict(_("One of these findings is closed already. Load the page again."), code="notice.closed")
    if said.kind == Decision.Kind.ACCEPTED:
        require_may_accept_risk(actor, organisation)
        today = now.date()
        if said.until is None or not today < said.until <= today + LONGEST_ACCEPTANCE:
            sentence = _("Say until when, a day within the next year.")
            raise Invalid(sentence, code="notice.until", places=[Place("until", sentence)])
    if said.kind == Decision.Kind.NEED_HELP:
        if organisation is None:
            raise Invalid(_("Nobody in the register answers for this address yet."), code="notice.nobody")
        if not said.contact.strip():
            sentence = _("Say whom we ask for.")
            raise Invalid(sentence, code="notice.contact", places=[Place("contact", sentence)])


def _refuse_bad_note(where: str, text: str, *, required: bool) -> None:
    sentence = ""
    if required and not text.strip():
        sentence = _("Say why.")
    elif len(text) > LONGEST_NOTE:
        sentence = _("This is too long: %(limit)s characters at most.") % {"limit": LONGEST_NOTE}
    elif turns_direction(text):
        sentence = _("Characters that turn the direction of writing are not allowed.")
    if sentence:
        raise Invalid(sentence, code="notice.note", places=[Place(where, sentence)])


def _ask_register(findings: Sequence[Finding], note: str, *, now: datetime) -> None:
    asked = set(
        OwnershipQuestion.objects.filter(finding__in=findings, state="open").values_list("finding_id", flat=True)
    )
    team = _team_for(findings[0])
    OwnershipQuestion.objects.bulk_create(
        OwnershipQuestion(
            finding=finding, organisation_id=finding.organisation_id, team_id=team, note=note, asked_at=now
        )
        for finding in findings
        if finding.pk not in asked
    )


def _team_for(finding: Finding) -> int | None:
    """The CERT that settles a question about this finding: the one that leads for its organisation."""
    if finding.organisation_id is None:
        return finding.team_id
    return next((team.pk for team in chain_of(finding.organisation_id)), None)


def _ask_for_help(actor: Actor, findings: Sequence[Finding], said: Answer, *, now: datetime) -> str:
    """One request for help for all these findings; returns its number."""
    organisation = findings[0].organisation
    if organisation is None:
        raise Invalid(_("Nobody in the register answers for this address yet."), code="notice.nobody")
    lines = [f"{finding.kind}: {finding.asset}" for finding in findings[:LISTED]]
    if len(findings) > LISTED:
        lines.append(_("and %(more)s more") % {"more": f"{len(findings) - LISTED:,}"})
    title = _("Help with %(count)s exposed systems") % {"count": f"{len(findings):,}"}
    request = ask_for_help(
        actor,
        organisation,
        Asking(
            title=title,
            needs="\n".join([said.note.strip(), "", *lines]).strip()[:5_000],
            urgency=URGENCIES[max(finding.severity for finding in findings)],
            mode="either",
            contact=said.contact.strip()[:200],
            phone=_phone(organisation.pk, said),
        ),
        now=now,
    )
    return request.number


def _phone(organisation: int, said: Answer) -> str:
    """The number that was said, else the one that the register holds."""
    if said.phone.strip():
        return said.phone.strip()[:40]
    known = Contact.objects.filter(organisation=organisation).exclude(phone="").order_by("pk").first()
    if known is None:
        sentence = _("Say which number we call.")
        raise Invalid(sentence, code="notice.phone", places=[Place("phone", sentence)])
    return known.phone
