"""Drawing the national report in the background."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import override
from procrastinate.contrib.django import app

from sipar.board import selectors
from sipar.board.report import LANGUAGES, report_data, report_html
from sipar.core import jobs
from sipar.core.acting import acting
from sipar.core.files import keep_file
from sipar.core.jobs import system
from sipar.core.models import BackgroundRun
from sipar.people.models import Account
from sipar.people.selectors import actor_of
from sipar.ui.pdf import pdf_of

KIND = "board.report"
STEPS = 1 + 2 * len(LANGUAGES)


@app.task(queue="reports")
def draw_report(run: int) -> None:
    """Draw the report as its asker may see it: as Sipar itself, a Council member would get unsuppressed numbers."""
    with acting(system(), reason="read what report was asked for"):
        found = BackgroundRun.objects.get(pk=run)
    now = timezone.now()
    actor = actor_of(Account.objects.get(pk=found.account_id), now=now, verified=True)
    result: dict[str, Any] = {"html": {}, "pdf": {}}
    try:
        with acting(actor, reason="data of the national report"), override("en"):
            campaign = selectors.access_campaign(actor, found.subject)
            result["tables"] = report_data(actor, campaign, now=now)
        jobs.report(run, done=1, total=STEPS)
        for place, language in enumerate(LANGUAGES):
            with acting(actor, reason="draw the national report"):
                html = report_html(actor, campaign, language, now=now)
            result["html"][language] = html
            jobs.report(run, done=2 + 2 * place, total=STEPS)
            pdf = pdf_of(html)
            with acting(actor, reason="keep the national report"):
                name = f"{campaign.code}-{language}.pdf"
                result["pdf"][language] = keep_file(actor, pdf, name=name, organisation=None, now=now).pk
            jobs.report(run, done=3 + 2 * place, total=STEPS)
    except Exception:
        sentence = "The report could not be drawn. The log of the server says why; ask for it again."
        jobs.finish(run, sentence=sentence, failed=True, now=timezone.now())
        raise
    jobs.finish(run, sentence="The report is ready.", now=timezone.now(), result=result)
