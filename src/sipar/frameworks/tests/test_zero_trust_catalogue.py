from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sipar.formats.catalogue import Catalogue, Text

CATALOGUES = Path(__file__).parents[1] / "catalogues"
SHIPPED_HERE = ("cisa-ztmm-2.0", "cisa-cpg-2.0")
PILLAR_SIZES = {"identity": 7, "devices": 7, "networks": 7, "applications": 8, "data": 8}
TIERS = ["tier-1", "tier-2", "tier-3", "tier-4"]


def _load(identifier: str) -> Catalogue:
    text = (CATALOGUES / f"{identifier}.yaml").read_text(encoding="utf-8")
    return Catalogue.model_validate(yaml.safe_load(text))


def _has_arabic_letters(sentence: str) -> bool:
    return any("\u0600" <= character <= "\u06ff" for character in sentence)


def _authored_texts(catalogue: Catalogue) -> list[tuple[str, Text]]:
    texts = [(catalogue.identifier, catalogue.title)]
    texts += [(group.id, group.title) for group in catalogue.groups]
    texts += [(profile.id, profile.title) for profile in catalogue.profiles]
    for step in catalogue.scale:
        texts += [(f"level {step.level}", step.title), (f"level {step.level}", step.criterion)]
    for requirement in catalogue.requirements:
        texts += [(requirement.id, requirement.title), (requirement.id, requirement.statement)]
        texts += [(requirement.id, step.criterion) for step in requirement.levels]
    return texts


def test_zero_trust_has_37_functions_over_five_pillars() -> None:
    catalogue = _load("cisa-ztmm-2.0")
    sizes = {
        group.id: sum(requirement.group == group.id for requirement in catalogue.requirements)
        for group in catalogue.groups
    }
    assert sizes == PILLAR_SIZES
    assert len(catalogue.requirements) == 37


def test_every_pillar_ends_with_the_three_cross_cutting_capabilities() -> None:
    catalogue = _load("cisa-ztmm-2.0")
    for group in catalogue.groups:
        last = [requirement.title["en"] for requirement in catalogue.requirements if requirement.group == group.id][-3:]
        assert [title.split(" (")[0] for title in last] == [
            "Visibility and Analytics",
            "Automation and Orchestration",
            "Governance",
        ]


def test_every_zero_trust_function_has_one_criterion_for_each_stage() -> None:
    for requirement in _load("cisa-ztmm-2.0").requirements:
        assert [step.level for step in requirement.levels] == [0, 1, 2, 3], requirement.id


@pytest.mark.parametrize("language", ["en", "ur"])
def test_no_two_zero_trust_criteria_read_the_same(language: str) -> None:
    catalogue = _load("cisa-ztmm-2.0")
    criteria = [step.criterion[language] for step in catalogue.scale]
    criteria += [step.criterion[language] for requirement in catalogue.requirements for step in requirement.levels]
    assert len(set(criteria)) == len(criteria) == 4 + 37 * 4


def test_a_zero_trust_pillar_is_as_strong_as_its_weakest_function() -> None:
    scoring = _load("cisa-ztmm-2.0").scoring
    assert (scoring.method, scoring.gate, scoring.rollup) == ("gated", 1.0, "groups")


def test_the_performance_goals_are_34_in_six_functions() -> None:
    catalogue = _load("cisa-cpg-2.0")
    assert [group.id for group in catalogue.groups] == ["GV", "ID", "PR", "DE", "RS", "RC"]
    assert {requirement.group for requirement in catalogue.requirements} == {group.id for group in catalogue.groups}
    assert len(catalogue.requirements) == 34


@pytest.mark.parametrize("identifier", SHIPPED_HERE)
def test_every_authored_text_stands_in_english_and_in_urdu(identifier: str) -> None:
    for place, text in _authored_texts(_load(identifier)):
        assert set(text) == {"en", "ur"}, place
        assert _has_arabic_letters(text["ur"]), place
        assert not _has_arabic_letters(text["en"]), place


@pytest.mark.parametrize("identifier", SHIPPED_HERE)
def test_every_requirement_says_how_to_do_it_how_to_prove_it_and_where_the_official_text_stands(
    identifier: str,
) -> None:
    for requirement in _load(identifier).requirements:
        assert requirement.guidance, requirement.id
        assert 1 <= len(requirement.evidence) <= 2, requirement.id
        assert requirement.link, requirement.id


@pytest.mark.parametrize("identifier", SHIPPED_HERE)
def test_a_more_critical_tier_never_asks_less(identifier: str) -> None:
    catalogue = _load(identifier)
    assert [profile.id for profile in catalogue.profiles] == TIERS
    known = {requirement.id for requirement in catalogue.requirements}
    for requirement in sorted(known):
        targets = [profile.requirements.get(requirement, profile.default) for profile in catalogue.profiles]
        asked = [target for target in targets if target is not None]
        assert len(asked) == len(TIERS)
        assert asked == sorted(asked, reverse=True), requirement
    for profile in catalogue.profiles:
        assert set(profile.requirements) <= known
        assert not profile.groups


@pytest.mark.parametrize("identifier", SHIPPED_HERE)
def test_every_mapping_starts_at_a_requirement_that_exists_and_none_is_left_out(identifier: str) -> None:
    catalogue = _load(identifier)
    (mapping_set,) = catalogue.mappings
    assert (mapping_set.source_framework, mapping_set.target_framework) == (identifier, "nist-csf-2.0")
    assert {mapping.source for mapping in mapping_set.mappings} == {
        requirement.id for requirement in catalogue.requirements
    }
    pairs = [(mapping.source, mapping.target) for mapping in mapping_set.mappings]
    assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize("identifier", SHIPPED_HERE)
def test_every_mapping_ends_at_a_subcategory_that_exists(identifier: str) -> None:
    if not (CATALOGUES / "nist-csf-2.0.yaml").exists():
        pytest.skip("nist-csf-2.0.yaml is not shipped in this checkout")
    known = {requirement.id for requirement in _load("nist-csf-2.0").requirements}
    (mapping_set,) = _load(identifier).mappings
    assert {mapping.target for mapping in mapping_set.mappings} <= known
