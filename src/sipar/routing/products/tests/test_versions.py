from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from univers import versions as univers

from sipar.routing.products.versions import _numeric_keys, key, ranks

NUMBERS = st.integers(0, 130).map(str) | st.sampled_from(["0", "00", "01", "007", "99999999999999999999"])
DOTTED = st.lists(NUMBERS, min_size=1, max_size=5).map(".".join)
WORDS = st.sampled_from(["a", "b", "rc", "alpha", "beta", "snapshot", "sp", "ga", "m", "x", "zeta", "SNAPSHOT", "cr"])
PARTS = st.sampled_from([".", "-", "", "_", "+", "~", "^"])
MESSY = st.tuples(DOTTED, st.lists(st.tuples(PARTS, WORDS | NUMBERS), max_size=4)).map(
    lambda made: made[0] + "".join(divider + word for divider, word in made[1])
)
SEMVER = st.tuples(
    st.lists(NUMBERS, min_size=1, max_size=3).map(".".join),
    st.lists(WORDS | NUMBERS, max_size=3),
    st.lists(WORDS, max_size=1),
).map(lambda made: made[0] + ("-" + ".".join(made[1]) if made[1] else "") + ("+" + made[2][0] if made[2] else ""))
PEP440 = st.tuples(
    st.sampled_from(["", "1!"]),
    DOTTED,
    st.sampled_from(["", "a1", "b2", "rc1", ".pre", "-alpha3", "c0"]),
    st.sampled_from(["", ".post1", "-2", ".rev3", "post"]),
    st.sampled_from(["", ".dev1", "dev", ".dev2"]),
    st.sampled_from(["", "+abc", "+1.2", "+1.a", "+ubuntu-1"]),
).map("".join)
DEBIAN = st.tuples(
    st.sampled_from(["", "1:", "0:"]), MESSY, st.sampled_from(["", "-1", "-0ubuntu1~", "-1.1+deb9u2"])
).map("".join)
RPM = st.tuples(st.sampled_from(["", "1:", "0:"]), MESSY, st.sampled_from(["", "-1.el9", "-2.fc40", "-1~rc1"])).map(
    "".join
)
MAVEN = st.tuples(
    DOTTED, st.sampled_from(["", "-alpha", "-beta-2", "-rc1", "-SNAPSHOT", "-sp", "-cr2", "-milestone3"])
).map("".join)


type Order = tuple[bool, bool]


def ours_and_theirs(order: str, build: Callable[[str], Any], first: str, second: str) -> tuple[Order, Order]:
    """Whether the first is before the second, and the second before the first: by our keys, and by univers."""
    one, two = key(first, order), key(second, order)
    if one is None or two is None:
        # Not passed over in silence: where most versions had no key, Hypothesis would say so.
        reject()
    return (one < two, two < one), (build(first) < build(second), build(second) < build(first))


@settings(max_examples=400, deadline=None)
@given(SEMVER, SEMVER)
def test_keys_of_semantic_versions_compare_as_univers_does(first: str, second: str) -> None:
    ours, theirs = ours_and_theirs("semver", univers.SemverVersion, first, second)
    assert ours == theirs


@settings(max_examples=400, deadline=None)
@given(PEP440, PEP440)
def test_keys_of_python_versions_compare_as_univers_does(first: str, second: str) -> None:
    ours, theirs = ours_and_theirs("pypi", univers.PypiVersion, first, second)
    assert ours == theirs


@settings(max_examples=600, deadline=None)
@given(DEBIAN, DEBIAN)
def test_keys_of_debian_versions_compare_as_univers_does(first: str, second: str) -> None:
    ours, theirs = ours_and_theirs("deb", univers.DebianVersion, first, second)
    assert ours == theirs


@settings(max_examples=600, deadline=None)
@given(RPM, RPM)
def test_keys_of_rpm_versions_compare_as_univers_does(first: str, second: str) -> None:
    ours, theirs = ours_and_theirs("rpm", univers.RpmVersion, first, second)
    assert ours == theirs


@settings(max_examples=600, deadline=None)
@given(MAVEN, MAVEN)
def test_keys_of_maven_versions_compare_as_univers_does(first: str, second: str) -> None:
    ours, theirs = ours_and_theirs("maven", univers.MavenVersion, first, second)
    assert ours == theirs


@settings(max_examples=400, deadline=None)
@given(DOTTED, DOTTED)
def test_generic_keys_of_dotted_numbers_compare_as_univers_does(first: str, second: str) -> None:
    one, two = key(first, "generic"), key(second, "generic")
    assert one is not None
    assert two is not None
    # PEP 440 has the same order where there are only numbers; the intdot order of univers compares digit by digit.
    left, right = univers.PypiVersion(first), univers.PypiVersion(second)
    assert (one < two, two < one) == (left < right, right < left)


@given(st.lists(DOTTED, min_size=1, max_size=20))
def test_keys_made_in_columns_are_the_same_bytes(versions: list[str]) -> None:
    import polars as pl

    found = _numeric_keys(pl.DataFrame({"version": versions}))
    for version, made in found.iter_rows():
        assert made is None or made == key(version, "generic")


@pytest.mark.parametrize("order", ["semver", "pypi", "deb", "rpm", "maven", "gem", "nuget"])
@settings(max_examples=60, deadline=None)
@given(made=st.lists(MESSY | DOTTED, min_size=2, max_size=12))
def test_ranks_follow_univers_also_where_no_key_can_be_written(order: str, made: list[str]) -> None:
    build = {
        "semver": univers.SemverVersion, "pypi": univers.PypiVersion, "deb": univers.DebianVersion,
        "rpm": univers.RpmVersion, "maven": univers.MavenVersion, "gem": univers.RubygemsVersion,
        "nuget": univers.NugetVersion,
    }[order]  # fmt: skip
    found = ranks(made, order)
    placed = [(version, rank) for version, rank in zip(made, found, strict=True) if rank >= 0]
    for (first, left), (second, right) in itertools.pairwise(placed):
        assert (left < right, right < left) == (build(first) < build(second), build(second) < build(first))


@pytest.mark.parametrize(
    "ordered",
    [
        ["1.0-alpha", "1.0-rc1", "1.0", "1.0.1"],
        ["1.0.2", "1.0.2a", "1.0.2k", "1.0.3"],
        ["5.9.2.14-12n", "5.9.2.14-12o", "5.9.2.14-13a", "6.5.4"],
        ["12.2(33)sxi", "12.2(34)", "15.1"],
        ["2", "10"],
    ],
)
def test_products_without_an_ecosystem_are_ordered_by_numbers_and_words(ordered: list[str]) -> None:
    found = list(ranks(ordered, "generic"))
    assert found == sorted(found)
    assert len(set(found)) == len(ordered)


def test_one_point_nought_is_one() -> None:
    assert len(set(ranks(["1", "1.0", "v1.0.0", "1.0.0.0"], "generic"))) == 1


@pytest.mark.parametrize("text", ["", "7.0.1-5035 and older versions", "n a", "\x00", "x" * 300])
def test_what_is_no_version_has_no_rank(text: str) -> None:
    assert list(ranks([text, "1.0"], "generic")) == [-1, 0]
