"""The page of an organisation's risk: what it says, to whom, and what the organisation says of itself."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from tests.cast import NOW, Cast

from sipar.assessments.models import Campaign
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.risks.models import Dependency
from sipar.risks.organisation_actions import Points, set_appetite, state_dependency
from sipar.risks.organisation_selectors import access_watched, chance_of_more, loss_within, standing_of
from sipar.risks.organisation_words import appetite_sentence, chance_in_words, round_years
from sipar.risks.tests.registering import CURVE, put, stage_run
from sipar.risks.treatment_models import Appetite

HOME, ALPHA = "/risks/organisation/", "/risks/organisation/PK-T-0001/"
POINTS = [(float(loss), float(chance)) for loss, chance in CURVE]


@pytest.fixture(autouse=True)
def at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def said(cast: Cast, points: Points, *, by: str = "bilal") -> Appetite:
    actor = cast.actors[by]
    with acting(actor, reason="set the appetite"):
        return set_appetite(actor, cast.organisations["alpha"], points, currency="USD", now=NOW)


def test_our_page_says_what_a_year_costs_and_what_each_gap_costs(cast: Cast, campaign: Campaign) -> None:
    stage_run(cast, campaign)
    page = text(cast.client("ayesha"), HOME)
    for words in (
        "A year costs USD 50 thousand on average.", "One year in twenty costs more than USD 1 million.",
        "PR.AA-01", "USD 12 thousand", "Ransomware", "A published table.", "Version 1: First", "USD 40 thousand",
    ):  # fmt: skip
        assert words in page, words
    assert "Beta Bank" not in page


def test_a_small_sector_is_not_shown(cast: Cast) -> None:
    stage_run(cast, benchmark={})
    page = text(cast.client("ayesha"), HOME)
    assert "so the sector is not shown" in page
    assert "Upper quartile" not in page


def test_before_the_first_run_the_page_teaches_and_the_register_works(cast: Cast) -> None:
    put(cast)
    page = text(cast.client("ayesha"), HOME)
    assert "was not run for this organisation yet" in page
    assert "Ransomware stops the plant" in page
    assert "was not run yet" in text(cast.client("parveen"), HOME)


def test_levels_are_those_of_the_framework_and_the_gaps_go_as_csv(cast: Cast, campaign: Campaign) -> None:
    stage_run(cast, campaign)
    with acting(cast.ayesha, reason="look"):
        standing = standing_of(cast.ayesha, cast.organisations["alpha"])
    assert standing is not None
    (gap,) = standing.gaps
    assert (gap.level, gap.target) == (1.0, 3.0)
    table = list(csv.DictReader(io.StringIO(text(cast.client("ayesha"), f"{ALPHA}?format=csv").lstrip("\ufeff"))))
    assert [(row["requirement"], row["level"], row["saved_in_a_mean_year"]) for row in table] == [
        ("PR.AA-01", "1.0", "12000.0")
    ]


def test_cert_staff_find_the_organisations_of_their_constituency(cast: Cast) -> None:
    stage_run(cast)
    power, nation = text(cast.client("parveen"), HOME), text(cast.client("nadia"), HOME)
    assert "Alpha Power" in power
    assert "Beta Bank" not in power
    assert nation.index("Beta Bank") < nation.index("Alpha Power")
    found = text(cast.client("nadia"), f"{HOME}?q=beta")
    assert "Beta Bank" in found
    assert "Alpha Power" not in found
    assert "USD 50 thousand" in text(cast.client("parveen"), ALPHA)


@pytest.mark.parametrize("person", ["mina", "chand", "kamran", "omar", "adil"])
def test_ministries_consultants_and_others_do_not_enter(cast: Cast, person: str) -> None:
    stage_run(cast)
    client = cast.client(person)
    for address in (HOME, ALPHA, f"{ALPHA}register/", f"{ALPHA}appetite/"):
        assert client.get(address).status_code == 403, address


def test_others_organisations_are_not_there(cast: Cast) -> None:
    stage_run(cast)
    for person in ("bushra", "farah"):
        for address in (ALPHA, f"{ALPHA}register/", f"{ALPHA}appetite/"):
            assert cast.client(person).get(address).status_code == 404, (person, address)


def test_seeing_an_organisation_in_the_register_is_not_watching_it(cast: Cast, campaign: Campaign) -> None:
    for person in ("mina", "chand"):
        actor = cast.actors[person]
        with acting(actor, reason="look"), pytest.raises(NotFound):
            access_watched(actor, "PK-T-0001")


def test_a_provider_is_stated_once_and_removed(cast: Cast) -> None:
    stage_run(cast)
    client = cast.client("ayesha")
    client.post(f"{ALPHA}rests-on/", {"provider": "cloud", "note": "Mail and payroll."})
    page = text(client, HOME)
    assert "Mail and payroll." in page
    assert "fails about once in 5 years" in page
    alpha = cast.organisations["alpha"]
    with acting(cast.ayesha, reason="again"), pytest.raises(Conflict):
        state_dependency(cast.ayesha, alpha, "cloud", now=NOW)
    with acting(cast.ayesha, reason="unknown"), pytest.raises(Invalid):
        state_dependency(cast.ayesha, alpha, "moon", now=NOW)
    with acting(cast.ayesha, reason="look"):
        row = Dependency.objects.get()
    assert cast.client("bushra").post(f"{ALPHA}rests-on/{row.pk}/remove/").status_code == 404
    assert cast.client("parveen").post(f"{ALPHA}rests-on/{row.pk}/remove/").status_code == 403
    client.post(f"{ALPHA}rests-on/{row.pk}/remove/")
    with acting(cast.ayesha, reason="look"):
        assert not Dependency.objects.exists()


def test_the_appetite_is_drawn_and_its_breach_said(cast: Cast) -> None:
    stage_run(cast)
    client = cast.client("bilal")
    answer = client.post(f"{ALPHA}appetite/", {"loss_1": "1000000", "years_1": "50", "reason": "The reserve."})
    assert answer["Location"] == ALPHA
    page = text(client, ALPHA)
    assert "USD 1 million is exceeded about once in 20 years, and should be at most once in 50 years." in page
    assert "Our appetite" in page
    client.post(f"{ALPHA}appetite/", {"loss_1": "1000000", "years_1": "10"})
    assert "We are within what we said we are ready to lose." in text(client, ALPHA)
    assert "The reserve." in text(client, f"{ALPHA}appetite/")


def test_only_the_ciso_or_the_head_says_how_much_is_too_much(cast: Cast) -> None:
    for person in ("ayesha", "parveen", "bushra"):
        with pytest.raises(Forbidden):
            said(cast, [(1e6, 10)], by=person)
    assert cast.client("ayesha").post(f"{ALPHA}appetite/", {"loss_1": "1", "years_1": "2"}).status_code == 403


@pytest.mark.parametrize(
    ("points", "where"),
    [
        ([], "loss_1"),
        ([(0.0, 10)], "loss_1"),
        ([(float("inf"), 10)], "loss_1"),
        ([(float("nan"), 10)], "loss_1"),
        ([(10.0, 0)], "years_1"),
        ([(10.0, 1_001)], "years_1"),
        ([(10.0, 10), (20.0, 10)], "loss_2"),
        ([(10.0, 10), (10.0, 20)], "loss_2"),
        ([(float(place), place) for place in range(1, 6)], "loss_1"),
    ],
)
def test_an_appetite_that_makes_no_sense_is_refused_with_its_place(cast: Cast, points: Points, where: str) -> None:
    with pytest.raises(Invalid) as refusal:
        said(cast, points)
    assert [place.where for place in refusal.value.places] == [where]


def test_the_earlier_appetites_stay(cast: Cast) -> None:
    said(cast, [(1e5, 5), (1e6, 50)])
    said(cast, [(2e5, 5)])
    with acting(system(), reason="look"):
        assert [row.points for row in Appetite.objects.order_by("pk")] == [
            [[1e5, 5], [1e6, 50]], [[2e5, 5]],
        ]  # fmt: skip


def test_the_curve_is_read_between_its_points() -> None:
    assert loss_within(POINTS, 0.05) == 1_000_000
    assert loss_within(POINTS, 0.2) == 0
    assert loss_within(POINTS, 0.001) is None
    assert chance_of_more(POINTS, 0) == 0.2
    assert chance_of_more(POINTS, 55_000) == pytest.approx(0.125)
    assert chance_of_more(POINTS, 1e9) is None


@given(first=st.floats(min_value=0, max_value=1e7), second=st.floats(min_value=0, max_value=1e7))
def test_a_larger_loss_is_never_more_likely(first: float, second: float) -> None:
    often, rare = chance_of_more(POINTS, min(first, second)), chance_of_more(POINTS, max(first, second))
    assert often is not None
    assert rare is not None
    assert rare <= often + 1e-12


def test_what_is_rarer_than_the_model_sees_is_said_to_be_so() -> None:
    sentence, within = appetite_sentence(POINTS, Appetite(points=[[5e7, 1_000]], currency="USD"))
    assert within
    assert "does not see what is rarer" in sentence


def test_the_appetite_names_the_point_that_is_broken_most() -> None:
    appetite = Appetite(points=[[10_000.0, 6], [1_000_000.0, 100]], currency="USD")
    sentence, within = appetite_sentence(POINTS, appetite)
    assert not within
    assert "USD 1 million" in sentence
    assert appetite_sentence(POINTS, Appetite(points=[[1e7, 100]], currency="USD"))[1]


@pytest.mark.parametrize(
    ("chance", "words"),
    [
        (0.7, "more often than every second year"), (0.4, "about once in 2 years"), (0.1, "about once in 10 years"),
        (0.0123, "about once in 81 years"), (0.00123, "about once in 810 years"), (0.0, "practically never"),
    ],
)  # fmt: skip
def test_chances_are_said_as_years(chance: float, words: str) -> None:
    with translation.override("en"):
        assert chance_in_words(chance) == words


def test_years_are_rounded_to_two_digits() -> None:
    assert [round_years(years) for years in (2.4, 19.6, 81.3, 813, 8_130)] == [2, 20, 81, 810, 8_100]
