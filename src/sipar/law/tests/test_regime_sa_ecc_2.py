"""Saudi Arabia: ECC-2:2024, clause 2-13-3, and the unverified hour of SAMA."""

from __future__ import annotations

import pytest

from sipar.law.regimes import shipped
from sipar.law.tests.reading_law import Facts, at, duties, settling, with_facts

RIYADH = "Asia/Riyadh"
MINISTRY: Facts = {
    "country": "SA",
    "time_zone": RIYADH,
    "saudi_nca_bound": True,
    "saudi_sama_supervised": True,
    "aware_at": at("2026-06-04 22:30", RIYADH),
    "report_subject": "incident",
    "severity": "critical",
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"report_subject": "threat"}, False),
        ({"saudi_nca_bound": False}, False),
        ({"saudi_nca_bound": None}, None),
    ],
)
def test_incidents_are_reported_without_a_number_of_hours(changed: Facts, expected: bool | None) -> None:
    found = duties("sa-ecc-2", with_facts(MINISTRY, changed))["notification"]
    assert (found.applies, found.due_at) == (expected, None)
    assert found.clock == (None if expected is False else "unknown_period")


def test_whether_it_is_bound_settles_it() -> None:
    assert settling("sa-ecc-2", "notification", with_facts(MINISTRY, {"saudi_nca_bound": None})) == ["saudi_nca_bound"]


@pytest.mark.parametrize(
    ("severity", "expected", "due"),
    [("critical", True, "2026-06-04 23:30"), ("high", False, None), (None, None, "2026-06-04 23:30")],
)
def test_the_unverified_hour_is_for_critical_incidents_only(
    severity: str | None, expected: bool | None, due: str | None
) -> None:
    found = duties("sa-preset-sama-1h-unverified", with_facts(MINISTRY, {"severity": severity}))["notification"]
    assert (found.applies, found.due_at) == (expected, at(due, RIYADH) if due else None)


def test_the_unverified_hour_is_off() -> None:
    [regime] = [each for each in shipped() if each.regime == "sa-preset-sama-1h-unverified"]
    assert (regime.status, regime.enabled) == ("unverified_preset", False)
