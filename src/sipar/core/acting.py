"""An actor is always known: web, API, command line and jobs do everything inside `acting`.

`acting` opens the transaction, tells PostgreSQL who acts (row-level security reads it) and why (the ledger
stamps it). Without it the database shows no rows and takes no writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.db import connection, transaction

from sipar.core.problems import NoActor


@dataclass(frozen=True)
class Grant:
    """One role that an account holds, in one organisation, one team, one ministry or one engagement."""

    role: str
    organisation: int | None = None
    team: int | None = None
    tier: str = ""
    ministry: int | None = None


@dataclass(frozen=True)
class Actor:
    """Who acts: an account with the grants that hold now. `scopes` narrows what an API token may do."""

    account: int
    name: str
    grants: tuple[Grant, ...] = ()
    scopes: frozenset[str] | None = None
    verified: bool = False
    language: str = field(default="en", compare=False)

    def holds(self, *roles: str) -> bool:
        return any(grant.role in roles for grant in self.grants)

    def holds_at(self, organisation: int, *roles: str) -> bool:
        return any(grant.organisation == organisation and grant.role in roles for grant in self.grants)

    def holds_in_team(self, team: int, *roles: str) -> bool:
        return any(grant.team == team and grant.role in roles for grant in self.grants)

    def holds_in_tier(self, tier: str, *roles: str) -> bool:
        return any(grant.tier == tier and grant.role in roles for grant in self.grants)

    @property
    def organisations(self) -> tuple[int, ...]:
        return tuple(grant.organisation for grant in self.grants if grant.organisation is not None)

    @property
    def teams(self) -> tuple[int, ...]:
        return tuple(grant.team for grant in self.grants if grant.team is not None)


_current: ContextVar[Actor | None] = ContextVar("sipar_actor", default=None)
_action: ContextVar[str] = ContextVar("sipar_action", default="")


def current_actor() -> Actor:
    """The actor of the surrounding `acting`; raises `NoActor` outside one."""
    actor = _current.get()
    if actor is None:
        raise NoActor("this code must run inside core.acting")
    return actor


@contextmanager
def acting(actor: Actor, *, reason: str) -> Iterator[Actor]:
    """Do the body as `actor`, in one transaction whose every write carries the actor and the reason.

    Nested calls are refused: whoever is acting stays the same until the transaction ends.
    """
    if _current.get() is not None:
        raise NoActor("acting cannot be nested: pass the actor on instead")
    inside_another = connection.in_atomic_block
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "select set_config('sipar.actor', %s, true), set_config('sipar.reason', %s, true),"
                " set_config('sipar.action', '', true)",
                [str(actor.account), reason[:500]],
            )
        token = _current.set(actor)
        try:
            yield actor
        finally:
            _current.reset(token)
        # Inside an outer transaction the setting would outlive this block.
        if inside_another:
            with connection.cursor() as cursor:
                cursor.execute("select set_config('sipar.actor', '', true)")


@contextmanager
def doing(action: str) -> Iterator[None]:
    """Name the action for the ledger while the body runs; the outer name returns afterwards."""
    outer = _action.get()
    _name_action(action)
    token = _action.set(action)
    try:
        yield
    finally:
        _action.reset(token)
    _name_action(outer)


def _name_action(action: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select set_config('sipar.action', %s, true)", [action])
