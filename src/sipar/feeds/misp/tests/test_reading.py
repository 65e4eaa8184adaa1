"""MISP attributes."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from sipar.feeds.kernels.tests.helpers import read_file
from sipar.feeds.misp.reader import READER
from sipar.formats.problems import FormatProblem

EVENTS = (Path(__file__).parent / "events.json").read_bytes()


def test_attributes_that_name_something_are_observations_of_the_events_type() -> None:
    found = read_file(READER, EVENTS)
    address, mail, url = found.rows
    assert (address["line"], address["ip"], address["port"]) == (1, "192.0.2.1", 443)
    assert (address["classification"], address["severity"], address["kind"]) == ("phishing", 3, "misp-network-activity")
    assert json.loads(address["extra"])["event"] == "Lures"
    assert mail["hostname"] == "mail.example.org"
    assert (url["hostname"], url["observed_at"]) == ("lure.example.org", dt.datetime(2026, 2, 1, tzinfo=dt.UTC))
    assert found.faults == [(4, "ip", "address")]


def test_only_what_is_fit_for_detection_may_be_asked_for() -> None:
    assert [row["line"] for row in read_file(READER, EVENTS, settings={"only_ids": True}).rows] == [1, 5]


def test_the_event_alone_and_a_list_of_attributes_are_read_too() -> None:
    event = json.loads(EVENTS)["response"][0]
    assert len(read_file(READER, json.dumps(event).encode()).rows) == 3
    attributes = {"response": {"Attribute": event["Event"]["Attribute"]}}
    assert len(read_file(READER, json.dumps(attributes).encode()).rows) == 2


@pytest.mark.parametrize("text", ['{"Event": []', '{"Event": 5}', '{"Event": {"a": 1, "a": 2}}', '{"Event": NaN}'])
def test_damaged_documents_are_refused(text: str) -> None:
    with pytest.raises(FormatProblem):
        read_file(READER, text.encode())


def test_other_json_is_not_taken() -> None:
    with pytest.raises(FormatProblem):
        READER.recognise("x.json", b'{"url": "a"}', {})
