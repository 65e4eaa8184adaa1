"""India: CERT-In Directions of 28 April 2022, Annexure I."""

from __future__ import annotations

import pytest

from sipar.law.facts import shipped_facts
from sipar.law.tests.reading_law import Facts, at, duties, settling, with_facts

KOLKATA = "Asia/Kolkata"
COMPANY: Facts = {
    "country": "PK",
    "time_zone": "Asia/Karachi",
    "operates_in_india": True,
    "aware_at": at("2026-08-14 21:00", KOLKATA),
    "certin_type": "data_leak",
}
TYPES = [option.value for option in shipped_facts()["certin_type"].options if option.value != "none"]


def test_the_annex_lists_20_types() -> None:
    assert len(TYPES) == 20
    numbers = [option.title.en.split(".")[0] for option in shipped_facts()["certin_type"].options[:20]]
    assert numbers == [str(number) for number in range(1, 21)]


@pytest.mark.parametrize("incident_type", TYPES)
def test_each_listed_type_is_reported(incident_type: str) -> None:
    assert duties("in-certin-2022", with_facts(COMPANY, {"certin_type": incident_type}))["notification"].applies is True


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"certin_type": "none"}, False),
        ({"certin_type": None}, None),
        ({"operates_in_india": False}, False),
        ({"operates_in_india": False, "certin_type": None}, False),
    ],
)
def test_nothing_else_is(changed: Facts, expected: bool | None) -> None:
    assert duties("in-certin-2022", with_facts(COMPANY, changed))["notification"].applies is expected


def test_the_type_is_what_settles_it() -> None:
    assert settling("in-certin-2022", "notification", with_facts(COMPANY, {"certin_type": None})) == ["certin_type"]


def test_six_hours_run_over_midnight_and_holidays() -> None:
    assert duties("in-certin-2022", COMPANY)["notification"].due_at == at("2026-08-15 03:00", KOLKATA)
