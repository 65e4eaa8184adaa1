"""Saying that a match is false or does not matter, and taking that back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Invalid, Place
from sipar.core.text import turns_direction
from sipar.vulnerabilities.matching_actions import settle
from sipar.vulnerabilities.models import Alias, Dismissal, Match
from sipar.vulnerabilities.policy import require_may_dismiss, require_staff

LONGEST = timedelta(days=3 * 366)


@dataclass(frozen=True, kw_only=True)
class Dismissing:
    """For what a match is dismissed, why, and until when."""

    scope: str
    justification: str
    reason: str
    until: date


@action("vulnerability.dismiss")
def dismiss(actor: Actor, match: Match, said: Dismissing, *, now: datetime) -> Dismissal:
    """The match, and with a wider scope the same CVE of the same product, counts no more until a day."""
    nationally = said.scope == Dismissal.Scope.NATION
    require_may_dismiss(actor, match.organisation_id, nationally=nationally)
    _refuse_bad(said, today=now.date())
    if match.state != "open":
        raise Conflict(_("This is dismissed already, or no longer affected."), code="dismissal.state")
    own = said.scope == Dismissal.Scope.COMPONENT
    made = Dismissal.objects.create(
        scope=said.scope,
        organisation_id=None if nationally else match.organisation_id,
        component=match.component if own else None,
        key=match.component.key,
        cve=match.vulnerability.cve,
        justification=said.justification,
        reason=said.reason.strip(),
        until=said.until,
        made_by_id=actor.account,
        made_at=now,
    )
    _settle(match.organisation_id, nationally=nationally, now=now)
    return made


@action("vulnerability.end_dismissal")
def end_dismissal(actor: Actor, dismissal: Dismissal, *, now: datetime) -> None:
    """It counts again from now on."""
    nationally = dismissal.organisation_id is None
    require_may_dismiss(actor, dismissal.organisation_id or 0, nationally=nationally)
    if not Dismissal.objects.filter(pk=dismissal.pk, ended_at=None).update(ended_at=now):
        raise Conflict(_("The dismissal has ended already."), code="dismissal.state")
    _settle(dismissal.organisation_id, nationally=nationally, now=now)


@action("vulnerability.alias")
def name_alias(actor: Actor, *, name: str, means: str, note: str, now: datetime) -> Alias:
    """From the next matching on, what is called `name` is looked at as `means`."""
    require_staff(actor)
    first, second = name.strip().casefold(), means.strip().casefold()
    wrong = [
        Place(field, _("Write it as vendor:product, or as pkg:type/name."))
        for field, value in (("name", first), ("means", second))
        if not _is_key(value)
    ]
    if not wrong and (first == second or Alias.objects.filter(name=second).exists()):
        wrong = [Place("means", _("This name is an alias itself."))]
    if not wrong and Alias.objects.filter(means=first).exists():
        wrong = [Place("name", _("Other names are looked at as this one."))]
    if len(note) > 300 or turns_direction(note):
        wrong.append(Place("note", _("Say why, in at most 300 characters.")))
    if wrong:
        raise Invalid(_("Some answers are missing or not right."), code="alias.name", places=wrong)
    made, _created = Alias.objects.update_or_create(
        name=first, defaults={"means": second, "note": note.strip(), "made_by_id": actor.account, "made_at": now}
    )
    return made


@action("vulnerability.forget_alias")
def forget_alias(actor: Actor, alias: Alias) -> None:
    """From the next matching on, the name stands for itself."""
    require_staff(actor)
    alias.delete()


def _is_key(value: str) -> bool:
    if not value.isprintable() or len(value) > 400 or " " in value:
        return False
    if value.startswith("pkg:"):
        return value.count("/") >= 1
    vendor, colon, product = value.partition(":")
    return bool(vendor and colon and product) and "*" not in value


def _settle(organisation: int | None, *, nationally: bool, now: datetime) -> None:
    settle(organisation=None if nationally else organisation, now=now)


def _refuse_bad(said: Dismissing, *, today: date) -> None:
    places = []
    if said.scope not in Dismissal.Scope.values:
        places.append(Place("scope", _("Choose one of these.")))
    if said.justification not in Dismissal.Justification.values:
        places.append(Place("justification", _("Choose one of these.")))
    if not said.reason.strip() or len(said.reason) > 2_000 or turns_direction(said.reason):
        places.append(Place("reason", _("Say why, in at most 2,000 characters.")))
    if not today < said.until <= today + LONGEST:
        places.append(Place("until", _("Choose a day within the next three years.")))
    if places:
        raise Invalid(_("Some answers are missing or not right."), code="dismissal.answers", places=places)
