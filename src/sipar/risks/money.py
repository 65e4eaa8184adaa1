"""Amounts as people say them: "USD 1.2 million"."""

from __future__ import annotations

import math
from collections.abc import Callable

from django.utils.translation import gettext as _

# From large to small: one of these, and the sentence that names it.
_SCALES: tuple[tuple[float, Callable[[], str]], ...] = (
    (1e12, lambda: _("%(currency)s %(number)s trillion")),
    (1e9, lambda: _("%(currency)s %(number)s billion")),
    (1e6, lambda: _("%(currency)s %(number)s million")),
    (1e3, lambda: _("%(currency)s %(number)s thousand")),
)


def money(amount: float | None, currency: str) -> str:
    """The amount to three digits with its scale in words; a dash where it is not known, or hidden."""
    if amount is None or not math.isfinite(amount):
        return "–"
    rounded = _three_digits(amount)
    for scale, sentence in _SCALES:
        if abs(rounded) >= scale:
            return sentence() % {"currency": currency, "number": _plain(rounded / scale)}
    return f"{currency} {_plain(rounded)}"


def _three_digits(amount: float) -> float:
    if not amount:
        return 0.0
    return round(amount, 2 - math.floor(math.log10(abs(amount))))


def _plain(number: float) -> str:
    """At most two decimals, and none that are zero."""
    # Adding zero takes the sign off a zero.
    return f"{round(number, 2) + 0.0:,.2f}".rstrip("0").rstrip(".")
