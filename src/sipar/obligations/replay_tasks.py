"""Replaying laws in the background, as the one who asked may see it."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.core import jobs
from sipar.core.acting import Actor, acting
from sipar.formats.problems import FormatProblem
from sipar.obligations.law_actions import Question, asked
from sipar.obligations.law_selectors import access_regime
from sipar.obligations.regimes import compiled_of
from sipar.obligations.register_facts import served_nation
from sipar.obligations.replay_source import source_of
from sipar.obligations.replay_words import html_of
from sipar.obligations.replaying import Document, Law, run_replay
from sipar.people.selectors import asker_of
from sipar.ui.reports import LANGUAGES, keep_pdf


@app.task(queue="reports")
def replay_laws(run: int) -> None:
    """Answer the question that the run was started with, and keep the answer as document and PDF."""
    now = timezone.now()
    found, actor = asker_of(run, now=now)
    failed = "The replay did not end well. The log of the server says why; ask for it again."
    with jobs.closing(run, failed=failed, kept=found.result) as closing:
        document = _answer(actor, asked(found.result), run, found.total)
        for language in LANGUAGES:
            html = html_of(document, language, now=now)
            kept = keep_pdf(actor, html, name=f"replay-{run}-{language}.pdf", now=now)
            document.setdefault("pdf", {})[language] = kept
        jobs.report(run, done=found.total, total=found.total)
        closing.sentence, closing.result = "The result is ready.", found.result | document


def _answer(actor: Actor, question: Question, run: int, total: int) -> Document:
    with acting(actor, reason="replay laws over incidents"):
        rows = [access_regime(actor, code, version) for code, version in question.laws]
        source = source_of(actor, question.source, since=question.since, until=question.until)
    laws = []
    for row in rows:
        compiled = compiled_of(row)
        if compiled is None:
            raise FormatProblem("regime.text", "this version of Sipar cannot read the text any more", row.code)
        laws.append(Law(row.code, row.version, compiled))
    jobs.report(run, done=1, total=total)
    return run_replay(
        laws,
        source,
        since=question.since,
        until=question.until,
        time_zone=served_nation().time_zone,
        progress=lambda done: jobs.report(run, done=1 + done, total=total),
    )
