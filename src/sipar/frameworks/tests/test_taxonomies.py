"""The shared vocabularies hold what their standards define."""

from __future__ import annotations

import pytest

from sipar.frameworks.taxonomies import NAMES, pap, rsit, taxonomy, tlp


def test_the_incident_taxonomy_has_its_classes_and_types() -> None:
    phishing = rsit().term("phishing")
    assert phishing is not None
    assert (phishing.group, phishing.tag) == ("fraud", 'rsit:fraud="phishing"')
    assert rsit().term('rsit:fraud="phishing"') == phishing
    assert len({term.group for term in rsit().terms}) >= 10


def test_tlp_has_the_five_labels_of_version_2_from_free_to_strict() -> None:
    assert [term.key for term in tlp().terms] == ["clear", "green", "amber", "amber+strict", "red"]


def test_pap_says_what_may_be_done() -> None:
    assert {term.key for term in pap().terms} >= {"RED", "AMBER", "GREEN", "CLEAR"}


@pytest.mark.parametrize("name", NAMES)
def test_every_tag_stands_once(name: str) -> None:
    tags = [term.tag for term in taxonomy(name).terms]
    assert len(tags) == len(set(tags)) > 0


def test_what_is_not_there_is_none() -> None:
    assert rsit().term("no-such-thing") is None
