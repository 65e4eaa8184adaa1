"""A notice as a mail: what it says in the organisation's language, its table, its headers, its encryption."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage as MimeMessage
from email.message import Message
from email.policy import SMTP, Policy
from email.utils import format_datetime, parseaddr
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sipar.exposure.rules import Rule, RulesProblem, Words, parse
from sipar.notices.addresses import answer_address, message_id, reply_address
from sipar.notices.encryption import encrypted
from sipar.notices.exposure_words import kind_word, severity_word
from sipar.notices.exposure_words import words as in_language
from sipar.notices.models import Channel, Finding, Notice, Tlp
from sipar.obligations.register_facts import served_nation
from sipar.orgs.models import Contact, Organisation
from sipar.people.selectors import people_of_organisation

TOP = 10
MOST_ADDRESSES = 20
COLUMNS = ("number", "kind", "classification", "severity", "asset", "source", "cves", "first_seen", "last_seen",
           "times_seen", "due_on")  # fmt: skip


class Letter(EmailMessage):
    """A mail whose MIME form is made already."""

    def __init__(self, made: Message, *, sender: str, recipients: Sequence[str]) -> None:
        super().__init__(from_email=sender, to=list(recipients))
        self.made = made

    def message(self, *, policy: Policy = SMTP) -> Any:  # type: ignore[override]
        return self.made


def recipients_of(notice: Notice, *, now: datetime) -> list[str]:
    """Where the notice goes: to the addresses of its channel, else those of the register, else to its CISOs."""
    channel = Channel.objects.filter(organisation=notice.organisation_id).first()
    if channel is not None and channel.addresses:
        return list(channel.addresses)
    if notice.organisation_id is None:
        return []
    kinds = (Contact.Kind.TECHNICAL, Contact.Kind.CISO, Contact.Kind.POINT_OF_CONTACT)
    known = Contact.objects.filter(organisation=notice.organisation_id, kind__in=kinds).exclude(email="")
    found = list(known.order_by("pk").values_list("email", flat=True))
    if not found:
        people = people_of_organisation(notice.organisation_id, now=now).filter(role="ciso", account__is_active=True)
        found = list(people.values_list("account__email", flat=True))
    return list(dict.fromkeys(address.lower() for address in found))[:MOST_ADDRESSES]


def lines_of(notice: Notice) -> list[Finding]:
    """The findings of a notice, what to fix first before the rest; never a row of another organisation."""
    rows = Finding.objects.filter(told__notice=notice, organisation=notice.organisation_id)
    return list(rows.order_by(F("priority").desc(nulls_last=True), "-severity", "first_seen", "pk"))


def letter_of(notice: Notice, recipients: Sequence[str], *, now: datetime) -> Letter:
    """The mail, encrypted where the organisation wants it so. Raises KeyProblem where that cannot be done."""
    channel = Channel.objects.filter(organisation=notice.organisation_id).first()
    encryption = channel.encryption if channel is not None else ""
    with translation.override(notice.language):
        findings = lines_of(notice)
        rule = _rule_of(notice)
        said = rule.words.get(notice.language, Words()) if rule is not None else Words()
        inner = MimeMessage(policy=SMTP)
        inner.set_content(_body(notice, findings, said), cte="base64" if notice.language != "en" else None)
        inner.add_attachment(
            table_of(findings), "text", "csv", filename=f"{notice.number}.csv", params={"charset": "utf-8"}
        )
        subject = _subject(notice, said, hidden=bool(encryption))
    made: Message = encrypted(inner, encryption, channel.public_key, now=now) if channel and encryption else inner
    sender = _sender(notice)
    for name, value in _headers(notice, subject, sender, recipients, now=now):
        made[name] = value
    # What cannot be delivered comes back to the sender of the envelope: where replies land, it is known whose it is.
    back = reply_address(notice.number) or settings.DEFAULT_FROM_EMAIL
    return Letter(made, sender=back, recipients=recipients)


def table_of(findings: Sequence[Finding]) -> bytes:
    """The findings as CSV, in which no cell can act as a formula."""
    from sipar.formats.table_writing import write_csv

    rows = [
        (row.pk, row.kind, row.classification, severity_word(row.severity), row.asset, row.source, " ".join(row.cves),
         f"{row.first_seen:%Y-%m-%d %H:%M} UTC", f"{row.last_seen:%Y-%m-%d %H:%M} UTC", row.count,
         f"{row.due_on}" if row.due_on else "")
        for row in findings
    ]  # fmt: skip
    return write_csv(COLUMNS, rows)


def _rule_of(notice: Notice) -> Rule | None:
    try:
        return parse(notice.rule_set.document).rule(notice.rule)
    except RulesProblem:
        return None


def _headers(
    notice: Notice, subject: str, sender: str, recipients: Sequence[str], *, now: datetime
) -> list[tuple[str, str]]:
    found = [
        ("From", sender),
        ("To", ", ".join(recipients)),
        ("Subject", subject),
        ("Date", format_datetime(now)),
        ("Message-ID", message_id(notice.number)),
        ("Auto-Submitted", "auto-generated"),
        ("X-Sipar-Notice", notice.number),
        ("X-TLP", f"TLP:{notice.tlp.upper()}"),
    ]
    reply = reply_address(notice.number) or notice.team.email
    return [*found, ("Reply-To", reply)] if reply else found


def _sender(notice: Notice) -> str:
    """The CERT's name before the address that this installation sends from."""
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return str(Address(display_name=str(notice.team.name.get("en", notice.team.code))[:100], addr_spec=address))


def _subject(notice: Notice, said: Words, *, hidden: bool) -> str:
    """The label, the number, and what it is about; of a mail that is encrypted only that it is a notice."""
    label = f"[{Tlp(notice.tlp).label}] [{notice.number}]"
    if hidden:
        return f"{label} {_('Notice of exposed systems')}"
    about = filled(said.subject, notice) or ngettext(
        "%(count)s exposed system needs you", "%(count)s exposed systems need you", notice.findings_count
    ) % {"count": f"{notice.findings_count:,}"}
    return f"{label} {_('Reminder:')} {about}" if notice.reminder else f"{label} {about}"


def _body(notice: Notice, findings: Sequence[Finding], said: Words) -> str:
    zone = ZoneInfo(served_nation().time_zone)
    counts = Counter(row.severity for row in findings)
    summary = ", ".join(f"{severity_word(step)}: {counts[step]:,}" for step in sorted(counts, reverse=True))
    parts = [
        Tlp(notice.tlp).label,
        filled(said.lead, notice) or _lead(notice),
        summary,
        _("What to fix first:"),
        "\n".join(_line(place, row, zone) for place, row in enumerate(findings[:TOP], start=1)),
    ]
    if len(findings) > TOP:
        more = {"more": f"{len(findings) - TOP:,}", "file": f"{notice.number}.csv"}
        parts.append(_("and %(more)s more: all of them stand in the file %(file)s.") % more)
    parts.append(filled(said.advice, notice))
    parts.append(
        _("Say what became of it, without signing in: fixed, not ours, or that you need help:")
        + f"\n{answer_address(notice.number)}"
    )
    parts.append(_("Whoever holds this link can answer for this notice. It opens nothing else."))
    if reply_address(notice.number):
        parts.append(
            _("An answer to this mail reaches the CERT under the number %(number)s.") % {"number": notice.number}
        )
    parts.append("\n".join(text for text in (in_language(notice.team.name), notice.team.emergency_phone) if text))
    return "\n\n".join(part for part in parts if part) + "\n"


def _lead(notice: Notice) -> str:
    values = {"count": f"{notice.findings_count:,}", "organisation": _name(notice.organisation)}
    if notice.reminder:
        return (
            _("These %(count)s findings are still seen at systems of %(organisation)s. Please look at them.") % values
        )
    return (
        _("Sensors that look at the whole internet saw %(count)s things to fix at systems of %(organisation)s.")
        % values
    )


def _line(place: int, row: Finding, zone: ZoneInfo) -> str:
    facts = {
        "place": place,
        "severity": severity_word(row.severity),
        "kind": kind_word(row.kind),
        "asset": row.asset,
        "since": f"{row.first_seen.astimezone(zone):%Y-%m-%d}",
        "seen": f"{row.last_seen.astimezone(zone):%Y-%m-%d %H:%M}",
    }
    text = _("%(place)s. %(severity)s: %(kind)s. %(asset)s (since %(since)s, last seen %(seen)s)") % facts
    return f"{text} {' '.join(row.cves)}".rstrip()


def filled(text: str, notice: Notice) -> str:
    """A rule's own words with their placeholders filled."""
    values = {
        "{count}": f"{notice.findings_count:,}",
        "{organisation}": _name(notice.organisation),
        "{severity}": severity_word(notice.severity),
    }
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text


def _name(organisation: Organisation | None) -> str:
    if organisation is None:
        return ""
    urdu = translation.get_language() == "ur" and organisation.name_ur
    # A name is one line, or a subject could end where somebody wants it to.
    return " ".join((organisation.name_ur if urdu else organisation.name).split())
