"""Dry runs in the background: what rules would have sent over past days, beside the rules in use."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from procrastinate.contrib.django import app

from sipar.core import jobs
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.notices.frames import channels_of, constituents, inhibitions_of, source_labels
from sipar.notices.models import DryRun, RuleSet
from sipar.obligations.register_facts import served_nation

if TYPE_CHECKING:
    import polars as pl

    from sipar.exposure.dry_running import Comparison
    from sipar.exposure.dry_running import DryRun as WouldSend

log = logging.getLogger(__name__)
# So many days stand in memory as observations; what is folded of them is far less.
DAYS_AT_ONCE = 5
COLUMNS = ("organisation", "key", "kind", "classification", "severity", "source", "observed_at", "shared")
MOST_ORGANISATIONS, MOST_BUNDLES = 200, 300
STEPS = 4


@app.task(queue="reports")
def dry_run_rules(dry_run: int) -> None:
    """Work out one dry run and keep its result; whoever asked for it sees how far it is."""
    with acting(system(), reason="read what a dry run was asked for"):
        asked = DryRun.objects.select_related("rule_set").get(pk=dry_run)
        active = RuleSet.objects.filter(team=asked.team_id, state="active").first()
    run = asked.run_id or 0
    failed = "The dry run did not end well. The log of the server says why; ask for it again."
    with jobs.closing(run, failed=failed) as closing:
        result = work_out(asked, active)
        with acting(system(), reason="keep the result of a dry run"):
            DryRun.objects.filter(pk=dry_run).update(result=result, ended_at=timezone.now())
        closing.sentence = "The result is ready."


def work_out(asked: DryRun, active: RuleSet | None) -> dict[str, Any]:
    """What the page shows of a dry run. Each step is read in a transaction of its own."""
    from sipar.exposure.dry_running import compare, dry_run
    from sipar.exposure.rules import parse

    with acting(system(), reason="read the frames of a dry run"):
        organisations = constituents(asked.team_id)
        keys = organisations["organisation"].to_list()
        frames: dict[str, Any] = {
            "organisations": organisations,
            "channels": channels_of(keys),
            "inhibitions": inhibitions_of(asked.team_id),
            "zone": served_nation().time_zone,
        }
        labels = source_labels()
    history = history_of(keys, asked.first_day, asked.last_day, labels)
    jobs.report(asked.run_id or 0, done=1, total=STEPS)
    new = dry_run(history, parse(asked.rule_set.document), **frames)
    jobs.report(asked.run_id or 0, done=2, total=STEPS)
    old = dry_run(history, parse(active.document), **frames) if active is not None else None
    jobs.report(asked.run_id or 0, done=3, total=STEPS)
    nothing = type(new)(new.bundles.clear(), {})
    return _shown(compare(new, old or nothing), new, old, history.height, active)


def history_of(organisations: list[int], first: date, last: date, labels: dict[str, int]) -> pl.DataFrame:
    """The episodes of these organisations in the lake, folded a few days at a time."""
    import polars as pl

    from sipar.eventstore import lake
    from sipar.exposure.dry_running import HISTORY, episodes, joined

    parts = []
    for start, end in _stretches(first, last):
        table = lake().observations(start, end, columns=COLUMNS, where={"organisation": organisations})
        frame = pl.from_arrow(table)
        if isinstance(frame, pl.DataFrame) and frame.height:
            parts.append(episodes(frame, tlp=labels))
    return joined(parts) if parts else pl.DataFrame(schema=HISTORY)


def _stretches(first: date, last: date) -> Iterator[tuple[date, date]]:
    start = first
    while start <= last:
        end = min(start + timedelta(days=DAYS_AT_ONCE - 1), last)
        yield start, end
        start = end + timedelta(days=1)


def _shown(
    found: Comparison, new: WouldSend, old: WouldSend | None, episodes: int, active: RuleSet | None
) -> dict[str, Any]:
    days: dict[str, dict[str, int]] = {}
    for row in found.by("day"):
        days[f"{row['day']}"] = {"new": row["new"] + row["same"], "old": row["old"] + row["same"]}
    changed = found.bundles.filter(found.bundles["side"] != "same").head(MOST_BUNDLES)
    return {
        "sums": found.sums,
        "rules": found.by("rule"),
        "organisations": found.by("organisation")[:MOST_ORGANISATIONS],
        "days": dict(sorted(days.items())),
        "bundles": [row | {"day": f"{row['day']}", "contents": ""} for row in changed.to_dicts()],
        "episodes": episodes,
        "untold": {"new": dict(new.untold), "old": dict(old.untold) if old is not None else {}},
        "compared_with": active.version if active is not None else None,
    }
