"""A register of many organisations, all alike."""

from __future__ import annotations

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.orgs.models import Organisation, Province, Sector


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
