"""The last guard: what PostgreSQL itself refuses, whoever sends the SQL."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from psycopg import sql

from sipar.core.guards import OPEN, UNTOUCHED, guarded_models

pytestmark = pytest.mark.django_db


def tables() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
        )
        return {row[0] for row in cursor.fetchall()}


def test_every_table_is_guarded_open_for_a_stated_reason_or_untouchable() -> None:
    guarded = {model._meta.db_table for model, _ in guarded_models()}
    assert tables() == guarded | set(OPEN) | UNTOUCHED


def test_row_level_security_is_forced_on_every_guarded_table() -> None:
    guarded = {model._meta.db_table for model, _ in guarded_models()}
    with connection.cursor() as cursor:
        cursor.execute("select relname from pg_class where relrowsecurity and relforcerowsecurity")
        assert {row[0] for row in cursor.fetchall()} >= guarded


@pytest.mark.parametrize("table", sorted(model._meta.db_table for model, _ in guarded_models()))
def test_without_an_actor_there_are_no_rows(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table)))
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("table", sorted(UNTOUCHED))
def test_a_table_of_no_use_to_the_application_is_closed_to_it(table: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table)))
