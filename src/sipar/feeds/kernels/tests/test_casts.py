"""Text to values, against the standard library where it has the answer."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sipar.feeds.kernels import careful
from sipar.feeds.kernels.casts import CASTS
from sipar.feeds.kernels.drift import compare
from sipar.feeds.kernels.fields import Field
from sipar.feeds.kernels.plan import Plan, observations
from sipar.feeds.kernels.rsit import CLASS_OF, TYPES, rsit_type
from sipar.feeds.reading import Chunk, DriftSeen
from sipar.incidents.classification import rsit


def cast(name: str, *texts: str | None, target: str = "extra.x") -> Chunk:
    """Each text in a row of its own, cast."""
    fields = (Field("ip", "ip", "address"), Field("x", target, name))
    table = pa.table({"ip": pa.array(["192.0.2.1"] * len(texts)), "x": pa.array(texts, pa.string())})
    plan = Plan(fields=fields, kind="k", timeless=True)
    return observations(plan, table, np.arange(1, len(texts) + 1))


def values(name: str, *texts: str | None) -> list[object]:
    return [json.loads(text)["x"] if text else None for text in cast(name, *texts).table["extra"].to_pylist()]


@given(text=st.ip_addresses().map(str) | st.text("0123456789abcdef:.%/ ", max_size=24))
@example("01.2.3.4")
@example("1.2.3")
@example("::ffff:1.2.3.4")
@example("::1.2.3.4")
@settings(max_examples=300, deadline=None)
def test_an_address_is_one_where_ipaddress_says_so(text: str) -> None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        assert careful.address(text) is None
        return
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            assert careful.address(text) is None
            return
        assert careful.address(text) == str(address.ipv4_mapped or address)
        return
    assert careful.address(text) == str(address)


@given(texts=st.lists(st.ip_addresses(v=4).map(str) | st.text("0123456789. ", max_size=12), min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_the_fast_way_to_an_address_and_the_careful_one_agree(texts: list[str]) -> None:
    table = pa.table({"ip": pa.array(texts, pa.string())})
    plan = Plan(fields=(Field("ip", "ip", "address", needed=True),), kind="k", timeless=True)
    found = observations(plan, table, np.arange(len(texts)))
    assert found.table["ip"].to_pylist() == [text for text in map(careful.address, texts) if text]


@given(moment=st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2099, 12, 31), timezones=st.timezones()))  # noqa: DTZ001
@settings(max_examples=100, deadline=None)
def test_a_time_with_a_zone_is_the_same_time_in_utc(moment: dt.datetime) -> None:
    wanted = moment.astimezone(dt.UTC)
    if wanted.year in range(1990, 2100):
        assert careful.time(moment.isoformat()) == wanted


@pytest.mark.parametrize(
    "text",
    ["2026-03-01 10:00:00", "2026-03-01T15:00:00+05:00", "2026-03-01T10:00:00Z", "2026-03-01 10:00:00 UTC",
     "1772359200", "1772359200000", "Sun, 01 Mar 2026 10:00:00 GMT"],
)  # fmt: skip
def test_times_are_read_as_they_are_written_in_feeds(text: str) -> None:
    assert careful.time(text) == dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)


@pytest.mark.parametrize("text", ["", "soon", "1989-12-31", "2100-01-01", "9" * 30, "-5", "2026-02-30 00:00:00"])
def test_what_is_no_time_or_out_of_range_is_none(text: str) -> None:
    assert careful.time(text) is None


def test_numbers_are_numbers_in_json_and_never_what_json_has_not() -> None:
    assert values("integer", "007", "-5", "12.0", " 3 ", None) == [7, -5, 12, 3, None]
    assert values("decimal", "0.5", "1e3", "5") == [0.5, 1000.0, 5.0]
    for text in ("nan", "inf", "-Infinity", "1e999", "x"):
        assert [row.code for row in cast("decimal", text).bad] == ["number"]


def test_yes_and_no_are_read_in_all_their_ways() -> None:
    assert values("boolean", "Y", "true", "1", "Enabled", "no", "F", "0") == [True] * 4 + [False] * 3


def test_text_in_json_is_escaped() -> None:
    text = 'a"b\\c\n\t\x01é\u2028'
    assert values("text", text) == [text]


def test_autonomous_systems_are_read_in_all_notations() -> None:
    found = cast("asn", "AS64496", "64496", "1.10", "0", "4294967295", "4294967296", "AS", target="asn")
    assert found.table["asn"].to_pylist() == [64496, 64496, 65546, None, 4294967295]
    assert [row.line for row in found.bad] == [6, 7]


def test_names_are_lower_case_in_ascii_and_figures_are_no_name() -> None:
    texts = ["WWW.Example.ORG.", "bücher.example", "_dmarc.example.org", "a" * 64 + ".example", "192.0.2.1", "-"]
    found = cast("hostname", *texts, target="hostname")
    assert found.table["hostname"].to_pylist() == [
        "www.example.org", "xn--bcher-kva.example", "_dmarc.example.org", None, None, None,
    ]  # fmt: skip
    assert found.bad == []


def test_cves_are_upper_case_sorted_and_each_once() -> None:
    found = cast("cves", "x;cve-2024-9999;CVE-2020-0001,cve-2024-9999", "none", None, target="cves")
    assert found.table["cves"].to_pylist() == ["CVE-2020-0001 CVE-2024-9999", None, None]


def test_types_are_those_of_rsit_and_other_words_map_to_them() -> None:
    assert [f"{CLASS_OF[name]}/{name}" for name in TYPES] == list(rsit().types)
    assert rsit_type("Blacklist") == "other"
    assert rsit_type('rsit:fraud="phishing"') == "phishing"
    assert rsit_type("no such thing") == "undetermined"
    found = cast("rsit", "c2server", "scanner", target="classification")
    assert found.table["classification"].to_pylist() == ["c2-server", "scanner"]


def test_the_same_row_gives_the_same_text_whatever_stands_beside_it() -> None:
    def extra(*rows: tuple[str | None, str | None]) -> str:
        fields = tuple(Field(name, f"extra.{name}") for name in ("a", "b"))
        table = pa.table({
            "ip": ["192.0.2.1"] * len(rows), "a": pa.array([row[0] for row in rows], pa.string()),
            "b": pa.array([row[1] for row in rows], pa.string()),
        })  # fmt: skip
        plan = Plan(fields=(Field("ip", "ip", "address"), *fields), kind="k", timeless=True)
        text: str = observations(plan, table, np.arange(len(rows))).table["extra"][0].as_py()
        return text

    assert extra(("1", "2")) == extra(("1", "2"), (None, "3")) == extra(("1", "2"), ("3", None)) == '{"a":"1","b":"2"}'


def test_every_cast_takes_a_column_without_any_value() -> None:
    for name in CASTS:
        found = cast(name, None, None)
        assert (found.table.num_rows, list(found.bad)) == (2, [])


def test_columns_are_renamed_only_to_what_they_are_like() -> None:
    drifts, renamed = compare(["src_ip", "server", "port"], ["source_ip", "banner", "PORT_"])
    assert renamed == {"PORT_": "port", "source_ip": "src_ip"}
    assert DriftSeen("missing", "server") in drifts
    assert DriftSeen("new", "banner") in drifts
