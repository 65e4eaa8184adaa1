"""Findings for the tests of the exposure pages."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.eventstore import lake
from sipar.exposure.observations import SCHEMA
from sipar.notices.exposure_counting import count_exposure
from sipar.notices.models import Finding
from sipar.orgs.models import Organisation

DAY = timedelta(days=1)


def finding(organisation: Organisation | None, **changes: Any) -> Finding:
    """A finding of this organisation, seen from ten days ago until yesterday; call inside `acting` as Sipar."""
    row: dict[str, Any] = {
        "key": uuid.uuid4(),
        "organisation": organisation,
        "kind": "accessible-rdp",
        "classification": "vulnerable-system",
        "severity": 3,
        "asset": "192.0.2.7:3389/tcp",
        "source": "shadowserver",
        "first_seen": NOW - 10 * DAY,
        "last_seen": NOW - DAY,
        "count": 10,
        "days": 9,
        "state": "open",
        "state_at": NOW - 10 * DAY,
        "evidence": {},
    }
    return Finding.objects.create(**(row | changes))


def expose(cast: Cast, *, now: datetime = NOW) -> dict[str, Finding]:
    """Alpha has three findings, one of them repaired within four days; Beta one; one address is nobody's."""
    alpha, beta = cast.organisations["alpha"], cast.organisations["beta"]
    with acting(system(), reason="expose"):
        made = {
            "rdp": finding(alpha, priority=0.4, reasons=["severity"]),
            "cve": finding(
                alpha, kind="vulnerable-vpn", severity=4, asset="vpn.alpha.example", cves=["CVE-2024-21762"],
                priority=0.9, reasons=["kev"], due_on=(NOW + 3 * DAY).date(), first_seen=NOW - DAY / 2,
                last_seen=NOW - DAY / 4,
            ),
            "repaired": finding(
                alpha, asset="192.0.2.8:3389/tcp", state="closed", closed_by="absent", state_at=NOW - 6 * DAY,
                last_seen=NOW - 7 * DAY,
            ),
            "beta": finding(beta, asset="198.51.100.9:3389/tcp"),
            "nobody": finding(None, team=cast.teams["national"], asset="203.0.113.5:3389/tcp"),
        }  # fmt: skip
        count_exposure(system(), now=now)
    return made


def keep(seen: list[tuple[Finding, datetime, str]]) -> None:
    """Put observations (finding, when, address) into the lake of the tests, as one raw file."""
    raw = hashlib.sha256(repr(seen).encode()).hexdigest()
    rows = [
        {
            "line": place + 2, "observed_at": at, "kind": found.kind, "classification": found.classification,
            "severity": found.severity, "ip": address, "source": found.source, "raw": raw,
            "row": uuid.uuid4().bytes, "key": found.key.bytes, "organisation": found.organisation_id,
        }
        for place, (found, at, address) in enumerate(seen)
    ]  # fmt: skip
    full = [{name: row.get(name) for name in SCHEMA.names} for row in rows]
    lake().write(seen[0][0].source, raw, [pa.Table.from_pylist(full, schema=SCHEMA)])


def more_of_sector(cast: Cast, count: int) -> list[Organisation]:
    """Other organisations of Alpha's sector; call inside `acting` as Sipar."""
    alpha = cast.organisations["alpha"]
    return Organisation.objects.bulk_create(
        Organisation(
            identifier=f"PK-X-{place:04d}", name=f"Other {place} (fictional)", sector=alpha.sector,
            province=alpha.province, tier=3, ownership="private", size="small", is_fictional=True,
        )
        for place in range(count)
    )  # fmt: skip
