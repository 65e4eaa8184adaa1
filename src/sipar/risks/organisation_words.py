"""Money, chances and what was decided, as people say them."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from sipar.risks.money import money
from sipar.risks.organisation_selectors import Curve, Standing, chance_of_more, loss_within
from sipar.risks.treatment_models import Appetite, Treatment

# The year that a minister calls bad: one in twenty.
BAD_YEAR = 0.05
SMALLEST_CHANCE = 1e-4
# What the arithmetic of a probability may be off by.
HAIR = 1e-9

PROVIDER_KINDS: dict[str, str | Promise] = {
    "cloud": gettext_lazy("Cloud"),
    "telecom": gettext_lazy("Telecom"),
    "power": gettext_lazy("Power"),
    "software": gettext_lazy("Software"),
    "other": gettext_lazy("Other provider"),
}
QUALITIES: dict[str, str | Promise] = {
    "measured": gettext_lazy("measured"),
    "published": gettext_lazy("published"),
    "expert": gettext_lazy("estimated by experts"),
    "assumed": gettext_lazy("assumed"),
}
STATES: dict[str, str | Promise] = {
    "open": gettext_lazy("Open"),
    "treated": gettext_lazy("Treated"),
    "overdue": gettext_lazy("Review overdue"),
    "closed": gettext_lazy("Closed"),
    "holds": gettext_lazy("In force"),
    "expired": gettext_lazy("Expired"),
    "dropped": gettext_lazy("Its roadmap item was dropped"),
    "ended": gettext_lazy("Ended"),
}
DONE: dict[str, str | Promise] = {
    Treatment.Kind.ACCEPT: gettext_lazy("Accepted"),
    Treatment.Kind.MITIGATE: gettext_lazy("Mitigated"),
    Treatment.Kind.TRANSFER: gettext_lazy("Transferred"),
    Treatment.Kind.AVOID: gettext_lazy("Avoided"),
}


def language() -> str:
    return (get_language() or "en").split("-")[0]


def words(text: Mapping[str, str] | str) -> str:
    """A {tag: text} in the active language, else in English."""
    if isinstance(text, str):
        return text
    return text.get(language()) or text.get("en") or next(iter(text.values()), "")


def chance_in_words(chance: float) -> str:
    """How often something happens that happens in a year with this probability."""
    if chance >= 0.5:
        return _("more often than every second year")
    if chance < SMALLEST_CHANCE:
        return _("practically never")
    years = round_years(1 / chance)
    return ngettext("about once a year", "about once in %(years)s years", years) % {"years": f"{years:,}"}


def round_years(years: float) -> int:
    """Years to two digits, for a third one is never known."""
    if years < 20:
        return round(years)
    digits = len(str(int(years))) - 2
    return int(round(years / 10**digits) * 10**digits)


def sentences_of(standing: Standing) -> tuple[str, ...]:
    """What the numbers say, in two sentences: the mean year and the bad one."""
    mean = _("A year costs %(amount)s on average.") % {"amount": money(standing.mean, standing.currency)}
    bad = loss_within(standing.curve, BAD_YEAR)
    if bad is None:
        return (mean,)
    if not bad:
        often = chance_in_words(standing.curve[0][1])
        return mean, _("A year that costs anything at all comes %(often)s.") % {"often": often}
    return mean, _("One year in twenty costs more than %(amount)s.") % {"amount": money(bad, standing.currency)}


def appetite_sentence(curve: Curve, appetite: Appetite) -> tuple[str, bool]:
    """How the curve stands to the appetite, at the point that it breaks most, and whether it is within."""
    rarest = curve[-1][1] if curve else 0.0
    breaks, beyond = [], False
    for loss, years in appetite.points:
        chance = chance_of_more(curve, loss)
        if chance is None:
            beyond = beyond or rarest * years > 1 + HAIR
        elif chance * years > 1 + HAIR:
            breaks.append((chance * years, loss, years, chance))
    if breaks:
        _worst, loss, years, chance = max(breaks)
        sentence = _(
            "More than we are ready for: %(amount)s is exceeded %(often)s, and should be at most once in %(years)s"
            " years."
        )
        values = {"amount": money(loss, appetite.currency), "often": chance_in_words(chance), "years": f"{years:,}"}
        return sentence % values, False
    if beyond:
        return _(
            "As far as the model sees, we are within what we are ready to lose; it does not see what is rarer."
        ), True
    return _("We are within what we said we are ready to lose."), True
