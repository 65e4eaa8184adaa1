from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipar.formats.cve import read_record
from sipar.routing.products.matching import COMPONENTS, Matched, match
from sipar.routing.products.names import of_cpe, of_package, of_purl, of_words
from sipar.routing.products.ranges import AFFECTED, as_frame, ranges_of


def record(
    *versions: dict[str, Any],
    cve: str = "CVE-2024-10001",
    vendor: str = "Sample Soft",
    product: str = "Portal",
    default: str = "unaffected",
    **block: Any,
) -> pl.DataFrame:
    """The ranges of a record with one product."""
    made = {"vendor": vendor, "product": product, "versions": list(versions), "defaultStatus": default, **block}
    document = {
        "dataType": "CVE_RECORD",
        "cveMetadata": {"cveId": cve, "state": "PUBLISHED", "dateUpdated": "2024-05-01T00:00:00Z"},
        "containers": {"cna": {"affected": [made]}},
    }
    return as_frame(ranges_of(read_record(document))[0])


def component(version: str, key: str = "sample_soft:portal", part: str = "a", number: int = 1) -> pl.DataFrame:
    return pl.DataFrame([(number, key, part, version)], schema=COMPONENTS, orient="row")


def held(ranges: pl.DataFrame, *versions: str, **more: Any) -> list[str]:
    """Those of the versions that match."""
    parts = pl.concat([component(version, number=place, **more) for place, version in enumerate(versions)])
    found = match(parts, ranges).matches
    return [versions[place] for place in sorted(found["component"])]


def range_of(begin: str, *, status: str = "affected", **more: Any) -> dict[str, Any]:
    return {"version": begin, "status": status, "versionType": "custom", **more}


def test_a_range_holds_its_beginning_and_not_its_exclusive_end() -> None:
    ranges = record(range_of("2.0", lessThan="2.10"))
    assert held(ranges, "1.9", "2.0", "2.9.9", "2.10", "2.10.0", "3") == ["2.0", "2.9.9"]


def test_an_inclusive_end_belongs_to_the_range() -> None:
    ranges = record(range_of("0", lessThanOrEqual="2.10"))
    assert held(ranges, "0.1", "2.10.0", "2.10.1") == ["0.1", "2.10.0"]


def test_one_version_is_that_version_and_its_other_spellings() -> None:
    assert held(record(range_of("1.5")), "1.5", "1.5.0", "1.5.1", "1.4") == ["1.5", "1.5.0"]


def test_a_change_inside_a_range_ends_what_was_affected() -> None:
    changed = record(range_of("1", lessThan="4", changes=[{"at": "2", "status": "unaffected"}]))
    assert held(changed, "1.5", "2", "3") == ["1.5"]


def test_a_product_affected_by_default_is_free_only_where_the_record_says_so() -> None:
    ranges = record(
        range_of("0", status="unaffected", lessThan="4.17"),
        range_of("5.4.257", status="unaffected", lessThanOrEqual="5.4.*"),
        default="affected",
    )
    assert held(ranges, "4.16", "4.17", "5.4.256", "5.4.257", "5.4.300", "5.5") == ["4.17", "5.4.256", "5.5"]


@pytest.mark.parametrize(
    ("text", "in_it", "outside"),
    [
        ("< 4.8.0", "4.7.9", "4.8.0"),
        (">= 1.0, < 1.2", "1.1", "1.2"),
        ("5.9.2 and older versions", "5.9.2", "5.9.3"),
        ("before 3.1", "3.0", "3.1"),
        ("7.2.x", "7.2.9", "7.3"),
    ],
)
def test_ranges_that_authorities_write_as_a_version_are_read(text: str, in_it: str, outside: str) -> None:
    assert held(record(range_of(text)), in_it, outside) == [in_it]


def test_versions_that_nobody_can_read_are_counted_and_match_nothing() -> None:
    document = {
        "dataType": "CVE_RECORD",
        "cveMetadata": {"cveId": "CVE-2024-1000", "state": "PUBLISHED", "dateUpdated": "2024-05-01"},
        "containers": {
            "cna": {"affected": [{"vendor": "a", "product": "b", "versions": [range_of("all builds of last summer")]}]}
        },
    }
    rows, unread = ranges_of(read_record(document))
    assert (rows, unread) == ([], 1)


def test_a_missing_version_is_asked_for_and_does_not_match() -> None:
    found = match(pl.concat([component("", number=1), component("*", number=2)]), record(range_of("0", lessThan="2")))
    assert found.matches.is_empty()
    assert sorted(found.unsure.iter_rows()) == [(1, "missing", 1), (2, "missing", 1)]


def test_a_version_that_cannot_be_read_is_told_apart_from_a_missing_one() -> None:
    found = match(component("the blue one"), record(range_of("0", lessThan="2")))
    assert found.matches.is_empty()
    assert found.unsure["reason"].to_list() == ["unreadable"]


@pytest.mark.parametrize("version", ["", "*", "-", "1.0", "the blue one"])
def test_a_range_of_all_versions_holds_every_component(version: str) -> None:
    assert match(component(version), record(range_of("*"))).matches.height == 1


def test_a_component_without_versions_matches_no_bounded_range_and_is_not_asked() -> None:
    found = match(component("-"), record(range_of("0", lessThan="2")))
    assert (found.matches.height, found.unsure.height) == (0, 0)


def test_a_range_whose_version_is_a_dash_matches_no_version() -> None:
    assert record(range_of("-")).is_empty()


def test_hardware_is_not_the_system_of_the_same_name() -> None:
    ranges = record(range_of("1.0"), cpes=["cpe:2.3:h:sample_soft:portal:*:*:*:*:*:*:*:*"])
    assert held(ranges, "1.0", part="h") == ["1.0"]
    assert held(ranges, "1.0", part="o") == []
    assert held(ranges, "1.0", part="") == ["1.0"]


def test_an_alias_joins_two_names_of_one_vendor() -> None:
    ranges = record(range_of("1.0"), vendor="Hewlett Sample", product="Portal")
    mine = component("1.0", key="hs:portal")
    assert match(mine, ranges).matches.is_empty()
    assert match(mine, ranges, aliases={"hs:portal": "hewlett_sample:portal"}).matches.height == 1
    assert match(mine, ranges, aliases={"hewlett_sample:portal": "hs:portal"}).matches.height == 1


def test_a_vendors_statement_stands_beside_the_match() -> None:
    ranges = record(range_of("0", lessThan="2"))
    said = ranges.with_columns(
        origin=pl.lit("csaf:sample"), lower=pl.lit("1.5"), upper=pl.lit("1.5"), upper_inclusive=pl.lit(value=True),
        status=pl.lit("not_affected"),
    )  # fmt: skip
    found = match(pl.concat([component("1.5"), component("1.4", number=2)]), pl.concat([ranges, said])).matches
    assert sorted(found.select("component", "verdict", "verdict_range").iter_rows()) == [
        (1, "not_affected", 1),
        (2, "", None),
    ]


def test_packages_are_compared_in_the_order_of_their_ecosystem() -> None:
    ranges = record(range_of("0", lessThan="2.0"), collectionURL="https://pypi.example", packageName="Sample_Lib")
    found = match(component("2.0rc1", key="pkg:pypi/sample-lib", part=""), ranges)
    assert found.matches.height == 1


def test_the_same_cve_matches_a_component_once() -> None:
    ranges = pl.concat([record(range_of("0", lessThan="3")), record(range_of("0", lessThan="2"))])
    found = match(component("1.0"), ranges).matches
    assert found["range"].to_list() == [0]


def test_a_rejected_record_has_no_ranges() -> None:
    document = {
        "dataType": "CVE_RECORD",
        "cveMetadata": {"cveId": "CVE-2024-1000", "state": "REJECTED", "dateUpdated": "2024-05-01"},
        "containers": {"cna": {"rejectedReasons": [{"lang": "en", "value": "a duplicate"}]}},
    }
    assert ranges_of(read_record(document)) == ([], 0)


def test_names_are_the_same_however_they_are_spelled() -> None:
    spelled = [
        of_cpe("cpe:2.3:a:Sample_Soft:portal:1.0:*:*:*:*:*:*:*"), of_cpe("cpe:/a:sample_soft:portal:1.0"),
        of_words("Sample Soft", "PORTAL"),
    ]  # fmt: skip
    assert {name.key for name in spelled if name} == {"sample_soft:portal"}
    assert of_purl("pkg:maven/org.sample/portal@1.0").key == of_package("maven central", "org.sample:portal").key  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text", ["", "cpe:2.3:a:*:portal:1:*:*:*:*:*:*:*", "cpe:2.3:x:a:b", "log4j", "cpe:/a:" + "x" * 500]
)
def test_a_wildcard_or_a_broken_name_names_nothing(text: str) -> None:
    assert of_cpe(text) is None


VERSIONS = st.lists(st.integers(0, 4), min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))
BOUNDS = st.tuples(st.none() | VERSIONS, st.booleans(), st.none() | VERSIONS, st.booleans())


def numbers(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in version.split(".")]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), VERSIONS), min_size=1, max_size=30),
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 5), BOUNDS, st.sampled_from(["affected", "unaffected"])),
        max_size=20,
    ),
)
def test_matching_in_columns_is_the_same_as_looking_at_each_pair(
    mine: list[tuple[int, str]], listed: list[tuple[int, int, tuple[str | None, bool, str | None, bool], str]]
) -> None:
    components = pl.DataFrame(
        [(place, f"v:p{product}", "a", version) for place, (product, version) in enumerate(mine)],
        schema=COMPONENTS, orient="row",
    )  # fmt: skip
    ranges = as_frame(
        (f"CVE-2024-{cve}", f"CVE-2024-{cve}", "t", 0, f"v:p{product}", "a", "generic", *bounds, status, "", "")
        for product, cve, bounds, status in listed
    )

    def holds(version: str, bounds: tuple[str | None, bool, str | None, bool]) -> bool:
        lower, lower_in, upper, upper_in = bounds
        value = numbers(version)
        above = lower is None or numbers(lower) < value or (lower_in and numbers(lower) == value)
        below = upper is None or value < numbers(upper) or (upper_in and numbers(upper) == value)
        return above and below

    expected = set()
    for place, (product, version) in enumerate(mine):
        hits = [(cve, status) for p, cve, bounds, status in listed if p == product and holds(version, bounds)]
        taken = {cve for cve, status in hits if status != AFFECTED}
        expected |= {(place, f"CVE-2024-{cve}") for cve, status in hits if status == AFFECTED and cve not in taken}
    found: Matched = match(components, ranges)
    assert set(found.matches.select("component", "cve").iter_rows()) == expected
    assert found.matches.height == len(expected)
