"""The last guard is the database: what each table allows, declared beside the model, installed after migrating.

A model carries `guard = Guard(...)`. `install` turns the declarations into row-level security, grants, ledger
triggers, transition triggers and append-only triggers, all idempotent. A table without a declaration gets no
grant at all, so the application cannot even read it: forgetting fails closed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

APP_ROLE = "sipar_app"
DEFINER_ROLE = "sipar_definer"
FUNCTIONS = Path(__file__).parent / "sql" / "guard.sql"

SEES = "((select guard.sees_all()) or {column} in (select guard.visible()))"
WRITES = "((select guard.writes_all()) or {column} in (select guard.writable()))"
SIGNED_IN = "(select guard.actor()) is not null"
SYSTEM = "(select guard.is_system())"


@dataclass(frozen=True)
class Guard:
    """What one table allows. `select` and `write` are SQL conditions on a row; empty `write` means nobody.

    `organisation` names the column that says whose record it is (the ledger scopes its events by it);
    `organisation_when` the values that a row must hold for that: events of other rows are nobody's but the writer's.
    `redact` names columns whose values never enter the ledger; `silent` those whose changes alone are no event at all,
    because they only say where Sipar's own work on the row stands. `transitions` maps a state to the states that
    may follow, for the column `state_field`; other changes of it are refused whoever sends the SQL. `walled`
    keeps the ledger events of the table from everyone but the writer, the organisation's own people and the
    ombudsman: seeing an organisation in the register is not seeing its cases.
    """

    select: str
    write: str = ""
    insert: str | None = None
    organisation: str | None = None
    organisation_when: Mapping[str, object] | None = None
    recorded: bool = True
    append_only: bool = False
    redact: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    state_field: str = "state"
    transitions: Mapping[str, Sequence[str]] | None = None
    walled: bool = False


def of_organisation(
    column: str = "organisation_id",
    *,
    also_select: str = "",
    write: str | None = None,
    append_only: bool = False,
    redact: tuple[str, ...] = (),
    transitions: Mapping[str, Sequence[str]] | None = None,
    recorded: bool = True,
) -> Guard:
    """A tenant table: rows are seen and written by who may see and write for their organisation."""
    seen = SEES.format(column=column)
    return Guard(
        select=f"({seen} or {also_select})" if also_select else seen,
        write=WRITES.format(column=column) if write is None else write,
        organisation=column,
        append_only=append_only,
        redact=redact,
        transitions=transitions,
        recorded=recorded,
    )


def reference(*writers: str, recorded: bool = True) -> Guard:
    """A table that every signed-in actor reads, and the system or holders of `writers` change."""
    return Guard(select=SIGNED_IN, write=holds(*writers), recorded=recorded)


def holds(*roles: str) -> str:
    """The SQL condition that the actor is the system or holds one of these roles."""
    if not roles:
        return SYSTEM
    names = ", ".join(f"'{role}'" for role in roles)
    return f"({SYSTEM} or (select guard.holds({names})))"


OPEN: Mapping[str, str] = {
    "django_session": "a session is looked up before anyone is known; its key is the secret",
    "django_content_type": "names of models, no content",
    "account_emailaddress": "sign-in finds the account by its address before an actor exists",
    "account_emailconfirmation": "opened by its own secret key",
    "mfa_authenticator": "the second factor is checked before an actor exists",
    "usersessions_usersession": "sign-in records the session before an actor exists",
    "socialaccount_socialaccount": "sign-in by subject identifier, before an actor exists",
    "socialaccount_socialapp": "unused: providers come from settings",
    "socialaccount_socialtoken": "unused: tokens are not stored",
    "people_account": "sign-in finds the account before an actor exists; selectors never list it unscoped",
    "procrastinate_jobs": "the queue runs outside any actor; jobs carry identifiers, no content",
    "procrastinate_events": "belongs to the queue",
    "procrastinate_periodic_defers": "belongs to the queue",
    "procrastinate_workers": "belongs to the queue",
}
# Tables that the application never touches: they keep no grant at all.
UNTOUCHED = frozenset({
    "auth_group", "auth_group_permissions", "auth_permission", "django_migrations",
})  # fmt: skip


def guarded_models() -> Iterator[tuple[type[models.Model], Guard]]:
    """Every model of Sipar with its declaration; a model without one raises, so that the build stops."""
    for model in apps.get_models(include_auto_created=True):
        if not model.__module__.startswith("sipar."):
            continue
        if model._meta.db_table in OPEN or not model._meta.managed:
            continue
        guard = model.__dict__.get("guard")
        if not isinstance(guard, Guard):
            raise LookupError(f"{model.__name__} declares no guard: say who may see its rows")
        yield model, guard


def install(connection: BaseDatabaseWrapper) -> None:
    """Install every declaration over an owner's connection, in one transaction, replacing what was there."""
    with connection.cursor() as cursor:
        cursor.execute(f"begin;\n{script()};\ncommit")


_WALLED = (
    "create or replace function guard.is_walled(named text) returns boolean language sql immutable parallel safe"
    " as $$ select named = any (array[{tables}]::text[]) $$"
)


def script() -> str:
    """Everything that `install` runs, as one SQL script."""
    walled = sorted(model._meta.db_table for model, guard in guarded_models() if guard.walled)
    statements = [FUNCTIONS.read_text(), _WALLED.format(tables=", ".join(_quoted(table) for table in walled))]
    for model, guard in guarded_models():
        statements.extend(_statements(model, guard))
    statements.extend(
        f"do $$ begin if to_regclass('public.{table}') is not null then"
        f" grant select, insert, update, delete on public.{table} to {APP_ROLE}; end if; end $$"
        for table in OPEN
    )
    statements.append(f"grant usage on all sequences in schema public to {APP_ROLE}")
    return ";\n".join(statements)


def _statements(model: type[models.Model], guard: Guard) -> Iterator[str]:
    table = model._meta.db_table
    yield f"alter table {table} enable row level security"
    yield f"alter table {table} force row level security"
    for verb in ("select", "insert", "update", "delete"):
        yield f"drop policy if exists sipar_{verb} on {table}"
    yield f"revoke all on {table} from {APP_ROLE}"
    yield f"grant select on {table} to {APP_ROLE}"
    yield f"create policy sipar_select on {table} for select to {APP_ROLE} using ({guard.select})"
    insert = guard.write if guard.insert is None else guard.insert
    if insert:
        yield f"grant insert on {table} to {APP_ROLE}"
        yield f"create policy sipar_insert on {table} for insert to {APP_ROLE} with check ({insert})"
    if guard.write and not guard.append_only:
        yield f"grant update, delete on {table} to {APP_ROLE}"
        yield (
            f"create policy sipar_update on {table} for update to {APP_ROLE}"
            f" using ({guard.write}) with check ({guard.write})"
        )
        yield f"create policy sipar_delete on {table} for delete to {APP_ROLE} using ({guard.write})"
    yield from _triggers(model, guard)


def _triggers(model: type[models.Model], guard: Guard) -> Iterator[str]:
    table = model._meta.db_table
    key = (model._meta.pk and model._meta.pk.column) or "id"
    for name in ("record_insert", "record_update", "record_delete", "append_only", "transition"):
        yield f"drop trigger if exists sipar_{name} on {table}"
    if guard.recorded:
        when = json.dumps(dict(guard.organisation_when or {}))
        values = (key, guard.organisation or "", ",".join(guard.redact), ",".join(guard.silent), when)
        arguments = ", ".join(_quoted(value) for value in values)
        for verb, tables in _TRANSITION_TABLES.items():
            yield (
                f"create trigger sipar_record_{verb} after {verb} on {table} referencing {tables}"
                f" for each statement execute function guard.record({arguments})"
            )
    if guard.append_only:
        yield (
            f"create trigger sipar_append_only before update or delete or truncate on {table}"
            " for each statement execute function guard.refuse_change()"
        )
    if guard.transitions is not None:
        allowed = ", ".join(
            _quoted(f"{before}>{after}") for before, followers in guard.transitions.items() for after in followers
        )
        field = guard.state_field
        # The condition stands in the trigger, so that a change that is allowed calls no function.
        yield (
            f"create trigger sipar_transition before update of {field} on {table} for each row"
            f" when (old.{field} is distinct from new.{field}"
            f" and not coalesce((old.{field} || '>' || new.{field}) = any (array[{allowed}]::text[]), false))"
            f" execute function guard.refuse_transition({_quoted(field)})"
        )


_TRANSITION_TABLES = {
    "insert": "new table as new_rows",
    "update": "old table as old_rows new table as new_rows",
    "delete": "old table as old_rows",
}


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
