"""`python -m tests.browser.telling`: tell tomorrow what the rules in use ask for, beside a running Sipar.

Bundles close with the interval of their rule; nobody waits for that in a test.
"""

from __future__ import annotations

import os
from datetime import timedelta


def tell() -> None:
    """Make and send what is due by tomorrow."""
    from django.utils import timezone

    from sipar.notices.bundle_actions import make_bundles
    from sipar.notices.sending import send_due

    tomorrow = timezone.now() + timedelta(days=1)
    make_bundles(now=tomorrow)
    send_due(now=tomorrow + timedelta(hours=14))


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sipar.config.settings")
    django.setup()
    tell()
