"""Who sees what is exposed: an organisation's own people and the staff of its CERTs; aggregates for the Council."""

from __future__ import annotations

from django.db import connection

from sipar.core.acting import Actor
from sipar.core.gates import Gate
from sipar.core.problems import not_open
from sipar.orgs.models import Organisation
from sipar.people.roles import AGGREGATE_ROLES, ORGANISATION_ROLES, TEAM_ROLES

EXPOSURE = Gate("exposure", frozenset({*ORGANISATION_ROLES, *TEAM_ROLES}))
CONSTITUENCY = Gate("constituency_exposure", frozenset(TEAM_ROLES))
NATION = Gate("national_exposure", frozenset({*TEAM_ROLES, *AGGREGATE_ROLES}))


def counts_exactly(actor: Actor) -> bool:
    """Staff of CERTs count what row-level security shows them; others read aggregates with small cells hidden."""
    return actor.holds(*TEAM_ROLES, "system")


def may_read_nation(actor: Actor) -> bool:
    return actor.holds(*TEAM_ROLES, *AGGREGATE_ROLES)


def watches(organisation: Organisation) -> bool:
    """Whether the current actor sees the findings of this organisation. Seeing it in the register is not enough."""
    with connection.cursor() as cursor:
        cursor.execute("select guard.sees_all() or %s::bigint in (select guard.watched())", [organisation.pk])
        (found,) = cursor.fetchone()
        return bool(found)


def require_watches(organisation: Organisation) -> None:
    if not watches(organisation):
        raise not_open("organisation")
