"""The readers that there are: every folder of `sipar.feeds` that holds a `reader.py` with `READER`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sipar.core.problems import Invalid, Place

if TYPE_CHECKING:
    # Pages list the readers by name, and start without the libraries that reading needs.
    from sipar.feeds.reading import Reader


@cache
def names() -> tuple[str, ...]:
    """The names of all readers, in order."""
    return tuple(sorted(found.parent.name for found in Path(__file__).parent.glob("*/reader.py")))


def reader(name: str) -> Reader:
    """The reader of this name; raises Invalid `feed.reader` where there is none."""
    if name not in names():
        sentence = f"There is no reader called {name[:40]}."
        raise Invalid(sentence, code="feed.reader", places=[Place("reader", sentence)])
    found: Reader = import_module(f"sipar.feeds.{name}.reader").READER
    return found


def check_settings(name: str, settings: Mapping[str, Any]) -> None:
    """Raises FormatProblem, with the place, where the reader of this name cannot work with a feed's settings."""
    if name in names():
        check = getattr(reader(name), "check", None)
        if check is not None:
            check(settings)
