"""The catalogues that Sipar ships: whole, bilingual, and in sentences of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pytest
import yaml

from sipar.formats.catalogue import Catalogue, Text

FOLDER = Path(__file__).resolve().parent.parent / "catalogues"
FILES = sorted(FOLDER.glob("*.yaml"))
NEARLY_EQUAL = 0.8


@dataclass(frozen=True)
class Expected:
    """What one shipped file holds, and where its official text lies under SIPAR_SHARED, if anywhere."""

    groups: int
    requirements: int
    status: str = "complete"
    official: str | None = None


EXPECTED = {
    "nist-csf-2.0": Expected(groups=28, requirements=106, official="data/frameworks/ciso-format/nist-csf-2.0.yaml"),
    "cisa-cpg-2.0": Expected(groups=6, requirements=34, official="data/frameworks/ciso-format/cisa-cpg-2.0.yaml"),
    "cisa-ztmm-2.0": Expected(groups=5, requirements=37),
    "pisf-2025": Expected(groups=13, requirements=0, status="incomplete"),
}
WITH_OFFICIAL_TEXT = sorted(name for name, expected in EXPECTED.items() if expected.official)


def load(path: Path) -> Catalogue:
    return Catalogue.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def load_named(name: str) -> Catalogue:
    return load(FOLDER / f"{name}.yaml")


def texts_for_everyone(catalogue: Catalogue) -> Iterator[tuple[str, Text]]:
    """What an organisation reads while it answers, with the place it stands at."""
    yield "title", catalogue.title
    for step in catalogue.scale:
        yield f"scale {step.level}", step.title
        yield f"scale {step.level}", step.criterion
    for group in catalogue.groups:
        yield group.id, group.title
    for profile in catalogue.profiles:
        yield profile.id, profile.title
    for requirement in catalogue.requirements:
        yield requirement.id, requirement.title
        yield requirement.id, requirement.statement
        for level in requirement.levels:
            yield f"{requirement.id} level {level.level}", level.criterion


def is_urdu(sentence: str) -> bool:
    return any("\u0600" <= character <= "\u06ff" for character in sentence)


def official_nodes(name: str) -> list[dict[str, Any]]:
    shared = os.environ.get("SIPAR_SHARED")
    if not shared:
        pytest.skip("SIPAR_SHARED is not set: the official texts are not part of Sipar")
    path = Path(shared) / str(EXPECTED[name].official)
    if not path.is_file():
        pytest.skip(f"the official text of {name} does not lie under SIPAR_SHARED")
    nodes: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["objects"]["framework"][
        "requirement_nodes"
    ]
    return nodes


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_catalogue_carries_the_name_of_its_file(path: Path) -> None:
    assert load(path).identifier == path.stem


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_text_of_a_shipped_catalogue_is_in_english_and_urdu(path: Path) -> None:
    without = [place for place, text in texts_for_everyone(load(path)) if not is_urdu(text.get("ur", ""))]
    assert without == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_two_requirements_of_a_catalogue_say_the_same(path: Path) -> None:
    catalogue = load(path)
    for language in ("en", "ur"):
        statements = [requirement.statement[language] for requirement in catalogue.requirements]
        assert len(set(statements)) == len(statements)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_profile_asks_only_for_what_the_catalogue_holds(path: Path) -> None:
    catalogue = load(path)
    requirements = {requirement.id for requirement in catalogue.requirements}
    groups = {group.id for group in catalogue.groups}
    for profile in catalogue.profiles:
        assert set(profile.requirements) <= requirements
        assert set(profile.groups) <= groups
        levels = [profile.default, *profile.requirements.values(), *profile.groups.values()]
        assert all(level is None or level <= catalogue.top_level for level in levels)


def test_a_more_critical_tier_never_asks_less() -> None:
    catalogue = load_named("nist-csf-2.0")
    profiles = {profile.id: profile for profile in catalogue.profiles}
    assert sorted(profiles) == ["tier-1", "tier-2", "tier-3", "tier-4"]
    for requirement in catalogue.requirements:
        targets = [
            profiles[tier].requirements.get(requirement.id, profiles[tier].default) or 0 for tier in sorted(profiles)
        ]
        assert targets == sorted(targets, reverse=True), requirement.id


def test_mappings_between_shipped_catalogues_lead_to_requirements_that_exist() -> None:
    held = {path.stem: {requirement.id for requirement in load(path).requirements} for path in FILES}
    for path in FILES:
        for mapping_set in load(path).mappings:
            for mapping in mapping_set.mappings:
                assert mapping.source in held.get(mapping_set.source_framework, {mapping.source}), mapping
                assert mapping.target in held.get(mapping_set.target_framework, {mapping.target}), mapping


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_shipped_catalogue_holds_the_expected_number_of_groups_and_requirements(name: str) -> None:
    catalogue, expected = load_named(name), EXPECTED[name]
    assert (len(catalogue.groups), len(catalogue.requirements)) == (expected.groups, expected.requirements)
    assert catalogue.status == expected.status


def test_the_framework_of_nist_has_six_functions_with_22_categories() -> None:
    groups = load_named("nist-csf-2.0").groups
    functions = [group.id for group in groups if group.parent is None]
    assert functions == ["GV", "ID", "PR", "DE", "RS", "RC"]
    assert [group.parent for group in groups if group.parent is not None].count("GV") == 6
    assert len(groups) - len(functions) == 22


def test_the_pakistani_skeleton_names_only_the_seven_domains_that_are_known() -> None:
    catalogue = load_named("pisf-2025")
    unknown = [group.id for group in catalogue.groups if "not known" in group.title["en"]]
    assert unknown == ["PISF-07", "PISF-08", "PISF-09", "PISF-10", "PISF-12", "PISF-13"]
    assert catalogue.profiles == []
    assert "Not known" in catalogue.source.note


@pytest.mark.parametrize("name", WITH_OFFICIAL_TEXT)
def test_identifiers_equal_those_of_the_official_file(name: str) -> None:
    official = [node["ref_id"] for node in official_nodes(name) if node["assessable"]]
    assert [requirement.id for requirement in load_named(name).requirements] == official


@pytest.mark.parametrize("name", WITH_OFFICIAL_TEXT)
def test_groups_equal_those_of_the_official_file(name: str) -> None:
    official = {node["ref_id"]: node["name"].casefold() for node in official_nodes(name) if not node["assessable"]}
    assert {group.id: group.title["en"].casefold() for group in load_named(name).groups} == official


@pytest.mark.parametrize("name", WITH_OFFICIAL_TEXT)
def test_no_statement_equals_or_nearly_equals_the_official_sentence(name: str) -> None:
    official = {node["ref_id"]: node["description"].casefold() for node in official_nodes(name) if node["assessable"]}
    too_close = [
        requirement.id
        for requirement in load_named(name).requirements
        if SequenceMatcher(None, requirement.statement["en"].casefold(), official[requirement.id]).ratio()
        > NEARLY_EQUAL
    ]
    assert too_close == []
