from __future__ import annotations

import json
from typing import Any

import pytest
import vl_convert
from hypothesis import given
from hypothesis import strategies as st

from sipar.ui import chart_images, charts
from sipar.ui.charts import Bar, Chart, Group, Point
from sipar.ui.scale import COLOURS

LEVELS = ("Traditional", "Initial", "Advanced", "Optimal")


def every_chart(language: str) -> list[Chart]:
    bars = [Bar(word, value) for word, value in zip(LEVELS, (10, 20, 30, 40), strict=True)]
    points = [Point("2025", 1.0, "Health"), Point("2026", 2.0, "Health"), Point("2025", 2.0, "Energy")]
    groups = [Group("Health", (1, 2, 3, 4)), Group("Energy", (0, 0, 0, 0))]
    heads = ("Level", "Count")
    return [
        charts.distribution("d", bars, sentence="Four in ten stand at Optimal", heads=heads, language=language),
        charts.bars("b", bars, sentence="Optimal leads", heads=heads, language=language),
        charts.trend("t", points, sentence="Health rose", heads=("When", "Sector", "Mean"), language=language),
        charts.grouped_share("g", groups, levels=LEVELS, sentence="Health leads", heads=heads, language=language),
    ]


@pytest.mark.parametrize("language", ["en", "ur"])
@pytest.mark.parametrize("index", range(4))
def test_every_chart_compiles_and_draws_without_warnings(index: int, language: str) -> None:
    chart = every_chart(language)[index]
    svg = chart_images.to_svg(chart.spec)
    assert svg.startswith("<svg")
    assert chart.sentence in svg


@pytest.mark.parametrize("language", ["en", "ur"])
def test_every_chart_is_plain_data_with_a_table_and_a_text(language: str) -> None:
    for chart in every_chart(language):
        assert json.loads(json.dumps(chart.spec)) == chart.spec
        assert chart.rows
        assert all(row[0] in chart.description for row in chart.rows)


def test_a_specification_that_fetches_is_refused() -> None:
    spec: dict[str, Any] = {
        "data": {"url": "https://registry.example/data.csv"},
        "mark": "bar",
        "encoding": {"x": {"field": "a"}},
    }
    with pytest.raises(ValueError, match=r"(?i)external|not allowed|denied|base url"):
        chart_images.to_svg(spec)


def test_bars_grow_from_the_right_in_urdu() -> None:
    def reversed_scale(language: str) -> bool:
        spec = charts.bars("b", [Bar("a", 1)], sentence="s", heads=("a", "b"), language=language).spec
        return bool(spec["encoding"]["x"]["scale"]["reverse"])

    assert reversed_scale("ur")
    assert not reversed_scale("en")


def test_time_runs_from_the_left_in_every_language() -> None:
    for language in ("en", "ur"):
        spec = charts.trend(
            "t", [Point("2025", 1), Point("2026", 2)], sentence="s", heads=("a", "b"), language=language
        )
        assert spec.spec["encoding"]["x"]["sort"] == ["2025", "2026"]


def test_a_group_with_a_missing_level_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="Health"):
        charts.grouped_share("g", [Group("Health", (1, 2))], levels=LEVELS, sentence="s", heads=("a",))


def test_what_is_no_level_stands_in_grey_beside_the_scale() -> None:
    levels = ("none", "some", "all", "not applicable")
    chart = charts.grouped_share(
        "g", [Group("Health", (1, 2, 3, 4))], levels=levels, sentence="s", heads=("a",), off_scale=1
    )
    assert [step for _, step in chart.scale] == ["sp-step-0", "sp-step-5", "sp-step-10", "sp-step-off"]
    columns = charts.distribution(
        "d", [Bar(word, 1) for word in levels], sentence="s", heads=("a", "b"), off_scale=1
    ).spec["data"]["values"]
    assert [value["colour"] for value in columns] == [COLOURS[0], COLOURS[5], COLOURS[10], charts.OFF_SCALE]


def test_a_picture_for_print_draws_urdu_and_figures_alike() -> None:
    def drawn(text: str) -> bytes:
        words = f'<text y="30" font-size="20" font-family="Noto Naskh Arabic">{text}</text>'
        return chart_images.svg_to_png(f'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="40">{words}</svg>')

    pictures = [drawn(text) for text in ("", "سطح", "سطح 1.92", "سطح 2.22")]
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    assert len(set(pictures)) == 4


@given(st.lists(st.lists(st.integers(0, 10_000), min_size=4, max_size=4), min_size=1, max_size=8))
def test_shares_of_a_group_fill_the_bar_exactly_or_not_at_all(counts: list[list[int]]) -> None:
    groups = [Group(str(index), row) for index, row in enumerate(counts)]
    chart = charts.grouped_share("g", groups, levels=LEVELS, sentence="s", heads=("a",))
    values = chart.spec["data"]["values"]
    for index, row in enumerate(counts):
        ends = [value["end"] for value in values if value["group"] == str(index)]
        assert ends == sorted(ends)
        assert ends[-1] == pytest.approx(1.0 if sum(row) else 0.0)


def test_the_renderer_reads_the_version_of_the_specification() -> None:
    assert chart_images.VEGA_LITE in vl_convert.get_vegalite_versions()
    assert charts.SCHEMA.endswith("/v6.json")
