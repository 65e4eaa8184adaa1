from __future__ import annotations

import math
import re

import pytest

from sipar.nations import profile
from sipar.nations.outlines import OutlineMap, load_map
from sipar.ui.map import MARGIN, WIDTH, Choropleth, choropleth, fit

SQUARE = [[60.0, 30.0], [60.0, 31.0], [61.0, 31.0], [61.0, 30.0], [60.0, 30.0]]
WORDS = ("low", "high", "not known")


def outlines(*rings: list[list[float]]) -> OutlineMap:
    return OutlineMap.model_validate(
        {
            "type": "FeatureCollection",
            "note": "invented",
            "source": "invented",
            "licence": "none",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"code": f"XX-{index}", "name": {"en": f"Province {index}"}, "label": [60.5, 30.5]},
                    "geometry": {"type": "Polygon", "coordinates": [ring]},
                }
                for index, ring in enumerate(rings)
            ],
        }
    )


def drawn(source: OutlineMap, values: dict[str, float | None]) -> Choropleth:
    return choropleth(
        source,
        values,
        sentence="s",
        heads=("Province", "Mean"),
        language="en",
        lowest=0,
        highest=4,
        words=WORDS,
        url=lambda code: f"?province={code}",
    )


def test_the_map_fills_its_width_and_keeps_the_shape_at_its_latitude() -> None:
    projection, height = fit(outlines(SQUARE))
    assert projection.place((60.0, 31.0)) == pytest.approx((MARGIN, MARGIN))
    right, bottom = projection.place((61.0, 30.0))
    assert (right, bottom) == pytest.approx((WIDTH - MARGIN, height - MARGIN))
    assert (right - MARGIN) / (bottom - MARGIN) == pytest.approx(math.cos(math.radians(30.5)))


def test_north_is_up() -> None:
    projection, _ = fit(outlines(SQUARE))
    assert projection.place((60.0, 31.0))[1] < projection.place((60.0, 30.0))[1]


def test_an_unknown_province_is_drawn_without_a_step_and_listed_last() -> None:
    east = [[x + 1, y] for x, y in SQUARE]
    made = drawn(outlines(SQUARE, east), {"XX-0": None, "XX-1": 4.0})
    assert [(region.code, region.text, region.step_class) for region in made.regions] == [
        ("XX-1", "4.0", "sp-step-10"),
        ("XX-0", "–", "sp-step-unknown"),
    ]


def test_a_province_too_small_for_its_number_has_none_on_the_map_but_one_in_the_list() -> None:
    speck = [[60.0, 30.0], [60.0, 30.01], [60.01, 30.01], [60.01, 30.0], [60.0, 30.0]]
    made = drawn(outlines(SQUARE, speck), {"XX-0": 1.0, "XX-1": 2.0})
    assert {region.code: (region.label, region.text) for region in made.regions} == {
        "XX-0": ("1.0", "1.0"),
        "XX-1": ("", "2.0"),
    }


def test_a_label_that_would_reach_over_the_border_is_left_to_the_list() -> None:
    hook = [[60.0, 30.0], [60.0, 31.0], [61.0, 31.0], [61.0, 30.98], [60.51, 30.98], [60.51, 30.0], [60.0, 30.0]]
    made = drawn(outlines(hook), {"XX-0": 3.0})
    assert [(region.label, region.text) for region in made.regions] == [("", "3.0")]


def test_a_value_of_a_province_that_is_not_drawn_is_refused_by_its_code() -> None:
    with pytest.raises(ValueError, match="XX-9"):
        drawn(outlines(SQUARE), {"XX-9": 1.0})


def test_the_shipped_map_stays_inside_its_frame_and_small() -> None:
    nation = profile.shipped("pk")
    made = drawn(load_map(profile.SHIPPED / "pk" / "map.json", nation), {})
    paths = "".join(region.path for region in made.regions)
    numbers = [tuple(map(float, pair)) for pair in re.findall(r"(-?\d+\.\d),(-?\d+\.\d)", paths)]
    assert all(0 <= x <= WIDTH and 0 <= y <= float(made.height) for x, y in numbers)
    assert len(made.regions) == len(nation.provinces)
    assert len(paths) < 60_000
