"""Output of ZGrab."""

from __future__ import annotations

from pathlib import Path

import pytest

from sipar.feeds.kernels.tests.helpers import read_file
from sipar.feeds.zgrab.reader import READER
from sipar.formats.problems import FormatProblem

OUTPUT = (Path(__file__).parent / "scan.jsonl").read_bytes()


def test_each_module_that_found_its_service_is_an_observation() -> None:
    web, shell, banner = read_file(READER, OUTPUT).rows
    assert (web["ip"], web["port"], web["hostname"], web["product"]) == ("192.0.2.6", 80, "b.example.org", "nginx/1.24")
    assert (web["kind"], web["classification"], web["severity"]) == ("accessible-http", "other", 0)
    assert (shell["port"], shell["product"]) == (22, "OpenSSH_9.6")
    assert ("port" not in banner, banner["product"]) == (True, "220 ready")


def test_the_feed_may_say_at_which_port_it_aimed() -> None:
    *_others, banner = read_file(READER, OUTPUT, settings={"port": 2525}).rows
    assert banner["port"] == 2525


def test_a_target_of_another_shape_is_refused_with_its_line() -> None:
    assert read_file(READER, OUTPUT).faults == [(3, "", "record")]


def test_other_json_is_not_taken() -> None:
    with pytest.raises(FormatProblem):
        READER.recognise("x.json", b'{"url": "a"}', {})
