"""Nmap's XML."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from sipar.feeds.kernels.tests.helpers import read_file
from sipar.feeds.nmap.reader import READER
from sipar.formats.problems import FormatProblem

SCAN = (Path(__file__).parent / "scan.xml").read_bytes()


def test_each_open_port_is_an_observation() -> None:
    secure, plain, names = read_file(READER, SCAN).rows
    assert (secure["ip"], secure["port"], secure["hostname"]) == ("192.0.2.1", 443, "web.example.org")
    assert (secure["kind"], secure["product"]) == ("open-https", "nginx 1.24")
    assert secure["observed_at"] == dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
    assert json.loads(secure["extra"])["cpe"] == ["cpe:/a:igor_sysoev:nginx:1.24"]
    assert (plain["port"], names["ip"], names["port"], names["protocol"]) == (80, "2001:db8::5", 53, "udp")
    assert names["kind"] == "open-port"


def test_only_a_script_that_tried_makes_a_port_vulnerable() -> None:
    secure, plain, _names = read_file(READER, SCAN).rows
    assert (secure["classification"], secure["cves"]) == ("vulnerable-system", "CVE-2014-0160")
    assert (plain["classification"], "cves" in plain) == ("other", False)


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE nmaprun [<!ENTITY a "b">]><nmaprun>&a;</nmaprun>',
        b'<!DOCTYPE nmaprun SYSTEM "http://example.org/nmap.dtd"><nmaprun/>',
        b'<!DOCTYPE nmaprun PUBLIC "a" "b"><nmaprun/>',
        b"<!DOCTYPE nmaprun [<!ELEMENT nmaprun ANY>]><nmaprun/>",
    ],
)
def test_entities_and_declarations_are_refused(document: bytes) -> None:
    with pytest.raises(FormatProblem) as caught:
        read_file(READER, document)
    assert caught.value.code == "nmap.entities"


def test_a_file_that_breaks_off_is_refused_with_its_line() -> None:
    with pytest.raises(FormatProblem) as caught:
        read_file(READER, SCAN[:900])
    assert caught.value.code == "nmap.xml"
    assert caught.value.where.startswith("line ")


def test_a_host_without_end_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(FormatProblem) as caught:
        read_file(READER, b"<nmaprun><host>" + (b"x" * 1_000 + b"\n") * 17_000)
    assert caught.value.code == "nmap.size"


def test_other_xml_is_not_taken() -> None:
    with pytest.raises(FormatProblem):
        READER.recognise("x.xml", b"<feed/>", {})
