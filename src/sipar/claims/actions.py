"""Deciding about claims: who holds what two organisations claim, and what the nation holds itself."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.translation import gettext as _

from sipar.claims.models import Conflict, NationalRange
from sipar.claims.policy import require_may_keep_ranges, require_may_settle
from sipar.claims.tasks import compile_soon
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict as Clash
from sipar.core.problems import Invalid, Place
from sipar.core.text import turns_direction
from sipar.formats.asset_values import normalise_asn, normalise_domain_name, normalise_prefix
from sipar.formats.problems import FormatProblem
from sipar.orgs.models import Asset
from sipar.teams.models import Team

SHORTEST_REASON = 10
LONGEST_REASON = 2_000


@action("claims.settle")
def settle_conflict(actor: Actor, conflict: Conflict, *, winner: int | None, reason: str, now: datetime) -> Conflict:
    """Say whose claim holds, by the number of the asset, or None: all may hold it, and the oldest claim gets the
    reports. Raises Invalid for a claim of another conflict or without a reason, `claims.state` where it is not open."""
    require_may_settle(actor)
    said = _reason(reason)
    if winner is not None and winner not in conflict.claims:
        sentence = _("Choose one of the claims of this conflict.")
        raise Invalid(sentence, code="claims.winner", places=[Place("winner", sentence)])
    changed = Conflict.objects.filter(pk=conflict.pk, state="open").update(
        state="settled", winner_id=winner, reason=said, settled_by_id=actor.account, settled_at=now
    )
    if not changed:
        raise Clash(_("This conflict is not open any more."), code="claims.state")
    compile_soon()
    return Conflict.objects.get(pk=conflict.pk)


@action("claims.unsettle")
def unsettle_conflict(actor: Actor, conflict: Conflict, *, reason: str) -> Conflict:
    """Take a decision back; the conflict waits for a new one. The ledger keeps the old one."""
    require_may_settle(actor)
    changed = Conflict.objects.filter(pk=conflict.pk, state="settled").update(
        state="open", winner_id=None, reason=_reason(reason), settled_by_id=None, settled_at=None
    )
    if not changed:
        raise Clash(_("This conflict is not settled."), code="claims.state")
    compile_soon()
    return Conflict.objects.get(pk=conflict.pk)


@action("claims.keep_range")
def keep_range(
    actor: Actor,
    *,
    kind: str,
    value: str,
    team: Team,
    holder: str = "",
    mark: str = "",
    valid_from: date | None = None,
    valid_until: date | None = None,
    kept: NationalRange | None = None,
) -> NationalRange:
    """Add a national range, or change one; from then on it is kept by hand and no import changes it."""
    require_may_keep_ranges(actor)
    row = kept or NationalRange()
    row.kind, row.value = kind, spelled(kind, value)
    row.team, row.holder, row.mark, row.source = team, holder.strip(), mark, "manual"
    row.valid_from, row.valid_until = valid_from, valid_until
    if mark and mark not in Asset.Mark.values:
        raise _invalid("mark", _("There is no such mark."))
    if turns_direction(row.holder):
        raise _invalid("holder", _("This holds marks that turn the direction of the text."))
    if valid_from and valid_until and valid_until <= valid_from:
        raise _invalid("valid_until", _("It must end after it begins."))
    same = NationalRange.objects.filter(kind=kind, value=row.value, source="manual").exclude(pk=row.pk)
    if same.exists():
        raise _invalid("value", _("This range stands in the list already."))
    row.save()
    compile_soon()
    return row


@action("claims.end_range")
def end_range(actor: Actor, kept: NationalRange, *, today: date) -> None:
    """Say that a range no longer is the nation's from today on; it stays for its history."""
    require_may_keep_ranges(actor)
    if kept.valid_until is None or kept.valid_until > today:
        kept.valid_until = max(today, kept.valid_from) if kept.valid_from else today
        kept.source = "manual"
        kept.save(update_fields=["valid_until", "source"])
        compile_soon()


def spelled(kind: str, value: str) -> str:
    """The canonical spelling of a national range. Unlike an organisation, the nation may claim a public suffix."""
    text = value.strip()
    try:
        if kind == "prefix":
            return normalise_prefix(text)
        if kind == "asn":
            return normalise_asn(text)
        if kind == "domain":
            return normalise_domain_name(text)
    except FormatProblem as problem:
        raise _invalid("value", problem.sentence[:1].upper() + problem.sentence[1:] + ".") from problem
    if kind != "country":
        raise _invalid("kind", _("There is no such kind of claim."))
    if len(text) != 2 or not text.isascii() or not text.isalpha():
        raise _invalid("value", _("A country is two letters, such as PK."))
    return text.upper()


def _reason(text: str) -> str:
    said = text.strip()
    if not SHORTEST_REASON <= len(said) <= LONGEST_REASON or turns_direction(said):
        raise _invalid("reason", _("Say why, in at least ten letters: both organisations can ask for it."))
    return said


def _invalid(field: str, sentence: str) -> Invalid:
    return Invalid(sentence, code=f"claims.{field}", places=[Place(field, sentence)])
