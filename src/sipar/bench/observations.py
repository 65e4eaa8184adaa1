"""Invented observations in columns, fast: a population of weak places that the days' reports see again and again."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa

from sipar.exposure.observations import SCHEMA

KINDS = (
    ("accessible-http", "potentially-unwanted-accessible", 0),
    ("accessible-rdp", "potentially-unwanted-accessible", 2),
    ("open-resolver", "ddos-amplifier", 2), ("ssl-poodle", "weak-crypto", 2),
    ("accessible-smb", "vulnerable-system", 3), ("cve-2024-0001", "vulnerable-system", 4),
    ("sinkhole-event", "infected-system", 3),
)  # fmt: skip
LIFE, GAP = 20, 40
_DAY_SECONDS = 86_400


def a_day(
    day: date, *, population: int, rows: int, organisations: int, source: str, raw: str, seed: int = 0
) -> pa.Table:
    """`rows` observations of one day in the columns of SCHEMA, without `row` and `key`.

    Every one of `population` places lives for some days of every two months, so that findings open, persist and end.
    """
    generator = np.random.default_rng([seed, day.toordinal()])
    places = generator.integers(0, population, 4 * rows)
    alive = (places * 7919 + day.toordinal()) % (LIFE + GAP) < LIFE
    places = places[alive][:rows]
    if len(places) < rows:
        raise ValueError(f"{population} places do not give {rows} rows")
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    seconds = np.sort(generator.integers(0, _DAY_SECONDS, rows))
    kinds = places % len(KINDS)
    owners = (places * 104_729) % (organisations * 11 // 10) + 1
    unowned = owners > organisations
    columns: dict[str, pa.Array] = {
        "line": pa.array(np.arange(2, rows + 2)),
        "observed_at": pa.array((midnight + seconds) * 1_000_000).cast(pa.timestamp("us", tz="UTC")),
        "kind": _words(kinds, [kind for kind, _, _ in KINDS]),
        "classification": _words(kinds, [classification for _, classification, _ in KINDS]),
        "severity": pa.array(np.array([severity for _, _, severity in KINDS], np.int8)[kinds]),
        "ip": _addresses(places),
        "port": pa.array(np.array([80, 3389, 53, 443, 445, 8443, 40_000], np.int32)[kinds]),
        "protocol": _words((kinds == 2).astype(np.int64), ["tcp", "udp"]),
        "asn": pa.array((64_500 + places % 10).astype(np.uint32)),
        "country": _words(np.zeros(rows, np.int64), ["ZZ"]),
        "cves": _words(kinds, ["", "", "", "CVE-2014-3566", "", "CVE-2024-0001", ""]).cast(pa.string()),
        "tag": _words(kinds, [kind for kind, _, _ in KINDS]).cast(pa.string()),
        "extra": _words(places % 1000, [f'{{"banner":"invented {n}"}}' for n in range(1000)]).cast(pa.string()),
        "source": _words(np.zeros(rows, np.int64), [source]),
        "raw": _words(np.zeros(rows, np.int64), [raw]),
        "organisation": pa.array(owners, mask=unowned),
        "team": pa.array(np.ones(rows, np.int64)),
        "claim": pa.array(owners),
        "rank": pa.array(np.ones(rows, np.int8)),
    }
    return pa.table({field.name: columns.get(field.name, pa.nulls(rows, field.type)) for field in SCHEMA})


def _words(places: np.ndarray[tuple[int], np.dtype[np.int64]], words: list[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), pa.array(words))


def _addresses(places: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.Array:
    """An invented address for each place in 10.0.0.0/8, spread so that neighbours belong to different owners."""
    import pyarrow.compute as pc

    spread = (places * 2_654_435_761) % (1 << 24)
    octets = [pa.array((spread >> shift) & 255).cast(pa.string()) for shift in (16, 8, 0)]
    return pc.binary_join_element_wise("10", *octets, ".")
