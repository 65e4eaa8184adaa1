"""The search box finds what its reader may see, and nothing else."""

from __future__ import annotations

import pytest
from tests.cast import Cast

from sipar.frameworks.models import Framework

pytestmark = pytest.mark.django_db


def found(cast: Cast, person: str, words: str) -> str:
    return cast.client(person).get("/search/", {"q": words}).content.decode()


def test_an_analyst_finds_an_organisation_by_name_and_by_number(cast: Cast) -> None:
    for words in ("alpha pow", "PK-T-0001", "الفا"):
        assert "/organisations/PK-T-0001/" in found(cast, "nadia", words)


def test_an_organisation_does_not_find_another_one(cast: Cast) -> None:
    assert "/organisations/PK-T-0001/" not in found(cast, "bushra", "alpha")
    assert "/organisations/PK-T-0002/" in found(cast, "bushra", "beta")


def test_requirements_are_found_by_identifier(cast: Cast, framework: Framework) -> None:
    assert "GV.OC-01" in found(cast, "ayesha", "gv.oc-01")


def test_an_empty_or_fruitless_search_says_what_to_try(cast: Cast) -> None:
    for words in ("", "zzzz-nothing"):
        assert "Nothing found" in found(cast, "ayesha", words)
