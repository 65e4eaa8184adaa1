"""United Kingdom: Cyber Security and Resilience Bill, as introduced on 12 November 2025."""

from __future__ import annotations

import pytest

from sipar.law.regimes import shipped
from sipar.law.tests.reading_law import Facts, at, duties, settling, with_facts

LONDON = "Europe/London"
PROVIDER: Facts = {
    "country": "GB",
    "time_zone": LONDON,
    "uk_regulated_entity": True,
    "aware_at": at("2026-10-23 10:00", LONDON),
    "severe_disruption": False,
    "ransomware": False,
    "pre_positioning": False,
}


def test_it_is_a_bill_and_off() -> None:
    [regime] = [each for each in shipped() if each.regime == "uk-csrb"]
    assert (regime.status, regime.is_law, regime.enabled) == ("proposed", False, False)


@pytest.mark.parametrize("trigger", ["severe_disruption", "ransomware", "pre_positioning"])
def test_disruption_ransomware_and_a_waiting_attacker_are_reported(trigger: str) -> None:
    assert duties("uk-csrb", PROVIDER)["early_warning"].applies is False
    assert duties("uk-csrb", with_facts(PROVIDER, {trigger: True}))["early_warning"].applies is True
    unknown = with_facts(PROVIDER, {trigger: None})
    assert duties("uk-csrb", unknown)["notification"].applies is None
    assert settling("uk-csrb", "notification", unknown) == [trigger]


def test_24_and_72_hours_to_regulator_and_csirt() -> None:
    found = duties("uk-csrb", with_facts(PROVIDER, {"ransomware": True}))
    assert found["early_warning"].due_at == at("2026-10-24 10:00", LONDON)
    # Clocks go back on Sunday 25 October.
    assert found["notification"].due_at == at("2026-10-26 09:00", LONDON)
    [regime] = [each for each in shipped() if each.regime == "uk-csrb"]
    assert {duty.to for duty in regime.duties} == {("regulator", "csirt")}


def test_others_are_not_bound() -> None:
    other = with_facts(PROVIDER, {"uk_regulated_entity": False, "ransomware": True})
    assert {duty.applies for duty in duties("uk-csrb", other).values()} == {False}
