"""Charts of one quantity over another: exceedance curves, frontiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sipar.ui.charts import Chart, Row, Spec, _chart, _series_colours, _spec, _start_side

# "G" is what the SI calls a billion; people who read amounts do not.
AMOUNT = "replace(format(datum.value, '~s'), 'G', 'B')"
SHARE = "format(datum.value, '~%')"


@dataclass(frozen=True)
class Spot:
    """One point of one line; `label` is written beside it, where there is one."""

    x: float
    y: float
    series: str = ""
    label: str = ""


def curve(
    key: str,
    spots: Sequence[Spot],
    *,
    sentence: str,
    heads: Row,
    rows: Sequence[Row],
    titles: tuple[str, str],
    language: str = "en",
    logarithmic: bool = False,
    steps: bool = False,
    share: bool = False,
) -> Chart:
    """Lines through the spots in their order, each named where it ends; `rows` are the table behind.

    `titles` are those of the axes (across, up). `logarithmic` is for amounts across, all above zero; with `share` the
    numbers up are shares. Amounts grow from the left in every language, as their Latin digits do.
    """
    series = list(dict.fromkeys(spot.series for spot in spots))
    values = [{"x": spot.x, "y": spot.y, "series": spot.series, "label": spot.label} for spot in spots]
    x: dict[str, Any] = {
        "field": "x",
        "type": "quantitative",
        "scale": {"type": "log", "nice": False} if logarithmic else {"zero": False, "nice": True},
        "axis": {"title": titles[0], "labelExpr": AMOUNT, "tickCount": 6, "grid": False, "labelOverlap": "greedy"},
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "scale": {"zero": True, "nice": True},
        "axis": {
            "title": titles[1], "tickCount": 5, "domain": False, "orient": _start_side(language),
            "labelExpr": SHARE if share else AMOUNT,
        },
    }  # fmt: skip
    colour = {
        "field": "series",
        "type": "nominal",
        "legend": {"title": None, "orient": "top"} if len(series) > 1 else None,
        "scale": {"domain": series, "range": _series_colours(len(series))},
    }
    named = {"filter": "datum.label !== ''"}
    spec: Spec = _spec(sentence, language, height=300) | {
        "data": {"values": values},
        "encoding": {"x": x, "y": y},
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 2.5, "interpolate": "step-after" if steps else "linear"},
                "encoding": {"order": {"field": "x"}, **({"color": colour} if len(series) > 1 else {})},
            },
            {"transform": [named], "mark": {"type": "point", "filled": True, "size": 60}},
            {
                "transform": [named],
                "mark": {"type": "text", "align": "left", "dx": 8, "dy": -10, "fontWeight": 600},
                "encoding": {"text": {"field": "label", "type": "nominal"}},
            },
        ],
    }
    return _chart(key, sentence, spec, heads, rows)
