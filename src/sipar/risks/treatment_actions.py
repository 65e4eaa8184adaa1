"""Keeping the register of risks: opening, treating, accepting with a signature, reviewing, closing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from sipar.assessments.models import RoadmapItem
from sipar.assessments.submissions import digest_of
from sipar.assessments.submit_actions import SECOND_FACTOR_LASTS, SecondFactor
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Forbidden, Invalid, Place
from sipar.core.text import turns_direction
from sipar.orgs.models import Organisation
from sipar.risks.treatment_models import Risk, RiskReview, Treatment
from sipar.risks.treatment_policy import require_may_keep, require_may_sign, signs_as

FORMAT = "sipar-risk-acceptance/1"
LONGEST_ACCEPTANCE = timedelta(days=366)
LONGEST_POLICY = timedelta(days=10 * 366)
LATEST_REVIEW = timedelta(days=2 * 366)
LARGEST = Decimal("99999999999999.99")
LONGEST_TEXT = 4_000


@dataclass(frozen=True, kw_only=True)
class RiskEntry:
    """What a line of the register says. `stated_loss`: what it costs a year, where the model does not know."""

    title: str
    owner_name: str
    review_on: date
    description: str = ""
    scenario: str = ""
    requirement: str = ""
    provider: str = ""
    stated_loss: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is done about a risk, other than accepting it: `roadmap_item` mitigates; `insurer`, `amount` and `until`
    transfer."""

    kind: str
    reason: str
    roadmap_item: int | None = None
    insurer: str = ""
    amount: Decimal | None = None
    currency: str = ""
    until: date | None = None


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """What is signed: why, until when, and the yearly loss that the person who signs was shown, if any."""

    reason: str
    until: date
    loss: float | None = None
    currency: str = ""
    run: int | None = None


@action("risk.open")
def open_risk(actor: Actor, organisation: Organisation, entry: RiskEntry, *, now: datetime) -> Risk:
    """Put a risk on the register of an organisation. Raises Forbidden, or Invalid with every wrong place."""
    require_may_keep(actor, organisation.pk)
    _refuse_bad_entry(entry, today=now.date())
    return Risk.objects.create(
        organisation=organisation, opened_by_id=actor.account, opened_at=now, **_values_of(entry)
    )


@action("risk.change")
def change_risk(actor: Actor, risk: Risk, entry: RiskEntry, *, version: int, now: datetime) -> Risk:
    """Say something else of a risk. What was signed of it before stays as it was signed."""
    locked = _taken(actor, risk, version=version)
    _refuse_bad_entry(entry, today=now.date(), kept=locked.review_on)
    for name, value in _values_of(entry).items():
        setattr(locked, name, value)
    locked.save()
    return locked


@action("risk.treat")
def treat_risk(actor: Actor, risk: Risk, plan: Plan, *, version: int, now: datetime) -> Treatment:
    """Mitigate by an item of the roadmap, transfer to an insurer, or avoid; replaces an earlier one of the kind."""
    locked = _taken(actor, risk, version=version)
    _refuse_bad_plan(locked, plan, today=now.date())
    mitigates, transfers = plan.kind == Treatment.Kind.MITIGATE, plan.kind == Treatment.Kind.TRANSFER
    return _decided(
        actor,
        locked,
        Treatment(
            kind=plan.kind,
            reason=plan.reason.strip(),
            roadmap_item_id=plan.roadmap_item if mitigates else None,
            insurer=plan.insurer.strip() if transfers else "",
            amount=plan.amount if transfers else None,
            currency=plan.currency if transfers else "",
            until=plan.until if transfers else None,
        ),
        now=now,
    )


@action("risk.accept")
def accept_risk(
    actor: Actor, risk: Risk, said: Acceptance, *, version: int, second_factor: SecondFactor | None, now: datetime
) -> Treatment:
    """Sign that the organisation lives with a risk until a day, a year away at most; needs a second factor of the last
    five minutes. Raises Forbidden (`second_factor`), Conflict or Invalid."""
    require_may_sign(actor, risk.organisation_id)
    if second_factor is None or not timedelta(0) <= now - second_factor.shown_at <= SECOND_FACTOR_LASTS:
        raise Forbidden(_("Show your second factor again to sign."), code="second_factor")
    locked = _taken(actor, risk, version=version)
    places = [*_bad_text("reason", said.reason), *_bad_day("until", said.until, now.date(), LONGEST_ACCEPTANCE)]
    _refuse(places, code="risk.accept")
    document = _signed(actor, locked, said, now=now)
    return _decided(
        actor,
        locked,
        Treatment(
            kind=Treatment.Kind.ACCEPT,
            reason=said.reason.strip(),
            until=said.until,
            second_factor=second_factor.method[:20],
            document=document,
            digest=digest_of(document),
        ),
        now=now,
    )


@action("risk.end_treatment")
def end_treatment(actor: Actor, treatment: Treatment, *, note: str, now: datetime) -> Treatment:
    """Take back what was decided. To take back an acceptance needs no signature: it makes nothing less safe."""
    require_may_keep(actor, treatment.organisation_id)
    _refuse(_bad_text("note", note), code="risk.end")
    risk = Risk.objects.select_for_update().get(pk=treatment.risk_id)
    ended = Treatment.objects.filter(pk=treatment.pk, ended_at=None).update(
        ended_at=now, ended_by_id=actor.account, end_note=note.strip()
    )
    if not ended:
        raise Conflict(_("This has ended already."), code="risk.ended")
    risk.version += 1
    risk.save(update_fields=["version"])
    return treatment


@action("risk.review")
def review_risk(actor: Actor, risk: Risk, *, note: str, next_on: date, version: int, now: datetime) -> RiskReview:
    """Say how a risk stands, and when it is looked at next."""
    locked = _taken(actor, risk, version=version)
    _refuse([*_bad_text("note", note), *_bad_day("next_on", next_on, now.date(), LATEST_REVIEW)], code="risk.review")
    locked.review_on = next_on
    locked.save()
    return RiskReview.objects.create(
        risk=locked, organisation_id=locked.organisation_id, note=note.strip(), next_on=next_on,
        reviewed_by_id=actor.account, reviewed_at=now,
    )  # fmt: skip


@action("risk.close")
def close_risk(actor: Actor, risk: Risk, *, note: str, version: int, now: datetime) -> Risk:
    """The risk is no more; what was decided about it ends with it."""
    locked = _taken(actor, risk, version=version)
    _refuse(_bad_text("note", note), code="risk.close")
    Treatment.objects.filter(risk=locked, ended_at=None).update(
        ended_at=now, ended_by_id=actor.account, end_note=_("The risk was closed.")
    )
    locked.closed_at, locked.closed_by_id, locked.closing_note = now, actor.account, note.strip()
    locked.save()
    return locked


@action("risk.reopen")
def reopen_risk(actor: Actor, risk: Risk, *, version: int, now: datetime) -> Risk:
    """The risk is there again; nothing of what was decided about it before holds."""
    locked = _taken(actor, risk, version=version, closed=True)
    locked.closed_at, locked.closed_by_id, locked.closing_note = None, None, ""
    locked.review_on = max(locked.review_on, now.date())
    locked.save()
    return locked


def _taken(actor: Actor, risk: Risk, *, version: int, closed: bool = False) -> Risk:
    """The row, locked and counted on, if it stands as the actor saw it."""
    require_may_keep(actor, risk.organisation_id)
    locked = Risk.objects.select_for_update().get(pk=risk.pk)
    if locked.version != version or (locked.closed_at is not None) != closed:
        raise Conflict(_("Somebody changed this risk since you looked. Look at it again."), code="risk.version")
    locked.version += 1
    return locked


def _decided(actor: Actor, risk: Risk, made: Treatment, *, now: datetime) -> Treatment:
    Treatment.objects.filter(risk=risk, kind=made.kind, ended_at=None).update(
        ended_at=now, ended_by_id=actor.account, end_note=_("Replaced by a newer one.")
    )
    made.risk, made.organisation_id = risk, risk.organisation_id
    made.decided_by_id, made.decided_at = actor.account, now
    made.decided_as = signs_as(actor, risk.organisation_id)
    made.save()
    risk.save(update_fields=["version"])
    return made


def _signed(actor: Actor, risk: Risk, said: Acceptance, *, now: datetime) -> dict[str, object]:
    """Everything that the signature covers, so that it can be read without Sipar."""
    return {
        "format": FORMAT,
        "organisation": risk.organisation.identifier,
        "risk": risk.pk,
        "title": risk.title,
        "description": risk.description,
        "scenario": risk.scenario,
        "requirement": risk.requirement,
        "provider": risk.provider,
        "owner": risk.owner_name,
        "loss_a_year": said.loss,
        "stated_loss_a_year": None if risk.stated_loss is None else f"{risk.currency} {risk.stated_loss}",
        "currency": said.currency,
        "run": said.run,
        "reason": said.reason.strip(),
        "accepted_until": said.until.isoformat(),
        "signed_by": actor.name,
        "signed_as": signs_as(actor, risk.organisation_id),
        "signed_at": now.isoformat(),
    }


def _values_of(entry: RiskEntry) -> dict[str, object]:
    return {
        "title": entry.title.strip(),
        "owner_name": entry.owner_name.strip(),
        "review_on": entry.review_on,
        "description": entry.description.strip(),
        "scenario": entry.scenario,
        "requirement": entry.requirement,
        "provider": entry.provider,
        "stated_loss": entry.stated_loss,
        "currency": entry.currency if entry.stated_loss is not None else "",
    }


def _refuse_bad_entry(entry: RiskEntry, *, today: date, kept: date | None = None) -> None:
    """`kept` is the day of the next review as it stands: it may have passed, and what else is said still be changed."""
    places = [
        *_bad_text("title", entry.title, longest=250),
        *_bad_text("owner_name", entry.owner_name, longest=200),
        *_bad_text("description", entry.description, needed=False),
        *(_bad_day("review_on", entry.review_on, today, LATEST_REVIEW) if entry.review_on != kept else []),
    ]
    if entry.stated_loss is not None:
        places += _bad_amount("stated_loss", entry.stated_loss, least=Decimal(0))
        places += _bad_currency(entry.currency)
    _refuse(places, code="risk.entry")


def _refuse_bad_plan(risk: Risk, plan: Plan, *, today: date) -> None:
    if plan.kind not in Treatment.Kind.values or plan.kind == Treatment.Kind.ACCEPT:
        raise Invalid(_("Choose what is done: mitigate, transfer or avoid."), code="risk.treat")
    places = _bad_text("reason", plan.reason)
    if plan.kind == Treatment.Kind.MITIGATE:
        places += _bad_item(risk, plan.roadmap_item)
    if plan.kind == Treatment.Kind.TRANSFER:
        places += _bad_text("insurer", plan.insurer, longest=200)
        places += _bad_amount("amount", plan.amount, least=Decimal("0.01"))
        places += _bad_currency(plan.currency)
        places += _bad_day("until", plan.until, today, LONGEST_POLICY)
    _refuse(places, code="risk.treat")


def _bad_item(risk: Risk, item: int | None) -> list[Place]:
    rows = RoadmapItem.objects.filter(organisation=risk.organisation_id).exclude(state="dropped")
    if item is None or not rows.filter(pk=item).exists():
        return [Place("roadmap_item", _("Choose an item of the roadmap that is not dropped."))]
    return []


def _bad_text(where: str, text: str, *, longest: int = LONGEST_TEXT, needed: bool = True) -> list[Place]:
    if needed and not text.strip():
        return [Place(where, _("Write something here."))]
    if len(text) > longest or "\x00" in text:
        return [Place(where, _("This is too long."))]
    if turns_direction(text):
        return [Place(where, _("This holds marks that turn the direction of the text."))]
    return []


def _bad_day(where: str, day: date | None, today: date, longest: timedelta) -> list[Place]:
    if day is None or not today < day <= today + longest:
        latest = {"day": (today + longest).isoformat()}
        return [Place(where, _("Choose a day after today, and at the latest %(day)s.") % latest)]
    return []


def _bad_amount(where: str, amount: Decimal | None, *, least: Decimal) -> list[Place]:
    if amount is None or not amount.is_finite() or not least <= amount <= LARGEST:
        return [Place(where, _("This is no amount of money that can be kept."))]
    return []


def _bad_currency(currency: str) -> list[Place]:
    known = len(currency) == 3 and currency.isascii() and currency.isupper() and currency.isalpha()
    return [] if known else [Place("currency", _("Name the currency by its three letters, such as USD."))]


def _refuse(places: list[Place], *, code: str) -> None:
    if places:
        raise Invalid(_("Something is missing or wrong."), code=code, places=places)
