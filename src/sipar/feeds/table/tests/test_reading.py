"""Tables that feeds declare."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from sipar.exposure.observations import READ
from sipar.feeds.kernels.casts import CASTS
from sipar.feeds.kernels.tests.helpers import read_file
from sipar.feeds.reading import DriftSeen
from sipar.feeds.table.declaring import TARGETS
from sipar.feeds.table.reader import READER
from sipar.formats.problems import FormatProblem

CSV = (Path(__file__).parent / "sensors.csv").read_bytes()
SETTINGS: dict[str, Any] = {
    "columns": {"When": "observed_at", "Address": "ip", "Port": "port", "Note": "extra.note",
                "Tries": {"to": "extra.tries", "as": "integer"}},
    "constants": {"kind": "open-door", "classification": "vulnerable-system", "severity": "high", "protocol": "tcp",
                  "origin": "lab"},
    "time_format": "%d/%m/%Y %H:%M",
    "time_zone": "Asia/Karachi",
}  # fmt: skip


def test_declared_columns_fill_what_they_say_and_constants_every_row() -> None:
    first, last = read_file(READER, CSV, settings=SETTINGS).rows
    assert json.loads(first.pop("extra")) == {"origin": "lab", "note": "hello", "tries": 3, "site": "North"}
    assert first == {
        "line": 2, "observed_at": dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC), "kind": "open-door",
        "classification": "vulnerable-system", "severity": 3, "ip": "192.0.2.1", "port": 80, "protocol": "tcp",
    }  # fmt: skip
    assert last["line"] == 7


def test_bad_rows_are_refused_with_line_column_and_code() -> None:
    assert read_file(READER, CSV, settings=SETTINGS).faults == [
        (3, "when", "time"), (4, "port", "port"), (5, "tries", "number"),
    ]  # fmt: skip


def test_json_is_read_along_paths_of_names() -> None:
    settings = {"columns": {"seen": "observed_at", "host.ip": "ip", "host.names": "tag"}, "constants": {"kind": "x"}}
    data = b'{"seen": 1772359200, "host": {"ip": "192.0.2.1", "names": ["a", "b"]}, "more": {"deep": [1]}}\n'
    (row,) = read_file(READER, data, settings=settings).rows
    assert (row["ip"], row["tag"], json.loads(row["extra"])) == ("192.0.2.1", "a b", {"more": {"deep": [1]}})
    assert row["observed_at"] == dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)


def test_a_declared_column_that_is_not_there_is_a_drift() -> None:
    found = read_file(READER, b"when;address\n01/03/2026 15:00;192.0.2.1\n", settings=SETTINGS)
    assert {drift.column for drift in found.drifts if drift.kind == "missing"} == {"port", "note", "tries"}
    assert len(found.rows) == 1
    json_settings = {"columns": {"ip": "ip", "gone": "tag", "malware": "malware"}, "constants": {"kind": "x"}}
    found = read_file(READER, b'{"ip": "192.0.2.1", "malware_family": "a"}', settings=json_settings)
    assert found.drifts == [DriftSeen("renamed", "malware", "malware_family"), DriftSeen("missing", "gone")]


def test_a_new_column_is_a_drift_where_the_feed_says_which_there_are() -> None:
    assert read_file(READER, CSV, settings=SETTINGS).drifts == []
    told = read_file(READER, CSV, settings=SETTINGS | {"others": []})
    assert told.drifts == [DriftSeen("new", "site")]
    assert read_file(READER, CSV, settings=SETTINGS | {"others": ["Site"]}).drifts == []


def test_a_table_with_another_delimiter_than_declared_says_so() -> None:
    with pytest.raises(FormatProblem, match="delimiter") as caught:
        read_file(READER, CSV, settings=SETTINGS | {"delimiter": ","})
    assert caught.value.code == "table.columns"


@pytest.mark.parametrize("data", [b"", b"\n", b"a;b\n1;2\n", b'{"a": 1}', b"<html>"])
def test_a_file_without_a_declared_address_or_name_is_not_taken(data: bytes) -> None:
    with pytest.raises(FormatProblem):
        READER.recognise("x", data, SETTINGS)


def test_the_asset_may_be_a_url() -> None:
    settings = {"columns": {"link": "url"}, "constants": {"kind": "x"}}
    rows = read_file(READER, b"link\nhttps://a.example.org/b\nhttp://[2001:db8::1]:80/\n", settings=settings).rows
    assert [(row.get("hostname"), row.get("ip")) for row in rows] == [("a.example.org", None), (None, "2001:db8::1")]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"columns": {}}, "columns"),
        ({"columns": {"a": "port"}}, "columns"),
        ({"columns": {"a": "address"}}, "columns/a"),
        ({"columns": {"a": "ip", "b": {"to": "extra.b", "as": "gold"}}}, "columns/b/as"),
        ({"columns": {"a": {"to": "ip", "as": "text"}}}, "columns/a/as"),
        ({"constants": {}}, "constants/kind"),
        ({"constants": {"kind": "x", "classification": "bad"}}, "constants/classification"),
        ({"constants": {"kind": "x", "severity": "5"}}, "constants/severity"),
        ({"constants": {"kind": "x", "port": "80"}}, "constants/port"),
        ({"constants": {"kind": 5}}, "constants/kind"),
        ({"time_format": "day"}, "time_format"),
        ({"time_format": "%Q"}, "time_format"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_format": None, "time_zone": "Asia/Karachi"}, "time_zone"),
        ({"delimiter": ";;"}, "delimiter"),
        ({"format": "xml"}, "format"),
        ({"others": "site"}, "others"),
    ],
)
def test_a_declaration_that_cannot_be_worked_with_is_refused_with_the_place(change: dict[str, Any], where: str) -> None:
    with pytest.raises(FormatProblem) as caught:
        READER.check({**SETTINGS, **change})
    assert (caught.value.code, caught.value.where) == ("table.settings", where)


def test_a_table_may_fill_every_column_of_an_observation() -> None:
    assert set(TARGETS) == set(READ.names) - {"line", "extra"}
    assert set(TARGETS.values()) <= set(CASTS)
