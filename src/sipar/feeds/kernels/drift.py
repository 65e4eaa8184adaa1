"""How the columns of a file differ from those that its source says it has."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from sipar.feeds.reading import DriftSeen

_ALIKE = 0.75


def compare(expected: Sequence[str], found: Sequence[str]) -> tuple[list[DriftSeen], dict[str, str]]:
    """The drifts, and for each renamed column of the file the name that it had.

    A column counts as renamed where its name is most like one that is missing: the same letters and figures, one name
    inside the other, or three quarters alike. What is read under the old name then still has to pass its cast.
    """
    missing = [name for name in expected if name not in found]
    new = [name for name in found if name not in expected]
    pairs = sorted(
        ((score, old, name) for old in missing for name in new if (score := _likeness(old, name)) >= _ALIKE),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    renamed: dict[str, str] = {}
    for _score, old, name in pairs:
        if name not in renamed and old not in renamed.values():
            renamed[name] = old
    drifts = [DriftSeen("renamed", old, name) for name, old in renamed.items()]
    drifts += [DriftSeen("missing", name) for name in missing if name not in renamed.values()]
    drifts += [DriftSeen("new", name) for name in new if name not in renamed]
    return drifts, renamed


def _likeness(old: str, new: str) -> float:
    one, other = _bare(old), _bare(new)
    if one == other:
        return 1.0
    words, more = old.split("_"), new.replace("-", "_").split("_")
    if set(words) <= set(more) or set(more) <= set(words):
        return 0.9
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()


def _bare(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
