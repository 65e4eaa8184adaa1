"""Plain lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sipar.feeds.blocklist.reader import READER
from sipar.feeds.kernels.tests.helpers import read_file
from sipar.formats.problems import FormatProblem

LIST = (Path(__file__).parent / "list.txt").read_bytes()


def test_addresses_networks_names_and_urls_are_told_apart() -> None:
    rows = read_file(READER, LIST).rows
    assert [(row["line"], row.get("ip"), row.get("hostname")) for row in rows] == [
        (3, "192.0.2.1", None),
        (4, "192.0.2.2", None),
        (5, "198.51.100.0", None),
        (6, "2001:db8::", None),
        (7, "2001:db8::7", None),
        (8, "192.0.2.9", None),
        (9, None, "lure.example.org"),
        (10, None, "bad.example.org"),
        (11, None, "wild.example.org"),
        (12, None, "hosts.example.org"),
        (13, None, "ads.example.org"),
        (14, None, "quoted.example.org"),
    ]
    assert rows[6]["url"] == "https://lure.example.org/path?x=1"
    assert json.loads(rows[2]["extra"]) == {"network": "198.51.100.0/24"}
    assert {row["classification"] for row in rows} == {"other"}


def test_what_is_nothing_of_these_is_refused_with_its_line() -> None:
    assert read_file(READER, LIST).faults == [
        (16, "", "asset"), (17, "address", "address"), (18, "network", "network"), (19, "address", "address"),
    ]  # fmt: skip


def test_a_list_may_have_a_meaning_of_its_own() -> None:
    settings = {"kind": "listed-bot", "classification": "infected-system"}
    row = read_file(READER, b"192.0.2.1\n", settings=settings).rows[0]
    assert (row["kind"], row["classification"]) == ("listed-bot", "infected-system")


@pytest.mark.parametrize(
    ("settings", "where"), [({"kind": "No Slug"}, "kind"), ({"classification": "bad"}, "classification")]
)
def test_settings_that_mean_nothing_are_refused_with_the_place(settings: dict[str, Any], where: str) -> None:
    with pytest.raises(FormatProblem) as caught:
        READER.check(settings)
    assert caught.value.where == where


@pytest.mark.parametrize("head", [b"", b"\n\n", b"<!DOCTYPE html>", b'{"a": 1}', b"\x00\x01", b"time,ip\nx,1\n"])
def test_what_is_no_list_is_not_taken(head: bytes) -> None:
    with pytest.raises(FormatProblem):
        READER.recognise("x", head, {})
