"""pytest fixtures: a real PostgreSQL for the run, and Sipar's own account in it.

The controller starts one throw-away cluster; the first worker migrates a database and loads the nation and the shipped
frameworks into it, as every installation does, and the small cast of all tests into a copy; each worker gets a copy of
that. Tests run as the application role, so that row-level security holds in every one of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from django.utils import translation

from sipar.core import localdb
from sipar.core.postgres_configuration import APP_ROLE, OWNER_ROLE, PORT, SUPERUSER_ROLE

# A nation as it ships, and the same with the cast: what the databases of tests are copies of.
NATION, TEMPLATE = "sipar_nation", "sipar_template"
_stack = ExitStack()


def worker_of(config: pytest.Config) -> str:
    """The name of this pytest-xdist worker, "alone" without workers."""
    return str(getattr(config, "workerinput", {}).get("workerid", "alone"))


def pytest_configure(config: pytest.Config) -> None:
    settings.DATABASES["default"].get("OPTIONS", {}).pop("pool", None)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    # Workers that shared the folder would clear each other's count of failed sign-ins in the middle of a test.
    cache = settings.CACHES["default"]
    settings.CACHES = {"default": {**cache, "LOCATION": f"{cache['LOCATION']}/{worker_of(config)}"}}
    if hasattr(config, "workerinput") or config.getoption("collectonly"):
        return
    cluster = _stack.enter_context(localdb.throwaway_cluster())
    os.environ["SIPAR_TEST_SOCKET"] = cluster.connection_parameters(OWNER_ROLE, "postgres")["host"]


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        _stack.close()


def make_database(name: str, *, template: str | None = None) -> None:
    """Create a database in the run's cluster, owned by the owner role, as a copy of `template` where given."""
    host = os.environ["SIPAR_TEST_SOCKET"]
    with psycopg.connect(host=host, port=PORT, user=SUPERUSER_ROLE, dbname="postgres", autocommit=True) as connection:
        connection.execute(f'drop database if exists "{name}" with (force)')
        source = f' template "{template}"' if template else ""
        connection.execute(f'create database "{name}" owner {OWNER_ROLE}{source}')


def use_database(name: str) -> None:
    """Point Django's connections at a database of the run's cluster."""
    for alias, role in (("default", APP_ROLE), ("owner", OWNER_ROLE)):
        connections[alias].close()
        connections[alias].settings_dict.update(
            {
                "NAME": name,
                "USER": role,
                "PASSWORD": "",
                "HOST": os.environ["SIPAR_TEST_SOCKET"],
                "PORT": str(PORT),
            }
        )
        connections[alias].settings_dict["OPTIONS"].pop("options", None)


@contextmanager
def using_database(name: str) -> Iterator[None]:
    """Point Django at this database and back again."""
    before = connections["default"].settings_dict["NAME"]
    use_database(name)
    try:
        yield
    finally:
        use_database(before)


@contextmanager
def own_database(template: str = TEMPLATE) -> Iterator[str]:
    """Point Django at a fresh copy and back again; yields its name. For tests that really commit and really kill."""
    name = f"own_{uuid4().hex[:12]}"
    make_database(name, template=template)
    with using_database(name):
        yield name


@pytest.fixture(scope="session")
def own_copy(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: pytest.FixtureRequest
) -> Iterator[None]:
    """A migrated template, made once, and a copy of it for this worker."""
    from sipar.config.installation import load_reference_data
    from sipar.core import database
    from tests.cast import build_cast

    worker = worker_of(request.config)
    shared = tmp_path_factory.getbasetemp().parent if worker != "alone" else tmp_path_factory.getbasetemp()
    with django_db_blocker.unblock(), localdb.locked(shared):  # type: ignore[attr-defined]
        done = Path(shared) / "template-made"
        if not done.exists():
            make_database(NATION)
            use_database(NATION)
            database.migrate()
            load_reference_data()
            connections.close_all()
            make_database(TEMPLATE, template=NATION)
            use_database(TEMPLATE)
            _keep_apart("orgs_organisation", "people_account")
            build_cast()
            connections.close_all()
            done.touch()
        make_database(f"test_{worker}", template=TEMPLATE)
        use_database(f"test_{worker}")
    yield
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        connections.close_all()


@pytest.fixture
def django_db_setup(request: pytest.FixtureRequest, own_copy: None) -> Iterator[None]:
    """Replaces pytest-django's: the worker's copy, or the furnished one for a test that asks for the world."""
    if "world" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("world_as_built")
    with using_database(f"world_{worker_of(request.config)}"):
        yield


def _keep_apart(*tables: str) -> None:
    """Let the numbers of these tables begin far from each other: whoever takes one for the other finds nothing."""
    with connections["owner"].cursor() as cursor:
        for place, table in enumerate(tables, 1):
            cursor.execute(f"alter sequence {table}_id_seq restart with {place * 10_000}")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Every test begins in English; a page asked for in Urdu leaves nothing behind for the next one."""
    with translation.override("en"):
        yield
