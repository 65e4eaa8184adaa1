"""The report of a run: what the nation loses and why, as one document that stands alone.

It says what the board says, under its reader's rules; its tables stand beside it as CSV. Nothing is fetched: charts,
map and the drawing of dependencies are SVG inside the document.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.utils.translation import get_language_info, override

from sipar.core.acting import Actor
from sipar.risks import national_pictures as pictures
from sipar.risks.models import Run
from sipar.risks.national_contents import contents_of
from sipar.risks.national_graph import graph_of, provider_lines
from sipar.risks.national_reading import Picture, picture_of
from sipar.risks.national_trust import past_years, tornado_chart, trust_sentences, verdict_of
from sipar.risks.national_words import DIMENSION_WORDS, three_sentences
from sipar.ui.chart_images import to_svg
from sipar.ui.charts import Chart
from sipar.ui.context import nation

MOST_LINES = 20
CHARTED = ("sector", "scenario")
TABLED = ("sector", "province", "tier", "provider", "requirement")
STYLES = Path(__file__).parent / "templates" / "risks"


def report_html(actor: Actor, run: Run, language: str, *, now: datetime) -> str:
    """The report in one language. Raises LookupError where the run says nothing to this reader."""
    with override(language):
        picture = picture_of(actor, run)
        if picture is None:
            raise LookupError(f"run {run.pk} has no result for this reader")
        return render_to_string("risks/report_document.html", {**_context(picture, language), "now": now})


def _context(picture: Picture, language: str) -> dict[str, Any]:
    tornado = tornado_chart(picture)
    charts = [chart for name in CHARTED if (chart := pictures.contributions(picture, name))]
    return {
        "language": language,
        "direction": "rtl" if get_language_info(language)["bidi"] else "ltr",
        "nation_name": nation().name,
        "authority": nation().authority,
        "picture": picture,
        "run": picture.run,
        "sentences": three_sentences(picture),
        "curve": _drawn(pictures.exceedance(picture)),
        "charts": [_drawn(chart) for chart in charts],
        "map": pictures.province_map(picture),
        "tables": [(DIMENSION_WORDS[name], picture.lines(name)[:MOST_LINES]) for name in TABLED],
        "graph": graph_of(picture),
        "providers": provider_lines(picture),
        "trust": trust_sentences(picture),
        "tornado": _drawn(tornado) if tornado else None,
        "past": past_years(picture),
        "verdict": verdict_of(picture),
        "contents": contents_of(picture.run.assumptions),
        "style": _style("report.css"),
        "graph_style": _style("graph.css"),
    }


def _drawn(chart: Chart) -> tuple[Chart, str]:
    """A chart with its picture."""
    return chart, mark_safe(to_svg(chart.spec))  # noqa: S308 - drawn by us from numbers and escaped words


def _style(name: str) -> str:
    return mark_safe((STYLES / name).read_text("utf-8"))  # noqa: S308
