"""Who comes to the pages and operations of feeds."""

from __future__ import annotations

from sipar.core.gates import Gate
from sipar.people.roles import TEAM_ROLES

# Administrators see how feeds do; what reports say is asked for again where it is shown.
FEED_READERS = Gate("feed_readers", frozenset({*TEAM_ROLES, "administrator"}))
FEED_WORKERS = Gate("feed_workers", frozenset(TEAM_ROLES), scope="feeds")
FEED_STAFF = Gate("feed_staff", frozenset(TEAM_ROLES))
