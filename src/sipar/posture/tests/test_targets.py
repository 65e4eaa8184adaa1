from __future__ import annotations

import numpy as np
import pytest

from sipar.formats.catalogue import Catalogue, Profile
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, PostureProblem
from sipar.posture.targets import NOTHING_ASKED, meets_target, shortfall, target_vector

CATALOGUE = Catalogue.model_validate(
    {
        "identifier": "t",
        "version": "1",
        "title": {"en": "T"},
        "scale": [{"level": n, "title": {"en": "x"}, "criterion": {"en": "x"}} for n in range(4)],
        "groups": [
            {"id": "A", "title": {"en": "x"}},
            {"id": "A.1", "title": {"en": "x"}, "parent": "A"},
            {"id": "B", "title": {"en": "x"}},
        ],
        "requirements": [
            {"id": name, "group": group, "title": {"en": "x"}, "statement": {"en": "x"}}
            for name, group in [("a", "A"), ("a1", "A.1"), ("a2", "A.1"), ("b", "B")]
        ],
    }
)


def asked(**changes: object) -> list[int]:
    profile = Profile.model_validate({"id": "p", "title": {"en": "P"}, **changes})
    return [int(level) for level in target_vector(profile, CATALOGUE)]


def test_the_most_specific_word_counts() -> None:
    assert asked(default=1) == [1, 1, 1, 1]
    assert asked(default=1, groups={"A": 2}) == [2, 2, 2, 1]
    assert asked(default=1, groups={"A": 2, "A.1": 3}) == [2, 3, 3, 1]
    assert asked(default=1, groups={"A": 2, "A.1": 3}, requirements={"a2": 0}) == [2, 3, 0, 1]


def test_none_asks_nothing_wherever_it_stands() -> None:
    nothing = NOTHING_ASKED
    assert asked() == [nothing] * 4
    assert asked(default=2, groups={"A.1": None}) == [2, nothing, nothing, 2]
    assert asked(default=2, groups={"A": None}, requirements={"a1": 1}) == [nothing, 1, nothing, 2]
    assert asked(default=2, requirements={"b": None}) == [2, 2, 2, nothing]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"groups": {"Z": 1}}, "group Z, which does not exist"),
        ({"requirements": {"z": 1}}, "requirement z, which does not exist"),
        ({"default": 4}, "level 4 of a, above the scale"),
    ],
)
def test_a_profile_that_does_not_fit_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(PostureProblem, match=message):
        asked(**changes)


def test_what_is_missing_is_counted_in_levels() -> None:
    target = np.array([2, 2, 2, 2, NOTHING_ASKED], dtype=np.uint8)
    levels = np.array([[0, 3, NOT_APPLICABLE, UNANSWERED, UNANSWERED], [2, 2, 2, 2, 0]], dtype=np.uint8)
    assert shortfall(levels, target).tolist() == [[2, 0, 0, 2, 0], [0, 0, 0, 0, 0]]
    assert meets_target(levels, target).tolist() == [False, True]


def test_each_organisation_may_have_its_own_target() -> None:
    levels = np.array([[1, 1], [1, 1]], dtype=np.uint8)
    target = np.array([[1, 1], [3, NOTHING_ASKED]], dtype=np.uint8)
    assert shortfall(levels, target).tolist() == [[0, 0], [2, 0]]
    assert meets_target(levels, target).tolist() == [True, False]
