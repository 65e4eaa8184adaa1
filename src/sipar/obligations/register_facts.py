"""What the register tells the law about the organisation of a case, and what its earlier cases told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from sipar.incidents.models import Incident
from sipar.law.facts import Fact, shipped_facts
from sipar.nations import profile
from sipar.nations.profile import Nation


@cache
def served_nation() -> Nation:
    """The nation that this installation serves."""
    folder = Path(settings.NATION)
    return profile.load(folder) if folder.is_absolute() else profile.shipped(settings.NATION)


def register_facts(incident: Incident) -> dict[str, object]:
    """The facts that the register knows of the organisation of the case; country and time zone are the nation's.

    Read past the walls of the register: a team that was handed a case need not know its organisation otherwise, and
    what the law asks must not depend on who looks.
    """
    nation = served_nation()
    facts: dict[str, object] = {"country": nation.country, "time_zone": nation.time_zone}
    if incident.organisation_id is None:
        return facts
    with connection.cursor() as cursor:
        cursor.execute("select facts from guard.case_register(%s)", [incident.pk])
        row = cursor.fetchone()
    return facts | typed(_decoded(row[0]) if row else {})


def earlier_cases(incident: Incident) -> list[dict[str, object]]:
    """The facts of the organisation's other reported cases, newest first, for what recurs; at most 100."""
    if incident.organisation_id is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute("select facts from guard.earlier_cases(%s)", [incident.pk])
        return [typed(_decoded(facts)) for (facts,) in cursor.fetchall()]


def typed(facts: Mapping[str, Any]) -> dict[str, object]:
    """Facts as JSON keeps them, as the law reads them: instants aware in UTC. What does not fit its fact is unknown."""
    known = shipped_facts()
    return {
        name: value
        for name, raw in facts.items()
        if (fact := known.get(name)) is not None and (value := _value(fact, raw)) is not None
    }


def _value(fact: Fact, raw: object) -> object | None:
    if fact.type == "instant":
        return _instant(raw)
    if fact.type == "boolean":
        return raw if isinstance(raw, bool) else None
    if fact.type in ("integer", "number"):
        wanted = int if fact.type == "integer" else int | float
        fits = isinstance(raw, wanted) and not isinstance(raw, bool)
        return raw if fits and abs(raw) <= LARGEST else None  # type: ignore[arg-type]
    if fact.type == "choice":
        return raw if any(raw == option.value for option in fact.options) else None
    return raw if isinstance(raw, str) else None


LARGEST = 1e15
EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def _instant(raw: object) -> datetime | None:
    try:
        found = raw if isinstance(raw, datetime) else datetime.fromisoformat(str(raw))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo and EARLIEST < found < LATEST else None


def _decoded(value: str | dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
    return found
