"""Documents for the tests of the readers: fixtures, and ways to spoil them."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from sipar.formats.problems import FormatProblem

FIXTURES = Path(__file__).parent / "fixtures"
JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 10**15, 0.5, "", "x", " ", "a" * 200, [], [1], [[]], {}, {"id": 1}, [{}], "é"]
)


def fixture(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def shared_files(folder: str) -> list[Path]:
    """The reference files of the workplace; skips the test where they are not."""
    shared = os.environ.get("SIPAR_SHARED")
    if not shared:
        pytest.skip("SIPAR_SHARED does not name the folder of reference files, which do not ship with Sipar")
    return sorted((Path(shared) / "data" / "frameworks" / folder).iterdir())


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value within a document but the document itself."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in pairs:
        yield (*path, key)
        yield from places(child, (*path, key))


def outcome[Read](read: Callable[[], Read]) -> Read | FormatProblem:
    """What is read, or why it is refused; whatever else is raised passes on."""
    try:
        return read()
    except FormatProblem as problem:
        return problem


def spoiled(document: Any, path: tuple[Any, ...], junk: Any) -> Any:
    """A copy of the document with other content at one place."""
    changed = copy.deepcopy(document)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = junk
    return changed
