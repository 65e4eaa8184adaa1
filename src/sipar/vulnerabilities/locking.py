"""One import or matching at a time."""

from __future__ import annotations

from django.db import connection

# Two imports would otherwise wait for each other's rows in opposite order.
LOCK = 7_310_061


def lock() -> None:
    """Let nobody else import or match until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])
