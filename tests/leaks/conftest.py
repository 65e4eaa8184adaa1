"""The furnished world, at the hour of the cast: Alpha's assessment is back with Alpha, Beta's is with its reviewers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from sipar.assessments.models import Assessment, Campaign
from sipar.core.acting import acting
from sipar.core.jobs import system
from tests.cast import NOW, Cast
from tests.world import World, build_world


@pytest.fixture(autouse=True)
def at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def world(at_now: None, campaign: Campaign, cast: Cast) -> World:
    made = build_world(cast)
    with acting(system(), reason="return it"):
        Assessment.objects.filter(organisation=cast.organisations["alpha"]).update(state="returned")
    return made
