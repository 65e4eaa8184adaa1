"""What the findings bench does, each step in a process of its own."""

from __future__ import annotations

import os
import resource
import time
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

ROWS, DAYS, POPULATION, ORGANISATIONS = 10_000_000, 30, 600_000, 10_000
SOURCES = ("bench-one", "bench-two")
FIRST = date(2026, 9, 1)
NOW = datetime(2026, 10, 2, 6, tzinfo=UTC)
_DIGEST = "select count(*), md5(string_agg(md5(f::text), '' order by f.id)) from notices_finding f"


def load(_number: int) -> dict[str, Any]:
    """The organisations, without campaigns."""
    from sipar.bench import measure, nation
    from sipar.core import database

    database.migrate()
    begun = time.perf_counter()
    nation.load(measure.superuser(), organisations=ORGANISATIONS, campaigns=0)
    return {"seconds": time.perf_counter() - begun}


def fill(rows: int) -> dict[str, Any]:
    """The observations of every day and source in the lake, hashed, merged and counted as the night leaves them."""
    from sipar.bench.observations import a_day
    from sipar.eventstore import lake
    from sipar.exposure.hashing import finding_keys, row_hashes
    from sipar.exposure.observations import SCHEMA

    begun, store = time.perf_counter(), lake()
    days = [FIRST + timedelta(days=number) for number in range(DAYS)]
    each = -(-(rows or ROWS) // (DAYS * len(SOURCES)))
    for day in days:
        for seed, source in enumerate(SOURCES):
            raw = sha256(f"{day} {source}".encode()).hexdigest()
            table = a_day(
                day, population=POPULATION, rows=each, organisations=ORGANISATIONS, source=source, raw=raw, seed=seed
            )
            for name, hashes in (("row", row_hashes(table)), ("key", finding_keys(table))):
                table = table.set_column(SCHEMA.get_field_index(name), SCHEMA.field(name), hashes)
            store.write(source, raw, [table])
        store.compact(day)
    for month in sorted({day.replace(day=1) for day in days}):
        store.roll(month)
    store.sweep(older_than=-1)
    size = sum(path.stat().st_size for path in store.paths(days[0], days[-1]))
    return {"seconds": time.perf_counter() - begun, "mb_on_disk": size / 1e6}


def fold(_number: int) -> dict[str, Any]:
    """Everything into findings in one transaction, committed; what changed, and a digest of the whole table."""
    from django.db import connection

    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.notices.folding_actions import refold

    sipar = system()
    begun, cpu = time.perf_counter(), time.process_time()
    with acting(sipar, reason="bench"):
        done = refold(FIRST, FIRST + timedelta(days=DAYS - 1), now=NOW)
        with connection.cursor() as cursor:
            cursor.execute("select pg_backend_pid()")
            server_cpu = _cpu_of(cursor.fetchone()[0])
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with acting(sipar, reason="bench"), connection.cursor() as cursor:
        cursor.execute(_DIGEST)
        findings, digest = cursor.fetchone()
    changed = done.new + done.seen + done.absent + done.moved
    return {
        "seconds": seconds, "cpu": cpu, "mb": peak, "findings": findings, "digest": digest, "changed": changed,
        "server_cpu": server_cpu,
    }  # fmt: skip


def _cpu_of(process: int) -> float:
    """Seconds of CPU that a process of this machine has used, as Linux counts them; 0 elsewhere."""
    place = Path(f"/proc/{process}/stat")
    if not place.exists():
        return 0.0
    user, own = place.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(own)) / os.sysconf("SC_CLK_TCK")


def dry_run(_number: int) -> dict[str, Any]:
    """The rules that a CERT begins with, changed in one interval, beside themselves in use, over all thirty days."""
    import yaml

    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.eventstore import lake
    from sipar.notices.models import DryRun, RuleSet
    from sipar.notices.rule_tasks import work_out
    from sipar.notices.starter import STARTER
    from sipar.teams.models import Team

    sipar = system()
    document = yaml.safe_load(STARTER)
    same = {"made_by_id": sipar.account, "made_at": NOW, "digest": ""}
    with acting(sipar, reason="bench"):
        team = Team.objects.get(tier="national")
        RuleSet.objects.filter(team=team, state="active").update(state="retired")
        RuleSet.objects.filter(team=team).exclude(state="retired").delete()
        active = RuleSet.objects.create(team=team, version=901, state="active", document=document, **same)
        changed = {**document, "rules": [{**rule, "interval": "1d"} for rule in document["rules"]]}
        draft = RuleSet.objects.create(team=team, version=902, document=changed, **same)
        last = FIRST + timedelta(days=DAYS - 1)
        asked = DryRun.objects.create(
            rule_set=draft, team=team, first_day=FIRST, last_day=last, asked_by_id=sipar.account, asked_at=NOW
        )
    observations = sum(lake().summary(FIRST, last)["rows"].to_pylist())
    begun, cpu = time.perf_counter(), time.process_time()
    result = work_out(asked, active)
    sums = result["sums"]
    return {
        "seconds": time.perf_counter() - begun, "cpu": time.process_time() - cpu, "observations": observations,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "episodes": result["episodes"],
        "bundles": sums["new"]["bundles"] + sums["same"]["bundles"],
    }  # fmt: skip
