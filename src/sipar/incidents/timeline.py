"""Writing to the timeline of a case what Sipar itself records. The page has the words for each code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sipar.core.acting import Actor
from sipar.incidents.models import Entry, Incident


def record(
    actor: Actor,
    incident: Incident,
    code: str,
    *,
    now: datetime,
    facts: Mapping[str, object] | None = None,
    audience: str = Entry.Audience.EVERYONE,
    team: int | None = None,
    happened_at: datetime | None = None,
) -> Entry:
    """Add a line that Sipar records, called from inside an action; `code` is a key of `incidents.words.RECORDED`."""
    return Entry.objects.create(
        incident=incident,
        organisation_id=incident.organisation_id,
        kind=Entry.Kind.SYSTEM,
        audience=audience,
        team_id=team,
        code=code,
        facts=dict(facts or {}),
        happened_at=happened_at or now,
        written_by_id=actor.account,
        written_at=now,
    )
