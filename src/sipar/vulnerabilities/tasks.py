"""Background work: lists fetched every night, or as somebody asks; matching after a change and every night."""

from __future__ import annotations

from pathlib import Path

from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from sipar.core import jobs
from sipar.core.acting import acting
from sipar.core.files import open_bytes
from sipar.vulnerabilities.list_fetching import fetch_every_list, fetch_list, read_list
from sipar.vulnerabilities.matching_actions import match_components
from sipar.vulnerabilities.models import Import, Source

LIST_STEPS = 2
NOT_READ = "The list was not read. The log of the server says why."


@app.task(queue="register", lock="vulnerabilities", pass_context=False)
def match_organisation(organisation: int, run: int) -> None:
    """Work out what an organisation's components are affected by, and close the run with a sentence."""
    sipar = jobs.system()
    jobs.report(run, done=0, total=1)
    failed = "The products were not compared. The log of the server says why; every night does it again."
    with jobs.closing(run, failed=failed) as closing:
        with acting(sipar, reason="an inventory changed"):
            done = match_components(sipar, organisation=organisation, now=timezone.now())
        closing.result = {"matches": done.matches, "unsure": done.unsure}
        closing.sentence = _(
            "%(components)s products were compared: %(matches)s matches, %(unsure)s without a usable version."
        ) % {"components": done.components, **closing.result}


@app.periodic(cron="50 0 * * *")
@app.task(queue="register", queueing_lock="fetch_lists", pass_context=False)
def fetch_lists(timestamp: int) -> None:
    """Fetch what has changed of the lists, before the night's matching."""
    fetch_every_list()


@app.task(queue="register", pass_context=False)
def fetch_one(source: int, run: int) -> None:
    """Fetch one list now, match everybody's products where it changed, and close the run with a sentence."""
    sipar = jobs.system()
    jobs.report(run, done=0, total=LIST_STEPS)
    with jobs.closing(run, failed=NOT_READ) as closing:
        with acting(sipar, reason="fetch a list as asked for"):
            found = Source.objects.get(pk=source)
        closing.sentence = _match_after(fetch_list(found), run)


@app.task(queue="register", pass_context=False)
def read_given(sha256: str, name: str, run: int) -> None:
    """Read a list that somebody gave as a file, match everybody's products, and close the run with a sentence."""
    jobs.report(run, done=0, total=LIST_STEPS)
    with jobs.closing(run, failed=NOT_READ) as closing, open_bytes(sha256) as file:
        closing.sentence = _match_after(read_list(Path(file.name), name), run)


def _match_after(made: Import | None, run: int) -> str:
    if made is None:
        return "The list has not changed."
    jobs.report(run, done=1, total=LIST_STEPS)
    if made.added or made.changed:
        sipar = jobs.system()
        with acting(sipar, reason="a list of vulnerabilities changed"):
            match_components(sipar, now=timezone.now())
    return f"{made.added:,} new, {made.changed:,} changed, {made.unchanged:,} as they were, {made.refused:,} refused."


@app.periodic(cron="40 1 * * *")
@app.task(queue="register", lock="vulnerabilities", queueing_lock="match_everything", pass_context=False)
def match_everything(timestamp: int) -> None:
    """What the lists and the dismissals say of everybody today."""
    sipar = jobs.system()
    with acting(sipar, reason="nightly matching"):
        match_components(sipar, now=timezone.now())
