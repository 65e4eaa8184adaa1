"""Reading a hostile JSON document value by value: each reader says what is wrong and where."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from sipar.formats.problems import FormatProblem

MOST_ENTRIES = 5_000
LONGEST_TEXT = 2_000
LONGEST_KEY = 60
DEEPEST = 8


def fields(
    value: object, allowed: Collection[str], where: str, *, needed: Collection[str] = ()
) -> Mapping[str, object]:
    """The value as an object that has all of `needed` and nothing beyond `allowed`."""
    if not isinstance(value, Mapping):
        raise FormatProblem("not_an_object", "An object with named values stands here.", where)
    for name in value:
        if name not in allowed:
            raise FormatProblem("unknown_name", f"Nothing here is called “{str(name)[:LONGEST_KEY]}”.", where)
    for name in needed:
        if value.get(name) is None:
            raise FormatProblem("missing", f"“{name}” is missing.", where)
    return value


def named(value: object, where: str) -> Iterator[tuple[str, object]]:
    """Names and values of an object whose names are free; nothing where it is missing."""
    if value is None:
        return
    if not isinstance(value, Mapping):
        raise FormatProblem("not_an_object", "An object with named values stands here.", where)
    _check_many(value, where)
    for name, one in value.items():
        yield text(name, where, longest=LONGEST_KEY), one


def entries(value: object, where: str) -> Sequence[object]:
    """The value as a list; empty where it is missing."""
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise FormatProblem("not_a_list", "A list stands here.", where)
    _check_many(value, where)
    return value


def text(value: object, where: str, *, longest: int = LONGEST_TEXT, empty: bool = False) -> str:
    """The value as a text, without spaces around it."""
    if value is None and empty:
        return ""
    if not isinstance(value, str):
        raise FormatProblem("not_a_text", "A text stands here.", where)
    made = value.strip()
    if not made and not empty:
        raise FormatProblem("empty", "This text is empty.", where)
    if len(made) > longest or "\x00" in made:
        raise FormatProblem("text_range", f"A text here has at most {longest} characters.", where)
    return made


def number(
    value: object, where: str, *, default: float | None = None, low: float = 0.0, high: float = math.inf
) -> float:
    """The value as a finite number from `low` to `high`; `default` where it is missing."""
    if value is None and default is not None:
        return default
    if value is None:
        raise FormatProblem("missing", "A number is missing.", where)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FormatProblem("not_a_number", "A number stands here.", where)
    try:
        made = float(value)
    except OverflowError:
        made = math.inf
    if not math.isfinite(made):
        raise FormatProblem("not_finite", "This is not a finite number.", where)
    if made < low:
        code, sentence = ("negative", "This number is negative.") if low == 0 else ("range", f"At least {low:g}.")
        raise FormatProblem(code, sentence, where)
    if made > high:
        raise FormatProblem("range", f"At most {high:g}.", where)
    return made


def whole(value: object, where: str, *, low: int, high: int) -> int:
    """The value as a whole number from `low` to `high`."""
    made = number(value, where, low=low, high=high)
    if made != int(made):
        raise FormatProblem("not_whole", "A whole number stands here.", where)
    return int(made)


def choice[Member](value: object, members: Mapping[str, Member], where: str) -> Member:
    """One of `members`, by its name."""
    name = text(value, where, longest=LONGEST_KEY)
    if name not in members:
        raise FormatProblem("unknown_choice", f"One of: {', '.join(members)}.", where)
    return members[name]


def check_tree(value: object, where: str, depth: int = 0) -> None:
    """Refuse what is no tree of objects, lists, texts and finite numbers from 0, or is too deep or too large."""
    if depth > DEEPEST:
        raise FormatProblem("too_deep", f"At most {DEEPEST} levels.", where)
    if isinstance(value, Mapping):
        for name, one in named(value, where):
            check_tree(one, f"{where}/{name}", depth + 1)
    elif isinstance(value, list | tuple):
        for place, one in enumerate(entries(value, where)):
            check_tree(one, f"{where}/{place}", depth + 1)
    elif isinstance(value, str):
        text(value, where, empty=True)
    elif value is not None and not isinstance(value, bool):
        number(value, where)


def _check_many(value: Collection[object], where: str) -> None:
    if len(value) > MOST_ENTRIES:
        raise FormatProblem("too_many", f"At most {MOST_ENTRIES:,} entries.", where)
