"""What a run says in sentences that a minister understands."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sipar.risks.national_reading import Picture, amount

DIMENSION_WORDS = {
    "sector": gettext_lazy("Sector"),
    "province": gettext_lazy("Province"),
    "tier": gettext_lazy("Criticality tier"),
    "scenario": gettext_lazy("What happens"),
    "provider": gettext_lazy("Shared provider"),
    "requirement": gettext_lazy("Requirement"),
}
QUALITIES = {
    "measured": gettext_lazy("measured"),
    "published": gettext_lazy("published"),
    "expert": gettext_lazy("stated by experts"),
    "assumed": gettext_lazy("assumed"),
}
PROVIDER_KINDS = {
    "cloud": gettext_lazy("Cloud"),
    "telecom": gettext_lazy("Telecom"),
    "power": gettext_lazy("Power"),
    "software": gettext_lazy("Software"),
    "other": gettext_lazy("Other"),
}
UNITS = {
    "year": gettext_lazy("a year"),
    "quarter": gettext_lazy("a quarter"),
    "month": gettext_lazy("a month"),
    "decade": gettext_lazy("a decade"),
}


def three_sentences(picture: Picture) -> list[str]:
    """How much, how bad it can get, and where it comes from."""
    return [text for text in (average_year(picture), bad_years(picture), where_from(picture)) if text]


def average_year(picture: Picture) -> str:
    """The mean, and how often nothing happens."""
    sentence = _("In an average year, cyber incidents cost the nation %(loss)s.") % {
        "loss": picture.money(picture.mean)
    }
    if picture.zero_years < 0.01:
        return sentence
    calm = _("%(share)s of the years pass without a loss.") % {"share": f"{picture.zero_years:.0%}"}
    return f"{sentence} {calm}"


def bad_years(picture: Picture) -> str:
    """The losses that one year in ten and one in a hundred goes beyond."""
    tenth, hundredth = picture.quantile(0.9), picture.quantile(0.99)
    if tenth is None or hundredth is None:
        return ""
    return _("One year in ten costs more than %(tenth)s, one in a hundred more than %(hundredth)s.") % {
        "tenth": picture.money(tenth),
        "hundredth": picture.money(hundredth),
    }


def where_from(picture: Picture) -> str:
    """The sector and the kind of incident that cost most, and the provider whose failure would hurt most."""
    sector, scenario = picture.largest("sector"), picture.largest("scenario")
    if sector is None or scenario is None or sector.share is None or scenario.share is None:
        return ""
    sentence = _("Most of it falls on %(sector)s (%(share)s), and most comes from: %(scenario)s (%(part)s).") % {
        "sector": sector.name,
        "share": f"{sector.share:.0%}",
        "scenario": scenario.name,
        "part": f"{scenario.share:.0%}",
    }
    worst = worst_provider(picture)
    if worst is None:
        return sentence
    failing = _("One failure of %(provider)s costs %(loss)s.") % {
        "provider": worst[0],
        "loss": picture.money(worst[1]),
    }
    return f"{sentence} {failing}"


def worst_provider(picture: Picture) -> tuple[str, float] | None:
    """The provider whose failure costs most, and what it costs on average."""
    rows = [
        (picture.name("provider", str(row["key"])), loss)
        for row in picture.result.get("providers", ())
        if (loss := amount(row.get("loss_when_failing"))) is not None
    ]
    return max(rows, key=lambda row: row[1], default=None)


def curve_sentence(picture: Picture) -> str:
    """What to see in the exceedance curve."""
    return _("One year in twenty costs more than %(loss)s") % {"loss": picture.money(picture.quantile(0.95))}


def contribution_sentence(picture: Picture, dimension: str) -> str:
    """What to see in the contributions of a dimension."""
    first = picture.largest(dimension)
    if first is None or first.share is None:
        return _("There is nothing to show here yet")
    return _("%(name)s: %(share)s of the loss of an average year") % {"name": first.name, "share": f"{first.share:.0%}"}
