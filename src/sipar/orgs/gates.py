"""The gates of the register's pages that change something."""

from __future__ import annotations

from sipar.core.gates import Gate
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES

KEEPERS = Gate("register_keepers", frozenset({*ORGANISATION_ROLES, *TEAM_ROLES}), scope="register")
ASSET_KEEPERS = Gate("asset_keepers", frozenset({"ciso", "head", *TEAM_ROLES}), scope="register")
EXPORTERS = Gate("register_exporters", frozenset({*TEAM_ROLES, "ministry_officer"}))
IMPORTERS = Gate("register_importers", frozenset(TEAM_ROLES), scope="register")
DESIGNATION_READERS = Gate("designation_readers", frozenset({*ORGANISATION_ROLES, *TEAM_ROLES, "ministry_officer"}))
LISTERS = Gate("designation_listers", frozenset({"ciso", "head"}), scope="register")
GRADERS = Gate("designation_graders", frozenset({"analyst", "team_head"}), scope="register")
DESIGNATORS = Gate("designation_designators", frozenset({"ministry_officer"}), scope="register")
WITHDRAWERS = Gate("designation_withdrawers", frozenset({"ciso", "head", "analyst", "team_head"}), scope="register")
