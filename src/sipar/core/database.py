"""Bringing the database to the state that the code expects: migrations as the owner, then the guards."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from sipar.core import guards


def is_current() -> bool:
    """Whether every migration is applied."""
    executor = MigrationExecutor(connections["owner"])
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def migrate(*, verbosity: int = 0) -> None:
    """Apply every migration and install every guard, as the owner of the tables. Running it twice changes nothing."""
    call_command("migrate", database="owner", interactive=False, verbosity=verbosity)
    guards.install(connections["owner"])
    connections["owner"].close()
