"""Shadowserver reports read by their schema."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from sipar.feeds.kernels.tests.helpers import ReadFile, read_file
from sipar.feeds.reading import DriftSeen
from sipar.feeds.shadowserver.reader import READER
from sipar.feeds.shadowserver.schema import ReportType, parse, schema_of
from sipar.feeds.shadowserver.tests.schemas import HTTP_COLUMNS, SCHEMA
from sipar.formats.problems import FormatProblem

NAME = "2026-03-01-scan_http-nation-geo.csv"
LAMP = "2026-03-01-event4_lamp-nation-geo.csv"
ROW = {
    "timestamp": "2026-03-01 12:30:00", "severity": "high", "ip": "192.0.2.7", "protocol": "TCP", "port": "8080",
    "hostname": "Www.Example.org.", "tag": "http;cve-2024-12345;CVE-2020-0001", "asn": "64500", "geo": "pk",
    "region": "Sindh", "city": "Karachi", "naics": "0", "http_code": "200", "content_length": "12",
    "server": 'a "quoted" \\ thing', "http_date": "Sun, 01 Mar 2026 12:29:59 GMT",
}  # fmt: skip


def table(rows: list[dict[str, str]], columns: tuple[str, ...] = HTTP_COLUMNS, **form: Any) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", **({"lineterminator": "\n"} | form))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def read(data: bytes, name: str = NAME, schema: Any = SCHEMA) -> ReadFile:
    return read_file(READER, data, name, {"schema": schema})


def test_a_row_of_scan_http_is_an_observation_with_everything_it_says() -> None:
    found = read(table([ROW]))
    assert found.report.type == "scan_http"
    assert found.report.day == dt.date(2026, 3, 1)
    (row,) = found.rows
    assert json.loads(row.pop("extra")) == {
        "region": "Sindh",
        "city": "Karachi",
        "http_code": 200,
        "server": 'a "quoted" \\ thing',
        "content_length": 12,
        "http_date": "2026-03-01T12:29:59+00:00",
    }
    assert row == {
        "line": 2,
        "observed_at": dt.datetime(2026, 3, 1, 12, 30, tzinfo=dt.UTC),
        "kind": "accessible-http",
        "classification": "other",
        "severity": 3,
        "ip": "192.0.2.7",
        "port": 8080,
        "protocol": "tcp",
        "hostname": "www.example.org",
        "asn": 64500,
        "country": "PK",
        "cves": "CVE-2020-0001 CVE-2024-12345",
        "tag": "http;cve-2024-12345;CVE-2020-0001",
    }


def test_a_file_is_matched_by_the_name_of_its_type_even_where_the_schema_calls_it_otherwise() -> None:
    assert READER.recognise(LAMP, b"", {"schema": SCHEMA}).type == "event4_lamp"


def test_absence_tells_something_only_in_reports_of_scans() -> None:
    assert READER.recognise(NAME, b"", {"schema": SCHEMA}).complete is None
    assert READER.recognise(LAMP, b"", {"schema": SCHEMA}).complete is False


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("2026-03-01-scan_unheard-nation-geo.csv", "shadowserver.type"),
        ("2026-13-01-scan_http-nation-geo.csv", "shadowserver.name"),
        ("report.csv", "shadowserver.name"),
    ],
)
def test_a_name_that_says_nothing_known_is_a_clear_problem(name: str, code: str) -> None:
    with pytest.raises(FormatProblem) as caught:
        READER.recognise(name, b"", {"schema": SCHEMA})
    assert caught.value.code == code


def test_a_feed_of_one_type_may_name_it_in_its_settings() -> None:
    settings = {"schema": SCHEMA, "report": "scan_http"}
    assert READER.recognise("latest.csv", b"", settings).type == "scan_http"


def test_a_feed_without_a_schema_says_where_to_get_one() -> None:
    with pytest.raises(FormatProblem, match="report_schema"):
        READER.check({})
    with pytest.raises(FormatProblem, match="JSON file"):
        READER.check({"schema": "/etc/hosts"})
    with pytest.raises(FormatProblem, match="not there"):
        READER.check({"schema": "no-such-file.json"})


def test_a_schema_is_read_from_a_file_and_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "intelmq.json"
    path.write_text(json.dumps({"a": SCHEMA["scan_http"]}))
    assert set(schema_of({"schema": str(path)})) == {"scan_http"}
    path.write_text(json.dumps(SCHEMA))
    assert "event4_lamp" in schema_of({"schema": str(path)})


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ([], ""),
        ({}, ""),
        ({"a": 1}, "a"),
        ({"a": SCHEMA["scan_http"] | {"optional_fields": [["x"]]}}, "a/optional_fields/0"),
        ({"a": SCHEMA["scan_http"] | {"file_name": ""}}, "a"),
        ({"a": SCHEMA["scan_http"], "b": SCHEMA["scan_http"]}, "b"),
        ({"a": {"fields": [1], "name": "A"}}, "a"),
    ],
)
def test_a_schema_of_another_shape_is_refused_with_the_place(document: Any, where: str) -> None:
    with pytest.raises(FormatProblem) as caught:
        parse(document)
    assert (caught.value.code, caught.value.where) == ("shadowserver.schema", where)


def test_the_list_of_columns_alone_is_schema_enough() -> None:
    schema = {"scan_http": {"name": "Accessible-HTTP", "fields": list(HTTP_COLUMNS), "classification.type": "other"}}
    (row,) = read(table([ROW]), schema=schema).rows
    assert (row["kind"], row["ip"], row["cves"]) == ("accessible-http", "192.0.2.7", "CVE-2020-0001 CVE-2024-12345")


def test_bad_cells_refuse_their_row_with_line_column_and_code_and_the_others_stay() -> None:
    bad = [
        ROW | {"ip": "192.0.2.700"}, ROW | {"ip": "fe80::1%eth0"}, ROW | {"port": "65536"}, ROW | {"asn": "4294967296"},
        ROW | {"timestamp": "yesterday"}, ROW | {"timestamp": ""}, ROW | {"ip": "", "hostname": "", "asn": ""},
        ROW | {"http_code": "many"}, ROW | {"geo": "PAK"}, ROW | {"timestamp": "2200-01-01 00:00:00"},
    ]  # fmt: skip
    found = read(table([ROW, *bad, ROW]))
    assert [row["line"] for row in found.rows] == [2, 13]
    assert found.faults == [
        (3, "ip", "address"), (4, "ip", "address"), (5, "port", "port"), (6, "asn", "asn"), (7, "timestamp", "time"),
        (8, "", "time"), (9, "", "asset"), (10, "http_code", "number"), (11, "geo", "country"),
        (12, "timestamp", "time"),
    ]  # fmt: skip


def test_addresses_are_kept_in_their_shortest_form_and_mapped_ones_as_ipv4() -> None:
    rows = [ROW | {"ip": text} for text in ("2001:DB8:0:0::1", "::ffff:192.0.2.9", " 192.0.2.1", "::1.2.3.4")]
    assert [row["ip"] for row in read(table(rows)).rows] == ["2001:db8::1", "192.0.2.9", "192.0.2.1", "::102:304"]


def test_a_name_that_is_none_stays_in_extra_and_costs_nothing() -> None:
    (row,) = read(table([ROW | {"hostname": "not a name"}])).rows
    assert "hostname" not in row
    assert json.loads(row["extra"])["hostname"] == "not a name"


def test_a_new_a_missing_and_a_renamed_column_are_drifts_and_the_rest_goes_on() -> None:
    names = {"server": "brand_new", "port": "Port-", "city": None}
    columns = [names.get(name, name) for name in HTTP_COLUMNS]
    rows = [{(names.get(key) or key): value for key, value in ROW.items() if key != "city"}]
    found = read(table(rows, tuple(name for name in columns if name)))
    assert found.drifts == [
        DriftSeen("renamed", "port", "port-"),
        DriftSeen("missing", "city"),
        DriftSeen("missing", "server"),
        DriftSeen("new", "brand_new"),
    ]
    (row,) = found.rows
    assert row["port"] == 8080
    assert json.loads(row["extra"])["brand_new"] == ROW["server"]


def test_a_column_of_another_type_is_a_drift_and_its_text_is_kept() -> None:
    found = read(table([ROW | {"http_code": "200 OK"}] * 30))
    assert found.drifts == [DriftSeen("type", "http_code", "number: 30 of 30")]
    assert len(found.rows) == 30
    assert json.loads(found.rows[0]["extra"])["http_code"] == "200 OK"


def test_a_needed_column_of_another_type_refuses_its_rows_and_is_a_drift() -> None:
    found = read(table([ROW | {"ip": "somewhere"}] * 30))
    assert found.drifts == [DriftSeen("type", "ip", "address: 30 of 30")]
    assert (found.table.num_rows, found.refused) == (0, 30)


def test_a_report_without_rows_still_tells_of_its_columns() -> None:
    found = read(table([], HTTP_COLUMNS[:-1]))
    assert found.drifts == [DriftSeen("missing", "version")]
    assert found.table.num_rows == 0


def test_without_a_time_column_the_rows_have_no_time_and_are_kept() -> None:
    found = read(table([{key: value for key, value in ROW.items() if key != "timestamp"}], HTTP_COLUMNS[1:]))
    assert found.drifts == [DriftSeen("missing", "timestamp")]
    assert "observed_at" not in found.rows[0]


def test_a_file_of_something_else_is_refused() -> None:
    with pytest.raises(FormatProblem) as caught:
        read(b"alpha,beta\n1,2\n")
    assert (caught.value.code, caught.value.where) == ("shadowserver.columns", "line 1")


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_found_in_the_head(delimiter: str) -> None:
    assert len(read(table([ROW, ROW], delimiter=delimiter, quoting=csv.QUOTE_ALL)).rows) == 2


def test_every_conversion_of_the_schema_makes_its_kind_of_value() -> None:
    columns = (
        "timestamp", "ip", "port", "infection", "device_version", "device_vendor", "hostname", "site", "url",
        "category", "detail", "http_host", "secure", "ratio", "body", "resolver", "network", "seen", "odd", "dst_ip",
    )  # fmt: skip
    row = dict(zip(columns, (
        "2026-03-01 00:00:00", "192.0.2.1", "443", "Zeus P2P", "1.2", "Acme", "ptr.example.net", "site.example.org",
        "/login", "", "found", "site.example.org", "Yes", "0.5", "a b", "2001:DB8::5", "198.51.100.9/24",
        "2026-02-28 23:00:00", "x", "203.0.113.1",
    ), strict=True))  # fmt: skip
    found = read(table([row], columns), LAMP)
    assert found.drifts == [DriftSeen("type", "odd", "conversion: convert_to_gold")]
    (got,) = found.rows
    assert got["kind"] == "zeus-p2p"
    assert got["malware"] == "Zeus P2P"
    assert got["product"] == "Acme 1.2"
    assert got["hostname"] == "site.example.org"
    assert got["url"] == "https://site.example.org/login"
    assert got["classification"] == "other"
    extra = json.loads(got["extra"])
    assert extra == {
        "classification.type": "blacklist", "product.vendor": "Acme", "product.version": "1.2",
        "source.reverse_dns": "ptr.example.net", "event_description.text": "found", "detail": "found",
        "http_host": "site.example.org", "secure": True, "ratio": 0.5, "body": "YSBi", "resolver": "2001:db8::5",
        "source.network": "198.51.100.0/24", "seen": "2026-02-28T23:00:00+00:00", "odd": "x",
        "destination.ip": "203.0.113.1",
    }  # fmt: skip


def test_a_kind_that_a_row_does_not_name_is_that_of_the_report() -> None:
    row = {"timestamp": "2026-03-01 00:00:00", "ip": "192.0.2.1", "infection": ""}
    (got,) = read(table([row], ("timestamp", "ip", "infection")), LAMP).rows
    assert got["kind"] == "event4-lamp"


def test_a_web_shell_is_a_compromise_and_the_rest_a_weakness() -> None:
    columns = ("timestamp", "ip", "port", "tag")
    rows = [
        dict(zip(columns, ("2026-03-01 00:00:00", "192.0.2.1", "443", tag), strict=True))
        for tag in ("exchange;webshell", "exchange", "")
    ]
    found = read(table(rows, columns), "2026-03-01-scan_mail-nation-geo.csv")
    assert [(row["kind"], row["classification"]) for row in found.rows] == [
        ("exchange-server-webshell", "system-compromise"),
        ("vulnerable-exchange-server", "vulnerable-system"),
        ("vulnerable-exchange-server", "vulnerable-system"),
    ]


def test_a_leaked_account_belongs_to_the_domain_of_its_address() -> None:
    rows = [{"timestamp": "2026-03-01 00:00:00", "email": "someone@Mail.Example.org"}]
    (row,) = read(table(rows, ("timestamp", "email")), "2026-03-01-account-nation-geo.csv").rows
    assert row["hostname"] == "mail.example.org"


@pytest.mark.parametrize("name", ["intelmq.json", "reports.json"])
def test_every_type_of_the_published_schema_compiles_and_reads(name: str) -> None:
    folder = os.environ.get("SIPAR_SHARED")
    if not folder:
        pytest.skip("SIPAR_SHARED names no folder with the published schema")
    path = Path(folder) / "data" / "shadowserver" / name
    schema = schema_of({"schema": str(path)})
    assert len(schema) == 170
    for kind in schema.values():
        data = table([_row_of(kind), _row_of(kind)], kind.columns)
        found = read(data, f"2026-03-01-{kind.file_name}-nation-geo.csv", str(path))
        assert (found.table.num_rows, found.bad, found.drifts) == (2, [], []), kind.file_name
        assert all(json.loads(row["extra"]) for row in found.rows if "extra" in row)


def _row_of(kind: ReportType) -> dict[str, str]:
    by_conversion = {
        "validate_ip": "192.0.2.7", "convert_int": "443", "invalidate_zero": "64500", "convert_bool": "true",
        "convert_float": "1.5", "convert_date": "2026-01-01 00:00:00", "convert_date_utc": "2026-01-01 00:00:00",
        "validate_fqdn": "a.example.org", "validate_network": "192.0.2.0/24",
    }  # fmt: skip
    by_column = {
        "timestamp": "2026-03-01 10:00:00", "severity": "high", "ip": "192.0.2.7", "src_ip": "192.0.2.7",
        "http_referer_ip": "192.0.2.7", "port": "80", "src_port": "80", "asn": "64500", "src_asn": "64500",
        "geo": "PK", "src_geo": "PK", "dst_geo": "PK", "hostname": "h.example.org", "src_hostname": "h.example.org",
        "email": "a@example.org", "website": "https://www.example.org/", "request": "dns.example.org",
        "protocol": "tcp", "url": "http://h.example.org/", "tag": "x;cve-2024-1234",
    }  # fmt: skip
    return {
        found.column: by_column.get(found.column) or by_conversion.get(found.conversion, f"a {found.column}")
        for found in kind.fields
    }
