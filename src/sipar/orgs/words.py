"""Words of the register's pages: names in the reader's language, and what the ledger's actions are called."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

ACTIONS: dict[str, str | Promise] = {
    "organisation.add": _("Added to the register"),
    "organisation.change": _("Entry changed"),
    "organisation.keep_contact": _("Contact kept"),
    "organisation.remove_contact": _("Contact removed"),
    "organisation.keep_asset": _("Asset kept"),
    "organisation.end_asset": _("Asset ended"),
    "register.load": _("Loaded from a register file"),
    "register.apply": _("Loaded from a register file"),
    "designation.list": _("Listed as a candidate of critical infrastructure"),
    "designation.grade": _("Graded against the criteria"),
    "designation.designate": _("Designated as critical infrastructure"),
    "designation.confirm_review": _("Yearly review confirmed"),
    "designation.ask_withdrawal": _("Withdrawal asked for"),
    "designation.withdraw": _("Designation withdrawn"),
    "designation.keep": _("Designation kept"),
    "account.grant": _("Role given"),
    "account.revoke_grant": _("Role ended"),
    "file.keep": _("File handed in"),
}
REASONS: dict[str, str | Promise] = {
    "sector": _("its sector"),
    "subsector": _("its subsector"),
    "province": _("its province"),
    "ministry": _("its ministry"),
    "tier": _("its tier"),
    "ownership": _("its ownership"),
    "identifier": _("named in the rule"),
    "everyone": _("every organisation belongs"),
}
PLACES: dict[str, str | Promise] = {
    "national": _("National CERT"),
    "government": _("Government CERT"),
    "federal": _("Federal CERT"),
    "provincial": _("Provincial CERT"),
    "cii": _("Critical information infrastructure CERT"),
    "sectoral": _("Sectoral CERT"),
    "organisational": _("Organisational CERT"),
    "ministry_officer": _("Ministry officer"),
    "consultant": _("Consultant"),
    "auditor": _("Auditor"),
}


def named(names: Mapping[str, str]) -> str:
    """The name in the active language, else in English."""
    return names.get(get_language() or "en") or names.get("en", "")


def action_in_words(action: str) -> str:
    """What an action of the ledger is called; its own name where nobody named it."""
    return str(ACTIONS.get(action, action or _("Change")))
