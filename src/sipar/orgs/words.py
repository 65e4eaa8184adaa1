"""Words of the register's pages: names in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

REASONS: dict[str, str | Promise] = {
    "sector": _("its sector"),
    "subsector": _("its subsector"),
    "province": _("its province"),
    "ministry": _("its ministry"),
    "tier": _("its tier"),
    "ownership": _("its ownership"),
    "identifier": _("its name in the rule"),
    "everyone": _("a rule that takes in everyone"),
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
