"""Who reaches the rows of a case. Every table of this noun is built from these conditions."""

from __future__ import annotations

from sipar.core.guards import SYSTEM, Guard

# The organisation's own people, the teams that the case was given to, and whoever broke the glass.
SEES_CASE = (
    f"({SYSTEM} or organisation_id in (select guard.own()) or viewers && (select guard.desks())"
    " or id in (select guard.opened()))"
)
# The team that has the case, the one it is offered to, and the organisation whose case it is.
WRITES_CASE = (
    f"({SYSTEM} or organisation_id in (select guard.own()) or lead_team_id = any ((select guard.desks())::bigint[])"
    " or offered_team_id = any ((select guard.desks())::bigint[]))"
)
IN_SEEN_CASE = "exists (select 1 from incidents_incident i where i.id = incident_id)"
IN_WRITTEN_CASE = (
    "exists (select 1 from incidents_incident i where i.id = incident_id and"
    f" ({SYSTEM} or i.organisation_id in (select guard.own())"
    " or i.lead_team_id = any ((select guard.desks())::bigint[])"
    " or i.offered_team_id = any ((select guard.desks())::bigint[])))"
)
IN_SEEN_BOTH = f"({IN_SEEN_CASE} and exists (select 1 from incidents_incident o where o.id = other_id))"
IN_SEEN_ARTEFACT = f"({IN_SEEN_CASE} and exists (select 1 from incidents_artefact a where a.id = artefact_id))"
# The organisation whose case it is by now, and the team that writes for a caller until the report is sent.
WRITES_REPORT = (
    f"({SYSTEM} or exists (select 1 from incidents_incident i where i.id = incident_id"
    " and (i.organisation_id in (select guard.own())"
    " or (i.state = 'draft' and entered_by_team_id = any ((select guard.desks())::bigint[])))))"
)
# A table that only CERTs see: organisations never read what is written among teams.
BY_DESKS = f"({SYSTEM} or cardinality((select guard.desks())) > 0)"


def of_case(
    *,
    desks_only: bool = False,
    written_by: str = "",
    append_only: bool = False,
    redact: tuple[str, ...] = (),
    select: str = "",
    **more: object,
) -> Guard:
    """A table that hangs on a case by `incident_id`: seen with the case, written by who may write the case.

    `desks_only`: CERTs alone see and write it, and the ledger keeps its events from the organisation. `written_by`:
    another condition to write. The values of `redact` stay out of the ledger, which tells that and when something was
    written, not what.
    """
    seen = select or (f"({BY_DESKS} and {IN_SEEN_CASE})" if desks_only else IN_SEEN_CASE)
    writes = written_by or IN_WRITTEN_CASE
    return Guard(
        select=seen,
        write=f"({BY_DESKS} and {writes})" if desks_only else writes,
        organisation=None if desks_only else "organisation_id",
        append_only=append_only,
        redact=redact,
        walled=True,
        **more,  # type: ignore[arg-type]
    )
