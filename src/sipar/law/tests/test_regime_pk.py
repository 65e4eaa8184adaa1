"""Pakistan: CERT Rules 2023, PTA CTDISR 2025, the drafts, and the unverified presets."""

from __future__ import annotations

import pytest

from sipar.law.grammar import NoPeriod, Regime
from sipar.law.regimes import shipped
from sipar.law.tests.reading_law import Facts, at, duties, settling, with_facts

KARACHI = "Asia/Karachi"
OPERATOR: Facts = {
    "country": "PK",
    "time_zone": KARACHI,
    "licensee": "category_1",
    "cii_designated": True,
    "report_subject": "incident",
    "aware_at": at("2026-11-18 15:00", KARACHI),
    "severity": "high",
    "personal_data_breach": True,
}


def regime(name: str) -> Regime:
    [found] = [each for each in shipped() if each.regime == name]
    return found


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"severity": "low"}, True),
        ({"report_subject": "vulnerability"}, False),
        ({"country": "DE"}, False),
    ],
)
def test_the_cert_rules_ask_for_a_report_and_name_no_hours(changed: Facts, expected: bool) -> None:
    found = duties("pk-cert-rules-2023", with_facts(OPERATOR, changed))["notification"]
    assert (found.applies, found.due_at) == (expected, None)
    assert found.clock == ("unknown_period" if expected else None)


def test_an_unknown_country_is_what_settles_the_cert_rules() -> None:
    incident = with_facts(OPERATOR, {"country": None})
    assert duties("pk-cert-rules-2023", incident)["notification"].applies is None
    assert settling("pk-cert-rules-2023", "notification", incident) == ["country"]


def test_the_reporting_chain_rolls_up_to_the_national_cert_without_a_known_period() -> None:
    chain = {(step.from_, step.to) for step in regime("pk-cert-rules-2023").routing}
    assert chain == {
        ("organisation", "lead_cert"),
        ("sectoral_cert", "government_cert"),
        ("provincial_cert", "government_cert"),
        ("federal_cert", "government_cert"),
        ("government_cert", "national_cert"),
    }
    assert {step.every_months for step in regime("pk-cert-rules-2023").routing} == {None}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"severity": "critical"}, True),
        ({"severity": "high"}, True),
        ({"severity": "medium"}, False),
        ({"severity": "low"}, False),
        ({"severity": None}, None),
        ({"licensee": "category_2"}, True),
        ({"licensee": "none"}, False),
        ({"report_subject": "threat"}, False),
    ],
)
def test_licensees_report_critical_and_high_incidents(changed: Facts, expected: bool | None) -> None:
    assert duties("pk-pta-ctdisr-2025", with_facts(OPERATOR, changed))["notification"].applies is expected


def test_severity_is_what_settles_it() -> None:
    assert settling("pk-pta-ctdisr-2025", "notification", with_facts(OPERATOR, {"severity": None})) == ["severity"]


@pytest.mark.parametrize(
    ("aware", "due"),
    [
        # Wednesday to Wednesday: Saturday and Sunday are not counted
        ("2026-11-18 15:00", "2026-11-25 15:00"),
        # Kashmir Day, Thursday 5 February 2026, is not counted
        ("2026-02-02 09:00", "2026-02-10 09:00"),
        # on a Saturday: the five working days that follow, to the end of Friday
        ("2026-11-21 11:00", "2026-11-27 23:59:59.999999"),
    ],
)
def test_the_detailed_report_is_due_after_five_working_days(aware: str, due: str) -> None:
    incident = with_facts(OPERATOR, {"aware_at": at(aware, KARACHI)})
    assert duties("pk-pta-ctdisr-2025", incident)["notification"].due_at == at(due, KARACHI)


def test_the_draft_act_carries_no_number_and_is_not_law() -> None:
    draft = regime("pk-csa-draft")
    assert (draft.status, draft.is_law, draft.enabled) == ("draft", False, False)
    assert all(isinstance(duty.due, NoPeriod) for duty in draft.duties)
    assert all(each.amount_high is None and each.percent is None for each in draft.penalties)
    assert duties("pk-csa-draft", OPERATOR)["notification"].applies is True
    assert duties("pk-csa-draft", with_facts(OPERATOR, {"cii_designated": False}))["notification"].applies is False
    unknown = with_facts(OPERATOR, {"cii_designated": None})
    assert settling("pk-csa-draft", "notification", unknown) == ["cii_designated"]


def test_the_draft_data_protection_bill_counts_72_hours_and_is_not_law() -> None:
    assert regime("pk-pdp-bill-draft").is_law is False
    found = duties("pk-pdp-bill-draft", OPERATOR)["notification"]
    assert (found.applies, found.due_at) == (True, at("2026-11-21 15:00", KARACHI))
    unknown = with_facts(OPERATOR, {"personal_data_breach": None})
    assert settling("pk-pdp-bill-draft", "notification", unknown) == ["personal_data_breach"]


@pytest.mark.parametrize(("designated", "due"), [(True, "2026-11-21 15:00"), (False, None), (None, "2026-11-21 15:00")])
def test_the_unverified_72_hours_are_for_critical_infrastructure(designated: bool | None, due: str | None) -> None:
    incident = with_facts(OPERATOR, {"cii_designated": designated})
    found = duties("pk-preset-72h-unverified", incident)["notification"]
    assert (found.applies, found.due_at) == (designated, at(due, KARACHI) if due else None)


@pytest.mark.parametrize(
    ("severity", "due"),
    [
        ("critical", "2026-11-18 16:00"),
        ("high", "2026-11-18 19:00"),
        ("medium", "2026-11-19 15:00"),
        ("low", "2026-11-21 15:00"),
    ],
)
def test_the_unverified_response_times_go_by_severity(severity: str, due: str) -> None:
    found = duties("pk-preset-response-unverified", with_facts(OPERATOR, {"severity": severity}))["response"]
    assert (found.applies, found.due_at) == (True, at(due, KARACHI))


@pytest.mark.parametrize("name", ["pk-preset-72h-unverified", "pk-preset-response-unverified"])
def test_presets_are_off_and_say_that_they_are_unverified(name: str) -> None:
    preset = regime(name)
    assert (preset.status, preset.enabled, preset.is_law) == ("unverified_preset", False, False)
    assert "unverified" in preset.title.en
    assert {source.confidence for source in preset.sources} == {"vendor"}
