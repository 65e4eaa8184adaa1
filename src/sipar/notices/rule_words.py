"""Rules of telling in plain words, beside their data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sipar.exposure.rules import TLPS, Rule, Rules, When
from sipar.notices.exposure_words import severity_word, words

TELLINGS: dict[str, str | Promise] = {
    "own": gettext_lazy("the way that the organisation chose"),
    "mail": gettext_lazy("by mail"),
    "portal": gettext_lazy("on the organisation's page only"),
    "api": gettext_lazy("over the API"),
    "nobody": gettext_lazy("nobody is told"),
}
CONDITIONS: dict[str, str | Promise] = {
    "kind": gettext_lazy("kind"),
    "classification": gettext_lazy("classification"),
    "source": gettext_lazy("source"),
    "sector": gettext_lazy("sector"),
    "province": gettext_lazy("province"),
    "shared": gettext_lazy("address range"),
    "severity": gettext_lazy("severity"),
    "tier": gettext_lazy("tier of criticality"),
}
BUNDLED: dict[str, str | Promise] = {
    "kind": gettext_lazy("kind"),
    "classification": gettext_lazy("classification"),
    "severity": gettext_lazy("severity"),
    "source": gettext_lazy("source"),
}
LISTED = 8


@dataclass(frozen=True)
class PlainRule:
    """One rule as people read it: its name, when it applies, and what it does."""

    name: str
    title: str
    applies: list[str]
    does: list[str]


def plain_rules(rules: Rules) -> list[PlainRule]:
    return [
        PlainRule(rule.name, words(rule.title) if rule.title else "", list(_applies(rule.when)), list(_does(rule)))
        for rule in rules.rules
    ]


def _applies(when: When) -> Iterator[str]:
    said = False
    for name in ("kind", "classification", "source", "sector", "province", "shared"):
        values: tuple[str, ...] = getattr(when, name)
        if values:
            said = True
            yield f"{CONDITIONS[name]}: {_listed(values)}"
    if when.severity:
        said = True
        yield f"{CONDITIONS['severity']}: {_listed([severity_word(step) for step in when.severity])}"
    if when.tier:
        said = True
        yield f"{CONDITIONS['tier']}: {_listed([str(tier) for tier in when.tier])}"
    if not said:
        yield _("Every finding that no rule above takes.")


def _does(rule: Rule) -> Iterator[str]:
    if rule.tell == "nobody":
        yield _("Nobody is told: %(reason)s") % {"reason": rule.reason}
        return
    told = {"how": TELLINGS[rule.tell], "interval": _interval(rule.interval)}
    yield _("Told %(how)s, at most once in %(interval)s.") % told
    if rule.bundle:
        yield _("One bundle for each %(keys)s.") % {"keys": ", ".join(str(BUNDLED[key]) for key in rule.bundle)}
    else:
        yield _("Everything in one bundle.")
    if rule.quiet is not None:
        hours = {"start": f"{rule.quiet.start:%H:%M}", "end": f"{rule.quiet.end:%H:%M}"}
        yield _("Not between %(start)s and %(end)s.") % hours
    if rule.urgent is not None:
        yield _("From %(severity)s on at any hour.") % {"severity": severity_word(rule.urgent)}
    for severity, days in sorted(rule.remind.items(), reverse=True):
        yield _("%(severity)s: reminded after %(days)s days.") % {
            "severity": severity_word(severity),
            "days": ", ".join(str(day) for day in days),
        }
    yield _("Nothing above %(label)s.") % {"label": f"TLP:{TLPS[rule.tlp].upper()}"}


def _interval(interval: str) -> str:
    number, unit = int(interval[:-1]), interval[-1]
    said = {
        "m": ngettext("a minute", "%(number)s minutes", number),
        "h": ngettext("an hour", "%(number)s hours", number),
        "d": ngettext("a day", "%(number)s days", number),
        "w": ngettext("a week", "%(number)s weeks", number),
    }[unit]
    return said % {"number": number} if "%" in said else said


def _listed(values: Sequence[str]) -> str:
    shown = ", ".join(values[:LISTED])
    return f"{shown}, …" if len(values) > LISTED else shown
