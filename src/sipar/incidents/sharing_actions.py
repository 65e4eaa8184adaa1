"""Sharing a case beyond those who have it: with another CERT, as an extract for an organisation, behind the glass."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Invalid, not_open
from sipar.incidents.case_policy import require_may_break_glass, require_may_work
from sipar.incidents.classification import Audience, Tlp
from sipar.incidents.custody_actions import give_access, lead_of, lock, reason_given, set_viewers
from sipar.incidents.models import Access, BreakGlass, Extract, Incident, Indicator, Look
from sipar.incidents.projections import PROJECTIONS
from sipar.incidents.timeline import record
from sipar.orgs.models import Organisation
from sipar.people.roles import TEAM_ROLES
from sipar.teams.models import Team

GLASS_STAYS_BROKEN = timedelta(hours=8)
TO_TEAMS = ("full", "coordination", "indicators", "summary")
TO_ORGANISATIONS = ("indicators", "summary")
# What another CERT of the network is under TLP 2.0, and what an organisation that a CERT serves is.
CERTS, CONSTITUENTS = Audience.ORGANISATION, Audience.CLIENTS
ENDABLE = (Access.Basis.SHARED, Access.Basis.ESCALATED, Access.Basis.SUPPORT)


@action("incident.share")
def share_with_team(
    actor: Actor, incident: Incident, *, team: Team, projection: str, reason: str, now: datetime
) -> Access:
    """Let another CERT see the case by a projection. TLP:RED is for those who were named, and is not shared."""
    require_may_work(actor, incident)
    lock(incident)
    why = reason_given(reason)
    if projection not in TO_TEAMS:
        raise Invalid("Choose what the other CERT sees.", code="case.projection")
    if team.pk == incident.lead_team_id:
        raise Invalid("Your CERT has this case already.", code="case.same_team")
    _require_reach(incident, CERTS)
    Access.objects.filter(incident=incident, team=team, basis=Access.Basis.SHARED, ended_at=None).update(ended_at=now)
    access = give_access(actor, incident, team, basis=Access.Basis.SHARED, projection=projection, now=now, reason=why)
    record(
        actor, incident, "shared", now=now, facts={"team": lead_of(incident).code, "to_team": team.code, "reason": why}
    )
    set_viewers(incident)
    return access


@action("incident.end_share")
def end_share(actor: Actor, incident: Incident, *, access: int, now: datetime) -> None:
    """Take back what was shared: the other CERT stops seeing the case at once, unless it has another reason to."""
    require_may_work(actor, incident)
    lock(incident)
    found = Access.objects.filter(pk=access, incident=incident, basis__in=ENDABLE, ended_at=None).first()
    if found is None:
        raise not_open("share")
    _end_access(actor, incident, found, now=now)
    set_viewers(incident)


@action("incident.give_extract")
def give_extract(
    actor: Actor,
    incident: Incident,
    *,
    recipient: Organisation,
    projection: str,
    tlp: str,
    words: str,
    now: datetime,
) -> Extract:
    """Copy the fields of a projection for another organisation, under a label that is no freer than the case's.

    Only what the projection names is copied, and of the indicators those that the label lets travel.
    """
    require_may_work(actor, incident)
    lock(incident)
    why = reason_given(words)
    if projection not in TO_ORGANISATIONS:
        raise Invalid("Choose what the organisation is given.", code="case.projection")
    if recipient.pk == incident.organisation_id:
        raise Invalid("This is its own case.", code="case.same_organisation")
    label = Tlp.parse(tlp) if tlp in {each.value for each in Tlp} else None
    if label is None or not Tlp(incident.tlp).at_most(label):
        raise Invalid("The label of an extract is no freer than the label of the case.", code="case.tlp")
    _require_reach(incident, CONSTITUENTS)
    if not label.may_reach(CONSTITUENTS):
        raise Invalid("What carries this label is not given to another organisation.", code="case.tlp")
    shown = PROJECTIONS[projection]
    extract = Extract.objects.create(
        incident=incident,
        organisation_id=incident.organisation_id,
        recipient=recipient,
        team=lead_of(incident),
        projection=projection,
        tlp=label.value,
        words=why,
        facts=shown.of_facts(incident.facts),
        indicators=_indicators(incident, label) if shown.shows("indicators") else [],
        given_by_id=actor.account,
        given_at=now,
    )
    record(actor, incident, "extract_given", now=now, facts={"team": lead_of(incident).code})
    return extract


@action("incident.end_extract")
def end_extract(actor: Actor, incident: Incident, *, extract: int, now: datetime) -> None:
    """Take an extract back: its recipient no longer reads it."""
    require_may_work(actor, incident)
    lock(incident)
    ended = Extract.objects.filter(pk=extract, incident=incident, ended_at=None).update(ended_at=now)
    if not ended:
        raise not_open("extract")
    record(actor, incident, "extract_ended", now=now, facts={"team": lead_of(incident).code})


def end_what_no_longer_fits(actor: Actor, incident: Incident, *, now: datetime) -> None:
    """After the label of a case became stricter: end what was shared with a wider audience than it allows now."""
    label = Tlp(incident.tlp)
    if not label.may_reach(CERTS):
        for access in Access.objects.filter(incident=incident, basis=Access.Basis.SHARED, ended_at=None):
            _end_access(actor, incident, access, now=now)
        set_viewers(incident)
    for extract in Extract.objects.filter(incident=incident, ended_at=None):
        if not (label.may_reach(CONSTITUENTS) and label.at_most(Tlp(extract.tlp))):
            end_extract(actor, incident, extract=extract.pk, now=now)


@action("incident.break_glass")
def break_glass(actor: Actor, *, number: str, reason: str, now: datetime) -> Incident:
    """Open a case that is not one's own, for eight hours and with a reason that its organisation reads.

    Raises NotFound where there is no such case. Nothing is asked before there is a reason.
    """
    require_may_break_glass(actor)
    why = reason_given(reason)
    with connection.cursor() as cursor:
        cursor.execute("select id, organisation_id from guard.case_behind_glass(%s)", [number.replace("\x00", "")])
        found = cursor.fetchone()
    if found is None:
        raise not_open("case")
    key, organisation = found
    BreakGlass.objects.create(
        incident_id=key,
        organisation_id=organisation,
        account_id=actor.account,
        reason=why,
        opened_at=now,
        until=now + GLASS_STAYS_BROKEN,
    )
    incident = Incident.objects.get(pk=key)
    record(actor, incident, "glass_broken", now=now, facts={"name": actor.name, "reason": why})
    return incident


@action("incident.look")
def note_look(actor: Actor, incident: Incident, *, now: datetime) -> None:
    """Leave a trace that somebody from outside opened the case, once for each person and day."""
    if incident.organisation_id in actor.organisations or incident.state == "draft":
        return
    today = now.date()
    # Asked first, since a statement that inserts nothing would still wake the ledger's trigger on every page.
    if Look.objects.filter(incident=incident, account_id=actor.account, on=today).exists():
        return
    team = next((grant.team for grant in actor.grants if grant.role in TEAM_ROLES), None)
    Look.objects.bulk_create(
        [
            Look(
                incident=incident, organisation_id=incident.organisation_id, account_id=actor.account,
                team_id=team, on=today, at=now,
            )
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def _require_reach(incident: Incident, audience: Audience) -> None:
    if not Tlp(incident.tlp).may_reach(audience):
        raise Invalid("The label of this case does not allow that it is shared there.", code="case.tlp")


def _end_access(actor: Actor, incident: Incident, access: Access, *, now: datetime) -> None:
    access.ended_at = now
    access.save(update_fields=["ended_at"])
    record(actor, incident, "share_ended", now=now, facts={"to_team": access.team.code})


def _indicators(incident: Incident, label: Tlp) -> list[dict[str, str]]:
    """The indicators of the case that may travel under this label."""
    rows = Indicator.objects.filter(incident=incident).order_by("kind", "value")
    return [{"kind": row.kind, "value": row.value, "tlp": row.tlp} for row in rows if Tlp(row.tlp).at_most(label)]
