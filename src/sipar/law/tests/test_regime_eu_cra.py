"""EU Cyber Resilience Act, Art. 14."""

from __future__ import annotations

import pytest

from sipar.law.tests.reading_law import Facts, at, duties, settling, with_facts

PARIS = "Europe/Paris"
MAKER: Facts = {
    "country": "FR",
    "time_zone": PARIS,
    "eu_product_manufacturer": True,
    "aware_at": at("2026-10-23 10:00", PARIS),
    "vulnerability_exploited": False,
    "severe_product_incident": False,
}
WEAKNESS = {"vulnerability_exploited": True}
INCIDENT = {"severe_product_incident": True}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, (False, False, False)),
        (WEAKNESS, (True, True, False)),
        (INCIDENT, (True, False, True)),
        ({**WEAKNESS, **INCIDENT}, (True, True, True)),
        ({"vulnerability_exploited": None}, (None, None, False)),
        ({**WEAKNESS, "eu_product_manufacturer": False}, (False, False, False)),
    ],
)
def test_an_exploited_weakness_or_a_severe_incident_is_reported(
    changed: Facts, expected: tuple[bool | None, ...]
) -> None:
    found = duties("eu-cra", with_facts(MAKER, changed))
    assert (
        tuple(found[stage].applies for stage in ("early_warning", "vulnerability_final", "incident_final")) == expected
    )


def test_the_settling_question_is_whether_the_weakness_is_exploited() -> None:
    assert settling("eu-cra", "notification", with_facts(MAKER, {"vulnerability_exploited": None})) == [
        "vulnerability_exploited"
    ]


def test_warning_and_notification_run_24_and_72_real_hours() -> None:
    found = duties("eu-cra", with_facts(MAKER, WEAKNESS))
    assert found["early_warning"].due_at == at("2026-10-24 10:00", PARIS)
    # Clocks go back on Sunday 25 October: 72 hours end at 09:00 on Monday.
    assert found["notification"].due_at == at("2026-10-26 09:00", PARIS)


def test_the_final_report_on_a_weakness_is_due_14_days_after_the_fix() -> None:
    waiting = duties("eu-cra", with_facts(MAKER, WEAKNESS))["vulnerability_final"]
    assert (waiting.due_at, waiting.clock) == (None, "not_started")
    fixed = with_facts(MAKER, {**WEAKNESS, "corrective_measure_at": at("2026-10-20 15:00", PARIS)})
    # Days go by the wall clock, also over the change to winter time.
    assert duties("eu-cra", fixed)["vulnerability_final"].due_at == at("2026-11-03 15:00", PARIS)


def test_the_final_report_on_an_incident_is_due_one_month_after_the_notification() -> None:
    found = duties("eu-cra", with_facts(MAKER, INCIDENT), sent=[("notification", at("2026-10-25 12:00", PARIS))])
    assert found["incident_final"].due_at == at("2026-11-25 12:00", PARIS)
