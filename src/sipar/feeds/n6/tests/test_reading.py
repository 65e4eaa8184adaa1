"""n6 events."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sipar.feeds.kernels.rsit import TYPES
from sipar.feeds.kernels.tests.helpers import read_file
from sipar.feeds.n6.fields import CATEGORIES, LISTENING
from sipar.feeds.n6.reader import READER
from sipar.formats.problems import FormatProblem

EVENTS = (Path(__file__).parent / "events.json").read_bytes()


def test_an_event_is_an_observation_for_each_of_its_addresses() -> None:
    found = read_file(READER, EVENTS)
    first, second, phish, weak = found.rows
    assert (first["ip"], first["asn"], first["country"], first["port"]) == ("192.0.2.1", 64500, "PK", 4444)
    assert (first["kind"], first["classification"], first["malware"]) == ("bots-zeus", "infected-system", "zeus")
    assert json.loads(first["extra"])["address.rdns"] == "ptr.example.org"
    assert second["ip"] == "2001:db8::1"
    assert (phish["hostname"], phish["port"], phish["classification"]) == ("login.example.org", 8080, "phishing")
    assert (weak["port"], weak["cves"]) == (443, "CVE-2024-12345")


def test_events_of_another_shape_or_without_a_time_are_refused_with_their_line() -> None:
    assert read_file(READER, EVENTS).faults == [(8, "", "record"), (9, "", "time")]


def test_every_category_maps_to_a_type_of_rsit() -> None:
    assert set(CATEGORIES.values()) <= set(TYPES)
    assert set(CATEGORIES) >= LISTENING


def test_json_without_categories_is_not_taken() -> None:
    with pytest.raises(FormatProblem):
        READER.recognise("x.json", b'{"a": 1}', {})
