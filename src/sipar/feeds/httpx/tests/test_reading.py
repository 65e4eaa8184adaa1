"""Output of httpx."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sipar.feeds.httpx.reader import READER
from sipar.feeds.kernels.tests.helpers import read_file
from sipar.formats.problems import FormatProblem

OUTPUT = (Path(__file__).parent / "probe.jsonl").read_bytes()


def test_each_server_that_answered_is_an_observation() -> None:
    first, second = read_file(READER, OUTPUT).rows
    assert (first["ip"], first["port"], first["hostname"]) == ("192.0.2.5", 8443, "a.example.org")
    assert (first["kind"], first["classification"], first["product"]) == ("accessible-https", "other", "nginx")
    assert (first["asn"], first["country"]) == (64500, "PK")
    assert json.loads(first["extra"])["title"] == "Start"
    assert (second["ip"], second["kind"]) == ("192.0.2.6", "accessible-http")


def test_a_line_without_a_url_is_refused_and_one_without_an_answer_is_left_out() -> None:
    assert read_file(READER, OUTPUT).faults == [(4, "", "record")]


def test_other_json_is_not_taken() -> None:
    with pytest.raises(FormatProblem):
        READER.recognise("x.json", b'{"ip": 1}', {})
