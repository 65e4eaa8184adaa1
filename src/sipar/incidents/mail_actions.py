"""A mail that came to a mailbox of the CERT: kept once, a case where it is a report, and never verified by itself.

What no program can use waits for a person, who takes it up for an organisation that they have called, or sets it aside.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.files import keep_bytes, read_bytes
from sipar.core.mailbox import Waiting
from sipar.core.problems import Conflict, Forbidden, Invalid, Place
from sipar.formats.problems import FormatProblem
from sipar.formats.report_mail import MAX_BYTES, MailFile, ReportMail, read_report_mail
from sipar.incidents.artefact_actions import receive_artefact
from sipar.incidents.custody_reading import national_team
from sipar.incidents.emergency_actions import Attached, Caller, receive_unverified
from sipar.incidents.models import InboundMail, Incident
from sipar.incidents.report_actions import open_case, save_report
from sipar.incidents.report_facts import askable, clean_facts, plain_text
from sipar.incidents.report_forms import facts_from_post
from sipar.obligations.register_facts import served_nation
from sipar.orgs.models import Contact, Organisation
from sipar.people.roles import TEAM_ROLES

LONGEST_SUMMARY = 600
LONGEST_PROBLEM = LONGEST_NOTE = 2_000
LONGEST_TEXT = 20_000
AUTOMATIC = "an automatic answer"
NO_REPORT = gettext_noop("not in the format of a report")
NO_NOTICE = gettext_noop("it answers no notice that Sipar knows")
NO_FEED = gettext_noop("no feed takes anything of it")
TOO_LARGE = gettext_noop("the mail is too large")


@action("mail.receive")
def receive_mail(actor: Actor, data: bytes, *, now: datetime) -> InboundMail:
    """Keep a mail by its Message-ID; the same one again is the one that is kept already. Called as Sipar itself.

    A mail in the format of docs/reference/report-mail.md becomes a case that waits to be called back. Everything else,
    and what could not be read, is kept with its problem and waits to be read; a machine's answer waits for nobody.
    """
    mail = _known_or_read(actor, data, now=now)
    if isinstance(mail, InboundMail):
        return mail
    incident, problem = _report(actor, mail, now=now)
    return _row(mail, data, incident=incident, problem=problem, now=now)


@action("mail.leave")
def leave_to_people(actor: Actor, waiting: Waiting, *, why: str, now: datetime) -> InboundMail | None:
    """Keep a mail to another mailbox, which the one whose mailbox it is can do nothing with, for people to read.

    None for what a machine has written. The same mail again is the one that is kept already. Called as Sipar itself.
    """
    if waiting.data is None:
        return refuse_large_mail(actor, waiting, now=now)
    mail = _known_or_read(actor, waiting.data, now=now)
    if isinstance(mail, InboundMail):
        return mail
    return None if mail.automatic else _row(mail, waiting.data, incident=None, problem=why, now=now)


def refuse_large_mail(actor: Actor, mail: Waiting, *, now: datetime) -> InboundMail:
    """Keep that a mail came which is too large to be fetched, and where it lies."""
    return refuse_mail(actor, f"too-large:{mail.place}"[:300], problem=TOO_LARGE, now=now)


@action("mail.refuse")
def refuse_mail(actor: Actor, message_id: str, *, problem: str, digest: str = "", now: datetime) -> InboundMail:
    """Keep that a mail came which could not be taken, and why; `digest` names the mail where it was kept."""
    if not actor.holds("system"):
        raise Forbidden("Only Sipar itself reads the mailbox.", code="mail.receive")
    kept, _made = InboundMail.objects.get_or_create(
        message_id=message_id,
        defaults={
            "team": national_team(),
            "sender": "",
            "sha256": digest,
            "received_at": now,
            "problem": problem[:LONGEST_PROBLEM],
        },
    )
    return kept


@action("mail.take_up")
def take_up_mail(actor: Actor, mail: InboundMail, *, organisation: Organisation, now: datetime) -> Incident:
    """Begin a report for the organisation that the mail is about, with its words and its files; returns the draft.

    Whoever does so has called the organisation: a mail proves nothing of its sender. Raises Forbidden, and Conflict
    `mail.settled` where somebody was faster.
    """
    row = _unsettled(actor, mail)
    incident = open_case(
        actor, organisation=organisation, door=Incident.Door.TELEPHONE, entered_by_team=row.team, now=now
    )
    save_report(actor, incident, facts=_summary_of(row, now=now), estimates=(), version=0, now=now)
    for file in _files_of(row):
        # What a case does not take, one that is too large or without a name, is still in the mail as it came.
        with suppress(Invalid):
            receive_artefact(actor, incident, file.content, name=file.name, now=now)
    row.incident = incident
    _settle(actor, row, "taken", now=now)
    return incident


@action("mail.set_aside")
def set_aside_mail(actor: Actor, mail: InboundMail, *, note: str, now: datetime) -> InboundMail:
    """Say that a mail was read and asks for nothing more here; a word about it may stay with it."""
    row = _unsettled(actor, mail)
    try:
        row.note = plain_text(note, longest=LONGEST_NOTE)
    except ValueError as error:
        raise Invalid(str(error), code="mail.note", places=[Place("note", str(error))]) from error
    _settle(actor, row, "aside", now=now)
    return row


def contact_of_sender(mail: InboundMail) -> str:
    """The address in the register that the sender writes from; empty where the register knows no such address.

    Answers go to what the register holds, never to what a header says.
    """
    found = Contact.objects.filter(email__iexact=mail.sender).order_by("pk").first() if mail.sender else None
    return found.email if found is not None else ""


def _report(actor: Actor, mail: ReportMail, *, now: datetime) -> tuple[Incident | None, str]:
    if mail.automatic:
        return None, AUTOMATIC
    if not mail.is_report:
        return None, NO_REPORT
    facts, unread = facts_of_mail(mail, now=now)
    if "summary" not in facts:
        return None, "the report says nothing under summary"
    caller = Caller(
        organisation=mail.fields.get("organisation", ""),
        name=mail.fields.get("name", "") or mail.sender_name or mail.sender,
        role=mail.fields.get("role", ""),
        phone=mail.fields.get("phone", ""),
        email=mail.sender,
    )
    try:
        call = receive_unverified(
            actor,
            caller,
            facts,
            door=Incident.Door.MAIL,
            files=[_attached(file) for file in mail.files],
            now=now,
        )
    except Invalid as problem:
        return None, problem.sentence
    return call.incident, f"not read: {', '.join(unread)}" if unread else ""


def facts_of_mail(mail: ReportMail, *, now: datetime) -> tuple[dict[str, Any], list[str]]:
    """The facts that a mail tells, and the keys whose values could not be read: a mail is not sent back for them."""
    zone = ZoneInfo(served_nation().time_zone)
    fields = dict(mail.fields)
    summary = fields.get("summary", "") or (mail.subject if mail.is_report else "")
    fields["summary"] = summary[:LONGEST_SUMMARY]
    raw = facts_from_post(fields, askable(), zone=zone)
    unread = sorted(set(fields) - set(raw) - _CALLER_KEYS)
    try:
        return _known(clean_facts(raw, now=now)), unread
    except Invalid as problem:
        wrong = {place.where for place in problem.places}
        kept = {name: value for name, value in raw.items() if name not in wrong}
        return _known(clean_facts(kept, now=now)), sorted({*unread, *wrong})


def _known(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def _known_or_read(actor: Actor, data: bytes, *, now: datetime) -> InboundMail | ReportMail:
    """What the mail says; its row where it is kept already, or where it cannot be read and is kept as that."""
    try:
        mail = read_report_mail(data)
    except FormatProblem as fault:
        name = f"sha256:{sha256(data).hexdigest()}"
        return refuse_mail(actor, name, problem=str(fault), digest=_kept(data), now=now)
    return InboundMail.objects.filter(message_id=mail.message_id).first() or mail


def _unsettled(actor: Actor, mail: InboundMail) -> InboundMail:
    """The mail, held for the actor until the transaction ends."""
    if actor.scopes is not None or not actor.holds_in_team(mail.team_id, *TEAM_ROLES):
        raise Forbidden(_("Only the CERT whose mailbox it is settles a mail."), code="mail.team")
    row = InboundMail.objects.select_for_update(of=("self",)).select_related("team").get(pk=mail.pk)
    if row.state == "taken":
        raise Conflict(_("A colleague has taken this mail up already."), code="mail.settled")
    return row


def _settle(actor: Actor, row: InboundMail, state: str, *, now: datetime) -> None:
    row.state, row.settled_by_id, row.settled_at = state, actor.account, now
    row.save(update_fields=["state", "note", "incident", "settled_by_id", "settled_at"])


def _row(mail: ReportMail, data: bytes, *, incident: Incident | None, problem: str, now: datetime) -> InboundMail:
    return InboundMail.objects.create(
        message_id=mail.message_id,
        team=national_team(),
        incident=incident,
        sender=mail.sender,
        subject=mail.subject,
        text=plain_text(mail.text[:LONGEST_TEXT], longest=LONGEST_TEXT),
        sha256=_kept(data),
        received_at=now,
        problem=problem[:LONGEST_PROBLEM],
        state="taken" if incident is not None else "aside" if mail.automatic else "waiting",
    )


def _summary_of(row: InboundMail, *, now: datetime) -> dict[str, Any]:
    """The subject and the beginning of the mail, as the summary; nothing where it says what no report may."""
    said = "\n".join(words for words in (row.subject, row.text) if words)
    try:
        return _known(clean_facts({"summary": said[:LONGEST_SUMMARY]}, now=now))
    except Invalid:
        return {}


def _files_of(row: InboundMail) -> tuple[MailFile, ...]:
    if not row.sha256:
        return ()
    try:
        return read_report_mail(read_bytes(row.sha256)).files
    except FormatProblem:
        return ()


def _kept(data: bytes) -> str:
    """The name of the mail as it came; empty where there is nothing of it, or more than a mail may have."""
    return keep_bytes(data, largest=MAX_BYTES).sha256 if 0 < len(data) <= MAX_BYTES else ""


def _attached(file: MailFile) -> Attached:
    return Attached(file.name, file.content)


_CALLER_KEYS = frozenset({"sipar-report", "organisation", "name", "role", "phone"})
