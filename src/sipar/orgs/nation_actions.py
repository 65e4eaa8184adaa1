"""Loading the nation: the reference tables of the register follow the profile, which is data."""

from __future__ import annotations

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.nations.profile import Nation
from sipar.orgs.models import Ministry, Province, Sector


@action("nation.load")
def load_nation(actor: Actor, nation: Nation) -> None:
    """Bring provinces, sectors and bodies to what the profile says; what it no longer names stays for its history."""
    for position, province in enumerate(nation.provinces):
        Province.objects.update_or_create(
            code=province.code, defaults={"name": dict(province.name), "position": position}
        )
    for position, sector in enumerate(nation.sectors):
        row, _ = Sector.objects.update_or_create(
            code=sector.code, defaults={"name": dict(sector.name), "position": position, "parent": None}
        )
        for number, subsector in enumerate(sector.subsectors):
            Sector.objects.update_or_create(
                code=subsector.code,
                defaults={"name": dict(subsector.name), "position": number, "parent": row},
            )
    for position, body in enumerate(nation.bodies):
        Ministry.objects.update_or_create(
            code=body.code, defaults={"name": dict(body.name), "kind": body.kind, "position": position}
        )
