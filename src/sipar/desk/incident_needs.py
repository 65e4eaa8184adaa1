"""What needs people because of incidents: clocks, reports to finish, cases and calls that wait, tasks, messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sipar.core.acting import Actor
from sipar.desk.needs import SHOWN, Moment, Need, words
from sipar.incidents.mailboxes import unread_mailboxes
from sipar.incidents.models import EmergencyReport, Entry, Handover, Incident, RollUp, Task
from sipar.incidents.report_selectors import waiting_mails
from sipar.obligations.models import Duty
from sipar.obligations.selectors import unread_reminders
from sipar.obligations.words import law_words, stage_words, subject_number
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES
from sipar.support.models import SupportRequest
from sipar.support.selectors import waiting_for

# Somebody waits for an answer: the line stands before what is merely open.
DRAFT_RESTS = timedelta(hours=1)
MAIL_WAITS = timedelta(minutes=30)
MESSAGE_WAITS = timedelta(hours=4)
TASK_WITHOUT_TIME = timedelta(days=7)
FEEDBACK_WITHIN = timedelta(days=14)
RECEIPT_WITHIN = timedelta(days=2)
RETURNED_LATELY = timedelta(days=7)
DUTY_STATES = ("running", "breached")


def needs(actor: Actor, moment: Moment) -> Iterator[Need]:
    """Everything that hangs on incidents and on help, for the people of an organisation and of a CERT."""
    organisations = [grant.organisation for grant in actor.grants if grant.role in ORGANISATION_ROLES]
    teams = [grant.team for grant in actor.grants if grant.role in TEAM_ROLES and grant.team is not None]
    if organisations:
        yield from _clocks(organisations)
        yield from _drafts(organisations)
        yield from _asked_of_organisation(organisations)
        yield from _messages(Q(incident__organisation__in=organisations, team__isnull=False))
        yield from _feedback(organisations, moment)
    if teams:
        yield from _calls(teams)
        yield from _mailboxes(actor, moment)
        yield from _mails(actor)
        yield from _offered(teams, moment)
        yield from _help(actor)
        yield from _clocks_of_teams(teams, moment)
        yield from _returned(actor, teams, moment)
        yield from _messages(Q(incident__lead_team__in=teams, team=None, incident__assigned_to_id=actor.account))
        yield from _receipts(teams)
    if organisations or teams:
        yield from _tasks(actor, moment)
        yield from _reminders(actor)


def _clocks(organisations: list[int | None]) -> Iterator[Need]:
    """What the law asks of my organisation, the nearest first."""
    rows = list(
        Duty.objects.filter(
            kind=Duty.Kind.STATUTORY, organisation__in=organisations, state__in=DUTY_STATES, due_at__isnull=False
        )
        .select_related("incident", "regime")
        .defer("regime__text")
        .order_by("due_at", "pk")[: SHOWN + 1]
    )
    for row in rows[:SHOWN]:
        assert row.due_at is not None, "rows without a deadline were left out"
        yield Need(
            hurts_at=row.due_at,
            sentence=_("%(stage)s: case %(number)s") % {"stage": stage_words(row), "number": subject_number(row)},
            detail=law_words(row),
            href=reverse("case", args=[row.incident.number]) if row.incident else reverse("my_duties"),
            icon="clock",
            due=row.due_at,
            started=row.anchor_at or row.opened_at,
        )
    beyond = rows[SHOWN].due_at if len(rows) > SHOWN else None
    if beyond is not None:
        yield Need(beyond, _("More deadlines run: see all of them."), reverse("my_duties"), "clock")


def _drafts(organisations: list[int | None]) -> Iterator[Need]:
    rows = Incident.objects.filter(organisation__in=organisations, state="draft").order_by("-opened_at")
    for row in rows[:SHOWN]:
        yield Need(
            hurts_at=row.opened_at + DRAFT_RESTS,
            sentence=_("Finish your report %(number)s and send it.") % {"number": row.number},
            detail=row.title,
            href=reverse("report_form", args=[row.number]),
            icon="alert",
        )


def _asked_of_organisation(organisations: list[int | None]) -> Iterator[Need]:
    rows = Task.objects.filter(
        incident__organisation__in=organisations, incident__state__in=Incident.OPEN_STATES, for_organisation=True,
        state="open", assigned_to_id=None,
    )  # fmt: skip
    yield from (_task(row) for row in rows.select_related("incident").order_by("due_at", "pk")[:SHOWN])


def _tasks(actor: Actor, moment: Moment) -> Iterator[Need]:
    rows = Task.objects.filter(
        assigned_to_id=actor.account, state="open", incident__state__in=Incident.OPEN_STATES
    ).select_related("incident")
    yield from (_task(row) for row in rows.order_by("due_at", "pk")[:SHOWN])


def _task(row: Task) -> Need:
    return Need(
        hurts_at=row.due_at or row.created_at + TASK_WITHOUT_TIME,
        sentence=row.title,
        detail=_("Task in case %(number)s") % {"number": row.incident.number},
        href=reverse("case_task", args=[row.incident.number, row.pk]),
        icon="check",
        due=row.due_at,
        started=row.created_at,
    )


def _messages(whose: Q) -> Iterator[Need]:
    """Messages of the other side that nobody has opened."""
    found = (
        Entry.objects.filter(whose, kind=Entry.Kind.MESSAGE, read_at=None, incident__state__in=Incident.OPEN_STATES)
        .order_by()
        .values("incident__number")
        .annotate(number=Count("pk"), oldest=Min("written_at"))
        .order_by("oldest")[:SHOWN]
    )
    for row in found:
        sentence = ngettext(
            "A message in case %(case)s waits for you.", "%(number)s messages in case %(case)s wait for you.",
            row["number"],
        )  # fmt: skip
        yield Need(
            hurts_at=row["oldest"] + MESSAGE_WAITS,
            sentence=sentence % {"number": row["number"], "case": row["incident__number"]},
            href=reverse("case_messages", args=[row["incident__number"]]),
            icon="comment",
        )


def _feedback(organisations: list[int | None], moment: Moment) -> Iterator[Need]:
    for row in SupportRequest.objects.filter(organisation__in=organisations, state="done").order_by("done_at")[:SHOWN]:
        yield Need(
            hurts_at=(row.done_at or moment.now) + FEEDBACK_WITHIN,
            sentence=_("Say whether the help came through: %(number)s.") % {"number": row.number},
            detail=row.title,
            href=reverse("support_request", args=[row.number]),
            icon="help",
        )


def _calls(teams: list[int]) -> Iterator[Need]:
    """Reports that nobody has verified: a person waits for the telephone to ring."""
    rows = EmergencyReport.objects.filter(team__in=teams, state="waiting").select_related("incident")
    for row in rows.order_by("received_at", "pk")[:SHOWN]:
        yield Need(
            hurts_at=row.received_at,
            sentence=_("Call back: %(name)s reported an emergency.") % {"name": row.organisation_said},
            detail=_("Nobody has verified this report yet."),
            href=reverse("emergency_call", args=[row.incident.number]),
            icon="alert",
        )


def _mailboxes(actor: Actor, moment: Moment) -> Iterator[Need]:
    """Mailboxes that cannot be read: what comes to them reaches nobody."""
    for row in unread_mailboxes(actor, now=moment.now):
        yield Need(
            hurts_at=row.since,
            sentence=_("%(mailbox)s cannot be read.") % {"mailbox": row.get_setting_display()},
            detail=_("What comes to it waits there unread."),
            href=f"{reverse('report_start')}#mails",
            icon="mail",
        )


def _mails(actor: Actor) -> Iterator[Need]:
    """Mails that are no report Sipar can read: somebody may be in trouble in one of them."""
    found = waiting_mails(actor).aggregate(number=Count("pk"), oldest=Min("received_at"))
    if not found["number"]:
        return
    yield Need(
        hurts_at=found["oldest"] + MAIL_WAITS,
        sentence=ngettext("A mail waits to be read.", "%(n)s mails wait to be read.", found["number"])
        % {"n": f"{found['number']:,}"},
        detail=_("Sipar can do nothing with it by itself; somebody may be in trouble."),
        href=f"{reverse('report_start')}#mails",
        icon="mail",
    )


def _offered(teams: list[int], moment: Moment) -> Iterator[Need]:
    called = EmergencyReport.objects.filter(team__in=teams, state="waiting").values("incident")
    rows = Incident.objects.filter(offered_team__in=teams, state__in=Incident.OPEN_STATES).exclude(pk__in=called)
    number = rows.count()
    if not number:
        return
    clock = (
        Duty.objects.filter(team__in=teams, kind=Duty.Kind.SERVICE, stage__startswith="accept", state__in=DUTY_STATES)
        .order_by("due_at", "pk")
        .first()
    )
    sentence = ngettext("One case waits for acceptance.", "%(number)s cases wait for acceptance.", number)
    only = rows.first() if number == 1 else None
    yield Need(
        hurts_at=clock.due_at if clock and clock.due_at else moment.now,
        sentence=sentence % {"number": f"{number:,}"},
        href=reverse("case", args=[only.number]) if only else reverse("duty_desk"),
        icon="incident",
        due=clock.due_at if clock else None,
        started=clock.anchor_at if clock else None,
    )


def _help(actor: Actor) -> Iterator[Need]:
    for row in waiting_for(actor)[:SHOWN]:
        yield Need(
            hurts_at=row.escalate_at or row.asked_at,
            sentence=_("%(title)s: nobody has accepted this request for help.") % {"title": row.title},
            detail=str(row.get_urgency_display()),
            href=reverse("support_request", args=[row.number]),
            icon="help",
            due=row.escalate_at,
            started=row.asked_at,
        )


def _clocks_of_teams(teams: list[int], moment: Moment) -> Iterator[Need]:
    """What my CERT owes: how much is late, and what comes next. Acceptance has a line of its own."""
    rows = Duty.objects.filter(
        team__in=teams, kind__in=(Duty.Kind.SERVICE, Duty.Kind.SUPPORT), state__in=DUTY_STATES
    ).exclude(stage__startswith="accept")
    late = rows.filter(due_at__lte=moment.now).aggregate(number=Count("pk"), oldest=Min("due_at"))
    if late["number"]:
        sentence = ngettext(
            "One service of your CERT is late.", "%(number)s services of your CERT are late.", late["number"]
        )
        yield Need(
            hurts_at=late["oldest"],
            sentence=sentence % {"number": f"{late['number']:,}"},
            href=reverse("duty_desk"),
            icon="clock",
            due=late["oldest"],
        )
    upcoming = rows.filter(due_at__gt=moment.now).select_related("incident", "support_request")
    following = upcoming.order_by("due_at", "pk").first()
    if following is None or following.due_at is None:
        return
    subject = subject_number(following)
    yield Need(
        hurts_at=following.due_at,
        sentence=f"{stage_words(following)}: {subject}" if subject else stage_words(following),
        detail=_("Your CERT owes this next."),
        href=_matter(following),
        icon="clock",
        due=following.due_at,
        started=following.anchor_at or following.opened_at,
    )


def _matter(duty: Duty) -> str:
    """The page on which a duty is done."""
    if duty.incident is not None:
        return reverse("case", args=[duty.incident.number])
    if duty.support_request is not None:
        return reverse("support_request", args=[duty.support_request.number])
    return reverse("duty", args=[duty.pk])


def _returned(actor: Actor, teams: list[int], moment: Moment) -> Iterator[Need]:
    """What I offered and got back."""
    rows = Handover.objects.filter(
        from_team__in=teams, offered_by_id=actor.account, state="returned",
        answered_at__gt=moment.now - RETURNED_LATELY, incident__lead_team__in=teams,
        incident__state__in=Incident.OPEN_STATES, incident__offered_team=None,
    )  # fmt: skip
    for row in rows.select_related("incident", "to_team").order_by("-answered_at")[:SHOWN]:
        yield Need(
            hurts_at=row.answered_at or moment.now,
            sentence=_("%(team)s returned case %(number)s.")
            % {"team": words(row.to_team.name), "number": row.incident.number},
            detail=row.answer,
            href=reverse("case", args=[row.incident.number]),
            icon="incident",
        )


def _receipts(teams: list[int]) -> Iterator[Need]:
    """Roll-ups that my CERT has not acknowledged."""
    for row in RollUp.objects.filter(to_team__in=teams, receipt=None).order_by("sent_at")[:SHOWN]:
        yield Need(
            hurts_at=row.sent_at + RECEIPT_WITHIN,
            sentence=_("Acknowledge roll-up %(number)s.") % {"number": row.number},
            href=reverse("rollup", args=[row.number]),
            icon="review",
        )


def _reminders(actor: Actor) -> Iterator[Need]:
    found = unread_reminders(actor).order_by().aggregate(number=Count("pk"), first=Min("due_at"))
    if not found["number"]:
        return
    sentence = ngettext("One reminder is unread.", "%(number)s reminders are unread.", found["number"])
    yield Need(
        hurts_at=found["first"],
        sentence=sentence % {"number": f"{found['number']:,}"},
        detail=_("Put them aside when you have seen them."),
        href=reverse("my_duties"),
        icon="bell",
    )
