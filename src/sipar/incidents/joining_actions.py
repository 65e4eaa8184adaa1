"""Splitting a case in two, and bringing two cases about one incident together."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.numbers import case_number
from sipar.core.problems import Conflict, Invalid
from sipar.incidents.case_policy import require_custody, require_may_work
from sipar.incidents.custody_actions import give_access, lead_of, lock, reason_given, set_viewers
from sipar.incidents.models import Access, CaseLink, Handover, Incident
from sipar.incidents.service_hours import CODE
from sipar.incidents.texts import plain_text
from sipar.incidents.timeline import record
from sipar.obligations.actions import recompute
from sipar.obligations.service_levels import stop_service

LONGEST_TITLE = 200


@action("incident.split")
def split(
    actor: Actor, incident: Incident, *, title: str, facts: Collection[str], reason: str, now: datetime
) -> Incident:
    """Open a new case of the same organisation with these facts of the old one; both stay with the actor's team.

    Whoever sees the old case by constituency or as critical sees the new one too; what was shared is not.
    """
    require_may_work(actor, incident)
    lock(incident)
    why = reason_given(reason)
    if not title.strip() or len(title) > LONGEST_TITLE:
        raise Invalid("Give the new case a title of at most 200 characters.", code="case.title")
    unknown = sorted(set(facts) - set(incident.facts))
    if unknown:
        raise Invalid("Only facts of this case go into the new one.", code="case.split")
    new = Incident.objects.create(
        number=case_number(now),
        organisation_id=incident.organisation_id,
        state="open",
        title=plain_text(title, "title", longest=LONGEST_TITLE, lines=False),
        door=incident.door,
        facts={name: incident.facts[name] for name in facts},
        estimates=[name for name in incident.estimates if name in facts],
        lead_team=incident.lead_team,
        viewers=[incident.lead_team_id],
        accepted_at=now,
        tlp=incident.tlp,
        pap=incident.pap,
        verified_at=incident.verified_at,
        verified_by_id=incident.verified_by_id,
        sector=incident.sector,
        province=incident.province,
        tier=incident.tier,
        opened_by_id=actor.account,
        opened_at=now,
        reported_at=now,
    )
    kept = Access.objects.filter(
        incident=incident,
        ended_at=None,
        basis__in=(Access.Basis.LEAD, Access.Basis.CONSTITUENCY, Access.Basis.CRITICAL),
    )
    for access in kept.select_related("team"):
        give_access(actor, new, access.team, basis=access.basis, projection=access.projection, now=now)
    Handover.objects.create(
        incident=new,
        organisation_id=new.organisation_id,
        kind=Handover.Kind.SPLIT,
        from_team=incident.lead_team,
        to_team=lead_of(incident),
        state="accepted",
        reason=why,
        offered_by_id=actor.account,
        offered_at=now,
        answered_by_id=actor.account,
        answered_at=now,
    )
    set_viewers(new)
    CaseLink.objects.create(
        incident=incident, other=new, kind=CaseLink.Kind.SPLIT, note=why, linked_by_id=actor.account, linked_at=now
    )
    record(actor, incident, "split", now=now, facts={"number": new.number, "reason": why})
    record(actor, new, "split_from", now=now, facts={"number": incident.number, "reason": why})
    recompute(actor, new, reason=why, now=now, facts=sorted(facts))
    return new


@action("incident.merge")
def merge(actor: Actor, incident: Incident, *, into: Incident, reason: str, now: datetime) -> None:
    """Say that this case and another one are about the same incident: the work goes on in the other one.

    Both belong to the actor's team and to the same organisation (or this one to nobody known). Nothing is copied: who
    sees both cases reads both, who sees one reads that one.
    """
    require_custody(actor, incident)
    require_may_work(actor, into)
    why = reason_given(reason)
    if into.pk == incident.pk:
        raise Invalid("A case cannot be merged into itself.", code="case.merge")
    if incident.organisation_id not in (None, into.organisation_id):
        raise Invalid(
            "These are cases of two organisations. Link them, or open a national incident.", code="case.merge"
        )
    for each in sorted((incident, into), key=lambda case: case.pk):
        lock(each)
    if "merged" not in Incident.TRANSITIONS[incident.state]:
        raise Conflict("A case that is over is not merged.", code="case.state")
    offer = Handover.objects.filter(incident=incident, state="offered").first()
    if offer is not None:
        offer.state, offer.answer = "withdrawn", why
        offer.answered_by_id, offer.answered_at = actor.account, now
        offer.save(update_fields=["state", "answer", "answered_by_id", "answered_at"])
    incident.state, incident.merged_into, incident.offered_team = "merged", into, None
    incident.save(update_fields=["state", "merged_into", "offered_team"])
    set_viewers(incident)
    CaseLink.objects.get_or_create(
        incident=incident,
        other=into,
        kind=CaseLink.Kind.TWIN,
        defaults={"note": why, "linked_by_id": actor.account, "linked_at": now},
    )
    for stage in ("accept", "contact", "assess"):
        stop_service(actor, code=CODE, stage=stage, reason="merged", now=now, incident=incident)
    record(actor, incident, "merged", now=now, facts={"number": into.number, "reason": why})
    record(actor, into, "merged_from", now=now, facts={"number": incident.number, "reason": why})
    recompute(actor, incident, reason=why, now=now)
