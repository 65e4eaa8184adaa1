"""EU GDPR, Arts 33 and 34."""

from __future__ import annotations

import pytest

from sipar.law.tests.reading_law import Facts, at, duties, settling, with_facts

VIENNA = "Europe/Vienna"
CLINIC: Facts = {
    "country": "AT",
    "time_zone": VIENNA,
    "eu_data_controller": True,
    "aware_at": at("2026-05-01 18:00", VIENNA),
    "personal_data_breach": True,
    "breach_risk_unlikely": False,
    "breach_high_risk": False,
}


@pytest.mark.parametrize(
    ("changed", "notification", "persons", "register", "decision"),
    [
        ({}, True, False, True, False),
        ({"breach_high_risk": True}, True, True, True, False),
        ({"breach_risk_unlikely": True}, False, False, True, True),
        ({"breach_risk_unlikely": None}, None, False, True, None),
        ({"personal_data_breach": False}, False, False, False, False),
        ({"personal_data_breach": None}, None, False, None, False),
        ({"eu_data_controller": False}, False, False, False, False),
    ],
)
def test_who_is_told_follows_the_risk_and_every_breach_is_kept(
    changed: Facts, notification: bool | None, persons: bool, register: bool | None, decision: bool | None
) -> None:
    found = duties("eu-gdpr", with_facts(CLINIC, changed))
    assert found["notification"].applies is notification
    assert found["affected_persons"].applies is persons
    assert found["records"].applies is register
    assert found["decision_not_to_report"].applies is decision


def test_the_risk_to_people_is_what_settles_it() -> None:
    incident = with_facts(CLINIC, {"breach_risk_unlikely": None})
    assert settling("eu-gdpr", "notification", incident) == ["breach_risk_unlikely"]


def test_the_authority_is_told_within_72_hours_weekend_or_not() -> None:
    # Friday 1 May, a holiday, to Monday evening
    assert duties("eu-gdpr", CLINIC)["notification"].due_at == at("2026-05-04 18:00", VIENNA)


def test_what_is_only_kept_is_never_late() -> None:
    found = duties("eu-gdpr", with_facts(CLINIC, {"breach_risk_unlikely": True}))
    assert (found["decision_not_to_report"].due_at, found["decision_not_to_report"].clock) == (None, "unknown_period")
