"""Bringing help: who goes, when they arrive, what it took, what came of it, and what was learnt."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from sipar.assessments.gap_selectors import live_items
from sipar.assessments.models import Assessment
from sipar.assessments.roadmap_actions import add_items
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Invalid, Place
from sipar.core.text import turns_direction
from sipar.frameworks.models import Framework
from sipar.frameworks.selectors import loaded
from sipar.obligations.service_levels import meet_service
from sipar.people.models import Account, Grant
from sipar.people.roles import TEAM_ROLES
from sipar.support.actions import SERVICE
from sipar.support.models import Assignment, Effort, Lesson, SupportRequest
from sipar.support.policy import require_may_answer, require_may_work

LONGEST_TEXT = 10_000


@action("support.dispatch")
def dispatch(
    actor: Actor, request: SupportRequest, account: Account, *, mode: str, task: str, equipment: str, now: datetime
) -> Assignment:
    """Send one person of the team, on site or remote. Raises Invalid for somebody who is not of the team."""
    require_may_work(actor, request)
    _refuse_state(request, "accepted", "dispatched", "working")
    places = []
    if mode not in (SupportRequest.Mode.REMOTE, SupportRequest.Mode.ON_SITE):
        places.append(Place("mode", _("Choose one of these.")))
    places += _wrong_text("task", task, 200) + _wrong_text("equipment", equipment, 400, needed=False)
    if account.pk not in staff_of(request.team_id, now=now):
        places.append(Place("account", _("This person is not of your CERT.")))
    if Assignment.objects.filter(request=request, account=account, released_at=None).exists():
        places.append(Place("account", _("This person has been sent already.")))
    if places:
        raise Invalid(_("Some answers are missing or not right."), code="support.dispatch", places=places)
    SupportRequest.objects.filter(pk=request.pk, state="accepted").update(state="dispatched")
    return Assignment.objects.create(
        request=request,
        organisation_id=request.organisation_id,
        team_id=request.team_id,
        account=account,
        mode=mode,
        task=task.strip(),
        equipment=equipment.strip(),
        assigned_by_id=actor.account,
        assigned_at=now,
    )


@action("support.release")
def release(actor: Actor, request: SupportRequest, assignment: Assignment, *, now: datetime) -> None:
    """Somebody who was sent is free again."""
    require_may_work(actor, request)
    if not Assignment.objects.filter(pk=assignment.pk, request=request, released_at=None).update(released_at=now):
        raise Conflict(_("This person is free already."), code="support.state")


@action("support.arrive")
def arrive(actor: Actor, request: SupportRequest, *, now: datetime) -> None:
    """Help is there, on site or on the line."""
    require_may_work(actor, request)
    _refuse_state(request, "accepted", "dispatched")
    SupportRequest.objects.filter(pk=request.pk).update(state="working", arrived_at=now)
    meet_service(actor, code=SERVICE, stage="arrive", now=now, support_request=request)


@action("support.write_effort")
def write_effort(actor: Actor, request: SupportRequest, *, on: date, minutes: int, what: str, now: datetime) -> Effort:
    """Put one's own time on the account of the request; the account is never rewritten."""
    require_may_work(actor, request)
    _refuse_state(request, "accepted", "dispatched", "working", "done")
    places = _wrong_text("what", what, 200)
    if not 1 <= minutes <= 1440:
        places.append(Place("minutes", _("Between one minute and a day.")))
    if not request.asked_at.date() - timedelta(days=1) <= on <= now.date() + timedelta(days=1):
        places.append(Place("on", _("The day lies outside the request.")))
    if places:
        raise Invalid(_("Some answers are missing or not right."), code="support.effort", places=places)
    return Effort.objects.create(
        request=request,
        organisation_id=request.organisation_id,
        team_id=request.team_id,
        account_id=actor.account,
        on=on,
        minutes=minutes,
        what=what.strip(),
        written_at=now,
    )


@action("support.finish")
def finish_request(actor: Actor, request: SupportRequest, *, report: str, now: datetime) -> None:
    """The work is done: the closing report goes to the organisation, everybody who was sent is free."""
    require_may_work(actor, request)
    _refuse_state(request, "working")
    places = _wrong_text("report", report, LONGEST_TEXT)
    if places:
        raise Invalid(_("Write what was found and done."), code="support.report", places=places)
    Assignment.objects.filter(request=request, released_at=None).update(released_at=now)
    SupportRequest.objects.filter(pk=request.pk).update(state="done", done_at=now, closing_report=report.strip())


@action("support.give_feedback")
def give_feedback(actor: Actor, request: SupportRequest, *, rating: int, text: str, now: datetime) -> None:
    """The organisation says how much it helped, from 1 to 5, and closes the request."""
    require_may_answer(actor, request)
    _refuse_state(request, "done")
    places = _wrong_text("text", text, LONGEST_TEXT, needed=False)
    if not 1 <= rating <= 5:
        places.append(Place("rating", _("Choose one of these.")))
    if places:
        raise Invalid(_("Some answers are missing or not right."), code="support.feedback", places=places)
    SupportRequest.objects.filter(pk=request.pk).update(
        state="closed", rating=rating, feedback=text.strip(), closed_at=now
    )


@action("support.reopen")
def reopen_request(actor: Actor, request: SupportRequest) -> None:
    """It is not over: the organisation asks the CERT to go on."""
    require_may_answer(actor, request)
    _refuse_state(request, "done")
    SupportRequest.objects.filter(pk=request.pk).update(state="working", done_at=None)


@action("support.write_lesson")
def write_lesson(
    actor: Actor, request: SupportRequest, framework: Framework, requirement: str, *, text: str, now: datetime
) -> Lesson:
    """Name the requirement whose control failed or was missing, and what to do about it."""
    require_may_work(actor, request)
    _refuse_state(request, "working", "done", "closed")
    places = _wrong_text("text", text, LONGEST_TEXT)
    if requirement not in loaded(framework.pk).positions:
        places.append(Place("requirement", _("This framework has no such requirement.")))
    if places:
        raise Invalid(_("Some answers are missing or not right."), code="support.lesson", places=places)
    return Lesson.objects.create(
        request=request,
        organisation_id=request.organisation_id,
        framework=framework,
        requirement=requirement,
        text=text.strip(),
        written_by_id=actor.account,
        written_at=now,
    )


@action("support.plan_lesson")
def plan_lesson(actor: Actor, request: SupportRequest, lesson: Lesson, *, due_on: date, now: datetime) -> int:
    """The organisation puts a lesson on its roadmap; returns the number of the roadmap item.

    Raises Conflict where the organisation was never assessed against the lesson's framework, Invalid where the
    requirement is no gap of its latest assessment.
    """
    require_may_answer(actor, request)
    assessment = (
        Assessment.objects.select_related("campaign")
        .filter(organisation=request.organisation_id, campaign__framework=lesson.framework_id)
        .order_by("-campaign__opens_at", "-pk")
        .first()
    )
    if assessment is None:
        raise Conflict(
            _("You have not been assessed against this framework yet; the lesson stays here."),
            code="support.no_assessment",
        )
    items = add_items(actor, assessment, [lesson.requirement], due_on=due_on, owner_name="", now=now)
    item = items[0].pk if items else _planned_item(assessment, lesson.requirement)
    Lesson.objects.filter(pk=lesson.pk).update(roadmap_item_id=item)
    return item


def staff_of(team: int, *, now: datetime) -> set[int]:
    """Who works for a CERT now."""
    rows = Grant.objects.filter(team=team, role__in=TEAM_ROLES, valid_from__lte=now)
    return set(rows.exclude(valid_until__lte=now).values_list("account", flat=True))


def _planned_item(assessment: Assessment, requirement: str) -> int:
    return live_items(assessment.organisation_id, assessment.campaign_id)[requirement].pk


def _refuse_state(request: SupportRequest, *states: str) -> None:
    if request.state not in states:
        raise Conflict(_("The request has moved on; look at it again."), code="support.state")


def _wrong_text(where: str, text: str, longest: int, *, needed: bool = True) -> list[Place]:
    if needed and not text.strip():
        return [Place(where, _("Please fill this in."))]
    if len(text) > longest:
        return [Place(where, _("This is too long: %(limit)s characters at most.") % {"limit": longest})]
    if turns_direction(text):
        return [Place(where, _("Characters that turn the direction of writing are not allowed."))]
    return []
