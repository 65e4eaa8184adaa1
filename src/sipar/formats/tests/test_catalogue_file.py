from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given

from sipar.formats.catalogue import Catalogue
from sipar.formats.catalogue_file import read_catalogue, write_catalogue
from sipar.formats.problems import FormatProblem
from sipar.formats.tests.catalogues import catalogues


def values(**changes: Any) -> dict[str, Any]:
    text = {"en": "Words"}
    steps = [{"level": level, "title": text, "criterion": text} for level in (0, 1)]
    return {
        "format": "sipar-framework/1",
        "identifier": "drill",
        "version": "1",
        "title": text,
        "scale": steps,
        "groups": [{"id": "g", "title": text}],
        "requirements": [{"id": "r", "group": "g", "title": text, "statement": text}],
    } | changes


def refused(changed: dict[str, Any]) -> FormatProblem:
    with pytest.raises(FormatProblem) as refusal:
        read_catalogue(json.dumps(changed).encode(), "drill.json")
    return refusal.value


@given(catalogues())
def test_a_catalogue_written_and_read_back_is_identical(catalogue: Catalogue) -> None:
    data = write_catalogue(catalogue)
    assert read_catalogue(data, "catalogue.yaml") == catalogue
    assert write_catalogue(read_catalogue(data, "catalogue.yaml")) == data


@given(catalogues())
def test_the_yaml_means_the_same_to_an_ordinary_yaml_reader(catalogue: Catalogue) -> None:
    assert Catalogue.model_validate(yaml.load(write_catalogue(catalogue), yaml.CSafeLoader)) == catalogue


def test_a_file_of_another_kind_is_refused() -> None:
    assert refused({"catalog": {}}).code == "catalogue.format"


def test_a_missing_field_is_named_by_its_path() -> None:
    problem = refused(values(requirements=[{"id": "r", "group": "g", "title": {"en": "Words"}}]))
    assert (problem.code, problem.where) == ("catalogue.shape", "requirements/0/statement")


def test_an_unknown_field_is_named_by_its_path() -> None:
    assert refused(values(licence="free")).where == "licence"


def test_a_catalogue_with_a_cycle_is_refused_by_name() -> None:
    text = {"en": "Words"}
    groups = [{"id": "g", "title": text, "parent": "h"}, {"id": "h", "title": text, "parent": "g"}]
    problem = refused(values(groups=groups))
    assert (problem.code, problem.where) == ("catalogue.cycle", "g")


def test_two_requirements_with_one_identifier_are_refused_by_name() -> None:
    problem = refused(values(requirements=values()["requirements"] * 2))
    assert (problem.code, problem.where) == ("catalogue.duplicate", "r")


def test_a_text_without_english_is_refused_wherever_it_stands() -> None:
    requirement = values()["requirements"][0]
    for field, text in (
        ("guidance", {"ur": "لفظ"}),
        ("evidence", [{"ur": "لفظ"}]),
        ("levels", [{"level": 1, "criterion": {"ur": "لفظ"}}]),
    ):
        problem = refused(values(requirements=[requirement | {field: text}]))
        assert (problem.code, problem.where) == ("catalogue.language", "r")


@pytest.mark.parametrize(
    "targets", [{"default": 2}, {"groups": {"x": 1}}, {"requirements": {"r": 2}}, {"requirements": {"x": None}}]
)
def test_a_profile_that_asks_what_does_not_exist_is_refused_by_name(targets: dict[str, Any]) -> None:
    problem = refused(values(profiles=[{"id": "p", "title": {"en": "Words"}} | targets]))
    assert (problem.code, problem.where) == ("catalogue.profile", "p")


def test_two_criteria_for_one_level_are_refused_by_name() -> None:
    step = {"level": 1, "criterion": {"en": "Words"}}
    problem = refused(values(requirements=[values()["requirements"][0] | {"levels": [step, step]}]))
    assert (problem.code, problem.where) == ("catalogue.level", "r")


def test_a_scale_with_a_gap_is_refused() -> None:
    steps = values()["scale"]
    assert refused(values(scale=[steps[0], steps[1] | {"level": 2}])).code == "catalogue.scale"
