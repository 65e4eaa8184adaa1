from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.oscal_catalog import read_oscal_catalog
from sipar.formats.oscal_profile import OscalProfileReading, read_oscal_profile
from sipar.formats.problems import FormatProblem
from sipar.formats.tests.builders import JUNK, fixture, outcome, places, shared_files, spoiled

CATALOGUE = read_oscal_catalog(fixture("framework-catalog.json"), "catalog.json").catalogue
EVERYTHING = {"loose", "ab-1", "ab-1.1", "ab-2"}


def document(*imports: dict[str, Any], **more: Any) -> dict[str, Any]:
    metadata = {"title": "Small offices", "version": "1", "oscal-version": "1.1.2"}
    return {"profile": {"metadata": metadata, "imports": [{"href": "#c"} | fields for fields in imports]} | more}


def read(profile: dict[str, Any]) -> OscalProfileReading:
    return read_oscal_profile(json.dumps(profile).encode(), "profile.json", CATALOGUE)


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"include-all": {}}, EVERYTHING),
        ({}, EVERYTHING),
        ({"include-controls": [{"with-ids": ["ab-1", "loose"]}]}, {"ab-1", "loose"}),
        ({"include-controls": [{"with-ids": ["ab-1"], "with-child-controls": "yes"}]}, {"ab-1", "ab-1.1"}),
        ({"include-controls": [{"matching": [{"pattern": "ab-*"}]}]}, EVERYTHING - {"loose"}),
        ({"include-all": {}, "exclude-controls": [{"with-ids": ["ab-2"]}]}, EVERYTHING - {"ab-2"}),
        (
            {"include-all": {}, "exclude-controls": [{"with-ids": ["ab-1"], "with-child-controls": "yes"}]},
            {"ab-2", "loose"},
        ),
    ],
)
def test_a_selection_asks_the_top_level_of_what_it_selects(fields: dict[str, Any], asked: set[str]) -> None:
    profile = read(document(fields)).profile
    assert profile.requirements == dict.fromkeys(asked, 2)
    assert profile.default is None
    assert (profile.id, profile.title) == ("small-offices", {"en": "Small offices"})


def test_two_imports_are_taken_together() -> None:
    first = {"include-controls": [{"with-ids": ["ab-1"]}]}
    second = {"href": "#d", "include-controls": [{"with-ids": ["ab-2"]}]}
    reading = read(document(first, second))
    assert set(reading.profile.requirements) == {"ab-1", "ab-2"}
    assert reading.notes == ["the profile imports 2 sources; all were looked up in this one catalogue"]


def test_controls_that_the_catalogue_does_not_have_are_named() -> None:
    reading = read(document({"include-controls": [{"with-ids": ["zz-9", "ab-1", "ab-1.2"]}]}))
    assert reading.missing == ["ab-1.2", "zz-9"]
    assert reading.notes == ["2 controls asked for are not in the catalogue"]


def test_settings_and_alterations_are_noted() -> None:
    modify = {"set-parameters": [{"param-id": "p"}], "alters": [{"control-id": "ab-1"}, {"control-id": "ab-2"}]}
    assert read(document({}, modify=modify)).notes == [
        "1 parameter settings were not carried",
        "2 alterations of control text were not carried",
    ]


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        (document({"include-controls": [{"with-ids": ["zz-9"]}]}), "oscal.foreign_profile"),
        (
            document({"include-all": {}, "exclude-controls": [{"matching": [{"pattern": "*"}]}]}),
            "oscal.foreign_profile",
        ),
        (document({"include-all": {}, "include-controls": [{"with-ids": ["ab-1"]}]}), "oscal.shape"),
        (document(), "oscal.shape"),
        (document({"include-controls": [{"matching": [{"pattern": "*a" * 200}]}]}), "oscal.shape"),
        (document(*[{"include-controls": [{"matching": [{"pattern": "ab-1"}] * 200}]}] * 6), "oscal.size"),
        ({"catalog": {}}, "oscal.wrong_model"),
    ],
)
def test_a_profile_that_selects_nothing_sensible_is_refused(profile: dict[str, Any], code: str) -> None:
    with pytest.raises(FormatProblem) as refusal:
        read(profile)
    assert refusal.value.code == code


FULL = document(
    {"include-controls": [{"with-ids": ["ab-1"], "matching": [{"pattern": "l*"}], "with-child-controls": "yes"}]},
    modify={"set-parameters": [{"param-id": "p"}], "alters": [{}]},
)


@given(st.sampled_from(list(places(FULL))), JUNK)
def test_a_profile_with_anything_at_any_place_is_read_or_refused(path: tuple[Any, ...], junk: Any) -> None:
    found = outcome(lambda: read(spoiled(FULL, path, junk)))
    assert isinstance(found, OscalProfileReading | FormatProblem)


def test_every_shared_profile_resolves_on_the_shared_catalog() -> None:
    files = shared_files("oscal")
    full = next(path for path in files if "rev5_catalog" in path.name)
    catalogue = read_oscal_catalog(full.read_bytes(), full.name).catalogue
    counts = {}
    for path in files:
        if path.name.endswith("profile.json"):
            reading = read_oscal_profile(path.read_bytes(), path.name, catalogue)
            assert not reading.missing
            counts[path.name.split("_")[3].split("-")[0]] = len(reading.profile.requirements)
    assert counts == {"HIGH": 370, "LOW": 149, "MODERATE": 287, "PRIVACY": 96}
