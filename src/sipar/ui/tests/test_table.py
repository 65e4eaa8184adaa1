"""The table of every list says how many rows it has."""

from __future__ import annotations

import pytest
from django.template import engines
from django.test import RequestFactory
from django_cotton.compiler_regex import CottonCompiler

from sipar.ui.tables import Column

TABLE = '<c-table id="things" caption="Things" :columns="columns" :count="rows"><tr><td>the row</td></tr></c-table>'


def shown(**context: object) -> str:
    # Components are compiled where templates are loaded from files.
    return (
        engines["django"]
        .from_string(CottonCompiler().process(TABLE))
        .render({"columns": [Column("thing", "Thing")], **context}, RequestFactory().get("/"))
    )


@pytest.mark.parametrize("rows", [2, ["a", "b"], ("a", "b"), {"a": 1, "b": 2}])
def test_a_table_counts_its_rows_or_is_told(rows: object) -> None:
    text = shown(rows=rows)
    assert '<span class="sp-count"><bdi class="sp-number">2</bdi></span>' in text
    assert "the row" in text


@pytest.mark.parametrize("rows", [0, [], ()])
def test_a_table_without_rows_says_so(rows: object) -> None:
    text = shown(rows=rows)
    assert "Nothing matches" in text
    assert "the row" not in text


def test_a_table_that_nobody_counted_shows_what_it_has() -> None:
    text = shown(rows=None)
    assert "sp-count" not in text
    assert "the row" in text


def test_rows_that_the_page_does_not_have_are_an_error_and_no_number() -> None:
    with pytest.raises(TypeError, match="nothing by the name"):
        shown()
