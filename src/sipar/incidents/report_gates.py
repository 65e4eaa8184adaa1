"""Who comes to the pages and operations of reporting at all."""

from __future__ import annotations

from sipar.core.gates import Gate
from sipar.incidents.report_policy import SCOPE
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES

REPORT_READERS = Gate("report_readers", frozenset({*ORGANISATION_ROLES, *TEAM_ROLES}))
REPORT_WRITERS = Gate("report_writers", frozenset({*ORGANISATION_ROLES, *TEAM_ROLES}), scope=SCOPE)
CALL_TAKERS = Gate("call_takers", frozenset(TEAM_ROLES), scope=SCOPE)
REPORT_SIGNERS = Gate("report_signers", frozenset({"ciso", "head"}), scope=SCOPE)
