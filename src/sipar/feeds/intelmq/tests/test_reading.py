"""IntelMQ events in and out."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.feeds.intelmq.fields import NAMES, TARGETS
from sipar.feeds.intelmq.reader import READER, write
from sipar.feeds.kernels.rsit import CLASS_OF, TYPES
from sipar.feeds.kernels.tests.helpers import read_file
from sipar.formats.problems import FormatProblem

EVENTS = (Path(__file__).parent / "events.jsonl").read_bytes()


def test_events_are_observations_flat_or_hierarchical() -> None:
    found = read_file(READER, EVENTS)
    assert found.faults == [(3, "source.ip", "address")]
    first, second = found.rows
    assert (first["kind"], first["classification"], first["severity"]) == ("blacklisted-ip", "other", 3)
    assert (first["ip"], first["port"], first["hostname"]) == ("192.0.2.1", 80, "ptr.example.org")
    assert (first["product"], first["cves"]) == ("Acme Box", "CVE-2020-1111 CVE-2024-12345")
    assert json.loads(first["extra"])["depth"] == {"list": [1, 2]}
    assert (second["hostname"], second["country"], second["classification"]) == ("www.example.org", "PK", "scanner")
    assert json.loads(second["extra"]) == {"attempts": 3}


@pytest.mark.parametrize("indent", [None, 2])
def test_a_list_of_events_is_the_same_as_lines(indent: int | None) -> None:
    events = [json.loads(line) for line in EVENTS.splitlines()]
    found = read_file(READER, json.dumps(events, indent=indent).encode())
    assert found.table.drop(["line"]).equals(read_file(READER, EVENTS).table.drop(["line"]))


def test_a_written_event_says_what_the_read_one_said() -> None:
    (line, *_rest) = b"".join(write(read_file(READER, EVENTS).table)).splitlines()
    event = json.loads(EVENTS.splitlines()[0])
    assert json.loads(line) == {name: value for name, value in event.items() if name not in ("__type", "raw")}


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8)
_EVENT = st.fixed_dictionaries(
    {
        "time.source": st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2099, 1, 1)).map(lambda when: f"{when}+00:00"),  # noqa: DTZ001
        "source.ip": st.ip_addresses().map(str),
        "classification.type": st.sampled_from(TYPES),
        "classification.identifier": st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True),
    },
    optional={
        "source.port": st.integers(1, 65_535),
        "source.asn": st.integers(1, 2**32 - 1),
        "source.fqdn": st.just("www.example.org"),
        "source.reverse_dns": st.just("ptr.example.org"),
        "source.geolocation.cc": st.just("PK"),
        "destination.ip": st.just("203.0.113.1"),
        "product.version": st.just("1.2"),
        "product.full_name": st.just("Acme Box 1"),
        "severity": st.sampled_from(["info", "low", "medium", "high", "critical"]),
        "feed.name": _TEXT,
        "extra.note": _TEXT,
        "extra.count": st.integers(-5, 5),
    },
)


@given(events=st.lists(_EVENT, min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_reading_what_was_written_gives_the_same_observations(events: list[dict[str, Any]]) -> None:
    first = read_file(READER, "\n".join(json.dumps(event) for event in events).encode()).table
    again = read_file(READER, b"".join(write(first))).table
    assert first.num_rows == len(events)
    assert again.drop(["line", "extra"]).equals(first.drop(["line", "extra"]))
    for one, other in zip(first["extra"].to_pylist(), again["extra"].to_pylist(), strict=True):
        assert (json.loads(one) if one else None) == (json.loads(other) if other else None)


def test_every_written_name_is_one_of_intelmq_or_in_extra() -> None:
    for line in b"".join(write(read_file(READER, EVENTS).table)).splitlines():
        event = json.loads(line)
        assert all(name in NAMES or name.startswith("extra.") for name in event)
        assert event["classification.taxonomy"] in set(CLASS_OF.values())
    assert {name for name in TARGETS if not name.startswith("extra.")} <= NAMES


def test_what_is_no_event_is_not_taken_for_one() -> None:
    with pytest.raises(FormatProblem):
        READER.recognise("x.csv", b"a,b\n", {})
