"""EU NIS2, Art. 23, with Implementing Regulation (EU) 2024/2690, Arts 3, 4, 6 and 7."""

from __future__ import annotations

import pytest

from sipar.law.tests.reading_law import Facts, at, duties, settling, with_facts

BERLIN = "Europe/Berlin"
AWARE = at("2026-03-02 10:00", BERLIN)

HOSPITAL: Facts = {
    "country": "DE",
    "time_zone": BERLIN,
    "entity_class": "essential",
    "entity_type": "other",
    "report_subject": "incident",
    "aware_at": AWARE,
    "ongoing": False,
    "severe_disruption": False,
    "severe_financial_loss": False,
    "damage_to_others": False,
}
CLOUD: Facts = {
    **HOSPITAL,
    "entity_type": "cloud_provider",
    "turnover_eur": 100_000_000.0,
    "planned_interruption": False,
    "financial_loss_eur": 0.0,
    "trade_secret_taken": False,
    "death_caused": False,
    "health_damage": False,
    "malicious_access": False,
    "unavailable_minutes": 0.0,
    "limited_availability_hours": 0.0,
    "users_affected": 0,
    "users_affected_percent": 0.0,
    "data_compromised_maliciously": False,
    "data_compromised_users": 0,
    "data_compromised_users_percent": 0.0,
    "average_response_seconds": 0.1,
    "slow_response_hours": 0.0,
    "article_criteria_met": False,
    "root_cause": "valve",
}
ALWAYS_TOGETHER = ("early_warning", "notification", "intermediate", "final", "recipients")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, False),
        ({"severe_disruption": True}, True),
        ({"severe_financial_loss": True}, True),
        ({"damage_to_others": True}, True),
        ({"severe_disruption": None}, None),
        ({"severe_disruption": None, "damage_to_others": True}, True),
        ({"severe_disruption": True, "entity_class": "important"}, True),
        ({"severe_disruption": True, "entity_class": "none"}, False),
        ({"severe_disruption": True, "report_subject": "threat"}, False),
        ({"severe_disruption": True, "report_subject": None}, True),
        ({"financial_loss_eur": 900_000_000.0}, False),
    ],
)
def test_an_entity_outside_the_regulation_is_judged_by_the_three_tests_of_the_directive(
    changed: Facts, expected: bool | None
) -> None:
    found = duties("eu-nis2", with_facts(HOSPITAL, changed))
    assert {found[stage].applies for stage in ALWAYS_TOGETHER} == {expected}


def test_the_question_that_settles_an_undetermined_incident_is_named() -> None:
    incident = with_facts(HOSPITAL, {"severe_disruption": None})
    assert settling("eu-nis2", "early_warning", incident) == ["severe_disruption"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, False),
        # Art. 3(1)(a): EUR 500,000 or 5 % of turnover, whichever is lower, and only above it.
        ({"financial_loss_eur": 500_000.0}, False),
        ({"financial_loss_eur": 500_000.01}, True),
        ({"financial_loss_eur": 200_000.0, "turnover_eur": 4_000_000.0}, False),
        ({"financial_loss_eur": 200_000.5, "turnover_eur": 4_000_000.0}, True),
        ({"financial_loss_eur": 300_000.0, "turnover_eur": None}, None),
        ({"financial_loss_eur": 600_000.0, "turnover_eur": None}, True),
        ({"financial_loss_eur": None}, None),
        # Art. 3(1)(b) to (e)
        ({"trade_secret_taken": True}, True),
        ({"death_caused": True}, True),
        ({"health_damage": True}, True),
        ({"malicious_access": True}, False),
        ({"malicious_access": True, "severe_disruption": True}, True),
        ({"severe_disruption": True}, False),
        ({"damage_to_others": True}, False),
        # planned interruptions do not count
        ({"death_caused": True, "planned_interruption": True}, False),
        ({"death_caused": True, "planned_interruption": None}, None),
        # Art. 7, cloud computing
        ({"unavailable_minutes": 30.0}, False),
        ({"unavailable_minutes": 30.5}, True),
        ({"limited_availability_hours": 1.0, "users_affected_percent": 50.0}, False),
        ({"limited_availability_hours": 1.5, "users_affected_percent": 5.0}, False),
        ({"limited_availability_hours": 1.5, "users_affected_percent": 5.1}, True),
        ({"limited_availability_hours": 1.5, "users_affected": 1_000_000}, False),
        ({"limited_availability_hours": 1.5, "users_affected": 1_000_001}, True),
        ({"data_compromised_maliciously": True}, True),
        ({"data_compromised_users_percent": 5.0}, False),
        ({"data_compromised_users_percent": 5.1}, True),
        ({"data_compromised_users": 1_000_001}, True),
        ({"average_response_seconds": 60.0, "slow_response_hours": 9.0}, False),
        ({"article_criteria_met": True}, False),
    ],
)
def test_a_cloud_provider_is_judged_by_the_figures_of_the_regulation(changed: Facts, expected: bool | None) -> None:
    found = duties("eu-nis2", with_facts(CLOUD, changed))
    assert {found[stage].applies for stage in ALWAYS_TOGETHER} == {expected}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"average_response_seconds": 10.0, "slow_response_hours": 2.0}, False),
        ({"average_response_seconds": 10.5, "slow_response_hours": 1.0}, False),
        ({"average_response_seconds": 10.5, "slow_response_hours": 1.5}, True),
        ({"article_criteria_met": True}, True),
        ({"unavailable_minutes": 500.0}, False),
    ],
)
def test_a_registry_is_judged_by_its_slow_answers(changed: Facts, expected: bool) -> None:
    incident = with_facts(CLOUD, {"entity_type": "tld_registry", **changed})
    assert duties("eu-nis2", incident)["early_warning"].applies is expected


@pytest.mark.parametrize(
    "entity_type",
    [
        "dns_provider",
        "data_centre_provider",
        "content_delivery_network",
        "managed_service_provider",
        "managed_security_provider",
        "online_marketplace",
        "search_engine",
        "social_network",
        "trust_service_provider",
    ],
)
def test_services_whose_figures_are_not_known_ask_whether_their_article_is_met(entity_type: str) -> None:
    incident = with_facts(CLOUD, {"entity_type": entity_type, "unavailable_minutes": 500.0})
    assert duties("eu-nis2", incident)["early_warning"].applies is False
    asked = with_facts(incident, {"article_criteria_met": None})
    assert duties("eu-nis2", asked)["early_warning"].applies is None
    assert settling("eu-nis2", "early_warning", asked) == ["article_criteria_met"]
    assert duties("eu-nis2", with_facts(incident, {"article_criteria_met": True}))["early_warning"].applies is True


def test_turnover_is_what_settles_a_loss_below_half_a_million() -> None:
    incident = with_facts(CLOUD, {"financial_loss_eur": 300_000.0, "turnover_eur": None})
    assert settling("eu-nis2", "early_warning", incident) == ["turnover_eur"]


@pytest.mark.parametrize(
    ("earlier", "cause", "loss", "expected"),
    [
        ("2025-10-02 10:00", "valve", 300_000.0, True),
        ("2025-10-02 10:00", "valve", 200_000.0, False),
        ("2025-10-02 10:00", "cable", 300_000.0, False),
        ("2025-08-02 10:00", "valve", 300_000.0, False),
    ],
)
def test_two_incidents_of_one_cause_in_six_months_count_together(
    earlier: str, cause: str, loss: float, expected: bool
) -> None:
    now = with_facts(CLOUD, {"financial_loss_eur": 250_000.0})
    before = with_facts(CLOUD, {"aware_at": at(earlier, BERLIN), "root_cause": cause, "financial_loss_eur": loss})
    assert duties("eu-nis2", now, related=[before])["early_warning"].applies is expected


def test_an_unknown_cause_leaves_open_whether_two_incidents_count_together() -> None:
    now = with_facts(CLOUD, {"financial_loss_eur": 250_000.0, "root_cause": None})
    before = with_facts(CLOUD, {"aware_at": at("2025-12-02 10:00", BERLIN), "financial_loss_eur": 300_000.0})
    assert duties("eu-nis2", now)["early_warning"].applies is False
    assert duties("eu-nis2", now, related=[before])["early_warning"].applies is None


def test_early_warning_and_notification_run_in_real_hours_over_the_change_to_summer_time() -> None:
    incident = with_facts(HOSPITAL, {"severe_disruption": True, "aware_at": at("2026-03-27 10:00", BERLIN)})
    found = duties("eu-nis2", incident)
    assert found["early_warning"].due_at == at("2026-03-28 10:00", BERLIN)
    # Clocks go forward on Sunday 29 March: 72 hours end at 11:00 on Monday.
    assert found["notification"].due_at == at("2026-03-30 11:00", BERLIN)


def test_a_limit_on_a_sunday_stays_there() -> None:
    incident = with_facts(HOSPITAL, {"severe_disruption": True, "aware_at": at("2026-03-07 10:00", BERLIN)})
    assert duties("eu-nis2", incident)["early_warning"].due_at == at("2026-03-08 10:00", BERLIN)


def test_trust_services_notify_within_24_hours() -> None:
    incident = with_facts(CLOUD, {"entity_type": "trust_service_provider", "death_caused": True})
    found = duties("eu-nis2", incident)
    assert found["notification"].due_at == at("2026-03-03 10:00", BERLIN)
    assert found["early_warning"].due_at == at("2026-03-03 10:00", BERLIN)


def test_without_awareness_no_clock_has_started() -> None:
    found = duties("eu-nis2", with_facts(HOSPITAL, {"severe_disruption": True, "aware_at": None}))
    assert (found["early_warning"].due_at, found["early_warning"].clock) == (None, "not_started")


def test_the_intermediate_report_is_due_on_request_and_users_hear_without_delay() -> None:
    found = duties("eu-nis2", with_facts(HOSPITAL, {"severe_disruption": True}))
    assert (found["intermediate"].due_at, found["intermediate"].clock) == (None, "on_request")
    assert (found["recipients"].due_at, found["recipients"].clock) == (None, "unknown_period")


@pytest.mark.parametrize(
    ("sent", "due"),
    [
        ("2026-03-15 09:00", "2026-04-15 09:00"),
        ("2026-06-30 16:30", "2026-07-30 16:30"),
    ],
)
def test_the_final_report_is_due_one_month_after_the_notification_was_handed_in(sent: str, due: str) -> None:
    incident = with_facts(HOSPITAL, {"severe_disruption": True})
    found = duties("eu-nis2", incident, sent=[("notification", at(sent, BERLIN))])
    assert found["final"].due_at == at(due, BERLIN)


def test_a_month_from_31_january_ends_with_february() -> None:
    incident = with_facts(HOSPITAL, {"severe_disruption": True})
    found = duties("eu-nis2", incident, sent=[("notification", at("2026-01-31 12:00", BERLIN))])
    assert found["final"].due_at == at("2026-02-28 23:59:59.999999", BERLIN)


def test_until_the_notification_is_handed_in_the_final_report_has_no_limit() -> None:
    found = duties("eu-nis2", with_facts(HOSPITAL, {"severe_disruption": True}))
    assert (found["final"].due_at, found["final"].clock) == (None, "not_started")


def test_a_later_correction_of_the_notification_does_not_move_the_final_report() -> None:
    incident = with_facts(HOSPITAL, {"severe_disruption": True})
    sent = [("notification", at("2026-03-04 09:00", BERLIN)), ("notification", at("2026-03-20 09:00", BERLIN))]
    assert duties("eu-nis2", incident, sent=sent)["final"].due_at == at("2026-04-04 09:00", BERLIN)


def test_while_an_incident_goes_on_a_progress_report_takes_the_place_of_the_final_one() -> None:
    incident = with_facts(HOSPITAL, {"severe_disruption": True, "ongoing": True})
    found = duties("eu-nis2", incident, sent=[("notification", at("2026-03-04 09:00", BERLIN))])
    assert found["progress"].applies is True
    assert found["progress"].due_at == at("2026-04-04 09:00", BERLIN)
    assert (found["final"].due_at, found["final"].clock) == (None, "not_started")


@pytest.mark.parametrize(
    ("handled", "due"),
    [
        ("2026-03-20 18:00", "2026-04-04 09:00"),
        ("2026-05-20 18:00", "2026-06-20 18:00"),
    ],
)
def test_the_final_report_follows_the_end_of_an_incident_that_outlasted_the_month(handled: str, due: str) -> None:
    incident = with_facts(HOSPITAL, {"severe_disruption": True, "handled_at": at(handled, BERLIN)})
    found = duties("eu-nis2", incident, sent=[("notification", at("2026-03-04 09:00", BERLIN))])
    assert found["progress"].applies is False
    assert found["final"].due_at == at(due, BERLIN)
