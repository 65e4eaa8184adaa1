"""The score has the values that the published figures give, and never hides what it was made from."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.problems import FormatProblem
from sipar.incidents.severity import (
    DATA,
    Choices,
    national_severity,
    proposed_choices,
    read_scale,
    score,
    shipped_scale,
)

SCALE = shipped_scale()
CODES = {category.code: tuple(category.values) for category in SCALE.categories}
MILDEST = {category.code: min(category.options, key=lambda option: option.value).code for category in SCALE.categories}
WORST = {category.code: max(category.options, key=lambda option: option.value).code for category in SCALE.categories}
RANSOMWARE_AT_A_BANK = {
    "functional_impact": "significant_critical",
    "observed_activity": "effect",
    "location": "business_management",
    "actor": "criminal",
    "information_impact": "credential_compromise",
    "recoverability": "supplemented",
    "cross_sector_dependency": "banking_finance",
    "potential_impact": "moderate",
}
choices = st.fixed_dictionaries({}, optional={code: st.sampled_from(options) for code, options in CODES.items()})
scores = st.lists(st.floats(0, 100, allow_nan=False), min_size=1, max_size=30)


def test_the_figures_of_the_published_seed_give_its_lowest_and_highest_sum() -> None:
    assert (SCALE.lowest, SCALE.highest) == (325, 3400)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (MILDEST, 0.0),
        (WORST, 100.0),
        # 6*70 + 5*100 + 4*60 + 4*40 + 2*80 + 4*40 + 3*35 + 6*50 = 2045; 100 * (2045 - 325) / 3075
        (RANSOMWARE_AT_A_BANK, 55.93),
        # one step of the smallest weight: 2*10 = 20 above the lowest sum
        ({**MILDEST, "information_impact": "suspected"}, 0.65),
        # 6*100 - 0 above the lowest sum
        ({**MILDEST, "functional_impact": "denial_critical"}, 19.51),
    ],
)
def test_golden_scores(chosen: Choices, expected: float) -> None:
    assert score(SCALE, chosen).score == expected


def test_a_score_keeps_its_inputs_its_scale_and_what_each_category_added() -> None:
    severity = score(SCALE, RANSOMWARE_AT_A_BANK)
    assert severity.inputs["actor"] == ("criminal",)
    assert (severity.scale, severity.version, severity.digest) == ("nciss", 1, SCALE.digest)
    assert sum(part.points for part in severity.contributions) == pytest.approx(55.93, abs=0.005)
    assert severity.level == "medium"
    assert severity.missing == ()


def test_what_was_not_chosen_is_named_and_leaves_a_range() -> None:
    severity = score(SCALE, {"functional_impact": "denial_critical"})
    assert severity.score == 19.51
    assert severity.highest == 100.0
    assert "actor" in severity.missing
    assert "functional_impact" not in severity.missing


@pytest.mark.parametrize(
    ("number", "level"),
    [(0, "baseline-negligible"), (35.99, "baseline-minor"), (36, "low"), (79.99, "high"), (100, "emergency")],
)
def test_a_score_belongs_to_the_last_level_that_it_reaches(number: float, level: str) -> None:
    assert SCALE.level_of(number) == level


@given(choices, st.sampled_from(sorted(CODES)))
def test_a_worse_choice_never_lowers_the_score(chosen: dict[str, str], category: str) -> None:
    before = score(SCALE, chosen)
    after = score(SCALE, {**chosen, category: WORST[category]})
    assert 0 <= before.score <= after.score <= after.highest <= 100


@given(choices, st.data())
def test_answering_an_open_category_narrows_the_range(chosen: dict[str, str], data: st.DataObject) -> None:
    before = score(SCALE, chosen)
    for category in before.missing[:1]:
        after = score(SCALE, {**chosen, category: data.draw(st.sampled_from(CODES[category]))})
        assert before.score <= after.score <= after.highest <= before.highest


@given(choices)
def test_the_same_choices_give_the_same_score(chosen: dict[str, str]) -> None:
    assert score(SCALE, chosen) == score(SCALE, dict(reversed(chosen.items())))


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        ({"mood": "bad"}, "severity.category"),
        ({"actor": "my neighbour"}, "severity.option"),
        ({"actor": ["apt", "criminal"]}, "severity.option"),
    ],
)
def test_what_the_scale_does_not_have_is_refused_by_name(chosen: Choices, code: str) -> None:
    with pytest.raises(FormatProblem) as caught:
        score(SCALE, chosen)
    assert caught.value.code == code


def test_a_category_that_takes_several_counts_the_worst_of_them() -> None:
    text = (DATA / "nciss-1.yaml").read_text()
    several = read_scale(text.replace("  - code: actor\n", "  - code: actor\n    multiple: true\n").encode())
    both = score(several, {"actor": ["criminal", "apt"]})
    assert both.score == score(several, {"actor": "apt"}).score > score(several, {"actor": "criminal"}).score


def test_another_figure_is_another_digest() -> None:
    text = (DATA / "nciss-1.yaml").read_text()
    changed = read_scale(text.replace("weight: 5", "weight: 7").encode())
    assert changed.digest != SCALE.digest
    assert read_scale(text.encode()).digest == SCALE.digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("from: 20,", "from: 40,"),
        ("code: prepare,", "code: engage,"),
        ("weight: 6", "weight: -6"),
        ("weight: 6", "weight: .inf"),
        ("version: 1", "version: 1\nsecret: yes"),
    ],
)
def test_a_broken_scale_is_refused(old: str, new: str) -> None:
    text = (DATA / "nciss-1.yaml").read_text()
    with pytest.raises(FormatProblem):
        read_scale(text.replace(old, new, 1).encode())


def test_the_register_proposes_the_dependency_of_the_subsector_before_the_sector() -> None:
    assert proposed_choices(SCALE, sector="water", subsector="water-dams") == {"cross_sector_dependency": "dams"}
    assert proposed_choices(SCALE, sector="energy") == {"cross_sector_dependency": "energy"}
    assert proposed_choices(SCALE, sector="unheard-of") == {}


@given(scores, st.integers(1, 15), st.integers(1, 7))
def test_a_national_incident_is_never_below_its_worst_victim(
    victims: list[float], sectors: int, provinces: int
) -> None:
    national = national_severity(SCALE, victims, sectors=sectors, provinces=provinces)
    assert max(victims) <= national.score <= 100


@given(scores, st.floats(0, 100, allow_nan=False), st.integers(1, 15), st.integers(1, 7))
def test_one_victim_sector_or_province_more_never_lowers_it(
    victims: list[float], another: float, sectors: int, provinces: int
) -> None:
    base = national_severity(SCALE, victims, sectors=sectors, provinces=provinces).score
    assert national_severity(SCALE, [*victims, another], sectors=sectors, provinces=provinces).score >= base
    assert national_severity(SCALE, victims, sectors=sectors + 1, provinces=provinces).score >= base
    assert national_severity(SCALE, victims, sectors=sectors, provinces=provinces + 1).score >= base


@given(scores, st.data(), st.floats(0, 100, allow_nan=False))
def test_a_worse_victim_never_lowers_it(victims: list[float], data: st.DataObject, worse: float) -> None:
    place = data.draw(st.integers(0, len(victims) - 1))
    raised = [*victims]
    raised[place] = max(worse, raised[place])
    assert national_severity(SCALE, raised, sectors=2).score >= national_severity(SCALE, victims, sectors=2).score


@given(scores, st.data())
def test_the_order_of_the_victims_does_not_matter(victims: list[float], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(victims))
    assert national_severity(SCALE, shuffled, sectors=1) == national_severity(SCALE, victims, sectors=1)


def test_many_victims_in_many_sectors_reach_a_higher_level_than_any_of_them() -> None:
    national = national_severity(SCALE, [60.0] * 40, sectors=4, provinces=3)
    assert SCALE.level_of(60.0) == "medium"
    assert national.level == "high"


def test_a_single_victim_keeps_its_score() -> None:
    assert national_severity(SCALE, [55.93], sectors=1).score == 55.93


@pytest.mark.parametrize(("victims", "sectors"), [([], 1), ([101.0], 1), ([float("nan")], 1), ([50.0], 0)])
def test_a_campaign_without_sense_is_refused(victims: list[float], sectors: int) -> None:
    with pytest.raises(ValueError, match="campaign"):
        national_severity(SCALE, victims, sectors=sectors)


def _seed() -> Path:
    folder = os.environ.get("SIPAR_SHARED")
    if not folder:
        pytest.skip("SIPAR_SHARED does not say where the published seed data is")
    return Path(folder) / "data/nciss/nciss_cite_seed.json"


def test_the_shipped_weights_and_values_are_those_of_the_published_seed() -> None:
    seed = json.loads(_seed().read_text())
    ours = sorted((category.weight, sorted(category.values.values())) for category in SCALE.categories)
    theirs = sorted(
        (
            category["ScoringWeight"],
            sorted(
                option["Value"] for option in seed["ScoringOptions"] if option["ScoringCategoryId"] == category["Id"]
            ),
        )
        for category in seed["ScoringCategories"]
    )
    assert ours == theirs


def test_every_option_has_its_title_in_english_and_urdu() -> None:
    assert all({"en", "ur"} <= option.title.keys() for category in SCALE.categories for option in category.options)
