"""The faults an OSCAL document has, and where: shared by the checks of shape and of references."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate, chain

MAX_LISTED = 1_000
MAX_SHOWN = 60

type Node = dict[str, object]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: a stable code, the path from the root (`assessment-results/results/0/uuid`), a sentence."""

    code: str
    path: str
    sentence: str


class Batch:
    """All objects of one kind at one place of the schema; `origin` is the column they stand in, none for the root."""

    __slots__ = ("depth", "kind", "name", "nodes", "origin")

    def __init__(self, kind: str, nodes: list[Node], origin: Column | None, name: str = "") -> None:
        self.kind = kind
        self.nodes = nodes
        self.origin = origin
        self.name = name
        self.depth: int = 0 if origin is None else origin.batch.depth + 1

    def path(self, index: int) -> str:
        """Return the path of the object at `index`, worked out only now because most objects have no fault."""
        steps: list[str] = []
        batch = self
        while batch.origin is not None:
            index, step = batch.origin.owner(index)
            steps.append(step)
            batch = batch.origin.batch
        return "/".join([batch.name, *reversed(steps)])


class Column:
    """The values of one field over a batch; an array field lays its items one after another."""

    __slots__ = ("_ends", "_owners", "batch", "field", "kept", "lists", "values")

    def __init__(self, batch: Batch, field: str, found: list[object], lists: list[list[object]] | None) -> None:
        self.batch = batch
        self.field = field
        self.lists = lists
        self.values: list[object] = found if lists is None else list(chain.from_iterable(lists))
        self.kept: list[int] | None = None
        self._owners: list[int] | None = None
        self._ends: list[int] = []

    def keep(self, kept: list[int]) -> None:
        """Go on with the values at these places only; the others have been reported."""
        self.values = [self.values[place] for place in kept]
        self.kept = kept

    def owner(self, index: int) -> tuple[int, str]:
        """Return which object of the batch holds the value, and the step from there: `field` or `field/3`."""
        if self.kept is not None:
            index = self.kept[index]
        if self._owners is None:
            self._owners = [place for place, node in enumerate(self.batch.nodes) if self.field in node]
            self._ends = list(accumulate(map(len, self.lists or [])))
        if self.lists is None:
            return self._owners[index], self.field
        row = bisect_right(self._ends, index)
        start = self._ends[row - 1] if row else 0
        return self._owners[row], f"{self.field}/{index - start}"

    def path(self, index: int) -> str:
        row, step = self.owner(index)
        return f"{self.batch.path(row)}/{step}"


class Faults:
    """Counts every fault by code and lists the first `MAX_LISTED`."""

    def __init__(self) -> None:
        self.listed: list[Fault] = []
        self.counted: Counter[str] = Counter()

    def at_value(self, code: str, column: Column, index: int, sentence: str) -> None:
        self.counted[code] += 1
        if len(self.listed) < MAX_LISTED:
            self.listed.append(Fault(code, column.path(index), sentence))

    def at_object(self, code: str, batch: Batch, index: int, sentence: str, step: str = "") -> None:
        self.counted[code] += 1
        if len(self.listed) < MAX_LISTED:
            path = batch.path(index)
            self.listed.append(Fault(code, f"{path}/{step}" if step else path, sentence))

    def at_path(self, code: str, path: str, sentence: str) -> None:
        self.counted[code] += 1
        if len(self.listed) < MAX_LISTED:
            self.listed.append(Fault(code, path, sentence))


def shown(value: object) -> str:
    """Return the value as a sentence may carry it: short, quoted, always printable."""
    text = value if isinstance(value, str) else type(value).__name__
    text = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f'"{printable}"' if isinstance(value, str) else printable
