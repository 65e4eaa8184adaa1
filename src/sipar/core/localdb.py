"""How Sipar connects: as the owner of the tables for migrations, as a role that owns and bypasses nothing for all else.

Without DATABASE_URL all roles are in the private cluster, and the kernel vouches for who connects. With DATABASE_URL
its account owns the tables, and the application's sessions take the role ``sipar_app`` as they start. With
DATABASE_OWNER_URL beside it, that one owns the tables, so that the application's login can be one without any power.
"""

from __future__ import annotations

import contextlib
import select
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool.base import AttemptWithBackoff

from sipar.core.cluster import LocalCluster, locked, temporary_cluster
from sipar.core.machine import OLDEST_MAJOR, LocalDatabaseProblem, find_binaries, var_folder
from sipar.core.postgres_configuration import APP_ROLE, DEFINER_ROLE, OWNER_ROLE, PORT, SUPERUSER_ROLE

__all__ = [
    "APP_ROLE",
    "DEFINER_ROLE",
    "OWNER_ROLE",
    "PORT",
    "SUPERUSER_ROLE",
    "LocalCluster",
    "LocalDatabaseProblem",
    "cluster_of",
    "connection_parameters",
    "connection_settings",
    "ensure_roles_and_database",
    "find_binaries",
    "locked",
    "make_roles",
    "still_open",
    "throwaway_cluster",
]

type Role = Literal["owner", "app"]

DATABASE = "sipar"
_ANSWER_SECONDS = 5

# Where a pool hands out a connection that turns out to be closed, it waits this long for the next one, then twice as
# long, and so on. After a restart of the server everybody's first request would otherwise wait a second.
AttemptWithBackoff.INITIAL_DELAY = 0.02


def cluster_of(environment: Mapping[str, str]) -> LocalCluster | None:
    """The private cluster that ``environment`` means, not yet started; None where DATABASE_URL names a server."""
    if environment.get("DATABASE_URL"):
        return None
    return LocalCluster(var_folder(environment) / "postgres")


def connection_settings(environment: Mapping[str, str], *, role: Role, name: str = DATABASE) -> dict[str, Any]:
    """The entry of Django's DATABASES for ``role``. ``name`` counts for the private cluster; a URL names its own.

    Connects to nothing. Raises LocalDatabaseProblem ``database_url`` for a URL that cannot be read.
    """
    parameters = connection_parameters(environment, role=role, name=name)
    known = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    entry: dict[str, Any] = {"ENGINE": "django.db.backends.postgresql"}
    entry |= {django: parameters.get(libpq, "") for libpq, django in known.items()}
    entry["OPTIONS"] = {libpq: value for libpq, value in parameters.items() if libpq not in known}
    return entry


def connection_parameters(environment: Mapping[str, str], *, role: Role, name: str = DATABASE) -> dict[str, str]:
    """The same as libpq's parameters, for ``psycopg.connect(**parameters)``."""
    cluster = cluster_of(environment)
    if cluster:
        return cluster.connection_parameters(OWNER_ROLE if role == "owner" else APP_ROLE, name)
    if role == "owner":
        return _read_url(environment, "DATABASE_OWNER_URL" if environment.get("DATABASE_OWNER_URL") else "DATABASE_URL")
    parameters = _read_url(environment, "DATABASE_URL")
    parameters["options"] = f"{parameters.get('options', '')} -c role={APP_ROLE}".strip()
    return parameters


def still_open(connection: psycopg.Connection[Any]) -> None:
    """Whether the server has left a waiting connection open; raises psycopg.OperationalError where it has not.

    Looks at the socket and asks the server nothing: one that went away left something to read.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        # libpq has not noticed yet: unless it is closed here, the pool takes it back and hands it out again for ever.
        connection.close()
        raise psycopg.OperationalError("the server closed this connection while it waited")


def ensure_roles_and_database(environment: Mapping[str, str], *, name: str = DATABASE) -> None:
    """Make what is missing of roles, database and grants; running it again changes nothing. The server must be running.

    Raises LocalDatabaseProblem where the server does not answer, is too old, lets nobody make the role, or would let
    the application pass row-level security.
    """
    cluster = cluster_of(environment)
    if cluster:
        with locked(cluster.folder):
            make_roles(cluster)
            _make_database(cluster, name)
    with _connect(connection_parameters(environment, role="owner", name=name)) as owner:
        if owner.info.server_version // 10000 < OLDEST_MAJOR:
            raise LocalDatabaseProblem(
                "database_too_old",
                f"The database server is PostgreSQL {owner.info.server_version // 10000}.",
                f"Sipar needs PostgreSQL {OLDEST_MAJOR} or later.",
            )
        if not cluster:
            _make_roles_elsewhere(owner, login=_read_url(environment, "DATABASE_URL").get("user", owner.info.user))
    with _connect(connection_parameters(environment, role="app", name=name)) as session:
        _refuse_a_strong_role(session)


@contextlib.contextmanager
def throwaway_cluster() -> Iterator[LocalCluster]:
    """A running cluster with its roles for tests and benchmarks; SIPAR_VAR set to its folder's parent leads to it."""
    with temporary_cluster() as cluster:
        make_roles(cluster)
        yield cluster


def make_roles(cluster: LocalCluster) -> None:
    """Make the roles of a running private cluster, and take back whatever more they were given."""
    with _connect(cluster.connection_parameters(SUPERUSER_ROLE, "template1")) as admin:
        for role in (OWNER_ROLE, APP_ROLE, DEFINER_ROLE):
            identifier = sql.Identifier(role)
            if not admin.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
                admin.execute(sql.SQL("create role {}").format(identifier))
            # The owner may hand functions to the definer, but does not look past row-level security as it does.
            admin.execute(
                sql.SQL(
                    "alter role {} nosuperuser nobypassrls nocreatedb nocreaterole noreplication noinherit {}"
                ).format(identifier, sql.SQL("nologin" if role == DEFINER_ROLE else "login"))
            )
        admin.execute(sql.SQL("grant {} to {}").format(sql.Identifier(DEFINER_ROLE), sql.Identifier(OWNER_ROLE)))
        # In the template, so that each later database has it: without inheriting, owning the database is not enough.
        admin.execute(sql.SQL("alter schema public owner to {}").format(sql.Identifier(OWNER_ROLE)))


def _make_database(cluster: LocalCluster, name: str) -> None:
    database = sql.Identifier(name)
    with _connect(cluster.connection_parameters(SUPERUSER_ROLE, "postgres")) as admin:
        if not admin.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
            admin.execute(sql.SQL("create database {} owner {}").format(database, sql.Identifier(OWNER_ROLE)))
        admin.execute(sql.SQL("revoke all on database {} from public").format(database))
        grant = "grant connect, temporary on database {} to {}"
        admin.execute(sql.SQL(grant).format(database, sql.Identifier(APP_ROLE)))


def _read_url(environment: Mapping[str, str], variable: str) -> dict[str, str]:
    """libpq's own reading of a URL. What libpq says about a bad one may hold the password, so it is not passed on."""
    try:
        parameters = {key: str(value) for key, value in conninfo_to_dict(environment[variable]).items()}
    except psycopg.ProgrammingError:
        parameters = {}
    if parameters.get("dbname"):
        return {"connect_timeout": str(_ANSWER_SECONDS)} | parameters
    raise LocalDatabaseProblem(
        "database_url",
        f"{variable} is not the address of a PostgreSQL database.",
        "It should look like postgresql://user:password@host:5432/database.",
    )


def _connect(parameters: Mapping[str, str]) -> psycopg.Connection[tuple[Any, ...]]:
    place = f"{parameters.get('host') or 'this machine'}, port {parameters.get('port') or 5432}"
    try:
        return psycopg.connect(make_conninfo(**parameters), autocommit=True)
    except psycopg.OperationalError as error:
        said = str(error)
    if "authentication failed" in said or "no password supplied" in said or "pg_hba.conf" in said:
        sentence = f"The database server at {place} refused the user {parameters.get('user', '')}."
        raise LocalDatabaseProblem("database_refused", sentence, "Check user and password in DATABASE_URL.")
    if f'database "{parameters.get("dbname")}" does not exist' in said:
        sentence = f"There is no database {parameters.get('dbname')} on the server at {place}."
        raise LocalDatabaseProblem("database_missing", sentence, "Make it with createdb, or correct DATABASE_URL.")
    if f'role "{APP_ROLE}"' in said:
        sentence = f"The user {parameters.get('user', '')} may not take the role {APP_ROLE}."
        raise LocalDatabaseProblem("app_role_refused", sentence, f"Let an administrator grant {APP_ROLE} to it.")
    raise LocalDatabaseProblem(
        "database_unreachable",
        f"The database server at {place} does not answer.",
        "Start it, or correct DATABASE_URL, or unset it to let Sipar start a database of its own.",
    )


def _make_roles_elsewhere(owner: psycopg.Connection[tuple[Any, ...]], *, login: str) -> None:
    """Make the roles on a server that is not ours; ``login``, the application's account, may take ``sipar_app``."""
    # From PostgreSQL 16 on, who makes a role is its member, yet may not take it.
    membership = "SET" if owner.info.server_version >= 160000 else "MEMBER"
    try:
        for role, member in ((APP_ROLE, login), (DEFINER_ROLE, owner.info.user)):
            if not owner.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
                owner.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
            if owner.execute("select pg_has_role(%s, %s, %s)", [member, role, membership]).fetchone() != (True,):
                owner.execute(sql.SQL("grant {} to {}").format(sql.Identifier(role), sql.Identifier(member)))
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject):
        raise LocalDatabaseProblem(
            "app_role_refused",
            f"The user {owner.info.user} may not make or hand on the roles {APP_ROLE} and {DEFINER_ROLE}.",
            f"Let an administrator run: {_role_statements(owner.info.user, login)}",
        ) from None


def _role_statements(owner: str, login: str) -> str:
    return (
        f"CREATE ROLE {APP_ROLE} NOLOGIN; GRANT {APP_ROLE} TO {login}; "
        f"CREATE ROLE {DEFINER_ROLE} NOLOGIN; GRANT {DEFINER_ROLE} TO {owner};"
    )


def _refuse_a_strong_role(session: psycopg.Connection[tuple[Any, ...]]) -> None:
    row = session.execute(
        "select r.rolname, r.rolsuper or r.rolbypassrls or d.datdba = r.oid"
        " or exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = 'public' and c.relowner = r.oid)"
        " from pg_roles r, pg_database d where r.rolname = current_user and d.datname = current_database()"
    ).fetchone()
    if row is None or row[1]:
        raise LocalDatabaseProblem(
            "app_role_too_strong",
            f"The role {row[0] if row else '?'} of the application owns tables or may pass row-level security.",
            f"Take its tables and privileges from {row[0] if row else APP_ROLE}; migrations run as the owner.",
        )
