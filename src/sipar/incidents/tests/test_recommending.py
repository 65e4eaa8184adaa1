"""A recommendation says why, raises with what is known, and names what it would still have to know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.problems import FormatProblem
from sipar.incidents.recommending import Fact, eu_scale, read_rules, recommend, shipped_rules
from sipar.incidents.severity import DATA, shipped_scale

SCALE = shipped_scale()
RULES = shipped_rules(SCALE)
OWNERS = [owner.code for owner in RULES.owners]
PRIORITIES = [priority.code for priority in RULES.priorities]
KNOWN: dict[str, Fact] = {
    "severity": "low",
    "criticality_tier": 3,
    "public_body": False,
    "organisations_affected": 1,
    "sectors_affected": 1,
    "provinces_affected": 1,
    "cross_border": False,
    "location": "business_network",
    "actor": "criminal",
}
facts = st.fixed_dictionaries(
    {},
    optional={
        "severity": st.sampled_from([level.code for level in SCALE.levels]),
        "criticality_tier": st.integers(1, 4),
        "public_body": st.booleans(),
        "organisations_affected": st.integers(1, 5),
        "sectors_affected": st.integers(1, 5),
        "provinces_affected": st.integers(1, 5),
        "cross_border": st.booleans(),
    },
)


def test_an_ordinary_incident_stays_with_the_cert_of_its_constituency() -> None:
    recommended = recommend(RULES, SCALE, KNOWN)
    assert (recommended.owner, recommended.priority) == ("lead", "routine")
    assert recommended.reasons == ()
    assert recommended.unknown == ()


def test_a_negligible_one_at_an_uncritical_organisation_stays_at_home() -> None:
    recommended = recommend(RULES, SCALE, {**KNOWN, "severity": "baseline-negligible"})
    assert (recommended.owner, recommended.priority) == ("organisational", "low")


def test_the_most_critical_organisation_with_a_high_score_goes_to_the_national_cert_at_once() -> None:
    recommended = recommend(RULES, SCALE, {**KNOWN, "severity": "high", "criticality_tier": 1})
    assert (recommended.owner, recommended.priority) == ("national", "immediate")
    reasons = {why.code: why.parameters for why in recommended.reasons}
    assert reasons["cii.tier1_high"] == {"criticality_tier": 1, "severity": "high"}
    assert "cross_sector" not in reasons


def test_two_sectors_are_a_national_matter_with_the_number_as_reason() -> None:
    recommended = recommend(RULES, SCALE, {**KNOWN, "sectors_affected": 3})
    assert recommended.owner == "national"
    assert recommended.reasons[0].parameters == {"sectors_affected": 3}


def test_a_fact_that_is_unknown_raises_nothing_and_is_asked_for() -> None:
    recommended = recommend(RULES, SCALE, {**KNOWN, "sectors_affected": None, "cross_border": None})
    assert recommended.owner == "lead"
    assert recommended.unknown == ("sectors_affected",)  # a low score would not go up for crossing a border


@given(facts, st.integers(2, 9))
def test_more_sectors_never_lower_the_owner_or_the_priority(known: dict[str, Fact], sectors: int) -> None:
    before = recommend(RULES, SCALE, {**known, "sectors_affected": 1})
    after = recommend(RULES, SCALE, {**known, "sectors_affected": sectors})
    assert OWNERS.index(after.owner) >= OWNERS.index(before.owner)
    assert PRIORITIES.index(after.priority) >= PRIORITIES.index(before.priority)


@given(facts)
def test_a_higher_level_never_lowers_the_owner_or_the_priority(known: dict[str, Fact]) -> None:
    recommended = [recommend(RULES, SCALE, {**known, "severity": level.code}) for level in SCALE.levels]
    owners = [OWNERS.index(one.owner) for one in recommended]
    priorities = [PRIORITIES.index(one.priority) for one in recommended]
    assert owners == sorted(owners)
    assert priorities == sorted(priorities)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("level: high}", "level: enormous}"),
        ("fact: cross_border", "fact: mood"),
        ("owner: national", "owner: mars"),
        ("{fact: sectors_affected, from: 2}", "{fact: sectors_affected, from: 2, is: [3]}"),
    ],
)
def test_rules_that_name_what_is_not_there_are_refused(old: str, new: str) -> None:
    text = (DATA / "recommendation-1.yaml").read_text()
    with pytest.raises(FormatProblem):
        read_rules(text.replace(old, new, 1).encode(), SCALE)


def test_every_level_has_a_colour_beside_it_and_worse_levels_no_milder_colour() -> None:
    eu = eu_scale()
    order = [colour.code for colour in eu.colours]
    beside = [eu.colour_beside(level.code) for level in SCALE.levels]
    assert order == ["white", "green", "yellow", "red"]
    assert None not in beside
    places = [order.index(str(colour)) for colour in beside]
    assert places == sorted(places)
    assert [outlook.code for outlook in eu.outlooks] == ["improving", "stable", "worsening"]
    assert "malicious-actions" in {cause.code for cause in eu.root_causes}
