"""`python -m tests.browser.time_machine CASE STAGE`: let a deadline of a case of the demonstration lie an hour back.

Run beside a running Sipar, as a service that was down would find it: the deadline moves as Sipar itself moves it, then
the clocks are looked at once, as the worker does every minute.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta


def let_pass(number: str, stage: str) -> None:
    """Bring the clock of this stage past its limit, and look at the clocks."""
    from django.utils import timezone

    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.demonstration.stories_power import POLICY
    from sipar.obligations.models import Duty
    from sipar.obligations.scan import scan

    with acting(system(), reason="time machine of a test"):
        duty = Duty.objects.get(incident__number=number, code=POLICY, stage=stage)
        duty.due_at = duty.next_at = timezone.now() - timedelta(hours=1)
        duty.save(update_fields=["due_at", "next_at"])
    scan()


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sipar.config.settings")
    django.setup()
    let_pass(*sys.argv[1:])
