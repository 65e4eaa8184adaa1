"""Designating critical infrastructure: list -> grade -> designate -> review each year, or withdraw.

Each step is another person's, here and in the database. Source: CII guidelines (PECA 2016; NCSP 2021).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django.db.models import QuerySet

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Invalid, Place
from sipar.orgs import policy
from sipar.orgs.grading import grade_of, grading_criteria
from sipar.orgs.models import Designation, Organisation

SHORTEST_REASON = 10


@action("designation.list")
def list_candidate(
    actor: Actor, organisation: Organisation, *, asset_name: str, function: str, now: datetime
) -> Designation:
    """Name something of the own organisation as a candidate."""
    sentence = "A candidate is listed by the organisation's CISO or head."
    policy.require(policy.may_list_candidate(actor, organisation), sentence, "designation.forbidden")
    name, task = _text(asset_name, "asset_name", 250), _text(function, "function", 2_000)
    open_ones = Designation.objects.filter(organisation=organisation).exclude(state="withdrawn")
    if open_ones.filter(asset_name__iexact=name).exists():
        raise Conflict("This is listed or designated already.", code="designation.repeated")
    return Designation.objects.create(
        organisation=organisation, asset_name=name, function=task, listed_by_id=actor.account, listed_at=now
    )


@action("designation.grade")
def grade_candidate(actor: Actor, designation: Designation, levels: Mapping[str, int], *, now: datetime) -> Designation:
    """Grade a candidate, grade it anew before the ministry signs, or grade a designated one in its yearly review."""
    sentence = "Candidates are graded by the national CERT, by somebody who had no other part in it."
    policy.require(policy.may_grade(actor, designation), sentence, "designation.forbidden")
    criteria = grading_criteria()
    changes: dict[str, object] = {
        "grade": grade_of(criteria, levels),
        "criteria": dict(levels),
        "criteria_version": criteria.version,
        "graded_by_id": actor.account,
        "graded_at": now,
    }
    if designation.state == "designated":
        # The review is a new round: whoever confirmed the last one may not be who grades this one, but may confirm.
        changes |= {"confirmed_by_id": None}
        return _change(designation, ("designated",), **changes)
    return _change(designation, ("listed", "graded"), state="graded", **changes)


@action("designation.designate")
def designate(actor: Actor, designation: Designation, *, gazette_reference: str, now: datetime) -> Designation:
    """Designate what was graded, under a gazette reference; the first review is due a year later."""
    sentence = "Critical infrastructure is designated by an officer of the ministry who had no other part in it."
    policy.require(policy.may_designate(actor, designation), sentence, "designation.forbidden")
    return _change(
        designation,
        ("graded",),
        state="designated",
        gazette_reference=_text(gazette_reference, "gazette_reference", 120),
        designated_by_id=actor.account,
        designated_at=now,
        review_due_on=a_year_after(now.date()),
    )


@action("designation.confirm_review")
def confirm_review(actor: Actor, designation: Designation, *, now: datetime) -> Designation:
    """Confirm a designation that the national CERT graded anew; the next review is due a year later."""
    sentence = "A review is confirmed by an officer of the ministry who had no other part in it."
    policy.require(policy.may_designate(actor, designation), sentence, "designation.forbidden")
    if not is_graded_anew(designation):
        raise Conflict("The national CERT has to grade it first in this review.", code="designation.state")
    return _change(
        designation,
        ("designated",),
        confirmed_by_id=actor.account,
        confirmed_at=now,
        review_due_on=a_year_after(now.date()),
    )


@action("designation.ask_withdrawal")
def ask_withdrawal(actor: Actor, designation: Designation, *, reason: str, now: datetime) -> Designation:
    """Withdraw a candidate, or ask the ministry to withdraw what is designated; always with a reason."""
    sentence = "A withdrawal is asked for by the organisation's CISO or head, or by the national CERT."
    policy.require(policy.may_ask_withdrawal(actor, designation), sentence, "designation.forbidden")
    words = _reason(reason)
    if designation.state == "designated":
        return _change(designation, ("designated",), withdrawal_asked_by_id=actor.account, withdrawn_reason=words)
    return _change(
        designation,
        ("listed", "graded"),
        state="withdrawn",
        withdrawal_asked_by_id=actor.account,
        withdrawn_by_id=actor.account,
        withdrawn_at=now,
        withdrawn_reason=words,
    )


@action("designation.withdraw")
def withdraw(actor: Actor, designation: Designation, *, now: datetime) -> Designation:
    """Withdraw what is designated, after somebody else asked for it with a reason."""
    sentence = "A designation is withdrawn by an officer of the ministry after somebody else asked for it."
    policy.require(policy.may_withdraw(actor, designation), sentence, "designation.forbidden")
    if designation.withdrawal_asked_by_id is None:
        raise Conflict("Nobody has asked for the withdrawal yet.", code="designation.state")
    return _change(designation, ("designated",), state="withdrawn", withdrawn_by_id=actor.account, withdrawn_at=now)


@action("designation.keep")
def keep_designation(actor: Actor, designation: Designation) -> Designation:
    """Decline a withdrawal that was asked for: the designation stays."""
    sentence = "Whether a designation stays is decided by an officer of the ministry."
    policy.require(policy.answers_for(actor, designation), sentence, "designation.forbidden")
    return _change(designation, ("designated",), withdrawal_asked_by_id=None, withdrawn_reason="")


def is_graded_anew(designation: Designation) -> bool:
    """Whether the national CERT graded a designated asset after the ministry last signed for it."""
    signed = designation.confirmed_at or designation.designated_at
    graded = designation.graded_at
    return designation.state == "designated" and signed is not None and graded is not None and graded > signed


def a_year_after(day: date) -> date:
    """The same day of the next year; 1 March where that is 29 February."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 3, 1)


def _change(designation: Designation, states: tuple[str, ...], **changes: object) -> Designation:
    """Write the changes if the state is still one of these; a stale page gets Conflict."""
    rows: QuerySet[Designation] = Designation.objects.filter(pk=designation.pk, state__in=states)
    if not rows.update(**changes):
        raise Conflict("Somebody was faster, or this step does not follow from its state.", code="designation.state")
    designation.refresh_from_db()
    return designation


def _text(text: str, field: str, longest: int) -> str:
    clean = " ".join(text.split())
    if not clean or len(clean) > longest:
        sentence = f"Write between 1 and {longest} characters."
        raise Invalid(sentence, code="designation.text", places=[Place(field, sentence)])
    return clean


def _reason(text: str) -> str:
    clean = _text(text, "reason", 2_000)
    if len(clean) < SHORTEST_REASON:
        sentence = "Give the reason in a sentence."
        raise Invalid(sentence, code="designation.reason", places=[Place("reason", sentence)])
    return clean
