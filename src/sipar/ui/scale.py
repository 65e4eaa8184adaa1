"""The one sequential scale of Sipar: eleven steps from dark to light, safe for colour-blind readers."""

from __future__ import annotations

STEPS = 10
# Viridis at 0, 0.1 ... 1; the same values stand in static/sipar/tokens.css (a test compares them).
COLOURS = (
    *("#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c"),
    *("#22a884", "#44bf70", "#7ad151", "#bddf26", "#fde725"),
)
LAST_DARK_STEP = 4


def scale_step(value: float | None, low: float = 0.0, high: float = 1.0) -> int | None:
    """The step 0..10 of `value` between `low` and `high`, clamped; None where the value is not known."""
    if value is None or value != value:
        return None
    if high <= low:
        raise ValueError("a scale needs low < high")
    return round(min(max((value - low) / (high - low), 0.0), 1.0) * STEPS)


def ink(step: int) -> str:
    """The colour of text on a step: white on the dark ones, near-black on the light ones (contrast at least 4.5)."""
    return "#ffffff" if step <= LAST_DARK_STEP else "#101617"
