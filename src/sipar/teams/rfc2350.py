"""The description of a CERT for its public, by the sections of RFC 2350, whose numbers and titles these are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LONGEST_SECTION = 8_000


@dataclass(frozen=True)
class Section:
    """`hint` says in our words what belongs there; a section without `hint` is only a heading."""

    number: str
    title: str
    hint: str | Promise = ""

    @property
    def depth(self) -> int:
        return self.number.count(".") + 1


SECTIONS = (
    Section("1", "Document Information"),
    Section("1.1", "Date of Last Update", _("When this description was last checked.")),
    Section("1.2", "Distribution List for Notifications", _("Who is told when it changes.")),
    Section("1.3", "Locations where this Document May Be Found", _("Its public address.")),
    Section("2", "Contact Information"),
    Section("2.1", "Name of the Team", _("Full name and short name.")),
    Section("2.2", "Address", _("Where letters and visitors go.")),
    Section("2.3", "Time Zone", _("Also say whether the clock changes in summer.")),
    Section("2.4", "Telephone Number", _("During office hours and at night.")),
    Section("2.5", "Facsimile Number", _("Write none where there is none.")),
    Section("2.6", "Other Telecommunication", _("Secure messaging, radio, satellite.")),
    Section("2.7", "Electronic Mail Address", _("The address that is read day and night.")),
    Section("2.8", "Public Keys and Other Encryption Information", _("Fingerprint, and where the key is.")),
    Section("2.9", "Team Members", _("Who speaks for the team.")),
    Section("2.10", "Other Information", _("Memberships, such as FIRST.")),
    Section("2.11", "Points of Customer Contact", _("Which way is preferred, and the hours.")),
    Section("3", "Charter"),
    Section("3.1", "Mission Statement", _("What the team is for, in two sentences.")),
    Section("3.2", "Constituency", _("Whom the team serves.")),
    Section("3.3", "Sponsorship and/or Affiliation", _("Who pays for it and to whom it belongs.")),
    Section("3.4", "Authority", _("What it may demand, and by which law.")),
    Section("4", "Policies"),
    Section("4.1", "Types of Incidents and Level of Support", _("What is handled, how fast, for whom.")),
    Section("4.2", "Co-operation, Interaction and Disclosure of Information", _("What is shared with whom.")),
    Section("4.3", "Communication and Authentication", _("How messages are proved and protected.")),
    Section("5", "Services"),
    Section("5.1", "Incident Response", _("The help in an incident, in general.")),
    Section("5.1.1", "Incident Triage", _("How reports are checked and ranked.")),
    Section("5.1.2", "Incident Coordination", _("Whom the team brings together.")),
    Section("5.1.3", "Incident Resolution", _("What the team does itself.")),
    Section("5.2", "Proactive Activities", _("Warnings, training, exercises, scans.")),
    Section("6", "Incident Reporting Forms", _("Where the form is.")),
    Section("7", "Disclaimers", _("What the team does not answer for.")),
)
WRITTEN = tuple(section for section in SECTIONS if section.hint)


def as_text(name: str, profile: Mapping[str, str]) -> str:
    """The description as plain text in the order of the RFC; a section without words says that it is not stated."""
    lines = [f"RFC 2350 description of {name}", ""]
    for section in SECTIONS:
        lines.append(
            f"{section.number}. {section.title}" if section.depth == 1 else f"{section.number} {section.title}"
        )
        if section.hint:
            lines.extend(["", profile.get(section.number, "").strip() or "Not stated."])
        lines.append("")
    return "\n".join(lines)
