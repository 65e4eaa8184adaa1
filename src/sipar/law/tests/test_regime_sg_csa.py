"""Singapore: Cybersecurity Act 2018, s. 14, with the periods of the Regulations 2018."""

from __future__ import annotations

import pytest

from sipar.law.tests.reading_law import Facts, at, duties, settling, with_facts

SINGAPORE = "Asia/Singapore"
OWNER: Facts = {
    "singapore_cii_owner": True,
    "aware_at": at("2026-12-24 23:30", SINGAPORE),
    "cii_system_affected": False,
    "interconnected_system_affected": False,
    "directed_incident_type": False,
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, False),
        ({"cii_system_affected": True}, True),
        ({"interconnected_system_affected": True}, True),
        ({"directed_incident_type": True}, True),
        ({"directed_incident_type": None}, None),
        ({"cii_system_affected": True, "singapore_cii_owner": False}, False),
    ],
)
def test_incidents_on_the_infrastructure_or_connected_to_it_are_notified(changed: Facts, expected: bool | None) -> None:
    found = duties("sg-csa", with_facts(OWNER, changed))
    assert (found["notification"].applies, found["supplement"].applies) == (expected, expected)


def test_the_direction_is_what_settles_it() -> None:
    incident = with_facts(OWNER, {"directed_incident_type": None})
    assert settling("sg-csa", "notification", incident) == ["directed_incident_type"]


def test_two_hours_and_fourteen_days_run_from_awareness() -> None:
    found = duties("sg-csa", with_facts(OWNER, {"cii_system_affected": True}))
    assert found["notification"].due_at == at("2026-12-25 01:30", SINGAPORE)
    assert found["supplement"].due_at == at("2027-01-07 23:30", SINGAPORE)
