"""Filling in one framework from another, and how far one covers another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.catalogue import Catalogue
from sipar.formats.catalogue_file import build_catalogue
from sipar.frameworks.mapping import Pair, Relation, carry, coverage, prefill, reverse
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, Levels, PostureProblem

NA, NONE = NOT_APPLICABLE, UNANSWERED
RELATIONS: tuple[Relation, ...] = ("equal", "subset", "superset", "intersects")


def catalogue(identifier: str, requirements: int, *, top: int = 4, version: str = "1") -> Catalogue:
    """Requirements r0, r1 ...: the even ones in group even, the others in group odd/inner."""
    return build_catalogue(
        {
            "identifier": identifier,
            "version": version,
            "title": {"en": identifier},
            "scale": [
                {"level": level, "title": {"en": str(level)}, "criterion": {"en": str(level)}}
                for level in range(top + 1)
            ],
            "groups": [
                {"id": "even", "title": {"en": "Even"}},
                {"id": "odd", "title": {"en": "Odd"}},
                {"id": "inner", "title": {"en": "Inner"}, "parent": "odd"},
            ],
            "requirements": [
                {
                    "id": f"r{number}",
                    "group": "inner" if number % 2 else "even",
                    "title": {"en": "R"},
                    "statement": {"en": "S"},
                }
                for number in range(requirements)
            ],
        }
    )


def filled(answers: list[int], pairs: list[Pair], *, targets: int = 1, tops: tuple[int, int] = (4, 4)) -> list[int]:
    rule = prefill(catalogue("a", len(answers), top=tops[0]), catalogue("b", targets, top=tops[1]), pairs)
    return [int(level) for level in carry(np.array([answers], dtype=np.uint8), rule)[0]]


@pytest.mark.parametrize("relation", ["equal", "superset"])
def test_a_source_that_asks_at_least_as_much_gives_its_level(relation: Relation) -> None:
    assert filled([3], [("r0", "r0", relation)]) == [3]
    assert filled([NA], [("r0", "r0", relation)]) == [NA]
    assert filled([NONE], [("r0", "r0", relation)]) == [NONE]


def test_of_several_sources_that_ask_as_much_the_best_holds() -> None:
    pairs: list[Pair] = [("r0", "r0", "equal"), ("r1", "r0", "superset"), ("r2", "r0", "equal"), ("r3", "r0", "equal")]
    assert filled([1, 3, NA, NONE], pairs) == [3]


def test_parts_make_the_target_as_good_as_the_weakest_of_them() -> None:
    pairs: list[Pair] = [("r0", "r0", "subset"), ("r1", "r0", "subset")]
    assert filled([1, 3], pairs) == [1]
    assert filled([NA, 3], pairs) == [3]
    assert filled([NA, NA], pairs) == [NA]


def test_a_part_that_was_not_answered_leaves_the_target_open() -> None:
    assert filled([4, NONE], [("r0", "r0", "subset"), ("r1", "r0", "subset")]) == [NONE]


def test_a_whole_source_is_taken_before_parts_and_parts_where_it_is_silent() -> None:
    pairs: list[Pair] = [("r0", "r0", "equal"), ("r1", "r0", "subset")]
    assert filled([4, 1], pairs) == [4]
    assert filled([NONE, 1], pairs) == [1]


def test_a_shared_part_fills_in_nothing() -> None:
    assert filled([4], [("r0", "r0", "intersects")]) == [NONE]


def test_a_level_is_taken_in_proportion_to_the_scale_and_rounded_down() -> None:
    assert [filled([level], [("r0", "r0", "equal")], tops=(4, 2))[0] for level in range(5)] == [0, 0, 1, 1, 2]
    assert [filled([level], [("r0", "r0", "equal")], tops=(2, 4))[0] for level in range(3)] == [0, 2, 4]


def test_a_pair_that_names_a_stranger_is_left_out() -> None:
    assert filled([4], [("r0", "r7", "equal"), ("r9", "r0", "equal")]) == [NONE]


def test_versions_of_one_framework_are_related_by_their_identifiers() -> None:
    rule = prefill(catalogue("a", 2), catalogue("a", 3, version="2"), [])
    assert carry(np.array([[1, 2]], dtype=np.uint8), rule).tolist() == [[1, 2, NONE]]


def test_two_frameworks_without_a_mapping_fill_in_nothing() -> None:
    assert filled([4, 4], [], targets=2) == [NONE, NONE]


def test_answers_of_a_wrong_width_are_refused() -> None:
    rule = prefill(catalogue("a", 2), catalogue("b", 2), [])
    with pytest.raises(PostureProblem):
        carry(np.zeros((1, 3), dtype=np.uint8), rule)


answers = st.sampled_from([0, 1, 2, 3, 4, NA, NONE])
pair = st.tuples(st.integers(0, 4).map("r{}".format), st.integers(0, 3).map("r{}".format), st.sampled_from(RELATIONS))


def plainly(levels: list[int], pairs: list[Pair], target: int) -> int:
    """The rule of the module, said again one requirement at a time."""
    whole = {levels[int(s[1:])] for s, t, relation in pairs if t == f"r{target}" and relation in ("equal", "superset")}
    parts = {levels[int(s[1:])] for s, t, relation in pairs if t == f"r{target}" and relation == "subset"}
    if whole - {NONE}:
        return max(whole - {NONE, NA}, default=NA)
    if parts and NONE not in parts:
        return min(parts - {NA}, default=NA)
    return NONE


@given(st.lists(st.lists(answers, min_size=5, max_size=5), min_size=1, max_size=4), st.lists(pair, max_size=12))
def test_the_whole_nation_at_once_gives_what_each_requirement_gives_alone(
    rows: list[list[int]], pairs: list[Pair]
) -> None:
    rule = prefill(catalogue("a", 5), catalogue("b", 4), pairs)
    found: Levels = carry(np.array(rows, dtype=np.uint8), rule)
    assert found.tolist() == [[plainly(row, pairs, target) for target in range(4)] for row in rows]


@given(st.lists(pair, max_size=12))
def test_reading_a_mapping_from_the_other_end_twice_changes_nothing(pairs: list[Pair]) -> None:
    assert reverse(reverse(pairs)) == pairs


@given(st.lists(pair, max_size=12), st.randoms())
def test_coverage_does_not_depend_on_the_order_of_the_pairs(pairs: list[Pair], random: object) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = (coverage(catalogue("a", 5), catalogue("b", 4), some) for some in (pairs, shuffled))
    assert (first.strongest, first.matrix.tolist()) == (second.strongest, second.matrix.tolist())
    assert sum(first.counts.values()) == 4
    assert first.matrix.sum() == len(pairs)


def test_coverage_counts_the_strongest_relation_of_each_requirement_and_the_groups_it_joins() -> None:
    pairs: list[Pair] = [
        ("r0", "r0", "intersects"),
        ("r1", "r0", "equal"),
        ("r1", "r1", "subset"),
        ("r2", "r2", "superset"),
        ("r9", "r2", "equal"),
    ]
    found = coverage(catalogue("a", 3), catalogue("b", 4), pairs)
    assert found.strongest == {"r0": "equal", "r1": "subset", "r2": "superset", "r3": "none"}
    assert found.covered_share == 0.5
    assert found.strangers == 1
    assert (found.source_groups, found.target_groups) == (["even", "odd"], ["even", "odd"])
    assert found.matrix.tolist() == [[2, 0], [1, 1]]
