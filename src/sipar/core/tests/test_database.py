"""Migrating is safe to repeat."""

from __future__ import annotations

import pytest
from django.db import connections

from sipar.core import guards


@pytest.mark.django_db(databases=["default", "owner"])
def test_installing_the_guards_a_second_time_changes_nothing_and_does_not_fail() -> None:
    query = "select tablename, policyname, qual, with_check from pg_policies order by 1, 2"
    with connections["owner"].cursor() as cursor:
        cursor.execute(query)
        before = cursor.fetchall()
        # Inside the test's own transaction, so without the script's begin and commit.
        cursor.execute(guards.script())
        cursor.execute(query)
        assert cursor.fetchall() == before
        assert before
