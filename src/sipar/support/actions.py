"""A request for help from the call to its acceptance: asked, routed, accepted, declined, escalated, handed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.numbers import case_number
from sipar.core.problems import Conflict, Forbidden, Invalid, Place
from sipar.core.text import turns_direction
from sipar.incidents.models import Incident
from sipar.nations.reference import first_services
from sipar.obligations.service_levels import meet_service, start_service
from sipar.orgs.models import Organisation
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES
from sipar.support.levels import service_levels
from sipar.support.models import Handover, SupportRequest
from sipar.support.policy import require_may_answer, require_may_ask, require_may_work
from sipar.support.routing import Route, route
from sipar.teams.models import Team
from sipar.teams.selectors import chain_of

SERVICE = "support"
MOST_SERVICES = 8


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What somebody in trouble tells: what, how urgent, where, and how to get in."""

    title: str
    needs: str
    urgency: str
    mode: str
    contact: str
    phone: str
    place: str = ""
    access: str = ""
    services: Sequence[str] = field(default_factory=tuple)


@action("support.ask")
def ask_for_help(
    actor: Actor, organisation: Organisation, asking: Asking, *, now: datetime, incident: Incident | None = None
) -> SupportRequest:
    """A request that goes at once to the CERT that can help. Raises Forbidden, or Invalid with every wrong place."""
    require_may_ask(actor, organisation.pk)
    _refuse_bad_asking(asking)
    if incident is not None and incident.organisation_id != organisation.pk:
        raise Invalid(_("This case belongs to another organisation."), code="support.case")
    found = route(help_chain(organisation.pk), asking.services)
    if found is None:
        raise Conflict(_("No CERT is responsible yet. Call the National CERT."), code="support.no_team")
    request = SupportRequest.objects.create(
        number=case_number(now, prefix="H"),
        organisation=organisation,
        incident=incident,
        title=asking.title.strip(),
        needs=asking.needs.strip(),
        services=list(asking.services),
        urgency=asking.urgency,
        mode=asking.mode,
        place=asking.place.strip(),
        access=asking.access.strip(),
        contact=asking.contact.strip(),
        phone=asking.phone.strip(),
        team=found.team,
        viewers=_asking_teams(actor, found.team.pk),
        asked_by_id=actor.account,
        asked_at=now,
    )
    _hand(actor, request, kind="routed", to=found.team, reason=found.why, now=now)
    _start_acceptance(actor, request, now=now)
    return SupportRequest.objects.get(pk=request.pk)


@action("support.accept")
def accept_request(actor: Actor, request: SupportRequest, *, eta: datetime, now: datetime) -> SupportRequest:
    """Take the request on and say when help will be there. The first to accept has it; the second is told so."""
    require_may_work(actor, request)
    if eta <= now or eta > now + timedelta(days=60):
        raise Invalid(
            _("Say when help will be there, within the next 60 days."),
            code="support.eta",
            places=[Place("eta", _("This time lies in the past, or too far ahead."))],
        )
    changed = SupportRequest.objects.filter(pk=request.pk, state="asked", team_id=request.team_id).update(
        state="accepted", accepted_by_id=actor.account, accepted_at=now, eta=eta, escalate_at=None
    )
    if not changed:
        raise Conflict(_("Somebody has answered this request already."), code="support.state")
    found = SupportRequest.objects.get(pk=request.pk)
    meet_service(actor, code=SERVICE, stage=_acceptance(found), now=now, support_request=found)
    allowed = service_levels().time_for("arrive", urgency=found.urgency, tier=found.organisation.tier)
    if allowed is not None:
        start_service(
            actor, code=SERVICE, stage="arrive", due_at=found.asked_at + allowed, team=found.team, now=now,
            support_request=found,
        )  # fmt: skip
    return found


@action("support.change_eta")
def change_eta(actor: Actor, request: SupportRequest, *, eta: datetime, now: datetime) -> None:
    """Help will be there at another time than was said."""
    require_may_work(actor, request)
    if eta <= now or eta > now + timedelta(days=60):
        raise Invalid(_("Say when help will be there, within the next 60 days."), code="support.eta")
    if not SupportRequest.objects.filter(pk=request.pk, state__in=("accepted", "dispatched")).update(eta=eta):
        raise Conflict(_("Help is there already, or nobody has accepted yet."), code="support.state")


@action("support.decline")
def decline_request(actor: Actor, request: SupportRequest, *, reason: str, now: datetime) -> SupportRequest:
    """Say that this CERT cannot help; the request goes on up the chain. The last of the chain cannot decline."""
    require_may_work(actor, request)
    if request.state != "asked":
        raise Conflict(_("Only a request that nobody has accepted can be declined."), code="support.state")
    _refuse_empty(reason)
    following = _next_route(request)
    if following is None:
        raise Conflict(_("There is no CERT above yours: accept it, or hand it to another."), code="support.last")
    return _move(actor, request, kind="declined", to=following.team, reason=reason.strip(), now=now)


@action("support.hand_over")
def hand_over_request(actor: Actor, request: SupportRequest, *, to: Team, reason: str, now: datetime) -> SupportRequest:
    """Ask another CERT to take the request; it accepts anew. Effort and assignments so far stay on the account."""
    require_may_work(actor, request)
    _refuse_empty(reason)
    if to.pk == request.team_id:
        raise Invalid(_("This CERT has the request already."), code="support.same_team")
    if request.state not in ("asked", "accepted", "working"):
        raise Conflict(_("The request cannot be handed over now."), code="support.state")
    return _move(actor, request, kind="handed_over", to=to, reason=reason.strip(), now=now)


@action("support.escalate")
def escalate_unaccepted(actor: Actor, *, now: datetime, batch: int = 100) -> list[SupportRequest]:
    """Hand every request that nobody accepted in time to the next CERT up the chain, each once; Sipar itself does so.

    The last CERT of a chain keeps the request, and its breach stands.
    """
    if not actor.holds("system"):
        raise Forbidden("Sipar itself escalates.", code="support.escalate")
    due = list(
        SupportRequest.objects.select_for_update(skip_locked=True)
        .filter(state="asked", escalate_at__lte=now)
        .order_by("escalate_at")[:batch]
    )
    moved = []
    for request in due:
        following = _next_route(request)
        if following is None:
            SupportRequest.objects.filter(pk=request.pk).update(escalate_at=None, escalations=request.escalations + 1)
            continue
        moved.append(_move(actor, request, kind="escalated", to=following.team, reason=following.why, now=now))
    return moved


@action("support.withdraw")
def withdraw_request(actor: Actor, request: SupportRequest, *, now: datetime) -> None:
    """The organisation needs no help any more."""
    require_may_answer(actor, request)
    changed = SupportRequest.objects.filter(pk=request.pk, state__in=("asked", "accepted")).update(
        state="withdrawn", escalate_at=None, closed_at=now
    )
    if not changed:
        raise Conflict(_("Help is on its way; tell the CERT."), code="support.state")
    for stage in (_acceptance(request), "arrive"):
        meet_service(actor, code=SERVICE, stage=stage, now=now, support_request=request)


def help_chain(organisation: int) -> list[Team]:
    """Whom an organisation can get help from, first contact first; where nobody leads it, the National CERT."""
    chain = chain_of(organisation)
    return chain or list(Team.objects.filter(tier=Team.Tier.NATIONAL).order_by("code")[:1])


def _next_route(request: SupportRequest) -> Route | None:
    tried = [*Handover.objects.filter(request=request).values_list("to_team", flat=True), request.team_id]
    chain = help_chain(request.organisation_id)
    above = next((place for place, team in enumerate(chain) if team.pk == request.team_id), -1)
    return route(chain[above + 1 :], request.services, tried=tried)


def _move(actor: Actor, request: SupportRequest, *, kind: str, to: Team, reason: str, now: datetime) -> SupportRequest:
    if kind != "escalated":
        meet_service(actor, code=SERVICE, stage=_acceptance(request), now=now, support_request=request)
    escalations = request.escalations + (kind == "escalated")
    SupportRequest.objects.filter(pk=request.pk).update(
        state="asked",
        team=to,
        viewers=sorted({*request.viewers, to.pk}),
        escalations=escalations,
        accepted_at=None,
        accepted_by_id=None,
        eta=None,
    )
    _hand(actor, request, kind=kind, to=to, reason=reason, now=now)
    moved = SupportRequest.objects.get(pk=request.pk)
    _start_acceptance(actor, moved, now=now)
    return moved


def _hand(actor: Actor, request: SupportRequest, *, kind: str, to: Team, reason: str, now: datetime) -> None:
    Handover.objects.create(
        request=request,
        organisation_id=request.organisation_id,
        kind=kind,
        from_team_id=None if kind == "routed" else request.team_id,
        to_team=to,
        reason=reason,
        by_id=actor.account,
        at=now,
    )


def _start_acceptance(actor: Actor, request: SupportRequest, *, now: datetime) -> None:
    allowed = service_levels().time_for("accept", urgency=request.urgency, tier=request.organisation.tier)
    if allowed is None:
        return
    SupportRequest.objects.filter(pk=request.pk).update(escalate_at=now + allowed)
    start_service(
        actor, code=SERVICE, stage=_acceptance(request), due_at=now + allowed, team=request.team, now=now,
        support_request=request,
    )  # fmt: skip


def _acceptance(request: SupportRequest) -> str:
    """The stage of the clock that runs for acceptance: each CERT that is asked has its own."""
    moves = Handover.objects.filter(request=request).count() - 1
    return f"accept.{moves}" if moves > 0 else "accept"


def _asking_teams(actor: Actor, team: int) -> list[int]:
    """The CERT that is asked, and the one whose duty officer took the call."""
    callers = {grant.team for grant in actor.grants if grant.role in TEAM_ROLES and grant.team is not None}
    on_behalf = not actor.holds(*ORGANISATION_ROLES)
    return sorted({team, *(callers if on_behalf else ())})


def _refuse_bad_asking(asking: Asking) -> None:
    places = [
        Place(name, _("Please fill this in."))
        for name in ("title", "needs", "contact", "phone")
        if not str(getattr(asking, name)).strip()
    ]
    limits = {"title": 200, "needs": 5_000, "contact": 200, "phone": 40, "place": 300, "access": 3_000}
    places += [
        Place(name, _("This is too long: %(limit)s characters at most.") % {"limit": limit})
        for name, limit in limits.items()
        if len(getattr(asking, name)) > limit
    ]
    places += [
        Place(name, _("Characters that turn the direction of writing are not allowed."))
        for name in limits
        if turns_direction(getattr(asking, name))
    ]
    if asking.urgency not in SupportRequest.Urgency.values:
        places.append(Place("urgency", _("Choose one of these.")))
    if asking.mode not in SupportRequest.Mode.values:
        places.append(Place("mode", _("Choose one of these.")))
    if len(asking.services) > MOST_SERVICES or not set(asking.services) <= first_services().services.keys():
        places.append(Place("services", _("Choose at most eight of the listed services.")))
    if places:
        raise Invalid(_("Some answers are missing or not right."), code="support.asking", places=places)


def _refuse_empty(reason: str) -> None:
    if not reason.strip() or len(reason) > 2_000 or turns_direction(reason):
        raise Invalid(
            _("Say why, in at most 2,000 characters."),
            code="support.reason",
            places=[Place("reason", _("Say why, in at most 2,000 characters."))],
        )
