"""How far to trust the numbers: what the answer hangs on, two engines beside each other, and past years."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sipar.risks.national_labels import path_in_words
from sipar.risks.national_pictures import two_curves
from sipar.risks.national_reading import Picture, band, language, words
from sipar.ui.charts import Chart
from sipar.ui.curves import Range, ranges

MOST_RANGES = 10
PARTS = {
    "frequency": gettext_lazy("how often"),
    "cost": gettext_lazy("what it costs"),
    "failures": gettext_lazy("how often it fails"),
    "shock": gettext_lazy("how bad it is"),
    "effect": gettext_lazy("what the control does"),
    "exposure": gettext_lazy("what findings do"),
}
VERDICTS = {
    "no_records": gettext_lazy(
        "No past year is recorded in the assumptions, so nothing speaks for or against the model."
    ),
    "too_few": gettext_lazy("Fewer than five past years are recorded: too few to judge the model."),
    "model_too_low": gettext_lazy("The recorded years are worse than the model says: its losses are too low."),
    "model_too_high": gettext_lazy("The recorded years are milder than the model says: its losses are too high."),
    "band_too_narrow": gettext_lazy("The recorded years differ more than the model says: it is too sure of itself."),
    "fits": gettext_lazy("The recorded years look like years that the model draws."),
}


@dataclass(frozen=True)
class PastYear:
    """What a year did cost, the share of simulated years below it, and whether the band of nine in ten holds it."""

    year: int
    loss: float
    place: float
    inside: bool


def trust_sentences(picture: Picture) -> list[str]:
    """How sure the mean is, and what it hangs on most."""
    found = []
    known = band(picture.result["mean"])
    if known is not None:
        found.append(
            _("Chance in the simulation alone moves the average year between %(low)s and %(high)s.")
            % {"low": picture.money(known[0]), "high": picture.money(known[1])}
        )
    widest = next(iter(_tornado(picture)), None)
    if widest is not None:
        found.append(
            _("It hangs most on: %(name)s. With that the average year lies between %(low)s and %(high)s.")
            % {
                "name": widest.name,
                "low": picture.money(min(widest.low, widest.high)),
                "high": picture.money(max(widest.low, widest.high)),
            }
        )
    return found


def tornado_chart(picture: Picture) -> Chart | None:
    """What the average year becomes where one assumption is as low or as high as its source allows."""
    rows = _tornado(picture)[:MOST_RANGES]
    if not rows:
        return None
    return ranges(
        "tornado",
        rows,
        middle=picture.mean or 0.0,
        write=picture.money,
        sentence=_("What the average year hangs on most: %(name)s") % {"name": rows[0].name},
        heads=(_("Assumption"), _("From"), _("To")),
        language=language(),
    )


def engines_chart(picture: Picture) -> Chart | None:
    """The curve of the simulation and of the exact engine; None where there is only one."""
    exact = picture.result.get("exact_curve")
    if not exact:
        return None
    curves = ((_("Simulated"), picture.result["curve"]), (_("Computed exactly"), exact))
    agree = bool(picture.result.get("engines_agree"))
    sentence = (
        _("Two engines, made differently, say the same")
        if agree
        else _("The two engines differ: do not trust this run")
    )
    return two_curves("engines", picture, curves, sentence=sentence)


def past_years(picture: Picture) -> list[PastYear]:
    """Recorded years beside the model, the latest first."""
    rows = (picture.result.get("backtest") or {}).get("years") or ()
    found = [PastYear(int(row["year"]), float(row["loss"]), float(row["place"]), bool(row["inside"])) for row in rows]
    return sorted(found, key=lambda row: -row.year)


def verdict_of(picture: Picture) -> str:
    """What the recorded years say of the model."""
    return str(VERDICTS.get(str((picture.result.get("backtest") or {}).get("verdict")), ""))


def _tornado(picture: Picture) -> list[Range]:
    """The widest first."""
    rows = [
        Range(_named(picture, row), float(row["low"]), float(row["high"]))
        for row in picture.result.get("tornado", ())
        if row.get("low") is not None and row.get("high") is not None
    ]
    return sorted(rows, key=lambda row: -abs(row.high - row.low))


def _named(picture: Picture, row: Mapping[str, Any]) -> str:
    title = words(row.get("title")) or path_in_words(str(row["path"]), picture.names)
    part = PARTS.get(str(row.get("part")))
    return f"{title}: {part}" if part else title
