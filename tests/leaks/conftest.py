"""The furnished world, at the hour of the cast: Alpha's assessment is back with Alpha, Beta's is with its reviewers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from sipar.assessments.models import Assessment
from sipar.core.acting import acting
from sipar.core.jobs import system
from tests.cast import NOW
from tests.world import World


@pytest.fixture(autouse=True)
def at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def world(at_now: None, world: World) -> World:
    with acting(system(), reason="return it"):
        Assessment.objects.filter(organisation=world.cast.organisations["alpha"]).update(state="returned")
    return world
