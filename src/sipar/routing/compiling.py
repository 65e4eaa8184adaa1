"""How the kernels of routing are compiled: by numba at their first call, and kept on disk where that can be written.

The trap: a kernel is compiled anew where its own file changed, not where a kernel of another file that it calls did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def kernel[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """`function` as machine code that releases the interpreter's lock."""
    options: dict[str, Any] = {"nogil": True}
    try:
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError:
        # No folder for numba's cache can be written: each process compiles for itself.
        compiled = numba.njit(**options)(function)
    return compiled  # type: ignore[no-any-return]


def inlined[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """`function` as part of every kernel that calls it: a loop over it can become one over vectors."""
    compiled: Callable[P, R] = numba.njit(nogil=True, inline="always")(function)
    return compiled


def leaf[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """`function` as machine code that is called from kernels with arrays and makes none.

    It leaves the count of who holds an array alone: keeping it, by every call and beside other threads, takes ten times
    as long as looking a number up.
    """
    return numba.njit(nogil=True, _nrt=False)(function)  # type: ignore[call-overload, no-any-return]
