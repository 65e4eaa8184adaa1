"""From classes to the lines of the board: pure arithmetic on what `reading` found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sipar.board.reading import Classes, Floats, Mask, Numbers
from sipar.frameworks.selectors import LoadedFramework
from sipar.posture.rollup import Cube, cube_of, heat, marginal, not_applicable_state, tally, unanswered_state
from sipar.posture.targets import NOTHING_ASKED


@dataclass(frozen=True)
class Line:
    """One group of organisations. What is None is not known, or hidden because too few stand behind it.

    `share_meeting` is of those that answered; `gaps` is requirements below target per organisation that answered.
    """

    key: int
    asked: int | None
    answered: int | None
    accepted: int | None
    meets: int | None
    mean: float | None
    floor: float | None
    gaps: float | None
    hidden: bool = False

    @property
    def coverage(self) -> float | None:
        return _share(self.answered, self.asked)

    @property
    def share_meeting(self) -> float | None:
        return _share(self.meets, self.answered)

    @property
    def unanswered(self) -> int | None:
        return None if self.asked is None or self.answered is None else self.asked - self.answered


@dataclass(frozen=True)
class Standing:
    """How one group of requirements (or one requirement) stands over all organisations in scope.

    `counts` are answers on each level 0..top, then not applicable, then unanswered. `gap` is levels missing to the
    target per answer to which one applies, `share_at_target` the share of those answers that reach it.
    """

    key: str
    counts: tuple[int, ...]
    mean: float | None
    gap: float | None
    share_at_target: float | None


def line(classes: Classes, mask: Mask, key: int) -> Line:
    """Add up the chosen classes."""
    answered, scored = _sum(classes.answered, mask), _sum(classes.scored, mask)
    return Line(
        key=key,
        asked=_sum(classes.asked, mask),
        answered=answered,
        accepted=_sum(classes.accepted, mask),
        meets=_sum(classes.meets, mask),
        mean=float(classes.mean_sum[mask].sum()) / scored if scored else None,
        floor=float(classes.floor_sum[mask].sum()) / scored if scored else None,
        gaps=_sum(classes.gaps_sum, mask) / answered if answered else None,
    )


def lines(classes: Classes, by: Numbers, keys: Iterable[int]) -> list[Line]:
    """One line for each key that occurs in `by`, an entry per class, in the order of `keys`."""
    present = set(by.tolist())
    return [line(classes, by == key, key) for key in keys if key in present]


def sector_province(classes: Classes, framework: LoadedFramework) -> tuple[list[tuple[int, int]], Cube]:
    """The roll-up sector x province x requirement: the pairs that occur, and organisations per state of each."""
    pairs = sorted(set(zip(classes.sector.tolist(), classes.province.tolist(), strict=True)))
    blobs = [classes.blob((classes.sector == sector) & (classes.province == province)) for sector, province in pairs]
    return pairs, cube_of(blobs, framework.rules.requirements, framework.rules.top_level)


def heat_map(classes: Classes, framework: LoadedFramework, sectors: Sequence[int]) -> Floats:
    """Weighted mean level per sector and top-level group of the framework, float64[sectors, groups]; NaN: no answer."""
    rules = framework.rules
    cube = cube_of([classes.blob(classes.sector == sector) for sector in sectors], rules.requirements, rules.top_level)
    return heat(cube, rules, group_of=rules.top_group, groups=len(rules.top_groups))


def by_profile(classes: Classes, framework: LoadedFramework) -> tuple[list[str], Cube]:
    """Organisations per requirement and state, apart by target profile, as each profile asks something else."""
    rules = framework.rules
    profiles = sorted(set(classes.profile))
    held = np.array(classes.profile)
    blobs = [classes.blob(np.asarray(held == profile)) for profile in profiles]
    return profiles, cube_of(blobs, rules.requirements, rules.top_level)


def requirement_standings(profiles: Sequence[str], cube: Cube, framework: LoadedFramework) -> list[Standing]:
    """One standing for each requirement, in the framework's order."""
    keys = [requirement.id for requirement in framework.requirements]
    own = np.arange(len(keys))
    return _standings(profiles, cube, framework, keys, own, np.ones(len(keys)))


def group_standings(profiles: Sequence[str], cube: Cube, framework: LoadedFramework) -> list[Standing]:
    """One standing for each top-level group; the mean is weighted, counts are of answers."""
    rules = framework.rules
    return _standings(profiles, cube, framework, rules.top_groups, rules.top_group, rules.weight_units)


def _standings(
    profiles: Sequence[str],
    cube: Cube,
    framework: LoadedFramework,
    keys: Sequence[str],
    group_of: Numbers,
    weights: Floats,
) -> list[Standing]:
    whole = marginal(cube, np.zeros(len(profiles), dtype=np.intp), 1).counts[0]
    top = cube.top_level
    states = np.zeros((len(keys), top + 3), dtype=np.int64)
    np.add.at(states, group_of, whole)
    given = whole[:, : top + 1]
    counted = given.sum(axis=1)
    if framework.rules.unanswered == "zero":
        counted = counted + whole[:, unanswered_state(top)]
    level_sum = (given @ np.arange(top + 1)) * weights
    missing, reached, applies = _against_targets(profiles, cube, framework)
    size = len(keys)

    def grouped(values: Floats) -> Floats:
        return np.bincount(group_of, weights=values, minlength=size)

    total, weight = grouped(level_sum), grouped(counted * weights)
    short, at_target, asked = grouped(missing), grouped(reached), grouped(applies)
    return [
        Standing(
            key=key,
            counts=tuple(int(count) for count in states[place]),
            mean=float(total[place] / weight[place]) if weight[place] else None,
            gap=float(short[place] / asked[place]) if asked[place] else None,
            share_at_target=float(at_target[place] / asked[place]) if asked[place] else None,
        )
        for place, key in enumerate(keys)
    ]


def _against_targets(profiles: Sequence[str], cube: Cube, framework: LoadedFramework) -> tuple[Floats, Floats, Floats]:
    """Per requirement: levels missing, answers at target, answers to which a target applies; unanswered is level 0."""
    top = cube.top_level
    steps = np.arange(top + 1)
    missing, reached, applies = (np.zeros(cube.counts.shape[1]) for _ in range(3))
    for place, profile in enumerate(profiles):
        target = framework.target(profile).astype(np.int64)
        asked = target != NOTHING_ASKED
        counts = cube.counts[place].copy()
        counts[:, 0] += counts[:, unanswered_state(top)]
        given = counts[:, : top + 1] * asked[:, None]
        distance = np.maximum(np.where(asked, target, 0)[:, None] - steps[None, :], 0)
        missing += (given * distance).sum(axis=1)
        reached += (given * (distance == 0)).sum(axis=1)
        applies += given.sum(axis=1)
    return missing, reached, applies


def distribution(blob: bytes, framework: LoadedFramework) -> Numbers:
    """Answers on each level, then not applicable, then unanswered, over every requirement: int64[top + 3]."""
    return np.asarray(tally(blob, framework.rules.requirements, framework.rules.top_level).sum(axis=0))


def not_applicable_place(framework: LoadedFramework) -> int:
    return not_applicable_state(framework.rules.top_level)


def _sum(values: Numbers, mask: Mask) -> int:
    return int(values[mask].sum())


def _share(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None
