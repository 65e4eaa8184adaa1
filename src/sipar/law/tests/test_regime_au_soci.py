"""Australia: Security of Critical Infrastructure Act 2018, two tiers, oral then written."""

from __future__ import annotations

import pytest

from sipar.law.tests.reading_law import Facts, at, duties, settling, with_facts

SYDNEY = "Australia/Sydney"
PORT: Facts = {
    "country": "AU",
    "time_zone": SYDNEY,
    "australia_responsible_entity": True,
    "aware_at": at("2026-10-03 20:00", SYDNEY),
    "significant_impact": False,
    "relevant_impact": False,
}


@pytest.mark.parametrize(
    ("changed", "applies", "due"),
    [
        ({}, False, None),
        ({"relevant_impact": True}, True, "2026-10-06 21:00"),
        # Clocks go forward in the night to 4 October 2026.
        ({"significant_impact": True}, True, "2026-10-04 09:00"),
        ({"significant_impact": True, "relevant_impact": True}, True, "2026-10-04 09:00"),
        # Which tier is not known: the shorter limit counts.
        ({"significant_impact": None, "relevant_impact": True}, True, "2026-10-04 09:00"),
        ({"significant_impact": True, "australia_responsible_entity": False}, False, None),
    ],
)
def test_the_tier_decides_between_12_and_72_hours(changed: Facts, applies: bool, due: str | None) -> None:
    found = duties("au-soci", with_facts(PORT, changed))["notification"]
    assert found.applies is applies
    if due is not None:
        assert found.due_at == at(due, SYDNEY)


def test_the_impact_is_what_settles_it() -> None:
    incident = with_facts(PORT, {"relevant_impact": None})
    assert duties("au-soci", incident)["notification"].applies is None
    assert settling("au-soci", "notification", incident) == ["relevant_impact"]


@pytest.mark.parametrize(
    ("tier", "due"),
    [
        # told on Monday 5 October at 08:00: 84 hours and 48 hours
        ("significant_impact", "2026-10-08 20:00"),
        ("relevant_impact", "2026-10-07 08:00"),
    ],
)
def test_an_oral_report_is_followed_in_writing(tier: str, due: str) -> None:
    incident = with_facts(PORT, {tier: True, "oral_report_at": at("2026-10-05 08:00", SYDNEY)})
    found = duties("au-soci", incident)["written_record"]
    assert (found.applies, found.due_at) == (True, at(due, SYDNEY))


def test_a_first_report_in_writing_needs_no_second_one() -> None:
    assert duties("au-soci", with_facts(PORT, {"significant_impact": True}))["written_record"].applies is False
