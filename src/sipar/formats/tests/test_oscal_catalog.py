from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.catalogue_file import read_catalogue, write_catalogue
from sipar.formats.oscal_catalog import OscalCatalogReading, read_oscal_catalog, slug
from sipar.formats.problems import FormatProblem
from sipar.formats.tests.builders import JUNK, fixture, outcome, places, shared_files, spoiled

DOCUMENT: dict[str, Any] = json.loads(fixture("framework-catalog.json"))


def read(document: Any = DOCUMENT) -> OscalCatalogReading:
    return read_oscal_catalog(json.dumps(document).encode(), "catalog.json")


def refused(document: Any) -> tuple[str, str]:
    with pytest.raises(FormatProblem) as refusal:
        read(document)
    return refusal.value.code, refusal.value.where


def with_controls(*controls: dict[str, Any], params: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    metadata = {"title": "T", "version": "1", "oscal-version": "1.2.1"}
    return {"catalog": {"metadata": metadata, "params": params or [], "controls": list(controls)}}


def test_groups_controls_and_enhancements_keep_their_order_and_place() -> None:
    catalogue = read().catalogue
    assert [(group.id, group.parent) for group in catalogue.groups] == [
        ("controls", None),
        ("ab", None),
        ("group-1", "ab"),
    ]
    assert [(found.id, found.group) for found in catalogue.requirements] == [
        ("loose", "controls"),
        ("ab-1", "ab"),
        ("ab-1.1", "ab"),
        ("ab-2", "group-1"),
    ]


def test_a_statement_is_put_together_with_labels_and_readable_parameters() -> None:
    assert read().catalogue.requirements[1].statement == {
        "en": "The doors:\n"
        "  a. are locked by [a named person], at dusk; and\n"
        "  b. are opened [one or more of: by key; within [a period of days]] only.\n"
        "    Never else."
    }


def test_guidance_evidence_and_links_come_along() -> None:
    requirement = read().catalogue.requirements[1]
    assert requirement.guidance == {"en": "A lock that nobody checks is no lock; see [ghost].\n\nRelated: ab-2"}
    assert requirement.evidence == [{"en": "the key book"}, {"en": "the door plan"}]
    assert requirement.link == "https://doors.example/ab-1"


def test_withdrawn_controls_and_undefined_parameters_are_reported() -> None:
    reading = read()
    assert reading.withdrawn == ["ab-1.2"]
    assert reading.notes == [
        "1 withdrawn controls were left out",
        "1 parameters are used but nowhere defined: ghost",
    ]


def test_the_head_of_the_catalogue_says_whence_it_comes() -> None:
    catalogue = read().catalogue
    assert (catalogue.identifier, catalogue.version) == ("drill-catalog-of-the-ministry-of-examples", "3.1")
    assert (catalogue.publisher, catalogue.source.published) == ("Ministry of Examples", "2026-01-31")
    assert catalogue.source.url == "https://doors.example/drill"
    assert [step.title["en"] for step in catalogue.scale] == ["Not implemented", "Partially implemented", "Implemented"]
    assert all("ur" in step.title and "ur" in step.criterion for step in catalogue.scale)


def test_a_control_without_a_statement_takes_its_other_text_or_its_title() -> None:
    catalogue = read().catalogue
    assert catalogue.requirements[0].statement == {"en": "One page a day."}
    assert catalogue.requirements[3].statement == {"en": "Count the keys"}


def test_a_catalogue_read_from_oscal_can_be_written_as_an_own_file() -> None:
    catalogue = read().catalogue
    assert read_catalogue(write_catalogue(catalogue), "own.yaml") == catalogue


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("profile", "this is a profile, not a catalog"),
        ("system-security-plan", "this is a system security plan, not a catalog"),
        ("assessment-plan", "this is an assessment plan, not a catalog"),
        ("assessment-results", "this is assessment results, not a catalog"),
        ("plan-of-action-and-milestones", "this is a plan of action and milestones, not a catalog"),
        ("component-definition", "this is a component definition, not a catalog"),
        ("something", "this is not an OSCAL document"),
    ],
)
def test_another_model_is_refused_by_its_name(model: str, sentence: str) -> None:
    with pytest.raises(FormatProblem, match=sentence) as refusal:
        read({model: {}})
    assert refusal.value.code == "oscal.wrong_model"


@pytest.mark.parametrize("version", ["0.9", "1.3.0", "2.0.0", "x"])
def test_a_version_that_is_not_known_is_refused(version: str) -> None:
    document = spoiled(DOCUMENT, ("catalog", "metadata", "oscal-version"), version)
    assert refused(document) == ("oscal.version", "metadata/oscal-version")


def test_two_controls_with_one_id_are_refused_by_name() -> None:
    control = {"id": "a-1", "title": "T"}
    assert refused(with_controls(control, control)) == ("catalogue.duplicate", "a-1")


def test_two_parameters_with_one_id_are_refused_by_path() -> None:
    document = with_controls({"id": "a-1", "title": "T", "params": [{"id": "p"}]}, params=[{"id": "p"}])
    assert refused(document) == ("oscal.duplicate", "catalog/controls/0")


def test_a_parameter_that_stands_within_itself_is_refused_by_path() -> None:
    params = [
        {"id": "p", "select": {"choice": ["{{ insert: param, q }}"]}},
        {"id": "q", "select": {"choice": ["{{ insert: param, p }}"]}},
    ]
    parts = [{"name": "statement", "prose": "{{ insert: param, p }}"}]
    document = with_controls({"id": "a-1", "title": "T", "parts": parts}, params=params)
    assert refused(document) == ("oscal.cycle", "catalog/controls/0")


def test_parameters_that_double_at_every_step_are_refused_before_they_fill_the_memory() -> None:
    insert = "{{ insert: param, p%d }}"
    params: list[dict[str, Any]] = [{"id": "p0", "label": "x" * 100}]
    params += [{"id": f"p{n}", "select": {"choice": [insert % (n - 1)] * 10}} for n in range(1, 15)]
    parts = [{"name": "statement", "prose": insert % 14}]
    document = with_controls({"id": "a-1", "title": "T", "parts": parts}, params=params)
    assert refused(document) == ("oscal.text", "catalog/controls/0")


def test_many_long_parts_of_one_control_are_refused() -> None:
    parts = [{"name": "statement", "prose": "x" * 15_000}] * 100
    assert refused(with_controls({"id": "a-1", "title": "T", "parts": parts})) == ("oscal.text", "catalog/controls/0")


def test_an_id_that_cannot_serve_as_one_is_refused_by_path() -> None:
    assert refused(with_controls({"id": "a b", "title": "T"})) == ("oscal.identifier", "catalog/controls/0/id")


def test_deep_nesting_is_refused() -> None:
    text = '{"catalog": {"groups": ' + '[{"groups": ' * 100 + "[]" + "}]" * 100 + "}}"
    with pytest.raises(FormatProblem) as refusal:
        read_oscal_catalog(text.encode(), "catalog.json")
    assert refusal.value.code == "json.depth"


def test_more_controls_than_a_catalogue_takes_are_refused() -> None:
    document = with_controls(*({"id": f"a-{number}", "title": "T"} for number in range(5_001)))
    assert refused(document) == ("oscal.size", "catalog/controls/5000")


@given(st.sampled_from(list(places(DOCUMENT))), JUNK)
def test_a_catalog_with_anything_at_any_place_is_read_or_refused(path: tuple[Any, ...], junk: Any) -> None:
    found = outcome(lambda: read(spoiled(DOCUMENT, path, junk)))
    assert isinstance(found, OscalCatalogReading | FormatProblem)


def test_a_long_title_is_cut_between_words() -> None:
    assert slug("Word " * 40).endswith("-word")
    assert slug("!!!") == "catalogue"


def test_every_shared_oscal_file_is_read_or_named_for_what_it_is() -> None:
    counts: dict[str, int] = {}
    for path in shared_files("oscal"):
        try:
            reading = read_oscal_catalog(path.read_bytes(), path.name)
        except FormatProblem as problem:
            assert problem.code == "oscal.wrong_model"  # noqa: PT017 - the other outcome is counted below
            continue
        counts[path.name.partition("_catalog")[0][:34]] = len(reading.catalogue.requirements) + len(reading.withdrawn)
    assert counts == {
        "NIST_SP-800-53_rev5_HIGH-baseline-": 370,
        "NIST_SP-800-53_rev5_LOW-baseline-r": 149,
        "NIST_SP-800-53_rev5_MODERATE-basel": 287,
        "NIST_SP-800-53_rev5": 1189,
        "basic-catalog.json": 4,
    }
