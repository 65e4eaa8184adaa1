"""Background work: matching after a change and every night."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from sipar.core import jobs
from sipar.core.acting import acting
from sipar.vulnerabilities.matching_actions import match_components


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


@app.periodic(cron="40 1 * * *")
@app.task(queue="register", lock="vulnerabilities", queueing_lock="match_everything", pass_context=False)
def match_everything(timestamp: int) -> None:
    """What the lists and the dismissals say of everybody today."""
    sipar = jobs.system()
    with acting(sipar, reason="nightly matching"):
        match_components(sipar, now=timezone.now())
