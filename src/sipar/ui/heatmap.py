"""The data of the heat map component: an accessible table whose cells wear a step of the sequential scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sipar.ui.scale import scale_step


@dataclass(frozen=True)
class HeatCell:
    text: str
    step_class: str
    url: str = ""


@dataclass(frozen=True)
class HeatRow:
    label: str
    cells: tuple[HeatCell, ...]
    url: str = ""


@dataclass(frozen=True)
class HeatMap:
    """`low` and `high` say in words what the ends of the scale mean, `unknown` what an empty cell means."""

    sentence: str
    corner: str
    columns: tuple[str, ...]
    rows: tuple[HeatRow, ...]
    low: str
    high: str
    unknown: str


def step_class(value: float | None, low: float, high: float) -> str:
    """The class of the scale's step for a value; `sp-step-unknown` where it is not known."""
    step = scale_step(value, low, high)
    return "sp-step-unknown" if step is None else f"sp-step-{step}"


def heat_map(
    values: Sequence[Sequence[float | None]],
    *,
    sentence: str,
    corner: str,
    rows: Sequence[str],
    columns: Sequence[str],
    lowest: float,
    highest: float,
    words: tuple[str, str, str],
    write: Callable[[float], str] = lambda value: f"{value:.1f}",
    row_urls: Sequence[str] = (),
    cell_url: Callable[[int, int], str] | None = None,
) -> HeatMap:
    """The heat map of `values` (rows x columns, None where not known or suppressed) between `lowest` and `highest`.

    `words` are the meanings of the low end, the high end and an empty cell. Raises ValueError on a ragged table.
    """
    if len(values) != len(rows) or any(len(row) != len(columns) for row in values):
        raise ValueError("the values do not fill rows x columns")
    made = tuple(
        HeatRow(
            label=label,
            url=row_urls[index] if row_urls else "",
            cells=tuple(
                HeatCell(
                    text="–" if value is None or value != value else write(value),
                    step_class=step_class(value, lowest, highest),
                    url=cell_url(index, column) if cell_url else "",
                )
                for column, value in enumerate(values[index])
            ),
        )
        for index, label in enumerate(rows)
    )
    return HeatMap(sentence, corner, tuple(columns), made, *words)
