"""What is counted for the pages is what the findings say."""

from __future__ import annotations

from django.db.models import Sum
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.notices.exposure_counting import count_exposure
from sipar.notices.models import ExposureCell, ExposureCount, ExposureStanding
from sipar.notices.tests.exposed import expose


def test_an_organisation_stands_with_what_is_open_and_how_fast_it_repaired(cast: Cast) -> None:
    expose(cast)
    with acting(system(), reason="look"):
        found = ExposureStanding.objects.get(organisation=cast.organisations["alpha"])
    assert (found.live, found.by_severity, found.fresh) == (2, [0, 0, 0, 1, 1], 1)
    assert (found.ended, found.repairs, found.repair_days) == (1, 1, 4.0)


def test_a_constituency_holds_its_members_and_the_nation_everything(cast: Cast) -> None:
    expose(cast)
    with acting(system(), reason="look"):
        lives = dict(ExposureCell.objects.values_list("team").annotate(Sum("live")))
        rdp = ExposureCell.objects.get(team=None, kind="accessible-rdp", sector__code="energy")
    assert lives[None] == 4
    assert lives[cast.teams["power"].pk] == 2
    assert bytes(rdp.repairs) == bytes([4])
    assert sorted(bytes(rdp.opened)) == [10, 10]
    assert bytes(rdp.ended) == bytes([6])


def test_an_address_that_nobody_claims_counts_for_the_cert_that_answers_for_it(cast: Cast) -> None:
    expose(cast)
    with acting(system(), reason="look"):
        found = ExposureCell.objects.get(team=cast.teams["national"], sector=None)
    assert (found.live, found.province_id) == (1, None)


def test_counting_twice_changes_nothing_but_the_time(cast: Cast) -> None:
    expose(cast)
    with acting(system(), reason="look"):
        before = sorted(ExposureCell.objects.values_list("team", "kind", "sector", "live", "stale", "fresh"), key=repr)
        count_exposure(system(), now=NOW)
        after = sorted(ExposureCell.objects.values_list("team", "kind", "sector", "live", "stale", "fresh"), key=repr)
        assert ExposureCount.objects.get().counted_at == NOW
    assert before == after


def test_each_sees_the_counts_of_their_own_part(cast: Cast) -> None:
    expose(cast)
    seen = {}
    for name in ("parveen", "farah", "nadia", "bilal", "mina", "kamran", "chand", "omar"):
        with acting(cast.actors[name], reason="look"):
            seen[name] = (
                set(ExposureStanding.objects.values_list("organisation__identifier", flat=True)),
                set(ExposureCell.objects.values_list("team__code", flat=True)),
            )
    alpha, beta = (cast.organisations[key].identifier for key in ("alpha", "beta"))
    assert seen["parveen"] == ({alpha}, {cast.teams["power"].code})
    assert seen["farah"][0] == {beta}
    assert seen["bilal"] == ({alpha}, set())
    assert seen["nadia"][0] == {alpha, beta}
    assert None in seen["nadia"][1]
    for name in ("mina", "kamran", "chand", "omar"):
        assert seen[name] == (set(), set())
