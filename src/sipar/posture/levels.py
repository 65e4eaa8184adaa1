"""An assessment's answers as a vector: one byte per requirement, in the order of the framework version.

A byte is a maturity level 0..9, or `NOT_APPLICABLE`, or `UNANSWERED`. Several assessments stand one after
another in one blob, so a whole nation is a matrix without a copy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

UNANSWERED = 255
NOT_APPLICABLE = 254
MAX_LEVEL = 9

type Levels = NDArray[np.uint8]


class PostureProblem(ValueError):
    """Input that has no meaning as posture; the message says what and where."""


def matrix(blob: bytes, requirements: int) -> Levels:
    """View `blob` as uint8[n, requirements], read-only and without a copy.

    The bytes themselves are not looked at; `refuse_unknown_levels` does that.
    Raises PostureProblem when the length is not a whole number of assessments.
    """
    if requirements < 1:
        raise PostureProblem(f"a framework version with {requirements} requirements has no answers")
    if len(blob) % requirements:
        raise PostureProblem(f"{len(blob)} bytes are not a whole number of assessments of {requirements} requirements")
    return np.frombuffer(blob, dtype=np.uint8).reshape(-1, requirements)


def encode(levels: Sequence[int] | NDArray[np.integer]) -> bytes:
    """Return the bytes of one or more assessments; each value is 0..9, NOT_APPLICABLE or UNANSWERED.

    Raises PostureProblem naming the first position that holds anything else.
    """
    values = np.asarray(levels)
    if values.size == 0:
        return b""
    if not np.issubdtype(values.dtype, np.integer):
        raise PostureProblem("levels are whole numbers")
    refuse_unknown_levels(values, MAX_LEVEL)
    return values.astype(np.uint8).tobytes()


def empty(requirements: int) -> bytes:
    """Return the bytes of an assessment in which nothing has been answered yet."""
    return bytes([UNANSWERED]) * requirements


def refuse_unknown_levels(levels: NDArray[np.integer], top_level: int) -> None:
    """Raise PostureProblem when a value is neither 0..top_level nor NOT_APPLICABLE nor UNANSWERED."""
    unknown = (levels < 0) | ((levels > top_level) & (levels != NOT_APPLICABLE) & (levels != UNANSWERED))
    if not unknown.any():
        return
    first = tuple(int(index) for index in np.argwhere(unknown)[0])
    raise PostureProblem(f"level {int(levels[first])} at position {first} is not on a scale of 0 to {top_level}")
