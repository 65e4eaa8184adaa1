"""How organisations want to be told, and what they are not told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q
from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Forbidden, Invalid, Place
from sipar.core.text import turns_direction
from sipar.notices.encryption import KeyProblem, check_key
from sipar.notices.letters import MOST_ADDRESSES
from sipar.notices.models import Channel, Inhibition, Notice, NoticeFinding
from sipar.notices.policy import may_accept_risk, require_may_work
from sipar.orgs.models import Organisation
from sipar.people.roles import TEAM_ROLES
from sipar.teams.models import Team

LONGEST_INHIBITION = timedelta(days=366)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How an organisation wants to be told."""

    kind: str
    addresses: tuple[str, ...] = ()
    language: str = "en"
    quiet_from: time | None = None
    quiet_until: time | None = None
    encryption: str = ""
    public_key: str = ""


def may_choose_channel(actor: Actor, organisation: int) -> bool:
    """The CISO or the head of the organisation, and CERT staff on its behalf (rows beyond their reach are refused)."""
    return may_accept_risk(actor, organisation) or actor.holds(*TEAM_ROLES, "system")


@action("notice.choose_channel")
def choose_channel(actor: Actor, organisation: Organisation, wish: Wish, *, now: datetime) -> Channel:
    """Say how an organisation wants to be told. Raises Forbidden, or Invalid with every wrong place."""
    if not may_choose_channel(actor, organisation.pk):
        raise Forbidden("The organisation's CISO or head chooses, or a CERT on its behalf.", code="notice.channel")
    places = list(_wrong_in(wish, now=now))
    if places:
        raise Invalid(_("Something is missing or not right."), code="notice.channel", places=places)
    values = {
        "kind": wish.kind,
        "addresses": list(dict.fromkeys(wish.addresses)),
        "language": wish.language,
        "quiet_from": wish.quiet_from,
        "quiet_until": wish.quiet_until,
        "encryption": wish.encryption,
        "public_key": wish.public_key.strip() if wish.encryption else "",
        "updated_at": now,
    }
    chosen, _made = Channel.objects.update_or_create(organisation=organisation, defaults=values)
    return chosen


@action("notice.inhibit")
def inhibit(
    actor: Actor,
    team: Team,
    *,
    organisation: Organisation | None,
    kind: str,
    asset: str,
    reason: str,
    until: date,
    now: datetime,
) -> Inhibition:
    """Tell nobody of something until the end of a day; what waits to be sent and holds nothing else is held back."""
    require_may_work(actor, team.pk)
    places = []
    if not reason.strip() or turns_direction(reason):
        places.append(Place("reason", _("Say why.")))
    if not now.date() <= until <= now.date() + LONGEST_INHIBITION:
        places.append(Place("until", _("Choose a day within the next year.")))
    if places:
        raise Invalid(_("Something is missing or not right."), code="notice.inhibition", places=places)
    made = Inhibition.objects.create(
        team=team, organisation=organisation, kind=kind.strip(), asset=asset.strip(), reason=reason.strip(),
        until=until, made_by_id=actor.account, made_at=now,
    )  # fmt: skip
    _hold_back(made)
    return made


@action("notice.end_inhibition")
def end_inhibition(actor: Actor, inhibition: Inhibition, *, now: datetime) -> None:
    """Tell of it again from now on."""
    require_may_work(actor, inhibition.team_id)
    if not Inhibition.objects.filter(pk=inhibition.pk, ended_at=None).update(ended_at=now):
        raise Conflict(_("This has ended already."), code="notice.ended")


def _hold_back(made: Inhibition) -> None:
    """Hold back the notices that wait to be sent and of which every finding is inhibited now."""
    held = Q()
    if made.kind:
        held &= Q(finding__kind=made.kind)
    if made.asset:
        held &= Q(finding__asset=made.asset)
    waiting = Notice.objects.filter(team=made.team_id, state="pending")
    if made.organisation_id is not None:
        waiting = waiting.filter(organisation=made.organisation_id)
    if held:
        told = NoticeFinding.objects.filter(notice__in=waiting).exclude(held).values("notice")
        waiting = waiting.exclude(pk__in=told)
    waiting.update(state="inhibited")


def _wrong_in(wish: Wish, *, now: datetime) -> list[Place]:
    places = []
    if wish.kind not in Channel.Kind.values:
        places.append(Place("kind", _("Choose one of these.")))
    if len(wish.addresses) > MOST_ADDRESSES:
        places.append(Place("addresses", _("At most %(most)s addresses.") % {"most": MOST_ADDRESSES}))
    for address in wish.addresses:
        try:
            validate_email(address)
        except ValidationError:
            places.append(Place("addresses", _("%(address)s is no mail address.") % {"address": address[:80]}))
    if wish.language not in ("en", "ur"):
        places.append(Place("language", _("Choose one of these.")))
    if (wish.quiet_from is None) != (wish.quiet_until is None):
        places.append(Place("quiet_until", _("Give both times, or none.")))
    elif wish.quiet_from is not None and wish.quiet_from == wish.quiet_until:
        places.append(Place("quiet_until", _("Choose two different times.")))
    if wish.encryption not in ("", "pgp", "smime"):
        places.append(Place("encryption", _("Choose one of these.")))
    elif wish.encryption:
        try:
            check_key(wish.encryption, wish.public_key, now=now)
        except KeyProblem as problem:
            places.append(Place("public_key", str(problem)))
    return places
