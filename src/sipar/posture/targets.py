"""What a profile asks of each requirement, and how far an assessment falls short of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sipar.formats.catalogue import Catalogue, Profile
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, Levels, PostureProblem

NOTHING_ASKED = 255


def target_vector(profile: Profile, catalogue: Catalogue) -> Levels:
    """Return uint8[R]: the level that `profile` asks of each requirement, NOTHING_ASKED where it asks none.

    The most specific word counts: the requirement's own, else the nearest group's that the profile names (a
    subgroup beats its parent), else the default. `None` asks nothing, at every one of these.
    Raises PostureProblem for a name that the catalogue does not have and for a level above its scale.
    """
    parents = {group.id: group.parent for group in catalogue.groups}
    _refuse_strangers("group", set(profile.groups) - set(parents), profile)
    _refuse_strangers("requirement", set(profile.requirements) - {item.id for item in catalogue.requirements}, profile)
    asked_of_group = {group: _asked_of_group(group, parents, profile) for group in parents}
    asked = [profile.requirements.get(item.id, asked_of_group[item.group]) for item in catalogue.requirements]
    for item, level in zip(catalogue.requirements, asked, strict=True):
        if level is not None and level > catalogue.top_level:
            raise PostureProblem(f"profile {profile.id} asks level {level} of {item.id}, above the scale")
    return np.array([NOTHING_ASKED if level is None else level for level in asked], dtype=np.uint8)


def shortfall(levels: Levels, target: Levels) -> NDArray[np.int8]:
    """Return int8[n, R]: levels missing to the target, 0 where it is met, nothing is asked or nothing applies.

    An unanswered requirement counts as level 0. `target` is uint8[R], or uint8[n, R] where each organisation has
    its own profile.
    """
    reached = np.where(levels == UNANSWERED, 0, levels).astype(np.int16)
    missing: NDArray[np.int16] = np.maximum(target.astype(np.int16) - reached, 0)
    missing[np.broadcast_to(target == NOTHING_ASKED, levels.shape) | (levels == NOT_APPLICABLE)] = 0
    return missing.astype(np.int8)


def meets_target(levels: Levels, target: Levels) -> NDArray[np.bool_]:
    """Return bool[n]: whether an assessment falls short nowhere; true also where nothing is asked."""
    return np.logical_not(shortfall(levels, target).any(axis=1))


def _asked_of_group(group: str, parents: dict[str, str | None], profile: Profile) -> int | None:
    current: str | None = group
    while current is not None:
        if current in profile.groups:
            return profile.groups[current]
        current = parents[current]
    return profile.default


def _refuse_strangers(kind: str, strangers: set[str], profile: Profile) -> None:
    if strangers:
        raise PostureProblem(f"profile {profile.id} names {kind} {min(strangers)}, which does not exist")
