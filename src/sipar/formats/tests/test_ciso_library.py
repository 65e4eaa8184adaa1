from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.ciso_library import LibraryReading, read_ciso_library
from sipar.formats.documents import load_yaml
from sipar.formats.problems import FormatProblem
from sipar.formats.tests.builders import JUNK, fixture, outcome, places, shared_files, spoiled

DOCUMENT: dict[str, Any] = load_yaml(fixture("framework-library.yaml"))
NODE = "urn:example:risk:req_node:drill-doors"
NODES = ("objects", "framework", "requirement_nodes")


def read(document: Any = DOCUMENT) -> LibraryReading:
    return read_ciso_library(json.dumps(document).encode(), "library.yaml")


def refused(document: Any) -> tuple[str, str]:
    with pytest.raises(FormatProblem) as refusal:
        read(document)
    return refusal.value.code, refusal.value.where


def changed(*path: Any, to: Any) -> Any:
    return spoiled(DOCUMENT, path, to)


def test_assessable_nodes_become_requirements_and_the_others_groups() -> None:
    catalogue = read().catalogue
    assert catalogue is not None
    assert [group.id for group in catalogue.groups] == ["A", "requirements"]
    assert [(found.id, found.group) for found in catalogue.requirements] == [
        ("A.1", "A"),
        ("a.1.1", "A"),
        ("loose", "requirements"),
    ]


def test_a_missing_or_doubled_reference_gives_way_to_the_urn_and_is_noted() -> None:
    reading = read()
    assert reading.identifiers[f"{NODE}:a.1.1"] == "a.1.1"
    assert reading.identifiers[f"{NODE}:loose"] == "loose"
    assert "2 nodes have no ref_id of their own; the end of their URN is their id" in reading.notes


def test_a_requirement_carries_its_translations_guidance_questions_evidence_and_weight() -> None:
    catalogue = read().catalogue
    assert catalogue is not None
    requirement = catalogue.requirements[0]
    assert requirement.title == {"en": "Lock the doors", "ur": "دروازے بند کریں"}
    assert requirement.statement == {"en": "Every door is locked at dusk.", "ur": "ہر دروازہ شام کو بند ہو۔"}
    assert requirement.guidance == {"en": "A lock that nobody checks is no lock.\n\n? Is there a key book? (Yes / No)"}
    assert (requirement.evidence, requirement.weight) == ([{"en": "The key book."}], 3.0)


def test_a_requirement_without_a_name_is_titled_by_the_beginning_of_its_text() -> None:
    catalogue = read().catalogue
    assert catalogue is not None
    title = catalogue.requirements[1].title["en"]
    assert title == "The back door is locked too, even when the front door stands open for visitors on a holiday and …"


def test_the_scores_of_the_library_become_the_scale() -> None:
    reading = read()
    assert reading.catalogue is not None
    assert [(step.level, step.title["en"]) for step in reading.catalogue.scale] == [
        (0, "Open"),
        (1, "Shut"),
        (2, "Locked"),
    ]
    assert reading.catalogue.scale[1].title["ur"] == "بند"
    assert "the scores 1 to 3 of the library are the levels 0 to 2" in reading.notes


@pytest.mark.parametrize(
    "document",
    [
        changed("objects", "framework", "max_score", to=100),
        changed("objects", "framework", "min_score", to="low"),
        changed("objects", "framework", "scores_definition", 1, "name", to=None),
        changed("objects", "framework", "scores_definition", 1, "score", to=[2]),
        changed("objects", "framework", "scores_definition", to=None),
    ],
)
def test_scores_that_are_no_small_scale_give_the_generic_one_with_a_note(document: Any) -> None:
    reading = read(document)
    assert reading.catalogue is not None
    assert [step.title["en"] for step in reading.catalogue.scale][::4] == ["Not in place", "In place and proven"]
    assert any("the generic scale 0 to 4 is used" in note for note in reading.notes)


def test_implementation_groups_become_profiles() -> None:
    catalogue = read().catalogue
    assert catalogue is not None
    assert [(found.id, found.title, found.requirements) for found in catalogue.profiles] == [
        ("B", {"en": "Basic"}, {"A.1": 2}),
        ("full", {"en": "full"}, {"A.1": 2, "a.1.1": 2}),
    ]


def test_mappings_name_requirements_by_their_ids_where_they_are_known() -> None:
    reading = read_ciso_library(
        fixture("framework-library.yaml"), "x", known={"urn:example:risk:req_node:drill-gates:g-7": "G-7"}
    )
    [found] = reading.mapping_sets
    assert (found.source_framework, found.target_framework) == ("drill-doors", "drill-gates")
    assert [(pair.source, pair.target, pair.relation) for pair in found.mappings] == [
        ("A.1", "G-7", "intersects"),
        ("a.1.1", "g-8", "subset"),
    ]
    assert "1 pairs marked as not related were left out" in reading.notes
    assert reading.catalogue is not None
    assert reading.catalogue.mappings == [found]


def test_a_library_of_mappings_only_has_no_catalogue() -> None:
    sets = DOCUMENT["objects"]["requirement_mapping_set"]
    reading = read(changed("objects", to={"requirement_mapping_sets": [sets, sets]}))
    assert reading.catalogue is None
    assert len(reading.mapping_sets) == 2


def test_a_library_in_another_language_lends_its_words_to_english_with_a_note() -> None:
    reading = read(changed("locale", to="fr"))
    assert reading.catalogue is not None
    assert reading.catalogue.requirements[2].title == {"en": "Keep a diary", "fr": "Keep a diary"}
    assert reading.notes[0].startswith("the library is in fr")


@pytest.mark.parametrize(
    ("document", "code", "where"),
    [
        ({"catalog": {}}, "ciso.wrong_kind", "library.yaml"),
        ({"objects": {"risk_matrix": []}}, "ciso.wrong_kind", "library.yaml"),
        (changed(*NODES, 0, "urn", to=f"{NODE}:a"), "ciso.duplicate", f"{NODE}:a"),
        (changed(*NODES, 1, "parent_urn", to=f"{NODE}:a.1"), "ciso.cycle", f"{NODE}:a.1"),
        (changed(*NODES, 1, "parent_urn", to=f"{NODE}:a"), "ciso.cycle", f"{NODE}:a"),
        (changed(*NODES, 1, "parent_urn", to="urn:ghost"), "ciso.parent", f"{NODE}:a"),
        (changed(*NODES, 1, "parent_urn", to=["x"]), "ciso.shape", f"{NODE}:a"),
        (changed(*NODES, 2, "urn", to=None), "ciso.shape", "objects/framework/requirement_nodes/2/urn"),
        (changed(*NODES, to=[{}] * 7_001), "ciso.size", "objects/framework/requirement_nodes"),
        (changed(*NODES, 0, "weight", to=0), "catalogue.shape", "requirements/0/weight"),
        (
            changed("objects", "requirement_mapping_set", "requirement_mappings", 0, "relationship", to="cousin"),
            "ciso.relation",
            "objects/requirement_mapping_sets/0/requirement_mappings/0",
        ),
    ],
)
def test_a_library_that_does_not_hang_together_is_refused_by_code_and_place(
    document: Any, code: str, where: str
) -> None:
    assert refused(document) == (code, where)


@given(st.sampled_from(list(places(DOCUMENT))), JUNK)
def test_a_library_with_anything_at_any_place_is_read_or_refused(path: tuple[Any, ...], junk: Any) -> None:
    found = outcome(lambda: read(spoiled(DOCUMENT, path, junk)))
    assert isinstance(found, LibraryReading | FormatProblem)


def test_every_shared_library_is_read_with_its_known_number_of_requirements() -> None:
    counts = {}
    for path in shared_files("ciso-format"):
        catalogue = read_ciso_library(path.read_bytes(), path.name).catalogue
        assert catalogue is not None
        counts[catalogue.identifier] = len(catalogue.requirements)
    assert counts == {"cisa-cpg-2.0": 34, "ncsc-caf-4.0": 225, "nist-csf-2.0": 106, "zt_ot": 105}
