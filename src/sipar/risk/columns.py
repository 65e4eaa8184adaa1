"""The columns that the engines work on, and what the first number of a magnitude's row says; light to import."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]
type Waves = npt.NDArray[np.complex128]
type Flags = npt.NDArray[np.bool_]
type Words = npt.NDArray[np.uint64]

LOGNORMAL, TABLE, STEPS = 0, 1, 2
