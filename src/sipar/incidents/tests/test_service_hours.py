from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sipar.formats.problems import FormatProblem
from sipar.incidents.service_hours import SERVICES, Service, read_service_hours, service_hours
from sipar.incidents.severity import DATA

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def due(service: Service, criticality: int | None, tier: str = "sectoral") -> timedelta:
    return service_hours().due(service, criticality=criticality, team_tier=tier, start=START) - START


@pytest.mark.parametrize("service", SERVICES)
def test_the_more_critical_an_organisation_the_sooner_it_is_served(service: Service) -> None:
    hours = [due(service, tier) for tier in (1, 2, 3, 4)]
    assert hours == sorted(hours)
    assert hours[0] < hours[-1]


def test_the_national_cert_accepts_sooner_and_others_follow_the_default() -> None:
    assert due("accept", 1, "national") < due("accept", 1, "provincial") == due("accept", 1, "sectoral")


def test_a_reporter_nobody_knows_has_hours_of_their_own() -> None:
    assert due("accept", None) == timedelta(hours=2)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"unknown: 2}", b"}"),
        (b"1: 0.5", b"1: 0"),
        (b"1: 0.5", b"1: soon"),
        (b"  assess:", b"  invent:"),
        (b"    default: {1: 4", b"    national: {1: 4"),
    ],
)
def test_a_table_with_a_hole_or_a_wrong_number_is_refused(before: bytes, after: bytes) -> None:
    data = (DATA / "service-levels.yaml").read_bytes()
    assert before in data
    with pytest.raises(FormatProblem):
        read_service_hours(data.replace(before, after, 1))
