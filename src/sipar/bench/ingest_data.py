"""What the ingest bench takes in: an invented nation's claims, and a report in the columns of `scan_http`.

The column names are facts of Shadowserver's report; every value is made up from a seed. `SHARES`: how many rows lie in
ranges that many tenants share (an operator's dynamic addresses, NAT, hosting), in networks of one organisation, and in
the nation's ranges that nobody claims. No row is there twice.
"""

from __future__ import annotations

import csv
import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

DAY = date(2026, 10, 31)
TYPE = "scan_http"
NAME = f"{DAY.isoformat()}-{TYPE}-bench-geo.csv"
SCHEMA = Path(__file__).parent / "data" / "ingest_schema.json"
COLUMNS = (
    "timestamp", "severity", "ip", "protocol", "port", "hostname", "tag", "asn", "geo", "region", "city", "naics",
    "hostname_source", "sector", "http", "http_code", "http_reason", "content_type", "connection", "www_authenticate",
    "set_cookie", "server", "content_length", "transfer_encoding", "http_date", "version",
)  # fmt: skip
# The twelve largest operators of Pakistan announce 85 in a hundred of its IPv4 addresses.
SHARES = {"shared": 0.80, "claimed": 0.12, "unclaimed": 0.08}
ORGANISATIONS, OPERATORS = 2_000, 12
# An operator has 2^18 addresses from 10.0.0.0 on, an organisation 2^8 from 172.16.0.0, the nation 2^20 from 100.64.0.0.
OPERATOR_BASE, OPERATOR_BITS = 10 << 24, 18
ORGANISATION_BASE, ORGANISATION_BITS = (172 << 24) + (16 << 16), 8
NATION_BASE, NATION_BITS = (100 << 24) + (64 << 16), 20
MARKS = ("dynamic", "dynamic", "dynamic", "nat", "shared", "cloud")
_STEP = 250_000


def claims() -> list[tuple[int, str, str, str]]:
    """Organisation (from 0), kind, value and mark of every asset; operators come first."""
    found = [
        (place, "prefix", f"{_text(OPERATOR_BASE + (place << OPERATOR_BITS))}/{32 - OPERATOR_BITS}", MARKS[place % 6])
        for place in range(OPERATORS)
    ]
    for place in range(ORGANISATIONS):
        first = _text(ORGANISATION_BASE + (place << ORGANISATION_BITS))
        found.append((OPERATORS + place, "prefix", f"{first}/{32 - ORGANISATION_BITS}", ""))
        found.append((OPERATORS + place, "domain", f"organisation{place}.example", ""))
    return found


def national_ranges() -> list[tuple[str, str]]:
    """Kind and value of what the nation announces and nobody claims."""
    return [("prefix", f"{_text(NATION_BASE)}/{32 - NATION_BITS}"), ("country", "ZZ")]


def write_report(path: Path, rows: int, *, seed: int = 7) -> None:
    """A report of so many different rows as CSV, every value quoted, as the source writes it; on disk then."""
    random = np.random.default_rng(seed)
    with path.open("wb") as file:
        file.write((",".join(f'"{name}"' for name in COLUMNS) + "\n").encode())
        for first in range(0, rows, _STEP):
            _frame(random, first, min(_STEP, rows - first), rows).write_csv(
                file, include_header=False, quote_style="always"
            )
        file.flush()
        os.fsync(file.fileno())


def _frame(random: np.random.Generator, first: int, count: int, rows: int) -> pl.DataFrame:
    number = np.arange(first, first + count)
    second = (number * 86_400 // max(rows, 1)).astype("datetime64[s]").astype(np.int64)
    begin = int(datetime.combine(DAY, datetime.min.time(), UTC).timestamp())
    pick = random.random(count)
    shared, claimed = pick < SHARES["shared"], pick >= 1 - SHARES["claimed"]
    operator = np.minimum(random.geometric(0.3, count) - 1, OPERATORS - 1)
    organisation = np.minimum((random.pareto(1.2, count) * 20).astype(np.int64), ORGANISATIONS - 1)
    address = np.where(
        shared,
        OPERATOR_BASE + (operator << OPERATOR_BITS) + random.integers(0, 1 << OPERATOR_BITS, count),
        np.where(
            claimed,
            ORGANISATION_BASE + (organisation << ORGANISATION_BITS) + random.integers(0, 1 << ORGANISATION_BITS, count),
            NATION_BASE + random.integers(0, 1 << NATION_BITS, count),
        ),
    )
    octets = [((address >> shift) & 255).astype("U3") for shift in (24, 16, 8, 0)]
    columns: dict[str, Any] = {
        "ip": pl.Series(_joined(octets)),
        "hostname": pl.Series(np.char.add(np.char.add("host", number.astype("U9")), np.where(
            claimed, np.char.add(np.char.add(".organisation", organisation.astype("U5")), ".example"), ".dsl.example"
        ))),
        "timestamp": pl.Series(second + begin).cast(pl.Int64) * 1_000_000,
        "asn": pl.Series(64_512 + operator),
        "set_cookie": pl.Series(random.integers(0, 1 << 62, count)),
        "content_length": pl.Series(random.integers(100, 90_000, count)),
    }  # fmt: skip
    for name, choices in _CHOICES.items():
        columns[name] = pl.Series(choices).gather(random.integers(0, len(choices), count))
    frame = pl.DataFrame(columns).with_columns(
        timestamp=pl.from_epoch("timestamp", time_unit="us").dt.to_string("%Y-%m-%d %H:%M:%S"),
        set_cookie=pl.format("session={}; path=/", "set_cookie"),
    )
    return frame.select(
        pl.col(name).cast(pl.String) if name in frame.columns else pl.lit(_SAME.get(name, "")).alias(name)
        for name in COLUMNS
    )


def _joined(parts: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    whole = parts[0]
    for part in parts[1:]:
        whole = np.char.add(np.char.add(whole, "."), part)
    return whole


def head(path: Path, rows: int) -> str:
    """The head and the first rows of a report."""
    with path.open() as file:
        return "".join(line for _number, line in zip(range(rows + 1), file, strict=False))


def schema() -> dict[str, Any]:
    """The schema of the one report type, in the form that readers of this source take."""
    found: dict[str, Any] = json.loads(SCHEMA.read_text())
    return found


def rows_of(text: str) -> list[list[str]]:
    """The rows below the head."""
    return list(csv.reader(text.splitlines()))[1:]


def _text(address: int) -> str:
    return ".".join(str((address >> shift) & 255) for shift in (24, 16, 8, 0))


_CHOICES = {
    "severity": ["info", "low", "medium", "high"],
    "port": ["80", "443", "8080", "8443", "8000"],
    "tag": ["http", "http;iot", "http;vpn", "http;ssl", "http;cve-2023-1234"],
    "geo": ["ZZ"],
    "region": ["Central", "North", "South", "East"],
    "city": ["Springfield", "Ogdenville", "Shelbyville", "Capital City"],
    "server": ["nginx/1.24.0", "Apache/2.4.57 (Debian)", "Microsoft-IIS/10.0", "lighttpd/1.4.69", ""],
    "http_code": ["200", "301", "403", "404"],
    "content_type": ["text/html; charset=utf-8", "text/html", "application/json"],
}
_SAME = {
    "protocol": "tcp",
    "naics": "517311",
    "hostname_source": "ptr",
    "sector": "Communications, Service Provider, and Hosting Service",
    "http": "HTTP/1.1",
    "http_reason": "OK",
    "connection": "keep-alive",
    "http_date": "Sat, 31 Oct 2026 00:00:00 GMT",
}
