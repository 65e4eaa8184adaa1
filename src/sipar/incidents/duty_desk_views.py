"""The duty officer's page: worked through by keyboard, on a wall and on a phone; it refreshes itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.incidents.case_selectors import Identity
from sipar.incidents.duty_desk_selectors import DutyDesk, Row, duty_desk_of
from sipar.incidents.duty_desk_selectors import Section as Part
from sipar.incidents.rollup_selectors import reads_rollups
from sipar.incidents.situation_words import level_step, level_word
from sipar.obligations.words import law_words, stage_words
from sipar.people.gates import TEAM
from sipar.ui.times import span_in_words


@dataclass(frozen=True)
class Line:
    """One row as the page shows it. `accept`, `score`, `hand_over` are addresses, empty where the verb is not given."""

    row: Row
    url: str
    title: str
    about: tuple[str, ...]
    step: int
    word: str
    accept: str = ""
    accepts_at_once: bool = False
    score: str = ""
    hand_over: str = ""
    call_back: bool = False


@dataclass(frozen=True)
class Section:
    key: str
    title: str
    empty: str
    icon: str
    lines: tuple[Line, ...]
    total: int
    more: str


@gate(TEAM)
@require_GET
def duty_desk(request: ActorRequest) -> HttpResponse:
    """What is late, due next, waiting for acceptance, without anybody in charge, and what came in."""
    now = timezone.now()
    desk = duty_desk_of(request.actor, now=now)
    wall = request.GET.get("wall") == "1"
    soonest = desk.next_due.rows[0].due if desk.next_due.rows else None
    context: dict[str, Any] = {
        "sections": _sections(desk),
        "sentence": _sentence(desk, span_in_words(soonest - now) if soonest else ""),
        "wall": wall,
        "rolls_up": reads_rollups(request.actor),
        "read_at": now,
    }
    if wall:
        context["navigation"] = []
    return render(request, "incidents/board_duty.html", context)


def _sections(desk: DutyDesk) -> list[Section]:
    cases = f"{reverse('cases')}?state=open"
    return [
        _section("late", _("Late"), _("Nothing is late."), "alert", desk.late, f"{cases}&who=late"),
        _section("waiting", _("Waiting for acceptance"), _("Nobody waits for you to accept."), "incident",
                 desk.waiting, f"{cases}&who=waiting"),
        _section("next", _("Due next"), _("No clock runs."), "clock", desk.next_due, reverse("my_duties")),
        _section("unassigned", _("Nobody in charge"), _("Somebody is in charge of every case."), "user",
                 desk.unassigned, f"{cases}&who=unassigned"),
        _section("incoming", _("Came in during the last 12 hours"), _("Nothing came in."), "bell", desk.incoming,
                 cases),
    ]  # fmt: skip


def _section(key: str, title: str, empty: str, icon: str, part: Part, more: str) -> Section:
    return Section(key, title, empty, icon, tuple(_line(row) for row in part.rows), part.total, more)


def _line(row: Row) -> Line:
    if row.emergency is not None:
        call = row.emergency
        return Line(
            row, reverse("emergency_call", args=[call.incident.number]), _("Call back: %(name)s")
            % {"name": call.organisation_said}, (call.incident.number, _("not verified")), 0, "", call_back=True,
        )  # fmt: skip
    if row.mail is not None:
        subject = row.mail.subject or _("A mail without a subject")
        title = _("Read the mail: %(subject)s") % {"subject": subject}
        return Line(row, reverse("mail", args=[row.mail.pk]), title, (row.mail.sender, _("not verified")), 0, "")
    if row.case is None:
        return _other_line(row)
    incident = row.case.incident
    number = incident.number
    duty = row.duty
    title = stage_words(duty) if duty else row.case.title or number
    about = [*([number] if title != number else []), *([row.case.title] if duty and row.case.title else [])]
    if row.case.organisation is not None:
        about.append(organisation_name(row.case.organisation))
    if duty:
        about.append(law_words(duty))
    return Line(
        row=row,
        url=reverse("case", args=[number]),
        title=title,
        about=tuple(about),
        step=level_step(incident.severity_level),
        word=level_word(incident.severity_level) if incident.severity_level else "",
        accept=reverse("case_accept", args=[number]) if row.may_accept else "",
        accepts_at_once=True,
        score=reverse("case_score", args=[number]) if row.may_work else "",
        hand_over=reverse("case_hand_over", args=[number]) if row.may_work else "",
    )


def _other_line(row: Row) -> Line:
    """A request for help, or a duty that hangs on no case."""
    duty = row.duty
    if row.help is None:
        assert duty is not None, "a row is a case, a request, a call, a mail or a duty"
        return Line(row, reverse("duty", args=[duty.pk]), stage_words(duty), (law_words(duty),), 0, "")
    url = reverse("support_request", args=[row.help.number])
    title = stage_words(duty) if duty else row.help.title
    about = (row.help.number, _("Help"), row.help.get_urgency_display(), *((row.help.title,) if duty else ()))
    accept = url if row.help.state == "asked" and not duty else ""
    return Line(row, url, title, about, 0, "", accept=accept)


def organisation_name(identity: Identity) -> str:
    """The name of an organisation in the reader's language."""
    return identity.name_ur if identity.name_ur and get_language() == "ur" else identity.name


def _sentence(desk: DutyDesk, soonest: str) -> str:
    """What the duty officer should know before reading a row."""
    if not (desk.late.total or desk.waiting.total or desk.next_due.total or desk.unassigned.total):
        return _("Nothing waits. It will stand here within seconds.")
    parts = []
    if desk.late.total:
        parts.append(ngettext("One deadline is late", "%(n)s deadlines are late", desk.late.total)
                     % {"n": f"{desk.late.total:,}"})  # fmt: skip
    if desk.waiting.total:
        parts.append(ngettext("one waits for acceptance", "%(n)s wait for acceptance", desk.waiting.total)
                     % {"n": f"{desk.waiting.total:,}"})  # fmt: skip
    if desk.unassigned.total:
        parts.append(ngettext("one has nobody in charge", "%(n)s have nobody in charge", desk.unassigned.total)
                     % {"n": f"{desk.unassigned.total:,}"})  # fmt: skip
    if soonest:
        parts.append(_("the next is due in %(span)s") % {"span": soonest})
    said = _("; ").join(parts)
    return f"{said[:1].upper()}{said[1:]}."
