"""The gates that several nouns use. A noun with a gate of its own declares it beside its views."""

from __future__ import annotations

from sipar.core.gates import Gate
from sipar.people.roles import AGGREGATE_ROLES, COUNCIL_ROLES, ENGAGED_ROLES, ORGANISATION_ROLES, TEAM_ROLES

EVERYONE = Gate("everyone")
ORGANISATION = Gate("organisation", frozenset(ORGANISATION_ROLES))
TEAM = Gate("team", frozenset(TEAM_ROLES))
TEAM_HEAD = Gate("team_head", frozenset({"team_head"}))
ORGANISATION_OR_TEAM = Gate("organisation_or_team", frozenset({*ORGANISATION_ROLES, *TEAM_ROLES}))
ASSESSMENT_READERS = Gate("assessment_readers", frozenset({*ORGANISATION_ROLES, *TEAM_ROLES, *ENGAGED_ROLES}))
REGISTER_READERS = Gate(
    "register_readers", frozenset({*ORGANISATION_ROLES, *TEAM_ROLES, *ENGAGED_ROLES, "ministry_officer", "inspector"})
)
AGGREGATE_READERS = Gate("aggregate_readers", frozenset({*TEAM_ROLES, *AGGREGATE_ROLES}))
COUNCIL = Gate("council", frozenset(COUNCIL_ROLES))
ADMINISTRATOR = Gate("administrator", frozenset({"administrator"}))
MINISTRY = Gate("ministry", frozenset({"ministry_officer"}))
LEDGER_READERS = Gate(
    "ledger_readers", frozenset({"ombudsman", "administrator", "council_secretary", *TEAM_ROLES, *ORGANISATION_ROLES})
)
