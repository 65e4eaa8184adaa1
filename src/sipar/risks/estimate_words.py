"""What estimates, records and updates say, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sipar.risk.experts import Score
from sipar.risks.estimate_models import EstimateQuestion, ReportUpdate
from sipar.risks.estimate_selectors import Opinions
from sipar.risks.money import money
from sipar.risks.national_reading import words

# A rate of one organisation is small; people count it over so many.
OF = 1_000
VERDICTS: dict[str, tuple[str | Promise, str]] = {
    "too_few": (gettext_lazy("Too early to say"), "neutral"),
    "calibrated": (gettext_lazy("Calibrated"), "good"),
    "too_sure": (gettext_lazy("Too sure"), "warn"),
    "too_wide": (gettext_lazy("Too careful"), "info"),
    "too_low": (gettext_lazy("Guesses too low"), "warn"),
    "too_high": (gettext_lazy("Guesses too high"), "warn"),
}


def verdict_of(record: Score) -> tuple[str | Promise, str]:
    """The verdict in words and its tone."""
    return VERDICTS[record.verdict]


def record_sentence(record: Score) -> str:
    """How many truths lay inside, beside how many should have."""
    if not record.questions:
        return _("No truth is known yet of what was estimated.")
    return _("%(inside)s of %(all)s truths lay inside; about %(promised)s should have.") % {
        "inside": record.inside, "all": record.questions, "promised": f"{record.promised:.1f}",
    }  # fmt: skip


def amount(value: float, kind: str, unit: str) -> str:
    """A number of a question: a rate over a thousand organisations, an amount of money, or a plain number."""
    if kind == EstimateQuestion.Kind.FREQUENCY:
        return three_digits(value * OF)
    if kind == EstimateQuestion.Kind.LOSS:
        return money(value, unit)
    return f"{three_digits(value)} {unit}"


def three_digits(value: float) -> str:
    """To three digits, with separators and without an exponent."""
    rounded = float(f"{value:.3g}")
    if abs(rounded) < 1:
        return f"{rounded:.6f}".rstrip("0").rstrip(".") or "0"
    decimals = max(3 - len(f"{abs(rounded):.0f}"), 0)
    text = f"{rounded:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def unit_sentence(kind: str, unit: str) -> str:
    """What the numbers of a chart are."""
    if kind == EstimateQuestion.Kind.FREQUENCY:
        return _("events a year in 1,000 organisations")
    return unit


def asked_in(question: EstimateQuestion) -> str:
    """In what an answer to the question is given."""
    if question.kind == EstimateQuestion.Kind.FREQUENCY:
        return _("events a year in 1,000 organisations without controls")
    return question.unit


def factor_of(question: EstimateQuestion) -> int:
    """How many times larger numbers are shown and written than kept: rates are kept for one organisation."""
    return OF if question.kind == EstimateQuestion.Kind.FREQUENCY else 1


def pool_sentence(question: EstimateQuestion, opinions: Opinions) -> str:
    """All answers as one, in one sentence."""
    pooled = opinions.pooled
    low, best, high = (amount(value, question.kind, question.unit) for value in (pooled.low, pooled.best, pooled.high))
    if question.kind == EstimateQuestion.Kind.FREQUENCY:
        sentence = _("Together: %(best)s a year in 1,000 organisations, and with 90 %% between %(low)s and %(high)s.")
    else:
        sentence = _("Together: %(best)s, and with 90 %% between %(low)s and %(high)s.")
    return sentence % {"best": best, "low": low, "high": high}


def frequency_question(title: str) -> str:
    sentence = _("How many of 1,000 organisations without controls would this strike in a year: %(scenario)s?")
    return sentence % {"scenario": title}


def loss_question(title: str) -> str:
    return _("What does one such event cost, before size and controls are counted: %(scenario)s?") % {"scenario": title}


def titles_of(document: Mapping[str, Any]) -> dict[str, str]:
    """The scenarios of a document by their key, in the reader's language."""
    return {str(one["key"]): words(one.get("title")) or str(one["key"]) for one in document.get("scenarios", [])}


def update_sentence(update: ReportUpdate) -> str:
    """What the reports say, in one sentence."""
    result, currency = update.result, str(update.assumptions.document["currency"])
    before, after = result["before"], result["after"]
    if update.kind == ReportUpdate.Kind.FREQUENCY:
        return _(
            "Of 1,000 organisations without controls it strikes %(after)s a year, where %(before)s was assumed:"
            " %(events)s reports came from %(organisations)s organisations."
        ) % {
            "after": three_digits(after["mean"] * OF), "before": three_digits(before["mean"] * OF),
            "events": f"{result['events']:,}", "organisations": f"{result['organisations']:,}",
        }  # fmt: skip
    said = {"losses": f"{result['losses']:,}"}
    if result["method"] == "conjugate":
        return _("A typical event costs %(after)s, where %(before)s was assumed: %(losses)s losses were reported.") % (
            said | {"after": money(after["median"], currency), "before": money(before["median"], currency)}
        )
    return _("Events cost %(factor)s times what was assumed: %(losses)s losses were reported.") % (
        said | {"factor": three_digits(after["median"])}
    )


def update_rows(update: ReportUpdate) -> list[tuple[str, str, str]]:
    """Each number of the belief before and after the reports."""
    currency = str(update.assumptions.document["currency"])
    before, after = update.result["before"], update.result["after"]

    def said(value: float) -> str:
        if update.kind == ReportUpdate.Kind.FREQUENCY:
            return three_digits(value * OF)
        return money(value, currency) if update.result["method"] == "conjugate" else three_digits(value)

    names = [("low", _("It is more, with 95 %")), ("median", _("As likely more as less"))]
    names += [("high", _("It is less, with 95 %"))]
    if update.kind == ReportUpdate.Kind.FREQUENCY:
        names.insert(0, ("mean", _("Mean")))
    return [(title, said(before[name]), said(after[name])) for name, title in names]
