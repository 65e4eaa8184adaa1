"""What the ingest bench does inside its database: claims and rules before, and taking in a report, timed."""

from __future__ import annotations

import json
import os
import resource
import shutil
import time
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

WARM_ROWS = 20_000
RULES = {"sipar-rules": 1, "rules": [{"name": "everything"}]}


def prepare(_number: int) -> dict[str, Any]:
    """The nation with its claims and national ranges, a feed, and rules in use that tell everybody of everything."""
    from django.utils import timezone

    from sipar.bench import ingest_data, measure, nation
    from sipar.claims.models import NationalRange
    from sipar.core import database
    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.feeds.models import Feed
    from sipar.notices.models import RuleSet
    from sipar.orgs.models import Asset, Organisation
    from sipar.teams.models import Team

    database.migrate()
    nation.load(measure.superuser(), organisations=ingest_data.ORGANISATIONS + ingest_data.OPERATORS, campaigns=0)
    sipar, now = system(), timezone.now()
    text = json.dumps(RULES)
    with acting(sipar, reason="prepare a bench"):
        organisations = list(Organisation.objects.order_by("pk").values_list("pk", flat=True))
        Asset.objects.bulk_create(
            Asset(organisation_id=organisations[place], kind=kind, value=value, mark=mark)
            for place, kind, value, mark in ingest_data.claims()
        )
        team = Team.objects.get(tier="national")
        NationalRange.objects.bulk_create(
            NationalRange(kind=kind, value=value, team=team, source="bench")
            for kind, value in ingest_data.national_ranges()
        )
        Feed.objects.create(
            code="bench", name="Bench", reader="shadowserver", team=team, made_at=now,
            settings={"schema": ingest_data.schema()},
        )  # fmt: skip
        rule_set = RuleSet.objects.create(
            team=team, version=1, document=RULES, text=text, digest=sha256(text.encode()).hexdigest(),
            made_by_id=sipar.account, made_at=now,
        )  # fmt: skip
        RuleSet.objects.filter(pk=rule_set.pk).update(state="active")
    return {}


def take(rows: int) -> dict[str, Any]:
    """Take in a report of so many rows, after a small one that compiles the kernels and opens the connection.

    The clock runs from the file on disk to the last commit: kept by its hash, received, read, routed, stored, folded
    into findings, and bundled into notices. CPU is that of this process and of its own PostgreSQL session.
    """
    from sipar.bench import ingest_data

    folder = Path(os.environ["SIPAR_VAR"])
    small, large = folder / f"small-{rows}.csv", folder / f"large-{rows}.csv"
    ingest_data.write_report(small, WARM_ROWS, seed=rows + 1)
    ingest_data.write_report(large, rows, seed=rows)
    _take_in(small)
    begun, worked = time.perf_counter(), _cpu()
    batch, bundles, stages = _take_in(large)
    seconds, cpu = time.perf_counter() - begun, _cpu() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = _look(batch)
    large.unlink()
    # The next report comes to an empty lake, as this one did.
    shutil.rmtree(folder / "lake")
    return found | {"seconds": seconds, "cpu": cpu, "mb": peak, "bundles": bundles, "stages": stages}


def _take_in(path: Path) -> tuple[int, int, dict[str, float]]:
    from django.utils import timezone

    from sipar.bench import ingest_data
    from sipar.core.acting import acting
    from sipar.core.files import keep_bytes, read_once
    from sipar.core.jobs import system
    from sipar.feeds.door_actions import pieces, receive_by_sipar
    from sipar.feeds.doors import LARGEST_FILE
    from sipar.feeds.models import Feed, RawFile
    from sipar.feeds.working import work_off
    from sipar.notices.bundle_actions import make_bundles

    stages, last = {}, time.perf_counter()

    def stage(name: str) -> None:
        nonlocal last
        stages[name], last = time.perf_counter() - last, time.perf_counter()

    with acting(system(), reason="find the feed"):
        feed = Feed.objects.get(code="bench")
    with read_once(path) as file:
        stored = keep_bytes(pieces(file), largest=LARGEST_FILE)
    received = receive_by_sipar(
        feed, stored, name=ingest_data.NAME, door=RawFile.Door.COMMAND, provenance={}, begin=False
    )
    stage("kept")
    ended = work_off(feed.pk)
    if [batch.state for batch in ended] != ["done"]:
        raise RuntimeError(f"the report ended as {[(batch.state, batch.sentence) for batch in ended]}")
    stage("taken in")
    bundles = make_bundles(now=_noon(timezone.now()))
    stage("bundled")
    return received.batch.pk, bundles, stages


def _noon(now: datetime) -> datetime:
    """A time of the day at which nobody's quiet hours hold."""
    return now.replace(hour=7, minute=0) + timedelta(days=1)


def _look(batch: int) -> dict[str, Any]:
    """What the report left: rows in the lake, and what they became."""
    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.eventstore import lake
    from sipar.feeds.models import Batch
    from sipar.notices.models import Finding, Notice

    with acting(system(), reason="count"):
        row = Batch.objects.select_related("raw_file").get(pk=batch)
        assert row.first_day is not None
        assert row.last_day is not None
        kept = lake().observations(
            row.first_day, row.last_day, columns=["classification", "raw"], where={"raw": [row.raw_file.sha256]}
        )
        return {
            "rows": row.rows,
            "kept": row.kept,
            "routed": row.routed,
            "unclaimed": row.unclaimed,
            "in_lake": kept.num_rows,
            "unclassified": kept["classification"].null_count,
            "findings": Finding.objects.count(),
            "notices": Notice.objects.count(),
        }


def _cpu() -> float:
    """Seconds of CPU of this process and of the PostgreSQL process that serves it."""
    from django.db import connection

    connection.ensure_connection()
    stat = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text().rsplit(")", 1)[1].split()
    return time.process_time() + (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
