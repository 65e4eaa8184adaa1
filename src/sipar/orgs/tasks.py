"""Background work of the register: loading an import, and resolving the constituencies after a change."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from sipar.core import jobs
from sipar.core.acting import acting
from sipar.orgs.import_actions import access_import, apply_import, release_import
from sipar.teams.actions import resolve_constituencies

STEPS = ("read", "compare", "organisations", "contacts", "assets", "constituencies")


@app.task(queue="register", lock="register", pass_context=False)
def load_register(number: int, run: int) -> None:
    """Apply one import whole or not at all, and close its run with a sentence."""
    sipar = jobs.system()
    jobs.report(run, done=0, total=len(STEPS))
    failed = "The import did not end well. The log of the server says why; load it again."
    with jobs.closing(run, failed=failed) as closing:
        try:
            with acting(sipar, reason=f"load import {number} as asked for"):
                done = apply_import(sipar, access_import(sipar, number), now=timezone.now())
        except Exception:
            with acting(sipar, reason=f"give import {number} back"):
                release_import(sipar, number)
            raise
        closing.result = {"added": done.added, "changed": done.changed}
        closing.sentence = _("%(added)s organisations were added and %(changed)s changed.") % closing.result


@app.task(queue="register", lock="register", pass_context=False)
def resolve_after_change() -> None:
    """Bring the memberships to what the rules say of the register as it is now."""
    sipar = jobs.system()
    with acting(sipar, reason="the register changed"):
        resolve_constituencies(sipar, now=timezone.now())
