"""The pictures of estimates and updates, each under a sentence that says what to see."""

from __future__ import annotations

from django.utils.translation import gettext as _

from sipar.risks.estimate_models import EstimateQuestion, ReportUpdate
from sipar.risks.estimate_selectors import Opinions
from sipar.risks.estimate_words import OF, amount, factor_of, pool_sentence, unit_sentence, update_rows, update_sentence
from sipar.risks.national_reading import language
from sipar.ui.charts import Chart
from sipar.ui.curves import Range, Spot, curve, ranges


def opinions_chart(question: EstimateQuestion, opinions: Opinions) -> Chart:
    """Each expert's interval as a bar, the pool's last, around the middle of the pool."""
    factor = factor_of(question)
    rows = [Range(line.name, line.estimate.low * factor, line.estimate.high * factor) for line in opinions.lines]
    rows.append(Range(_("All together"), opinions.pooled.low * factor, opinions.pooled.high * factor))
    return ranges(
        "opinions",
        rows,
        middle=opinions.pooled.best * factor,
        write=lambda value: amount(value / factor, question.kind, question.unit),
        sentence=pool_sentence(question, opinions),
        heads=(_("Expert"), _("Low"), _("High")),
        language=language(),
    )


def update_chart(update: ReportUpdate) -> Chart:
    """What was believed before and after the reports, over each other."""
    factor = OF if update.kind == ReportUpdate.Kind.FREQUENCY else 1
    named = (("before", _("Before")), ("after", _("After the reports")))
    highest = max(max(update.result[part]["density"]) for part, _title in named)
    spots = [
        Spot(value * factor, density / highest, series=title)
        for part, title in named
        for value, density in zip(update.result[part]["values"], update.result[part]["density"], strict=True)
    ]
    currency = str(update.assumptions.document["currency"])
    across = unit_sentence(update.kind, currency)
    if update.kind == ReportUpdate.Kind.LOSS and update.result["method"] == "grid":
        across = _("times what was assumed")
    return curve(
        "before-and-after",
        spots,
        sentence=update_sentence(update),
        heads=("", *(title for _part, title in named)),
        rows=update_rows(update),
        titles=(across, _("How likely, beside the likeliest")),
        language=language(),
        logarithmic=True,
        share=True,
    )
