"""Answers in one framework from answers in another, and how much of one framework another covers.

Relations as in NIST IR 8477, read from the source: `equal` asks the same, `superset` says that the source is wider than
the target, `subset` that it is narrower, `intersects` that they share a part.

The rule for filling in a target requirement, most certain first:
1. Sources that are equal or wider ask at least as much, so the best of their levels holds for the target.
2. Otherwise the sources that are narrower are parts of the target, which is no better than its weakest known part; if
   one part has not been answered, the target is not filled in.
3. A shared part alone (`intersects`) fills in nothing.
Between scales of different length a level is taken in proportion and rounded down. What is filled in is a proposal: it
counts for nothing until the organisation has submitted it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from sipar.formats.catalogue import Catalogue
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, Levels, PostureProblem

type Relation = Literal["equal", "subset", "superset", "intersects"]
type Pair = tuple[str, str, Relation]
type Places = NDArray[np.intp]

REVERSED: dict[Relation, Relation] = {
    "equal": "equal",
    "subset": "superset",
    "superset": "subset",
    "intersects": "intersects",
}
# From the relation that says most about a target to the one that says least.
STRENGTH: tuple[Relation, ...] = ("equal", "superset", "subset", "intersects")
_UNKNOWN = -2
_DOES_NOT_APPLY = -1
_NO_BOUND = 100
_ROWS_AT_ONCE = 4_096


@dataclass(frozen=True, eq=False)
class Prefill:
    """Pairs by position, sorted by target. `whole`: the source asks at least as much. `part`: it is a part."""

    sources: int
    targets: int
    whole_source: Places
    whole_target: Places
    part_source: Places
    part_target: Places
    source_top: int
    target_top: int


def reverse(pairs: Iterable[Pair]) -> list[Pair]:
    """The same relations read from the other end."""
    return [(target, source, REVERSED[relation]) for source, target, relation in pairs]


def prefill(source: Catalogue, target: Catalogue, pairs: Iterable[Pair]) -> Prefill:
    """What of `pairs` fills in `target` from `source`; pairs with an end that a catalogue does not have are left out.

    Two versions of one framework without any pairs are related by their identifiers: same identifier, same question.
    """
    source_at = {requirement.id: place for place, requirement in enumerate(source.requirements)}
    target_at = {requirement.id: place for place, requirement in enumerate(target.requirements)}
    related = list(pairs)
    if not related and source.identifier == target.identifier:
        related = [(key, key, "equal") for key in target_at if key in source_at]
    known = [
        (source_at[left], target_at[right], relation)
        for left, right, relation in related
        if left in source_at and right in target_at
    ]
    whole_source, whole_target = _sorted_places(known, ("equal", "superset"))
    part_source, part_target = _sorted_places(known, ("subset",))
    return Prefill(
        sources=len(source_at),
        targets=len(target_at),
        whole_source=whole_source,
        whole_target=whole_target,
        part_source=part_source,
        part_target=part_target,
        source_top=source.top_level,
        target_top=target.top_level,
    )


def carry(levels: Levels, rule: Prefill) -> Levels:
    """Return uint8[n, targets] from uint8[n, sources] by the rule above; UNANSWERED where nothing can be said.

    Raises PostureProblem for a wrong width.
    """
    if levels.ndim != 2 or levels.shape[1] != rule.sources:
        raise PostureProblem(f"levels of shape {levels.shape} do not fit {rule.sources} requirements")
    result = np.full((len(levels), rule.targets), UNANSWERED, dtype=np.uint8)
    for start in range(0, len(levels), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        result[rows] = _carry_block(levels[rows], rule)
    return result


def _carry_block(levels: Levels, rule: Prefill) -> Levels:
    scaled = (levels.astype(np.int16) * rule.target_top) // rule.source_top
    filled = np.full((len(levels), rule.targets), _UNKNOWN, dtype=np.int16)
    if len(rule.part_target):
        parts = np.where(levels == UNANSWERED, _UNKNOWN, np.where(levels == NOT_APPLICABLE, _NO_BOUND, scaled))
        targets, starts = np.unique(rule.part_target, return_index=True)
        weakest = np.minimum.reduceat(parts[:, rule.part_source], starts, axis=1)
        filled[:, targets] = np.where(weakest == _NO_BOUND, _DOES_NOT_APPLY, weakest)
    if len(rule.whole_target):
        wholes = np.where(levels == UNANSWERED, _UNKNOWN, np.where(levels == NOT_APPLICABLE, _DOES_NOT_APPLY, scaled))
        targets, starts = np.unique(rule.whole_target, return_index=True)
        best = np.maximum.reduceat(wholes[:, rule.whole_source], starts, axis=1)
        filled[:, targets] = np.where(best == _UNKNOWN, filled[:, targets], best)
    filled[filled == _UNKNOWN] = UNANSWERED
    filled[filled == _DOES_NOT_APPLY] = NOT_APPLICABLE
    return filled.astype(np.uint8)


def _sorted_places(pairs: list[tuple[int, int, Relation]], relations: tuple[str, ...]) -> tuple[Places, Places]:
    chosen = sorted({(target, source) for source, target, relation in pairs if relation in relations})
    places = np.array(chosen, dtype=np.intp).reshape(-1, 2)
    return places[:, 1], places[:, 0]


@dataclass(frozen=True)
class Coverage:
    """How far `source` covers `target`.

    `strongest` gives for each target requirement the strongest relation to it, or "none"; `counts` how many have each.
    `matrix[source group, target group]` counts related pairs between top-level groups. `strangers` counts pairs that
    name a requirement which one of the catalogues does not have.
    """

    strongest: dict[str, str]
    counts: dict[str, int]
    source_groups: list[str]
    target_groups: list[str]
    matrix: NDArray[np.int64]
    strangers: int

    @property
    def covered_share(self) -> float:
        """The share of target requirements that an equal or wider source covers wholly, 0..1."""
        return (self.counts["equal"] + self.counts["superset"]) / max(len(self.strongest), 1)


def coverage(source: Catalogue, target: Catalogue, pairs: Iterable[Pair]) -> Coverage:
    """How far the requirements of `source` cover those of `target`; see `Coverage`."""
    group_of_source, group_of_target = _top_groups(source), _top_groups(target)
    source_groups = [group.id for group in source.groups if group.parent is None]
    target_groups = [group.id for group in target.groups if group.parent is None]
    matrix = np.zeros((len(source_groups), len(target_groups)), dtype=np.int64)
    row_of = {group: place for place, group in enumerate(source_groups)}
    column_of = {group: place for place, group in enumerate(target_groups)}
    best: dict[str, int] = {}
    strangers = 0
    for left, right, relation in pairs:
        if left not in group_of_source or right not in group_of_target:
            strangers += 1
            continue
        matrix[row_of[group_of_source[left]], column_of[group_of_target[right]]] += 1
        best[right] = min(best.get(right, len(STRENGTH)), STRENGTH.index(relation))
    strongest = {key: cast("str", STRENGTH[best[key]]) if key in best else "none" for key in group_of_target}
    found = list(strongest.values())
    return Coverage(
        strongest=strongest,
        counts={relation: found.count(relation) for relation in (*STRENGTH, "none")},
        source_groups=source_groups,
        target_groups=target_groups,
        matrix=matrix,
        strangers=strangers,
    )


def _top_groups(catalogue: Catalogue) -> dict[str, str]:
    """The top-level group of each requirement, by identifier."""
    parents = {group.id: group.parent for group in catalogue.groups}
    top: dict[str, str] = {}
    for group in parents:
        current = group
        while (parent := parents[current]) is not None:
            current = parent
        top[group] = current
    return {requirement.id: top[requirement.group] for requirement in catalogue.requirements}
