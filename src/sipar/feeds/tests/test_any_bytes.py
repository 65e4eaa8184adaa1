"""Whatever bytes a reader is given, it says what is wrong with them; it never breaks or hands on a wrong shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.feeds.kernels.tests.helpers import read_file
from sipar.feeds.readers import names, reader
from sipar.feeds.shadowserver.tests.schemas import HTTP_COLUMNS, SCHEMA
from sipar.formats.problems import FormatProblem

SETTINGS: dict[str, dict[str, Any]] = {
    "shadowserver": {"schema": SCHEMA},
    "table": {"columns": {"time": "observed_at", "ip": "ip", "n": {"to": "extra.n", "as": "integer"}, "u": "url"},
              "constants": {"kind": "seen"}},
}  # fmt: skip
REPORTS = {"shadowserver": "scan_http"}
HTTP_ROW = '"2026-03-01 12:00:00","high","192.0.2.7","tcp","80","a.example.org","x;cve-2024-1234","64500","PK"'
WELL_FORMED = {
    "shadowserver": (",".join(HTTP_COLUMNS) + "\n" + HTTP_ROW + ',""' * 17 + "\n").encode() * 2,
    "table": b'time,ip,n,u\n2026-03-01,192.0.2.7,5,"http://[2001:db8::1]/a"\n"2026-03-01T10:00:00Z",::1,,\n',
    "intelmq": b'{"time.source": "2026-03-01T10:00:00Z", "source.ip": "192.0.2.1", "extra": "{}"}\n[{}]\n',
    "n6": b'[{"category": "bots", "time": "2026-03-01", "address": [{"ip": "192.0.2.1", "cc": "PK"}]}]',
    "blocklist": b"# list\n192.0.2.0/24\nhxxp://a[.]example/x\n||a.example^\n::ffff:192.0.2.1\n0.0.0.0 b.example\n",
    "misp": json.dumps({"response": [{"Event": {"Tag": [{"name": "rsit:fraud=\"phishing\""}], "Attribute": [
        {"type": "ip-dst|port", "value": "192.0.2.1|80", "timestamp": "1767225600"}]}}]}).encode(),
    "nmap": b'<?xml version="1.0"?><!DOCTYPE nmaprun><nmaprun><host endtime="1767225700"><status state="up"/>'
    b'<address addr="192.0.2.1" addrtype="ipv4"/><ports><port protocol="tcp" portid="80"><state state="open"/>'
    b'<service name="http"/></port></ports></host></nmaprun>',
    "httpx": b'{"url": "http://a.example", "input": "a", "port": "80", "asn": {"as_number": 1}, "a": ["192.0.2.1"]}',
    "zgrab": b'{"ip": "192.0.2.1", "data": {"http": {"status": "success", "result": {"response": {"headers": {}}}}}}',
    "example": b"2026-03-01T10:00:00Z 192.0.2.7 8080 open-proxy\n",
}  # fmt: skip
PIECES = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xfe", b'"', b'""', b"\\", b"\r", b"\n", b"\r\n", b",", b";", b"\t",
    b"%eth0",
    b"NaN", b"Infinity", b"-1", b"99999999999999999999999", b"1e999", b"{", b"}", b"[", b"]" * 40, b"[" * 500, b":",
    b"null", b"true", b'"\\ud800"', b'"\\u0000"', b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"<", b">", b"&a;", b"://",
    b"\xc3\xa9",
    b"9999-12-31 23:59:60", b"0000-00-00", b"1.2.3.4/99", b"::ffff:1.2.3.4", "\u202e\u0665".encode(), b"a" * 300,
)  # fmt: skip


def test_every_reader_has_a_well_formed_file_here() -> None:
    assert set(names()) == set(WELL_FORMED)


@pytest.mark.parametrize("name", sorted(WELL_FORMED))
def test_the_well_formed_file_gives_observations(name: str) -> None:
    found = read_file(reader(name), WELL_FORMED[name], settings=SETTINGS.get(name), report=REPORTS.get(name, ""))
    assert found.table.num_rows >= 1


@st.composite
def _damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """The file with pieces put in, taken out and said twice."""
    for _time in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 12)))
        data = (
            data[:start]
            + draw(st.sampled_from(PIECES) | st.binary(max_size=8) | st.just(data[start:end] * 2))
            + data[end:]
        )
    return data


@pytest.mark.parametrize("name", sorted(WELL_FORMED))
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_bytes_break_a_reader(name: str, data: st.DataObject) -> None:
    given_bytes = data.draw(_damaged(WELL_FORMED[name]) | st.binary(max_size=200))
    report = REPORTS.get(name) or data.draw(st.sampled_from(["", "lines"]))
    try:
        found = read_file(reader(name), given_bytes, settings=SETTINGS.get(name), report=report)
    except FormatProblem:
        return
    for row in found.rows:
        if "extra" in row:
            assert isinstance(json.loads(row["extra"], parse_constant=lambda text: pytest.fail(text)), dict)
        assert {"ip", "hostname", "url", "asn"} & row.keys()
