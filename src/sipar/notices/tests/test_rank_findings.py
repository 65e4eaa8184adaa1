"""Open findings carry a priority with its reasons, by what is known of their vulnerabilities today."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.notices.exposure_selectors import in_order, listed
from sipar.notices.models import Finding
from sipar.notices.priority_actions import rank_findings
from sipar.vulnerabilities.models import Vulnerability
from sipar.vulnerabilities.priority_actions import estimate_likelihoods


def finding(cast: Cast, kind: str, *, severity: int, cves: tuple[str, ...] = (), state: str = "open") -> int:
    row = Finding.objects.create(
        key=uuid4(), organisation=cast.organisations["alpha"], kind=kind, classification="vulnerable-system",
        severity=severity, asset="192.0.2.7:443/tcp", source="test", cves=list(cves), first_seen=NOW, last_seen=NOW,
        count=1, state=state, state_at=NOW,
    )  # fmt: skip
    return row.pk


@pytest.fixture
def known(cast: Cast) -> dict[str, int]:
    with acting(system(), reason="test"):
        Vulnerability.objects.create(
            cve="CVE-2024-0001", kev_added=date(2026, 10, 1), ransomware=True, automatable="yes",
            technical_impact="total",
        )  # fmt: skip
        return {
            "listed": finding(cast, "vulnerable-gate", severity=3, cves=("CVE-2024-0001",)),
            "open_door": finding(cast, "accessible-http", severity=1),
            "closed": finding(cast, "accessible-ftp", severity=4, state="closed"),
        }


def test_what_is_exploited_comes_first_and_a_closed_finding_keeps_no_priority(known: dict[str, int]) -> None:
    with acting(system(), reason="test"):
        assert rank_findings(system(), now=NOW) == 2
        rows = {row.pk: row for row in Finding.objects.all()}
        assert rank_findings(system(), now=NOW) == 0
    listed, door = rows[known["listed"]], rows[known["open_door"]]
    assert listed.reasons[:2] == ["kev", "severity"]
    assert listed.priority is not None
    assert door.priority is not None
    assert listed.priority > door.priority > 0
    assert (rows[known["closed"]].priority, listed.due_on) == (None, None)


def test_findings_that_have_a_priority_are_left_alone_until_all_are_ranked(cast: Cast, known: dict[str, int]) -> None:
    with acting(system(), reason="test"):
        rank_findings(system(), now=NOW, only_new=True)
        Vulnerability.objects.update(kev_added=None)
        late = finding(cast, "accessible-rdp", severity=3)
        assert rank_findings(system(), now=NOW, only_new=True) == 1
        assert Finding.objects.get(pk=late).priority is not None
        assert "kev" in Finding.objects.get(pk=known["listed"]).reasons
        rank_findings(system(), now=NOW)
        assert "kev" not in Finding.objects.get(pk=known["listed"]).reasons


def test_pages_of_the_list_lead_from_what_is_ranked_to_what_still_waits(cast: Cast) -> None:
    with acting(system(), reason="test"):
        made = [finding(cast, f"kind-{place}", severity=place % 5) for place in range(7)]
        ranked = dict(zip(made[:4], (0.2, 0.9, 0.2, 0.5), strict=True))
        for key, priority in ranked.items():
            Finding.objects.filter(pk=key).update(priority=priority)
        rows = Finding.objects.all()
        wanted = [row.pk for row in in_order(rows)]
        assert wanted == [made[place] for place in (1, 3, 2, 0, 4, 6, 5)]
        for size in (1, 2, 3, 4, 5, 7, 8):
            pages = [listed(rows, start, start + size) for start in range(0, 9, size)]
            assert [row.pk for page in pages for row in page] == wanted


def test_a_directive_in_use_gives_a_last_day(known: dict[str, int], settings: Any) -> None:
    settings.DIRECTIVE = "cisa_bod_26_04"
    with acting(system(), reason="test"):
        rank_findings(system(), now=NOW)
        assert Finding.objects.get(pk=known["listed"]).due_on == NOW.date() + timedelta(days=3)
        assert Finding.objects.get(pk=known["open_door"]).due_on is None


@pytest.mark.django_db
def test_the_likelihood_is_learnt_from_what_was_imported_and_what_is_listed_has_none(cast: Cast) -> None:
    rows = [
        Vulnerability(
            cve=f"CVE-2025-{number:05}", state="published", published=date(2025, 1, 1), cvss=9.8 if number % 2 else 5.0,
            vendor="often" if number % 3 else "seldom", product="gate", automatable="yes", technical_impact="total",
            kev_added=date(2025, 6, 1) if number % 10 == 1 else None,
        )
        for number in range(200)
    ]  # fmt: skip
    with acting(system(), reason="test"):
        assert estimate_likelihoods(system(), now=NOW) == 0
        Vulnerability.objects.bulk_create(rows)
        assert estimate_likelihoods(system(), now=NOW) == 180
        assert estimate_likelihoods(system(), now=NOW) == 0
        worse, better = (Vulnerability.objects.get(cve=f"CVE-2025-{number:05}") for number in (5, 4))
        assert worse.priority is not None
        assert better.priority is not None
        assert worse.priority > better.priority > 0
        assert worse.uncertainty["low"] <= worse.priority <= worse.uncertainty["high"]
        assert Vulnerability.objects.get(cve="CVE-2025-00001").priority is None
