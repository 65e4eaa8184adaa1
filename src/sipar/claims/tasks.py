"""Background work of claims: the lookup follows every change."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.core import jobs
from sipar.core.acting import acting


@app.task(queue="register", lock="lookup", pass_context=False)
def compile_claims() -> None:
    """Compile the lookup if a claim, or a decision about one, changed."""
    from sipar.claims.lookups import current_lookup

    with acting(jobs.system(), reason="claims changed"):
        current_lookup(timezone.now())


def compile_soon() -> None:
    """Have the lookup compiled in the background. A run that finds nothing changed costs a look at the claims."""
    compile_claims.defer()
