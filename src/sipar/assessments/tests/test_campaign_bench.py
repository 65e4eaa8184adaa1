"""The launch measurement asks exactly as many as it was told."""

from __future__ import annotations

import pytest
from tests.cast import Cast

from sipar.assessments import campaign_bench
from sipar.frameworks.models import Framework


@pytest.mark.parametrize("organisations", [3, 25])
def test_the_measurement_launches_over_the_number_asked_for(
    cast: Cast, framework: Framework, organisations: int
) -> None:
    figures = campaign_bench.run(organisations)
    assert figures["organisations"] == organisations
    assert 0 < figures["launch_request_s"] < figures["launch_done_s"]
