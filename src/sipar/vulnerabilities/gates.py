"""Who may enter the pages and operations of vulnerabilities at all."""

from __future__ import annotations

from sipar.core.gates import Gate
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES

READERS = Gate("vulnerability_readers", frozenset({*ORGANISATION_ROLES, *TEAM_ROLES}))
STAFF = Gate("vulnerability_staff", frozenset(TEAM_ROLES))
WRITERS = Gate("vulnerability_writers", frozenset({*ORGANISATION_ROLES, *TEAM_ROLES}), scope="register")
