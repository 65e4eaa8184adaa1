"""The example of the how-to."""

from __future__ import annotations

from pathlib import Path

import pytest

from sipar.feeds.example.reader import READER
from sipar.feeds.kernels.tests.helpers import read_file
from sipar.formats.problems import FormatProblem

LINES = (Path(__file__).parent / "lines.txt").read_bytes()


def test_each_line_is_an_observation() -> None:
    first, second = read_file(READER, LINES).rows
    assert (first["ip"], first["port"], first["kind"]) == ("192.0.2.7", 8080, "open-proxy")
    assert first["classification"] == "potentially-unwanted-accessible"
    assert second["ip"] == "2001:db8::7"


def test_bad_lines_are_refused_and_the_rest_is_read() -> None:
    assert read_file(READER, LINES).faults == [(3, "address", "address"), (4, "", "columns")]


def test_other_text_is_not_taken() -> None:
    with pytest.raises(FormatProblem):
        READER.recognise("x.txt", b"hello", {})
