"""A database of its own for a test that really commits and really kills: a copy of the migrated template."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from django.db import connections
from tests.database import TEMPLATE, make_database, use_database

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.orgs.models import Organisation, Province, Sector


@contextmanager
def own_database() -> Iterator[str]:
    """Point Django at a fresh database and back again; yields its name. Needs `django_db_blocker.unblock()`."""
    before = connections["default"].settings_dict["NAME"]
    name = f"campaign_{uuid4().hex[:12]}"
    make_database(name, template=TEMPLATE)
    use_database(name)
    try:
        yield name
    finally:
        use_database(before)


def fill_register(organisations: int) -> None:
    """Add this many invented organisations, all alike."""
    sipar = system()
    with acting(sipar, reason="fill the register"):
        sector, province = Sector.objects.get(code="finance"), Province.objects.get(code="PK-SD")
        Organisation.objects.bulk_create(
            Organisation(
                identifier=f"PK-K-{number:05}",
                name=f"Company {number} (fictional)",
                sector=sector,
                province=province,
                tier=1 + number % 4,
                ownership="private",
                size="small",
                is_fictional=True,
            )
            for number in range(organisations)
        )
