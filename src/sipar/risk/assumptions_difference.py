"""What differs between two documents of assumptions, entry by entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

# What tells the entries of a list apart, by the list's name; other lists are compared as a whole.
IDENTITY: Mapping[str, tuple[str, ...]] = {
    "scenarios": ("key",),
    "shocks": ("sector",),
    "providers": ("key",),
    "effects": ("requirement", "target", "event"),
    "recorded_years": ("year",),
}


@dataclass(frozen=True)
class Difference:
    """One place that differs; None where nothing stands there."""

    path: str
    before: object
    after: object


def difference(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[Difference, ...]:
    """What differs, in the order of the later document, what is gone last at each level."""
    return tuple(_objects("", before, after))


def _objects(path: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[Difference]:
    for name in dict.fromkeys([*after, *before]):
        yield from _values(f"{path}/{name}" if path else str(name), str(name), before.get(name), after.get(name))


def _values(path: str, name: str, before: object, after: object) -> Iterator[Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _objects(path, before, after)
    elif name in IDENTITY and _entries(before) and _entries(after):
        yield from _objects(path, _by_identity(name, before), _by_identity(name, after))
    elif before != after:
        yield Difference(path, before, after)


def _entries(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, Mapping) for one in value)


def _by_identity(name: str, value: object) -> dict[str, object]:
    assert isinstance(value, Sequence)
    return {
        ", ".join(str(one.get(part) or "") for part in IDENTITY[name]).strip(", ") or "nation": one for one in value
    }
