"""United States: CIRCIA as proposed in 89 FR 23644."""

from __future__ import annotations

import pytest

from sipar.law.regimes import shipped
from sipar.law.tests.reading_law import Facts, at, duties, settling, with_facts

NEW_YORK = "America/New_York"
UTILITY: Facts = {
    "country": "US",
    "time_zone": NEW_YORK,
    "us_covered_entity": True,
    "aware_at": at("2026-03-05 10:00", NEW_YORK),
    "reasonable_belief_at": at("2026-03-06 10:00", NEW_YORK),
    "loss_of_security": False,
    "operational_technology_impact": False,
    "business_disruption": False,
    "third_party_access": False,
    "ransom_paid": False,
}


def test_it_is_proposed_and_off() -> None:
    [regime] = [each for each in shipped() if each.regime == "us-circia"]
    assert (regime.status, regime.is_law, regime.enabled) == ("proposed", False, False)


@pytest.mark.parametrize(
    "trigger", ["loss_of_security", "operational_technology_impact", "business_disruption", "third_party_access"]
)
def test_each_of_four_impacts_makes_an_incident_substantial(trigger: str) -> None:
    assert duties("us-circia", UTILITY)["notification"].applies is False
    assert duties("us-circia", with_facts(UTILITY, {trigger: True}))["notification"].applies is True
    unknown = with_facts(UTILITY, {trigger: None})
    assert duties("us-circia", unknown)["notification"].applies is None
    assert settling("us-circia", "notification", unknown) == [trigger]


def test_others_are_not_bound() -> None:
    other = with_facts(UTILITY, {"us_covered_entity": False, "loss_of_security": True, "ransom_paid": True})
    assert {duty.applies for duty in duties("us-circia", other).values()} == {False}


def test_72_hours_run_from_reasonable_belief_over_the_change_to_summer_time() -> None:
    found = duties("us-circia", with_facts(UTILITY, {"loss_of_security": True}))["notification"]
    # Clocks go forward on Sunday 8 March 2026.
    assert found.due_at == at("2026-03-09 11:00", NEW_YORK)
    unbelieved = with_facts(UTILITY, {"loss_of_security": True, "reasonable_belief_at": None})
    assert duties("us-circia", unbelieved)["notification"].clock == "not_started"


def test_a_ransom_is_reported_24_hours_after_payment_even_without_a_covered_incident() -> None:
    paid: Facts = {"ransom_paid": True, "ransom_paid_at": at("2026-03-10 16:00", NEW_YORK)}
    found = duties("us-circia", with_facts(UTILITY, paid))
    assert (found["notification"].applies, found["ransom_payment"].applies) == (False, True)
    assert found["ransom_payment"].due_at == at("2026-03-11 16:00", NEW_YORK)
    assert (found["supplement"].applies, found["supplement"].clock) == (True, "unknown_period")
