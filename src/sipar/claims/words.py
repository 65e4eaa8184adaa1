"""Reasons of routing in the reader's language."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sipar.claims.selectors import Answer, Found, Question

KINDS: dict[str, str | Promise] = {
    "prefix": gettext_lazy("Network prefix"),
    "asn": gettext_lazy("AS number"),
    "domain": gettext_lazy("Domain"),
    "country": gettext_lazy("Country"),
}
# Of an import: why a line was left out. The detail beside it is the reader's own, in English.
PROBLEMS: dict[str, str | Promise] = {
    "value": gettext_lazy("This value cannot be taken."),
    "line": gettext_lazy("This line cannot be read."),
    "day": gettext_lazy("This is no day."),
    "mark": gettext_lazy("There is no such mark."),
    "kind": gettext_lazy("There is no such kind of claim."),
    "type": gettext_lazy("There is no such kind of claim."),
    "count": gettext_lazy("This is no number of addresses."),
    "asn": gettext_lazy("This is no AS number."),
    "as_set": gettext_lazy("A set of AS numbers names no origin."),
    "organisation": gettext_lazy("The register knows no such organisation."),
    "suffix": gettext_lazy("A public suffix belongs to no single organisation."),
    "country": gettext_lazy("A country belongs to no single organisation."),
}
COLUMNS: dict[str, str | Promise] = {
    "team": gettext_lazy("CERT"),
    "holder": gettext_lazy("Holder"),
    "mark": gettext_lazy("Whose machines"),
    "valid_from": gettext_lazy("Holds from"),
    "valid_until": gettext_lazy("Ends on"),
}
_STANDING: dict[str, str | Promise] = {
    "national": gettext_lazy("A range of the nation counts only where no organisation claims it."),
    "shorter": gettext_lazy("The longer match goes first."),
    "settled": gettext_lazy("A person decided between these claims."),
    "source": gettext_lazy("What people keep by hand goes before what was imported."),
    "tied": gettext_lazy("Nothing tells the two apart: the older claim has it until a person decides."),
    "same": gettext_lazy("The same organisation claims it once more."),
}
_RANKS: dict[str, str | Promise] = {
    "address": gettext_lazy("a single address"),
    "prefix": gettext_lazy("a network prefix"),
    "domain": gettext_lazy("a domain"),
    "hosted": gettext_lazy("an address of many tenants"),
    "asn": gettext_lazy("an AS number"),
    "country": gettext_lazy("a country"),
}


def match(answer: Answer, question: Question, *, isolated: bool = False) -> str:
    """How this claim met what was asked, as a sentence; `isolated`: addresses keep their direction inside Urdu."""
    reason = answer.reason
    asked = question.ip or question.hostname or ""
    facts = {"asked": asked, "value": reason.value}
    if isolated:
        facts = {name: f"\u2068{value}\u2069" for name, value in facts.items()}
    if reason.kind == "prefix" and reason.rank == "address":
        return _("The claim is on this very address.")
    if reason.kind == "prefix":
        return _("%(asked)s lies in %(value)s.") % facts
    if reason.kind == "domain" and asked == reason.value:
        return _("The claim is on this very name.")
    if reason.kind == "domain":
        return _("%(asked)s stands below %(value)s.") % facts
    if reason.kind == "asn":
        return _("The claim is on %(value)s, which announces the address.") % facts
    return _("The claim is on the whole country, %(value)s.") % facts


def standing(answer: Answer, found: Found) -> str:
    """Why this claim has it, or why another goes before it."""
    code, winner = answer.reason.code, found.answers[0]
    codes = {other.reason.code for other in found.answers}
    if code == "won" and "tied" in codes:
        return _("Another organisation claims the very same. This claim is the older one, until a person decides.")
    if code == "won" and "settled" in codes:
        return _("A person decided that it is theirs.")
    if code == "won" and answer.reason.organisation is None:
        return _("No organisation claims it: the CERT of the range answers for it.")
    if code == "won":
        return _("No other claim goes before this one.")
    if code == "rank":
        facts = {"first": _RANKS[winner.reason.rank], "second": _RANKS[answer.reason.rank]}
        return _("A claim on %(first)s goes before one on %(second)s.") % facts
    return str(_STANDING[code])
