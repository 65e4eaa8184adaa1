"""The invented reports as the bytes that their sources would send, and the feeds that take them in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from sipar.demonstration import sightings
from sipar.demonstration.ground import Ground
from sipar.demonstration.sightings import DAYS
from sipar.feeds.actions import FeedFacts

# The last report of web sites lost most of its rows; the sinkhole renamed a column; the sensor garbles some lines.
SHRUNK_TO = 7
RENAMED_ON = 26
GARBLED = {
    7: ("192.0.2.300 80 open-http-proxy",),
    19: ("198.51.100.9 99999 open-http-proxy", "not-an-address 53 dns-open-resolver"),
}


@dataclass(frozen=True)
class Report:
    """One file: the feed it is for, the day that it tells of (0 is the oldest), its name and bytes."""

    feed: str
    day: int
    name: str
    data: bytes


def feeds(team: int) -> tuple[FeedFacts, ...]:
    """The four feeds of the National CERT, every one of them invented."""
    columns = {
        "seen_at": "observed_at", "address": "ip", "port": "port", "transport": "protocol", "finding": "kind",
        "class": "classification", "severity": "severity", "product": "product", "cves": "cves",
    }  # fmt: skip
    return (
        FeedFacts(
            code="demo-exposed", name="Exposed services, daily scan (fictional)", reader="table", team=team,
            complete=True, settings={"columns": columns, "others": []},
        ),
        FeedFacts(code="demo-sensor", name="Sensor of the nation's exchange (fictional)", reader="example", team=team,
            every_hours=48,
        ),
        FeedFacts(
            code="demo-sinkhole", name="Sinkhole of a partner (fictional)", reader="table", team=team, every_hours=72,
            settings={
                "format": "json",
                "columns": {"time": "observed_at", "src_ip": "ip", "malware": "malware"},
                "others": ["sensor"],
                "constants": {"kind": "infected-system", "classification": "infected-system", "severity": "high"},
            },
        ),
        FeedFacts(
            code="demo-sites", name="Web sites of the constituency (fictional)", reader="table", team=team,
            complete=True, every_hours=72,
            settings={
                "columns": {
                    "seen_at": "observed_at", "host": "hostname", "finding": "kind", "class": "classification",
                    "severity": "severity",
                },
            },
        ),
    )  # fmt: skip


def reports(ground: Ground) -> list[Report]:
    """Every report in the order of its days; the same seed and time give the same bytes."""
    made: list[Report] = []
    for feed, ending, rows, write in (
        ("demo-exposed", "csv", sightings.exposed(ground), _exposed),
        ("demo-sensor", "log", sightings.sensor(ground), _sensor),
        ("demo-sinkhole", "jsonl", sightings.sinkhole(ground), _sinkhole),
        ("demo-sites", "csv", sightings.sites(ground), _sites),
    ):
        made += _written(ground, feed, ending, rows, write)
    return sorted(made, key=lambda report: report.day)


def day_of(ground: Ground, day: int) -> datetime:
    """Midnight, UTC, of a day of the thirty; the last one is yesterday."""
    today = ground.now.replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=DAYS - day)


def _written(
    ground: Ground, feed: str, ending: str, rows: pl.DataFrame, write: Callable[[int, pl.DataFrame], bytes]
) -> list[Report]:
    random = ground.random(64 + sum(feed.encode()))
    found = []
    for (day,), part in rows.sort("day", maintain_order=True).partition_by("day", as_dict=True).items():
        midnight = day_of(ground, int(str(day)))
        seconds = np.sort(random.integers(3_600, 5 * 3_600, part.height))
        times = [f"{midnight + timedelta(seconds=int(second)):%Y-%m-%dT%H:%M:%SZ}" for second in seconds]
        data = write(int(str(day)), part.with_columns(time=pl.Series(times)))
        found.append(Report(feed, int(str(day)), f"{midnight:%Y-%m-%d}-{feed}.{ending}", data))
    return found


def _exposed(_day: int, rows: pl.DataFrame) -> bytes:
    return (
        rows.select(
            pl.col("time").alias("seen_at"), "address", "port", "transport", pl.col("kind").alias("finding"),
            pl.col("classification").alias("class"), "severity", "product", "cves",
        )
        .write_csv()
        .encode()
    )  # fmt: skip


def _sensor(day: int, rows: pl.DataFrame) -> bytes:
    lines = [f"{time} {address} {port} {kind}" for _, address, port, kind, time in rows.iter_rows()]
    lines += [f"{rows['time'][-1]} {garbled}" for garbled in GARBLED.get(day, ())]
    return "".join(f"{line}\n" for line in lines).encode()


def _sinkhole(day: int, rows: pl.DataFrame) -> bytes:
    malware = "malware" if day < RENAMED_ON else "malware_family"
    found = (
        {"time": time, "src_ip": address, malware: name, "sensor": "sink-2"}
        for _, address, name, time in rows.iter_rows()
    )
    return "".join(f"{json.dumps(row)}\n" for row in found).encode()


def _sites(day: int, rows: pl.DataFrame) -> bytes:
    kept = rows.head(SHRUNK_TO) if day == DAYS - 3 else rows
    return (
        kept.select(pl.col("time").alias("seen_at"), "host", pl.col("kind").alias("finding"), "class", "severity")
        .write_csv()
        .encode()
    )
