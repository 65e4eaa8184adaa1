"""`sipar up` ends with everything that it started, and finds its data again."""

from __future__ import annotations

from tests.browser.starting import Starts


def test_a_second_start_finds_the_data_and_the_first_left_no_process(starts: Starts) -> None:
    assert len(starts.first_names) > 40
    assert starts.working
    assert starts.left == []
    assert "Loading" not in starts.second_log
    assert starts.second_names == starts.first_names
