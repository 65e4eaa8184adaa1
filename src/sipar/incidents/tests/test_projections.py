from __future__ import annotations

from itertools import pairwise

import pytest

from sipar.incidents.projections import ALL, COORDINATION_FACTS, PARTS, PROJECTIONS, SUMMARY_FACTS
from sipar.law.facts import shipped_facts


@pytest.mark.parametrize("name", sorted(COORDINATION_FACTS | SUMMARY_FACTS))
def test_a_fact_that_travels_is_one_of_the_vocabulary(name: str) -> None:
    assert name in shipped_facts()


def test_no_free_text_but_the_technique_travels_to_who_only_coordinates() -> None:
    facts = shipped_facts()
    assert {name for name in COORDINATION_FACTS if facts[name].type == "text"} <= {"technique", "sector", "country"}
    assert not {name for name in SUMMARY_FACTS if facts[name].type == "text"}


def test_each_projection_is_no_wider_than_the_one_before_it() -> None:
    order = [PROJECTIONS[name] for name in ("full", "coordination", "indicators", "summary")]
    for wider, narrower in pairwise(order):
        assert narrower.parts <= wider.parts <= PARTS
        assert wider.facts == ALL or narrower.facts <= wider.facts


def test_the_organisation_reads_neither_notes_nor_inputs_of_the_score_nor_other_cases() -> None:
    organisation = PROJECTIONS["organisation"]
    assert not any(organisation.shows(part) for part in ("notes", "score_inputs", "links"))
    assert organisation.shows("looks")
