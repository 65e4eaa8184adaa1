"""A mail that came to the CERT's mailbox: kept once, a case where it is a report, and never verified by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Forbidden, Invalid
from sipar.formats.problems import FormatProblem
from sipar.formats.report_mail import MailFile, ReportMail, read_report_mail
from sipar.incidents.custody_reading import national_team
from sipar.incidents.emergency_actions import Attached, Caller, receive_unverified
from sipar.incidents.models import InboundMail, Incident
from sipar.incidents.report_facts import askable, clean_facts
from sipar.incidents.report_forms import facts_from_post
from sipar.obligations.register_facts import served_nation
from sipar.orgs.models import Contact

LONGEST_SUMMARY = 600
LONGEST_PROBLEM = 2_000
AUTOMATIC = "an automatic answer"


@action("mail.receive")
def receive_mail(actor: Actor, data: bytes, *, now: datetime) -> InboundMail:
    """Keep a mail by its Message-ID; the same one again is the one that is kept already. Called as Sipar itself.

    A mail in the format of docs/reference/report-mail.md becomes a case that waits to be called back. Everything else,
    and what could not be read, is kept with its problem and makes no case.
    """
    try:
        mail = read_report_mail(data)
    except FormatProblem as fault:
        return refuse_mail(actor, f"sha256:{sha256(data).hexdigest()}", problem=str(fault), now=now)
    kept = InboundMail.objects.filter(message_id=mail.message_id).first()
    if kept is not None:
        return kept
    incident, problem = _report(actor, mail, now=now)
    return InboundMail.objects.create(
        message_id=mail.message_id,
        team=national_team(),
        incident=incident,
        sender=mail.sender,
        subject=mail.subject,
        sha256=sha256(data).hexdigest(),
        received_at=now,
        problem=problem[:LONGEST_PROBLEM],
    )


@action("mail.refuse")
def refuse_mail(actor: Actor, message_id: str, *, problem: str, now: datetime) -> InboundMail:
    """Keep that a mail came which could not be taken, and why."""
    if not actor.holds("system"):
        raise Forbidden("Only Sipar itself reads the mailbox.", code="mail.receive")
    kept, _made = InboundMail.objects.get_or_create(
        message_id=message_id,
        defaults={
            "team": national_team(),
            "sender": "",
            "sha256": sha256(message_id.encode()).hexdigest(),
            "received_at": now,
            "problem": problem[:LONGEST_PROBLEM],
        },
    )
    return kept


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
        return None, "not in the format of a report"
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


def _attached(file: MailFile) -> Attached:
    return Attached(file.name, file.content)


_CALLER_KEYS = frozenset({"sipar-report", "organisation", "name", "role", "phone"})
