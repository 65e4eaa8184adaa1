"""Charts of one quantity over another: exceedance curves, frontiers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sipar.ui.charts import RIGHT_TO_LEFT, Chart, Row, Spec, _category, _chart, _series_colours, _spec, _start_side

# "G" is what the SI calls a billion; people who read amounts do not.
AMOUNT = "replace(format(datum.value, '~s'), 'G', 'B')"
ROOM = 8.0
LONGEST_NAME = 360
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
        "scale": _logarithmic(spots) if logarithmic else {"zero": False, "nice": True},
        "axis": {
            "title": titles[0],
            "labelExpr": AMOUNT,
            "tickCount": 6,
            "grid": False,
            "labelOverlap": "greedy",
            "labelSeparation": 14,
        },
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
        "legend": {"title": None, "orient": "top", "labelLimit": LONGEST_NAME} if len(series) > 1 else None,
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
            {"transform": [named], "mark": {"type": "point", "filled": True, "size": 60, "aria": False}},
            {
                "transform": [named],
                "mark": {"type": "text", "align": "left", "dx": 8, "dy": -10, "fontWeight": 600},
                "encoding": {"text": {"field": "label", "type": "nominal"}},
            },
        ],
    }
    return _chart(key, sentence, spec, heads, rows)


def _logarithmic(spots: Sequence[Spot]) -> Spec:
    """A scale of orders of magnitude, with room for what is written beside the last spot."""
    room = ROOM if any(spot.label for spot in spots) else 1.0
    return {"type": "log", "nice": False, "domainMax": max((spot.x for spot in spots), default=1.0) * room}


@dataclass(frozen=True)
class Range:
    """What a number becomes where something is low, and where it is high."""

    name: str
    low: float
    high: float


def ranges(
    key: str,
    items: Sequence[Range],
    *,
    middle: float,
    write: Callable[[float], str],
    sentence: str,
    heads: Row,
    language: str = "en",
) -> Chart:
    """Bars from low to high around a line at `middle`, in the order given: a tornado."""
    values = [
        {
            "name": item.name,
            "low": min(item.low, item.high),
            "high": max(item.low, item.high),
        }
        for item in items
    ]
    mirrored = language in RIGHT_TO_LEFT
    x: dict[str, Any] = {
        "field": "low",
        "type": "quantitative",
        "scale": {"zero": False, "nice": True, "reverse": mirrored},
        "axis": {"title": None, "labelExpr": AMOUNT, "tickCount": 5},
    }
    y = _category("name", values, language)
    y["axis"]["labelLimit"] = LONGEST_NAME
    spec: Spec = _spec(sentence, language, height=34 * len(values)) | {
        "data": {"values": values},
        "layer": [
            {
                "mark": {"type": "bar", "height": {"band": 0.6}},
                "encoding": {"y": y, "x": x, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "rule", "strokeWidth": 2, "aria": False},
                "encoding": {"x": {"datum": middle, "type": "quantitative"}},
            },
        ],
    }
    rows = [(item.name, write(min(item.low, item.high)), write(max(item.low, item.high))) for item in items]
    return _chart(key, sentence, spec, heads, rows)
