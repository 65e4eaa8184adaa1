"""Reports that a person asked for: drawn in every language in the background, as HTML and as PDF."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sipar.core import jobs
from sipar.core.acting import Actor, acting
from sipar.core.files import keep_file
from sipar.ui.pdf import pdf_of

LANGUAGES = ("en", "ur")
# What a run that draws them counts: the data, then page and PDF of each language.
STEPS = 1 + 2 * len(LANGUAGES)


def draw_pages(
    actor: Actor,
    run: int,
    *,
    html: Callable[[str], str],
    name: str,
    now: datetime,
    data: Callable[[], dict[str, Any]] = dict,
) -> None:
    """Draw `html` of each language as the actor, keep it and its PDF with the run, and close the run.

    `data` is kept beside them. Each step is a transaction of its own.
    """
    failed = "The report could not be drawn. The log of the server says why; ask for it again."
    with jobs.closing(run, failed=failed) as closing:
        with acting(actor, reason="data of a report"):
            result: dict[str, Any] = {"html": {}, "pdf": {}} | data()
        jobs.report(run, done=1, total=STEPS)
        for place, language in enumerate(LANGUAGES):
            with acting(actor, reason="draw a report"):
                result["html"][language] = html(language)
            jobs.report(run, done=2 + 2 * place, total=STEPS)
            result["pdf"][language] = keep_pdf(actor, result["html"][language], name=f"{name}-{language}.pdf", now=now)
            jobs.report(run, done=3 + 2 * place, total=STEPS)
        closing.sentence, closing.result = "The report is ready.", result


def keep_pdf(actor: Actor, html: str, *, name: str, now: datetime) -> int:
    """Draw a page as PDF, keep it as the actor's file, and return the file's number. Call outside `acting`."""
    pdf = pdf_of(html)
    with acting(actor, reason="keep a report"):
        return int(keep_file(actor, pdf, name=name, organisation=None, now=now).pk)
