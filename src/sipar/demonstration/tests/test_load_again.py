"""Loading is done once, whole, and into an empty demonstration only."""

from __future__ import annotations

import pytest
from tests.cast import NOW

from sipar import demonstration
from sipar.assessments.models import Campaign
from sipar.assessments.tests.many_organisations import fill_register
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict
from sipar.demonstration import stage_campaigns
from sipar.demonstration.loading import SMALLEST
from sipar.demonstration.tests.conftest import SIZE, quiet
from sipar.orgs.models import Organisation


def load(*, organisations: int = SIZE, seed: int = 1) -> bool:
    return demonstration.load(organisations=organisations, seed=seed, now=NOW, progress=quiet)


def test_a_load_that_broke_off_is_finished_by_a_second_try(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*args: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(stage_campaigns, "_reviews", break_off)
        with pytest.raises(OSError, match="disk is full"):
            load()
    assert not demonstration.is_loaded()
    with acting(system(), reason="look"):
        assert not Campaign.objects.exists()
    assert load(organisations=SIZE * 2, seed=9)
    with acting(system(), reason="look"):
        assert Organisation.objects.count() == SIZE
        assert Campaign.objects.count() == 3
    assert demonstration.is_loaded()


def test_it_is_never_loaded_over_a_real_register(db: None) -> None:
    fill_register(1)
    with acting(system(), reason="a real one"):
        Organisation.objects.update(is_fictional=False)
    with pytest.raises(Conflict, match="empty one only"):
        load()


def test_it_is_never_loaded_outside_demonstration_mode(db: None, settings: pytest.FixtureRequest) -> None:
    settings.DEMONSTRATION = False  # type: ignore[attr-defined]
    with pytest.raises(Conflict, match="demonstration mode only"):
        load()


@pytest.mark.parametrize("seed", [1, 7])
def test_the_smallest_nation_loads_whole(db: None, seed: int) -> None:
    assert load(organisations=SMALLEST, seed=seed)
    assert demonstration.is_loaded()
