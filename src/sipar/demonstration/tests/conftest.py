"""One demonstration nation for all tests of a file: each of them sees it as it was loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from pytest_django.plugin import DjangoDbBlocker
from tests.cast import NOW
from tests.database import NATION, own_database

from sipar import demonstration

SIZE = 160


def quiet(done: int, total: int, sentence: str) -> None:
    assert 0 <= done <= total
    assert sentence


@pytest.fixture(autouse=True, scope="module")
def own_lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What files of other tests left in the lake would count as seen before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "VAR", Path(tmp_path_factory.mktemp("var")))
        yield


@pytest.fixture(autouse=True, scope="module")
def own_nation(own_copy: None) -> Iterator[None]:
    """A nation without the cast: a demonstration has invented people and organisations of its own."""
    with own_database(NATION):
        yield


@pytest.fixture(scope="module")
def loaded_nation(own_lake: None, own_nation: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A nation in a transaction that ends with the file; what a test changes is gone after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        assert demonstration.load(organisations=SIZE, seed=1, now=NOW, progress=quiet)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def nation(loaded_nation: None, db: None) -> None:
    """The loaded nation, for one test."""
