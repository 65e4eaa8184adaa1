"""The gates of the pages about claims."""

from __future__ import annotations

from sipar.core.gates import Gate
from sipar.people.roles import TEAM_ROLES

CLAIM_READERS = Gate("claim_readers", frozenset(TEAM_ROLES))
CLAIM_KEEPERS = Gate("claim_keepers", frozenset(TEAM_ROLES), scope="register")
