"""A regime in plain words: clocks, anchors, addressees, penalties and periods as sentences, from the data alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sipar.law.facts import shipped_facts
from sipar.law.grammar import After, Case, Clock, Duty, EarliestOf, Keep, OnRequest, Penalty, Regime
from sipar.obligations.replay_words import KINDS, in_words

ADDRESSEES: Mapping[str, str | Promise] = {
    "organisation": gettext_lazy("the organisation"),
    "csirt": gettext_lazy("the CSIRT"),
    "competent_authority": gettext_lazy("the competent authority"),
    "data_protection_authority": gettext_lazy("the data protection authority"),
    "lead_cert": gettext_lazy("the CERT that leads"),
    "national_cert": gettext_lazy("the National CERT"),
    "government_cert": gettext_lazy("the Government CERT"),
    "federal_cert": gettext_lazy("the Federal CERT"),
    "sectoral_cert": gettext_lazy("the sectoral CERT"),
    "cii_cert": gettext_lazy("the CERT of critical infrastructure"),
    "provincial_cert": gettext_lazy("the provincial CERT"),
    "regulator": gettext_lazy("the regulator"),
    "enisa": gettext_lazy("ENISA"),
    "affected_persons": gettext_lazy("the persons affected"),
    "own_register": gettext_lazy("its own register"),
}
WITHOUT_PERIOD: Mapping[str, str | Promise] = {
    "without_undue_delay": gettext_lazy("Without undue delay; the law names no number."),
    "period_not_known": gettext_lazy("The period is not known to us, so none is shown."),
    "no_period": gettext_lazy("Nothing falls due; a record is kept."),
}
MARKS: Mapping[str, tuple[str, str]] = {
    # status: tone and icon of its mark
    "in_force": ("good", "law"),
    "proposed": ("info", "clock"),
    "draft": ("warn", "edit"),
    "unverified_preset": ("warn", "alert"),
}


@dataclass(frozen=True)
class ClockWords:
    """One line of a clock; `when` is the condition as the file writes it, `inner` the clocks below it."""

    text: str
    when: str = ""
    inner: tuple[ClockWords, ...] = ()


@dataclass(frozen=True)
class DutyWords:
    """One duty as the page says it."""

    duty: Duty
    title: str
    kind: str
    trigger: str
    to: str
    clock: ClockWords
    content: tuple[str, ...]
    note: str


def duties_in_words(regime: Regime) -> list[DutyWords]:
    """Every duty of the regime in its order."""
    titles = {each.name: in_words(each.title.model_dump()) for each in regime.classifiers}
    facts = shipped_facts()
    return [
        DutyWords(
            duty=duty,
            title=in_words(duty.title.model_dump()),
            kind=str(KINDS.get(duty.sort, duty.sort)),
            trigger=titles.get(duty.when, ""),
            to=", ".join(str(ADDRESSEES.get(each, each)) for each in duty.to),
            clock=clock_in_words(duty.due, regime),
            content=tuple(in_words(facts[name].title.model_dump()) for name in duty.content if name in facts),
            note=in_words(duty.note.model_dump()) if duty.note else "",
        )
        for duty in regime.duties
    ]


def clock_in_words(clock: Clock, regime: Regime) -> ClockWords:
    """When something is due, as a tree of short sentences."""
    if isinstance(clock, After):
        words = {"period": period_in_words(clock), "anchor": anchor_in_words(clock.after, regime)}
        return ClockWords(_("%(period)s after: %(anchor)s") % words)
    if isinstance(clock, EarliestOf):
        inner = tuple(clock_in_words(each, regime) for each in clock.earliest_of)
        return ClockWords(_("The earliest of:"), inner=inner)
    if isinstance(clock, Case):
        cases = tuple(
            ClockWords(_("If this holds:"), each.when, (clock_in_words(each.then, regime),)) for each in clock.case
        )
        otherwise = ClockWords(_("Otherwise:"), inner=(clock_in_words(clock.otherwise, regime),))
        return ClockWords(_("It depends:"), inner=(*cases, otherwise))
    if isinstance(clock, OnRequest):
        return ClockWords(_("When the authority asks."))
    return ClockWords(str(WITHOUT_PERIOD.get(clock.none, clock.none)))


def period_in_words(after: After) -> str:
    """The offset of a clock."""
    if after.hours is not None:
        return ngettext("%(count)s hour", "%(count)s hours", after.hours) % {"count": after.hours}
    if after.days is not None:
        return ngettext("%(count)s day", "%(count)s days", after.days) % {"count": after.days}
    if after.working_days is not None:
        count = after.working_days
        return ngettext("%(count)s working day", "%(count)s working days", count) % {"count": count}
    months = after.months or 0
    return ngettext("%(count)s month", "%(count)s months", months) % {"count": months}


def anchor_in_words(anchor: str, regime: Regime) -> str:
    """What a clock starts from: a fact by its title, or the submission of an earlier stage."""
    fact = shipped_facts().get(anchor)
    if fact is not None:
        return in_words(fact.title.model_dump())
    titles = {duty.stage: in_words(duty.title.model_dump()) for duty in regime.duties}
    which, _bracket, rest = anchor.partition("(")
    stages = " / ".join(titles.get(name.strip(), name.strip()) for name in rest.rstrip(")").split(","))
    if which == "latest_submitted":
        return _("the latest submission of: %(stages)s") % {"stages": stages}
    return _("the submission of: %(stages)s") % {"stages": stages}


def penalty_in_words(penalty: Penalty) -> str:
    """What is threatened, as far as the text has numbers."""
    parts = []
    if penalty.amount_low is not None and penalty.amount_high is not None:
        words = {"low": f"{penalty.amount_low:,.0f}", "high": f"{penalty.amount_high:,.0f}", "money": penalty.currency}
        parts.append(_("%(money)s %(low)s to %(high)s") % words)
    elif penalty.amount_high is not None:
        words = {"high": f"{penalty.amount_high:,.0f}", "money": penalty.currency}
        parts.append(_("up to %(money)s %(high)s") % words)
    elif penalty.amount_low is not None:
        words = {"low": f"{penalty.amount_low:,.0f}", "money": penalty.currency}
        parts.append(_("from %(money)s %(low)s") % words)
    if penalty.percent is not None:
        basis = in_words(penalty.basis.model_dump()) if penalty.basis else ""
        parts.append(f"{penalty.percent:g} % {basis}".strip())
    return _(" or ").join(parts) if parts else _("no figure is known")


def keeping_in_words(keep: Keep) -> str:
    """How long something is kept."""
    if keep.days is not None:
        return ngettext("%(count)s day", "%(count)s days", keep.days) % {"count": keep.days}
    if keep.months is not None:
        return ngettext("%(count)s month", "%(count)s months", keep.months) % {"count": keep.months}
    if keep.years is not None:
        return ngettext("%(count)s year", "%(count)s years", keep.years) % {"count": keep.years}
    return _("no period is known")
