"""Drawing the national report in the background."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import override
from procrastinate.contrib.django import app

from sipar.board import selectors
from sipar.board.report import report_data, report_html
from sipar.people.selectors import asker_of
from sipar.ui.reports import draw_pages

KIND = "board.report"


@app.task(queue="reports")
def draw_report(run: int) -> None:
    """Draw the report as its asker may see it."""
    now = timezone.now()
    found, actor = asker_of(run, now=now)

    def data() -> dict[str, Any]:
        with override("en"):
            return {"tables": report_data(actor, selectors.access_campaign(actor, found.subject), now=now)}

    def html(language: str) -> str:
        return report_html(actor, selectors.access_campaign(actor, found.subject), language, now=now)

    draw_pages(actor, run, html=html, data=data, name=found.subject, now=now)
