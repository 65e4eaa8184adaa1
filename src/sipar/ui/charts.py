"""Charts as Vega-Lite specifications: data in, a plain dict out, the same for page, report and API.

Each function takes a sentence for its title, labels its marks directly and returns a `Chart`: the specification,
the table behind it and the text for the screen reader. In a right-to-left language bars and
levels run from the right.
Vega-Lite 6: https://vega.github.io/vega-lite/docs/spec.html
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sipar.ui.scale import COLOURS, ink, scale_step

Spec = dict[str, Any]
Row = tuple[str, ...]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
RIGHT_TO_LEFT = frozenset({"ur", "ar", "fa", "ps", "sd"})
LATIN = "system-ui, 'Noto Sans', 'Liberation Sans', sans-serif"
URDU = f"'Noto Naskh Arabic', {LATIN}"
ACCENT, TEXT, MUTED, LINE = "#0b5f63", "#1b2426", "#566366", "#dbe1e2"
OFF_SCALE = "#b9c2c4"
WIDTH = 640
SMALLEST_LABELLED_SHARE = 0.08


@dataclass(frozen=True)
class Chart:
    """`heads` and `rows` are the table behind the chart; `key` names it on its page.

    `scale` are the words and classes of its levels, where colour means a level and no label stands beside it.
    """

    key: str
    sentence: str
    description: str
    spec: Spec
    heads: Row
    rows: tuple[Row, ...]
    scale: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Bar:
    """One bar; `text` is its direct label, the plain value where empty."""

    label: str
    value: float
    text: str = ""


@dataclass(frozen=True)
class Point:
    """One value of one series at one campaign or date, in the order given."""

    when: str
    value: float
    series: str = ""


@dataclass(frozen=True)
class Group:
    """Counts over the levels, lowest level first."""

    label: str
    counts: Sequence[float] = field(default_factory=tuple)


def distribution(
    key: str, levels: Sequence[Bar], *, sentence: str, heads: Row, language: str = "en", off_scale: int = 0
) -> Chart:
    """How many stand on each level: one column a level, lowest first, coloured by the sequential scale.

    The last `off_scale` columns are no levels (not applicable, not answered): they are grey.
    """
    total = sum(level.value for level in levels)
    values = [
        {
            "label": level.label,
            "value": level.value,
            "text": level.text or f"{level.value:,.0f} ({_percent(level.value, total)})",
            "colour": _colour(step),
        }
        for level, step in zip(levels, _steps(len(levels), off_scale), strict=True)
    ]
    x = {
        "field": "label",
        "type": "nominal",
        "sort": _order(values, language),
        "axis": {"title": None, "labelAngle": 0, "labelLimit": 150, "labelPadding": 6},
    }
    y = {"field": "value", "type": "quantitative", "axis": None}
    spec = _spec(sentence, language, height=240) | {
        "data": {"values": values},
        "encoding": {"x": x, "y": y},
        "layer": [
            {
                "mark": {"type": "bar", "width": {"band": 0.8}},
                "encoding": {"color": {"field": "colour", "type": "nominal", "scale": None}},
            },
            {
                "mark": {"type": "text", "dy": -8, "baseline": "bottom"},
                "encoding": {"text": {"field": "text", "type": "nominal"}},
            },
        ],
    }
    return _chart(key, sentence, spec, heads, [(str(item["label"]), str(item["text"])) for item in values])


def bars(key: str, items: Sequence[Bar], *, sentence: str, heads: Row, language: str = "en") -> Chart:
    """Horizontal bars in the order given, each with its value at its end."""
    values = [{"label": item.label, "value": item.value, "text": item.text or f"{item.value:,g}"} for item in items]
    mirrored = language in RIGHT_TO_LEFT
    x = {
        "field": "value",
        "type": "quantitative",
        "axis": None,
        "scale": {
            "reverse": mirrored,
            "domainMin": 0,
            "domainMax": max((item.value for item in items), default=1) * 1.15,
        },
    }
    text = {"type": "text", "align": "right" if mirrored else "left", "dx": -6 if mirrored else 6}
    spec = _spec(sentence, language, height=30 * len(items)) | {
        "data": {"values": values},
        "encoding": {"y": _category("label", values, language), "x": x},
        "layer": [
            {"mark": {"type": "bar", "height": {"band": 0.7}}},
            {"mark": text, "encoding": {"text": {"field": "text", "type": "nominal"}}},
        ],
    }
    return _chart(key, sentence, spec, heads, [(str(item["label"]), str(item["text"])) for item in values])


def trend(
    key: str, points: Sequence[Point], *, sentence: str, heads: Row, language: str = "en", decimals: int = 1
) -> Chart:
    """Lines over campaigns or dates in the order given; each series is named where its line ends.

    Time runs from the left in every language, as its Latin digits do: a rise must not look like a fall to whoever
    compares the two editions of a report.
    """
    moments = list(dict.fromkeys(point.when for point in points))
    series = list(dict.fromkeys(point.series for point in points))
    last = {point.series: point.when for point in points}
    values = [
        {
            "when": point.when,
            "value": point.value,
            "series": point.series,
            "end": f"{point.series} {point.value:,.{decimals}f}".strip() if last[point.series] == point.when else "",
        }
        for point in points
    ]
    x = {
        "field": "when",
        "type": "ordinal",
        "sort": moments,
        "axis": {"title": None, "labelAngle": 0, "labelOverlap": "greedy"},
    }
    y = {
        "field": "value",
        "type": "quantitative",
        "scale": {"zero": True, "nice": True},
        "axis": {"title": None, "tickCount": 4, "grid": True, "domain": False, "orient": _start_side(language)},
    }
    colour = {
        "field": "series",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": series, "range": _series_colours(len(series))},
    }
    label = {"type": "text", "align": "center", "dy": -12, "fontWeight": 600}
    spec = _spec(sentence, language, height=260) | {
        "data": {"values": values},
        "encoding": {"x": x, "y": y},
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 2.5, "point": {"size": 45, "filled": True}},
                "encoding": {"color": colour} if len(series) > 1 else {},
            },
            {"mark": label, "encoding": {"text": {"field": "end", "type": "nominal"}}},
        ],
    }
    table = [
        (point.when, *((point.series,) if len(series) > 1 else ()), f"{point.value:,.{decimals}f}") for point in points
    ]
    return _chart(key, sentence, spec, heads, table)


def grouped_share(
    key: str,
    groups: Sequence[Group],
    *,
    levels: Sequence[str],
    sentence: str,
    heads: Row,
    language: str = "en",
    off_scale: int = 0,
) -> Chart:
    """Each group's share on every level as one full bar, lowest level first, coloured by the sequential scale.

    The last `off_scale` levels are none (not applicable, not answered): they are grey. Raises ValueError where
    a group does not count exactly one number per level.
    """
    mirrored = language in RIGHT_TO_LEFT
    steps = _steps(len(levels), off_scale)
    values: list[dict[str, Any]] = []
    table: list[Row] = []
    for group in groups:
        if len(group.counts) != len(levels):
            raise ValueError(f"{group.label} has {len(group.counts)} counts for {len(levels)} levels")
        total = sum(group.counts)
        table.append((group.label, *(f"{count:,.0f} ({_percent(count, total)})" for count in group.counts)))
        start = 0.0
        for index, count in enumerate(group.counts):
            share = count / total if total else 0.0
            values.append(
                {
                    "group": group.label,
                    "level": levels[index],
                    "start": start,
                    "end": start + share,
                    "middle": start + share / 2,
                    "text": f"{share:.0%}" if share >= SMALLEST_LABELLED_SHARE else "",
                    "ink": _ink(steps[index]),
                }
            )
            start += share
    x: dict[str, Any] = {
        "field": "start",
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [0, 1], "reverse": mirrored, "nice": False},
    }
    legend = {"title": None, "orient": "top", "symbolType": "square", "labelLimit": 220, "columnPadding": 14}
    colour = {
        "field": "level",
        "type": "nominal",
        "sort": None,
        "legend": legend,
        "scale": {"domain": list(levels), "range": [_colour(step) for step in steps]},
    }
    label = {
        "x": x | {"field": "middle"},
        "text": {"field": "text", "type": "nominal"},
        "color": {"field": "ink", "type": "nominal", "scale": None},
    }
    spec = _spec(sentence, language, height=32 * len(groups)) | {
        "data": {"values": values},
        "encoding": {"y": _category("group", values, language)},
        "layer": [
            {
                "mark": {"type": "bar", "height": {"band": 0.78}},
                "encoding": {"x": x, "x2": {"field": "end"}, "color": colour},
            },
            {"mark": {"type": "text", "fontSize": 12}, "encoding": label},
        ],
        "resolve": {"scale": {"color": "independent"}},
    }
    scale = tuple(
        (word, "sp-step-off" if step is None else f"sp-step-{step}") for word, step in zip(levels, steps, strict=True)
    )
    return _chart(key, sentence, spec, heads, table, scale=scale)


def _steps(count: int, off_scale: int) -> list[int | None]:
    """The step of the scale for each of `count` levels, None for the last `off_scale`, which are no levels."""
    highest = max(count - off_scale - 1, 1)
    return [scale_step(index, 0, highest) if index < count - off_scale else None for index in range(count)]


def _colour(step: int | None) -> str:
    return OFF_SCALE if step is None else COLOURS[step]


def _ink(step: int | None) -> str:
    return TEXT if step is None else ink(step)


def _chart(
    key: str,
    sentence: str,
    spec: Spec,
    heads: Row,
    rows: Sequence[Row],
    *,
    scale: tuple[tuple[str, str], ...] = (),
) -> Chart:
    description = f"{sentence} " + "; ".join(f"{row[0]}: {', '.join(row[1:])}" for row in rows) + "."
    return Chart(key, sentence, description, spec, heads, tuple(rows), scale)


def _spec(sentence: str, language: str, *, height: int) -> Spec:
    return {
        "$schema": SCHEMA,
        "title": {"text": sentence},
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": _config(language),
    }


def _config(language: str) -> Spec:
    """The light theme in print colours; the page puts its own theme over it."""
    font = URDU if language == "ur" else LATIN
    return {
        "font": font,
        "background": "transparent",
        "view": {"stroke": None},
        "title": {
            "anchor": "end" if language in RIGHT_TO_LEFT else "start",
            "fontSize": 17,
            "color": TEXT,
            "offset": 14,
        },
        "axis": {
            "labelFontSize": 13,
            "titleFontSize": 13,
            "labelColor": TEXT,
            "titleColor": MUTED,
            "domainColor": LINE,
            "tickColor": LINE,
            "gridColor": LINE,
            "ticks": False,
            "labelPadding": 8,
        },
        "legend": {"labelFontSize": 13, "labelColor": TEXT},
        "text": {"fontSize": 13, "fill": TEXT},
        "bar": {"fill": ACCENT},
        "line": {"stroke": ACCENT},
        "point": {"fill": ACCENT},
    }


def _category(name: str, values: Sequence[dict[str, Any]], language: str) -> Spec:
    return {
        "field": name,
        "type": "nominal",
        "sort": list(dict.fromkeys(value[name] for value in values)),
        "axis": {"title": None, "orient": _start_side(language), "domain": False, "labelLimit": 220},
    }


def _order(values: Sequence[dict[str, Any]], language: str) -> list[str]:
    labels = [value["label"] for value in values]
    return labels[::-1] if language in RIGHT_TO_LEFT else labels


def _start_side(language: str) -> str:
    return "right" if language in RIGHT_TO_LEFT else "left"


def _series_colours(count: int) -> list[str]:
    """Well separated steps of the scale that stay visible on white and on dark."""
    usable = COLOURS[3:9]
    return [usable[math.floor(index * (len(usable) - 1) / max(count - 1, 1))] for index in range(count)]


def _percent(count: float, total: float) -> str:
    return f"{count / total:.0%}" if total else "0%"
