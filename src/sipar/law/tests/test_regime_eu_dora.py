"""EU DORA: Delegated Regulations (EU) 2024/1772, Arts 6 to 10, and 2025/301, Art. 5."""

from __future__ import annotations

from itertools import combinations

import pytest

from sipar.law.regimes import shipped
from sipar.law.tests.reading_law import Facts, at, duties, settling, with_facts

BERLIN = "Europe/Berlin"

QUIET: Facts = {
    "country": "DE",
    "time_zone": BERLIN,
    "entity_class": "none",
    "financial_entity": "other",
    "microenterprise": False,
    "report_subject": "incident",
    "aware_at": at("2026-03-02 08:00", BERLIN),
    "classified_at": at("2026-03-02 10:00", BERLIN),
    "critical_service_affected": True,
    "clients_affected": 0,
    "clients_affected_percent": 0.0,
    "counterparts_affected_percent": 0.0,
    "transactions_affected_percent": 0.0,
    "transaction_value_affected_percent": 0.0,
    "relevant_client_affected": False,
    "reputational_impact": False,
    "duration_hours": 1.0,
    "critical_downtime_hours": 0.0,
    "member_states_affected": 1,
    "data_loss_impact": False,
    "malicious_access": False,
    "possible_data_loss": False,
    "financial_loss_eur": 0.0,
    "root_cause": "switch",
}
THRESHOLDS: dict[str, Facts] = {
    "clients": {"clients_affected": 100_001},
    "reputation": {"reputational_impact": True},
    "duration": {"duration_hours": 24.5},
    "geography": {"member_states_affected": 2},
    "data losses": {"data_loss_impact": True},
    "economic": {"financial_loss_eur": 100_000.01},
}
MAJOR = with_facts(QUIET, {**THRESHOLDS["clients"], **THRESHOLDS["economic"]})
BANK = {"financial_entity": "credit_institution"}


def major(facts: Facts, related: list[Facts] | None = None) -> bool | None:
    return duties("eu-dora", facts, related=related or [])["initial"].applies


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_one_threshold_alone_does_not_make_an_incident_major(threshold: str) -> None:
    assert major(with_facts(QUIET, THRESHOLDS[threshold])) is False


@pytest.mark.parametrize("pair", list(combinations(THRESHOLDS, 2)))
def test_any_two_thresholds_make_it_major(pair: tuple[str, str]) -> None:
    assert major(with_facts(QUIET, {**THRESHOLDS[pair[0]], **THRESHOLDS[pair[1]]})) is True


def test_no_threshold_counts_unless_critical_services_are_affected() -> None:
    everything = {name: value for facts in THRESHOLDS.values() for name, value in facts.items()}
    assert major(with_facts(QUIET, {**everything, "critical_service_affected": False})) is False


@pytest.mark.parametrize(
    ("at_the_limit", "beyond"),
    [
        ({"clients_affected_percent": 10.0}, {"clients_affected_percent": 10.1}),
        ({"clients_affected": 100_000}, {"clients_affected": 100_001}),
        ({"counterparts_affected_percent": 30.0}, {"counterparts_affected_percent": 30.1}),
        ({"transactions_affected_percent": 10.0}, {"transactions_affected_percent": 10.1}),
        ({"transaction_value_affected_percent": 10.0}, {"transaction_value_affected_percent": 10.1}),
        ({"relevant_client_affected": False}, {"relevant_client_affected": True}),
        ({"duration_hours": 24.0}, {"duration_hours": 24.1}),
        ({"critical_downtime_hours": 2.0}, {"critical_downtime_hours": 2.1}),
        ({"member_states_affected": 1}, {"member_states_affected": 2}),
        ({"financial_loss_eur": 100_000.0}, {"financial_loss_eur": 100_000.01}),
    ],
)
def test_each_figure_of_article_9_counts_only_above_its_limit(at_the_limit: Facts, beyond: Facts) -> None:
    one_more = with_facts(QUIET, THRESHOLDS["reputation"])
    assert major(with_facts(one_more, at_the_limit)) is False
    assert major(with_facts(one_more, beyond)) is True


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"malicious_access": True, "possible_data_loss": True}, True),
        ({"malicious_access": True}, False),
        ({"possible_data_loss": True}, False),
        ({"malicious_access": True, "possible_data_loss": None}, None),
        ({"malicious_access": True, "possible_data_loss": True, "critical_service_affected": False}, False),
    ],
)
def test_malicious_access_that_may_lose_data_is_enough_by_itself(changed: Facts, expected: bool | None) -> None:
    assert major(with_facts(QUIET, changed)) is expected


def test_only_financial_entities_are_bound() -> None:
    assert major(with_facts(MAJOR, {"financial_entity": "none"})) is False


def test_the_question_that_settles_a_second_threshold_is_named() -> None:
    incident = with_facts(QUIET, {**THRESHOLDS["clients"], "data_loss_impact": None})
    assert major(incident) is None
    assert settling("eu-dora", "initial", incident) == ["data_loss_impact"]


def test_two_known_thresholds_settle_it_whatever_else_is_unknown() -> None:
    unknown = dict.fromkeys(("duration_hours", "critical_downtime_hours", "member_states_affected"))
    assert major(with_facts(MAJOR, unknown)) is True


@pytest.mark.parametrize(
    ("aware", "classified", "due"),
    [
        # four hours after classification come first
        ("2026-03-02 08:00", "2026-03-02 10:00", "2026-03-02 14:00"),
        # 24 hours after awareness come first
        ("2026-03-02 08:00", "2026-03-03 06:00", "2026-03-03 08:00"),
        # classified in the last minute, and just after it
        ("2026-03-02 08:00", "2026-03-03 08:00", "2026-03-03 08:00"),
        ("2026-03-02 08:00", "2026-03-03 08:01", "2026-03-03 12:01"),
        # classified much later
        ("2026-03-02 08:00", "2026-03-04 14:00", "2026-03-04 18:00"),
        # not classified yet: 24 hours
        ("2026-03-02 08:00", None, "2026-03-03 08:00"),
        # over the change to summer time on 29 March: 24 real hours, for an entity that may not wait
        ("2026-03-28 12:00", "2026-03-29 12:30", "2026-03-29 13:00"),
    ],
)
def test_the_initial_notification_is_due_4_hours_after_classification_and_24_after_awareness(
    aware: str, classified: str | None, due: str
) -> None:
    instants = {"aware_at": at(aware, BERLIN), "classified_at": at(classified, BERLIN) if classified else None}
    assert duties("eu-dora", with_facts(MAJOR, {**BANK, **instants}))["initial"].due_at == at(due, BERLIN)


@pytest.mark.parametrize(
    ("who", "due"),
    [
        ({}, "2026-03-09 12:00"),
        ({"financial_entity": "credit_institution"}, "2026-03-07 14:00"),
        ({"financial_entity": "central_counterparty"}, "2026-03-07 14:00"),
        ({"financial_entity": "trading_venue"}, "2026-03-07 14:00"),
        ({"entity_class": "essential"}, "2026-03-07 14:00"),
        ({"entity_class": "important"}, "2026-03-07 14:00"),
    ],
)
def test_a_limit_on_a_weekend_moves_to_monday_noon_unless_the_entity_is_excepted(who: Facts, due: str) -> None:
    # Friday afternoon, classified on Saturday 7 March at 10:00
    instants = {"aware_at": at("2026-03-06 15:00", BERLIN), "classified_at": at("2026-03-07 10:00", BERLIN)}
    assert duties("eu-dora", with_facts(MAJOR, {**instants, **who}))["initial"].due_at == at(due, BERLIN)


@pytest.mark.parametrize(
    ("aware", "due"),
    [
        # Good Friday to Easter Monday 2026
        ("2026-04-02 10:00", "2026-04-07 12:00"),
        # 1 May 2026, a Friday
        ("2026-04-30 10:00", "2026-05-04 12:00"),
        # an ordinary Wednesday stays
        ("2026-03-03 10:00", "2026-03-04 10:00"),
    ],
)
def test_a_limit_on_a_bank_holiday_moves_to_noon_of_the_next_working_day(aware: str, due: str) -> None:
    incident = with_facts(MAJOR, {"aware_at": at(aware, BERLIN), "classified_at": None})
    assert duties("eu-dora", incident)["initial"].due_at == at(due, BERLIN)


def test_the_intermediate_report_runs_from_the_submission_of_the_initial_one() -> None:
    sent = [("initial", at("2026-03-05 10:00", BERLIN))]
    # Thursday and 72 hours: Sunday 8 March, which an ordinary entity spends until Monday noon.
    assert duties("eu-dora", MAJOR, sent=sent)["intermediate"].due_at == at("2026-03-09 12:00", BERLIN)
    bank = with_facts(MAJOR, BANK)
    assert duties("eu-dora", bank, sent=sent)["intermediate"].due_at == at("2026-03-08 10:00", BERLIN)
    assert duties("eu-dora", MAJOR)["intermediate"].clock == "not_started"


def test_recovery_asks_for_an_updated_intermediate_report() -> None:
    assert duties("eu-dora", MAJOR)["intermediate_update"].applies is False
    recovered = with_facts(MAJOR, {"activities_recovered_at": at("2026-03-06 10:00", BERLIN)})
    found = duties("eu-dora", recovered)["intermediate_update"]
    assert (found.applies, found.due_at, found.clock) == (True, None, "unknown_period")


@pytest.mark.parametrize(
    ("sent", "due"),
    [
        ([("intermediate", "2026-04-08 10:00")], "2026-05-08 10:00"),
        # the latest one counts, and 10 May 2026 is a Sunday, for which the final report has no exception
        ([("intermediate", "2026-04-08 10:00"), ("intermediate_update", "2026-04-10 10:00")], "2026-05-11 12:00"),
        ([("intermediate", "2026-04-08 10:00"), ("intermediate", "2026-04-20 10:00")], "2026-05-20 10:00"),
        # 31 January and one month: the end of Saturday 28 February, so noon on Monday 2 March
        ([("intermediate", "2026-01-31 10:00")], "2026-03-02 12:00"),
    ],
)
def test_the_final_report_is_due_one_month_after_the_latest_intermediate_one(
    sent: list[tuple[str, str]], due: str
) -> None:
    handed_in = [(stage, at(when, BERLIN)) for stage, when in sent]
    found = duties("eu-dora", with_facts(MAJOR, BANK), sent=handed_in)
    assert found["final"].due_at == at(due, BERLIN)


def test_an_incident_classified_down_owes_only_the_reclassification() -> None:
    down = with_facts(MAJOR, {"reclassified_at": at("2026-03-04 10:00", BERLIN)})
    found = duties("eu-dora", down)
    assert found["reclassification"].applies is True
    assert {found[stage].applies for stage in ("initial", "intermediate", "final")} == {False}
    assert duties("eu-dora", MAJOR)["reclassification"].applies is False


def test_an_incident_classified_up_again_is_major_from_then_on() -> None:
    up = with_facts(
        MAJOR,
        {"reclassified_at": at("2026-03-04 10:00", BERLIN), "classified_at": at("2026-03-05 10:00", BERLIN)},
    )
    found = duties("eu-dora", up)
    assert (found["initial"].applies, found["reclassification"].applies) == (True, False)
    assert found["initial"].due_at == at("2026-03-05 14:00", BERLIN)


SMALL = with_facts(QUIET, {"clients_affected": 60_000, "financial_loss_eur": 60_000.0})


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        ({"aware_at": at("2025-10-02 08:00", BERLIN)}, True),
        ({"aware_at": at("2025-08-02 08:00", BERLIN)}, False),
        ({"aware_at": at("2025-10-02 08:00", BERLIN), "root_cause": "flood"}, False),
        ({"aware_at": at("2025-10-02 08:00", BERLIN), "financial_loss_eur": 30_000.0}, False),
    ],
)
def test_incidents_of_one_cause_in_six_months_are_major_together(earlier: Facts, expected: bool) -> None:
    assert major(SMALL) is False
    assert major(SMALL, [with_facts(SMALL, earlier)]) is expected


def test_microenterprises_need_not_add_up_their_incidents() -> None:
    tiny = with_facts(SMALL, {"microenterprise": True})
    assert major(tiny, [with_facts(tiny, {"aware_at": at("2025-10-02 08:00", BERLIN)})]) is False


def test_two_countries_are_not_reached_by_adding_up_one_country_twice() -> None:
    one = with_facts(QUIET, {"clients_affected": 60_000})
    earlier = with_facts(one, {"aware_at": at("2025-10-02 08:00", BERLIN)})
    assert major(one, [earlier]) is False


def test_repeated_incidents_are_looked_for_every_month() -> None:
    [regime] = [each for each in shipped() if each.regime == "eu-dora"]
    assert regime.reassess is not None
    assert regime.reassess.every_months == 1


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"threat_highly_probable": False}, False),
        ({"threat_to_critical_functions": False}, False),
        ({"threat_meets_criteria": False}, False),
        ({"threat_highly_probable": None}, None),
        ({"report_subject": "incident"}, False),
    ],
)
def test_a_significant_threat_may_be_told_voluntarily(changed: Facts, expected: bool | None) -> None:
    threat: Facts = {
        **QUIET,
        "report_subject": "threat",
        "threat_to_critical_functions": True,
        "threat_highly_probable": True,
        "threat_meets_criteria": True,
    }
    found = duties("eu-dora", with_facts(threat, changed))
    assert found["threat_notice"].applies is expected
    assert found["threat_notice"].due_at is None


def test_one_report_of_a_third_party_starts_the_clock_of_each_entity_it_serves() -> None:
    sent = [("initial", at("2026-03-03 10:00", BERLIN))]
    french = with_facts(MAJOR, {"country": "FR", "time_zone": "Europe/Paris"})
    for entity in (MAJOR, french):
        assert duties("eu-dora", entity, sent=sent)["intermediate"].due_at == at("2026-03-06 10:00", BERLIN)


def test_a_late_filer_gives_the_reason_before_the_limit() -> None:
    [regime] = [each for each in shipped() if each.regime == "eu-dora"]
    assert regime.late is not None
    assert regime.late.reason_before_limit is True
