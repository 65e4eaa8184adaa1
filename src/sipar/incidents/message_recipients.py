"""Who is told of a message: the other side of the case, as it stands when the mail leaves."""

from __future__ import annotations

from datetime import datetime

from sipar.incidents.models import Entry
from sipar.people.models import Account
from sipar.people.selectors import people_of_organisation, people_of_team

OF_ORGANISATION = ("reporter", "ciso")
OF_TEAM = ("analyst", "duty_officer")


def recipients_of(message: Entry, *, now: datetime) -> list[Account]:
    """The reporters and the CISO for a CERT's message; for the organisation's, whoever has the case in the lead team,
    else its analysts and duty officers. Each once, never the writer; whoever lost the role is not told."""
    incident = message.incident
    if message.team_id is not None:
        if incident.organisation_id is None:
            return []
        grants = people_of_organisation(incident.organisation_id, now=now).filter(role__in=OF_ORGANISATION)
    else:
        team = incident.lead_team_id or incident.offered_team_id
        if team is None:
            return []
        staff = people_of_team(team, now=now)
        holder = staff.filter(account=incident.assigned_to_id)
        grants = holder if incident.assigned_to_id and holder.exists() else staff.filter(role__in=OF_TEAM)
    accounts = {grant.account_id: grant.account for grant in grants if grant.account.is_active}
    accounts.pop(message.written_by_id, None)
    return list(accounts.values())
