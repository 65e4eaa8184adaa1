"""Pages of help: the list, asking, one request, and every step of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid, NotFound
from sipar.nations.reference import first_services
from sipar.orgs.models import Organisation
from sipar.orgs.selectors import access_organisation
from sipar.people.gates import ORGANISATION, ORGANISATION_OR_TEAM, TEAM
from sipar.people.roles import TEAM_ROLES
from sipar.support import actions, selectors, work_actions
from sipar.support.forms import (
    AskForm,
    DispatchForm,
    EffortForm,
    EtaForm,
    FeedbackForm,
    HandOverForm,
    LessonForm,
    PlanLessonForm,
    ReasonForm,
    ReportForm,
)
from sipar.support.models import SupportRequest
from sipar.support.policy import may_answer, may_work
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column

ROWS = 50
COLUMNS = (
    Column("title", gettext_lazy("What is needed")),
    Column("organisation", gettext_lazy("Organisation")),
    Column("urgency", gettext_lazy("Urgency")),
    Column("state", gettext_lazy("State")),
    Column("team", gettext_lazy("CERT")),
    Column("asked", gettext_lazy("Asked")),
)
STATES = [("open", gettext_lazy("Open")), *SupportRequest.STATES.items()]


@gate(ORGANISATION_OR_TEAM)
@require_GET
def support_list(request: ActorRequest) -> HttpResponse:
    """The requests that I see: what nobody has accepted first."""
    state = request.GET.get("state", "open")
    chosen = state if state in dict(STATES) else "open"
    page = Paginator(selectors.requests_open_to(request.actor, state=chosen), ROWS).get_page(request.GET.get("page"))
    return render(request, "support/list.html", {"page": page, "columns": COLUMNS, "states": STATES, "state": chosen})


@gate(ORGANISATION_OR_TEAM)
@require_http_methods(["GET", "POST"])
def support_ask(request: ActorRequest) -> HttpResponse:
    """Ask for help: for one's own organisation, or as a CERT for somebody on the telephone."""
    number = request.POST.get("case", request.GET.get("case", ""))
    now = timezone.now()
    case = selectors.access_case(request.actor, number, now=now) if number.strip() else None
    initial = {"case": number}
    if case is not None and case.organisation is not None:
        initial["organisation"] = case.organisation.identifier
    own = list(Organisation.objects.filter(pk__in=request.actor.organisations))
    form = AskForm(request.POST or None, own=own, initial=initial)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            organisation = access_organisation(request.actor, said["organisation"])
            made = actions.ask_for_help(request.actor, organisation, _asking(said), incident=case, now=now)
        except NotFound as problem:
            form.add_error("organisation", problem.sentence)
        except Invalid as problem:
            add_problem(form, problem)
        else:
            return redirect("support_request", made.number)
    return render(request, "support/ask.html", {"form": form, "trail": _trail()}, status=422 if form.is_bound else 200)


@gate(ORGANISATION_OR_TEAM)
@require_GET
def support_request(request: ActorRequest, help_number: str) -> HttpResponse:
    """One request: what happens next, who comes, and everything so far."""
    return _page(request, selectors.access_request(request.actor, help_number))


@gate(TEAM)
@require_POST
def support_accept(request: ActorRequest, help_number: str) -> HttpResponse:
    said = _("You have the request.")
    found = _locked(request, help_number)
    return _step(request, found, "accept", EtaForm(request.POST), actions.accept_request, said)


@gate(TEAM)
@require_POST
def support_eta(request: ActorRequest, help_number: str) -> HttpResponse:
    found = _locked(request, help_number)
    return _step(request, found, "eta", EtaForm(request.POST), actions.change_eta, _("Saved."))


@gate(TEAM)
@require_POST
def support_decline(request: ActorRequest, help_number: str) -> HttpResponse:
    said = _("The next CERT has been asked.")
    found = _locked(request, help_number)
    return _step(request, found, "decline", ReasonForm(request.POST), actions.decline_request, said)


@gate(TEAM)
@require_POST
def support_hand_over(request: ActorRequest, help_number: str) -> HttpResponse:
    said = _("The other CERT has been asked.")
    found = _locked(request, help_number)
    return _step(request, found, "hand_over", HandOverForm(request.POST), actions.hand_over_request, said)


@gate(TEAM)
@require_POST
def support_dispatch(request: ActorRequest, help_number: str) -> HttpResponse:
    found = _locked(request, help_number)
    form = DispatchForm(request.POST, people=_people(found))
    return _step(request, found, "dispatch", form, work_actions.dispatch, _("Sent."))


@gate(TEAM)
@require_POST
def support_release(request: ActorRequest, help_number: str, assignment_id: int) -> HttpResponse:
    found = _locked(request, help_number)
    assignment = selectors.access_assignment(found, assignment_id)
    work_actions.release(request.actor, found, assignment, now=timezone.now())
    return redirect("support_request", help_number)


@gate(TEAM)
@require_POST
def support_arrive(request: ActorRequest, help_number: str) -> HttpResponse:
    found = _locked(request, help_number)
    return _step(request, found, "arrive", Form(request.POST), work_actions.arrive, _("Help is there."))


@gate(TEAM)
@require_POST
def support_effort(request: ActorRequest, help_number: str) -> HttpResponse:
    return _step(
        request,
        _locked(request, help_number),
        "effort",
        EffortForm(request.POST),
        work_actions.write_effort,
        _("Saved."),
    )


@gate(TEAM)
@require_POST
def support_finish(request: ActorRequest, help_number: str) -> HttpResponse:
    said = _("The organisation has the closing report.")
    found = _locked(request, help_number)
    return _step(request, found, "finish", ReportForm(request.POST), work_actions.finish_request, said)


@gate(TEAM)
@require_POST
def support_lesson(request: ActorRequest, help_number: str) -> HttpResponse:
    return _step(
        request,
        _locked(request, help_number),
        "lesson",
        LessonForm(request.POST),
        work_actions.write_lesson,
        _("Saved."),
    )


@gate(ORGANISATION)
@require_POST
def support_plan_lesson(request: ActorRequest, help_number: str, lesson_id: int) -> HttpResponse:
    """The organisation takes a lesson into its roadmap."""
    found = _locked(request, help_number)
    lesson = selectors.access_lesson(found, lesson_id)
    form = PlanLessonForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Give a date until which the gap is closed."), code="support.due")
    item = work_actions.plan_lesson(
        request.actor, found, lesson, due_on=form.cleaned_data["due_on"], now=timezone.now()
    )
    return redirect("roadmap_item", item)


@gate(ORGANISATION)
@require_POST
def support_feedback(request: ActorRequest, help_number: str) -> HttpResponse:
    said = _("Thank you. The request is closed.")
    found = _locked(request, help_number)
    return _step(request, found, "feedback", FeedbackForm(request.POST), work_actions.give_feedback, said)


@gate(ORGANISATION)
@require_POST
def support_reopen(request: ActorRequest, help_number: str) -> HttpResponse:
    found = _locked(request, help_number)
    work_actions.reopen_request(request.actor, found)
    return redirect("support_request", help_number)


@gate(ORGANISATION)
@require_POST
def support_withdraw(request: ActorRequest, help_number: str) -> HttpResponse:
    return _step(
        request,
        _locked(request, help_number),
        "withdraw",
        Form(request.POST),
        actions.withdraw_request,
        _("Withdrawn."),
    )


def _locked(request: ActorRequest, help_number: str) -> SupportRequest:
    """The request, kept from every other step until this one is done."""
    return selectors.access_request(request.actor, help_number, for_update=True)


def _step(
    request: ActorRequest, found: SupportRequest, name: str, form: Form, step: Callable[..., Any], said: str
) -> HttpResponse:
    """Do one step of a request with what the form says; a refusal stands beside the field that it speaks of."""
    if form.is_valid():
        try:
            step(request.actor, found, **form.cleaned_data, now=timezone.now())
        except Invalid as problem:
            if not problem.places:
                raise
            add_problem(form, problem)
        else:
            messages.success(request, said)
            return redirect("support_request", found.number)
    return _page(request, found, bound={name: form}, status=422)


def _page(
    request: ActorRequest, found: SupportRequest, *, bound: dict[str, Form] | None = None, status: int = 200
) -> HttpResponse:
    works, answers = may_work(request.actor, found), may_answer(request.actor, found)
    forms: dict[str, Form] = {
        "accept": EtaForm(), "eta": EtaForm(initial={"eta": found.eta}), "decline": ReasonForm(),
        "hand_over": HandOverForm(), "effort": EffortForm(initial={"on": timezone.now().date()}),
        "finish": ReportForm(), "lesson": LessonForm(), "feedback": FeedbackForm(), "plan_lesson": PlanLessonForm(),
    }  # fmt: skip
    if works:
        forms["dispatch"] = DispatchForm(people=_people(found))
    context = {
        "request_for_help": found,
        "state_in_words": SupportRequest.STATES[found.state],
        "forms": forms | (bound or {}),
        "works": works,
        "answers": answers,
        "duties": selectors.clocks_of(found),
        "handovers": selectors.handovers_of(found),
        "assignments": selectors.assignments_of(found),
        "lessons": selectors.lessons_of(found),
        "efforts": selectors.efforts_of(found) if request.actor.holds(*TEAM_ROLES) else [],
        "effort": selectors.effort_of(found) if request.actor.holds(*TEAM_ROLES) else None,
        "services": _service_names(found),
        "trail": _trail(),
    }
    return render(request, "support/request.html", context, status=status)


def _people(found: SupportRequest) -> QuerySet[Any]:
    return selectors.people_to_send(found.team_id, work_actions.staff_of(found.team_id, now=timezone.now()))


def _service_names(found: SupportRequest) -> list[dict[str, str]]:
    known = first_services().services
    return [dict(known[code].name) for code in found.services if code in known]


def _asking(said: dict[str, Any]) -> actions.Asking:
    names = ("title", "needs", "urgency", "mode", "contact", "phone", "place", "access", "services")
    return actions.Asking(**{name: said[name] for name in names})


def _trail() -> list[dict[str, str]]:
    return [{"url": reverse("support_list"), "label": _("Help")}]
