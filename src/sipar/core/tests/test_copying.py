"""Tables into PostgreSQL and out again."""

from __future__ import annotations

from itertools import product

import polars as pl
import pytest

from sipar.core.acting import acting
from sipar.core.copying import fetch, stage
from sipar.core.jobs import system

HARD = ("\\", "\t", "\n", "\r", '"', "'", ",", "N", ".", "ے", "")


@pytest.mark.django_db
def test_every_text_arrives_as_it_was_and_nothing_is_not_the_empty_text() -> None:
    words = [None, "", "\\N", "\\.", *("".join(letters) for letters in product(HARD, repeat=3))]
    frame = pl.DataFrame({"place": range(len(words)), "word": words}, schema={"place": pl.Int64, "word": pl.String})
    with acting(system(), reason="test"):
        stage("create temporary table hard (place bigint, word text) on commit drop", "hard", frame)
        found = fetch(
            "select place, md5(word) from hard order by place", {}, pl.Schema({"p": pl.Int64, "w": pl.String})
        )
        expected = fetch(
            "select n - 1, md5(w) from unnest(%(words)s::text[]) with ordinality as t(w, n) order by n",
            {"words": words},
            pl.Schema({"p": pl.Int64, "w": pl.String}),
        )
    assert found.height == len(words)
    assert found.equals(expected)
