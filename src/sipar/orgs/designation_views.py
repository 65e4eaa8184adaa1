"""Pages of critical infrastructure designation: the queues, one designation with its history, and each step."""

from __future__ import annotations

from datetime import timedelta

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sipar.core.acting import Actor
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.models import Event
from sipar.core.problems import Invalid
from sipar.ledger.words import action_in_words
from sipar.orgs import designation_actions as steps
from sipar.orgs import policy, selectors
from sipar.orgs.forms import CandidateForm, GazetteForm, GradeForm, WithdrawalForm, add_problem
from sipar.orgs.gates import DESIGNATION_READERS, DESIGNATORS, GRADERS, LISTERS, WITHDRAWERS
from sipar.orgs.grading import grading_criteria
from sipar.orgs.models import Designation
from sipar.orgs.standing import names_of
from sipar.orgs.views import PAGE, trail
from sipar.orgs.words import named
from sipar.ui.tables import Column

SOON = timedelta(days=60)
COLUMNS = (
    Column("asset", gettext_lazy("What is critical")),
    Column("organisation", gettext_lazy("Organisation")),
    Column("state", gettext_lazy("State")),
    Column("grade", gettext_lazy("Grade")),
    Column("review", gettext_lazy("Review due")),
)
QUEUES = {
    "to_grade": gettext_lazy("To grade"),
    "reviews_to_grade": gettext_lazy("Reviews to grade"),
    "to_designate": gettext_lazy("To designate"),
    "reviews_to_confirm": gettext_lazy("Reviews to confirm"),
    "withdrawals": gettext_lazy("Withdrawals asked for"),
}
NATIONAL_QUEUES = ("to_grade", "reviews_to_grade")
MINISTRY_QUEUES = ("to_designate", "reviews_to_confirm", "withdrawals")


@gate(DESIGNATION_READERS)
@require_safe
def designation_list(request: ActorRequest) -> HttpResponse:
    """The reader's queues first, then everything that stands."""
    soon = timezone.now().date() + SOON
    queues = _queues_of(request.actor)
    chosen = request.GET.get("queue", queues[0] if queues else "all")
    keys = [*queues, "all", "withdrawn"]
    chosen = chosen if chosen in keys else "all"
    labels = {**QUEUES, "all": _("All that stand"), "withdrawn": _("Withdrawn")}
    tabs = [
        {
            "url": f"?queue={key}",
            "label": labels[key],
            "active": key == chosen,
            "count": selectors.designations(queue=key, soon=soon).count() if key in queues else None,
        }
        for key in keys
    ]
    found = selectors.designations(queue="" if chosen == "all" else chosen, soon=soon)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    own = selectors.organisations_of_actor(request.actor).first() if request.actor.holds("ciso", "head") else None
    criteria = grading_criteria()
    context = {"tabs": tabs, "page": page, "columns": COLUMNS, "own": own, "chosen": chosen, "criteria": criteria}
    return render(request, "orgs/designations.html", context)


@gate(DESIGNATION_READERS)
@require_safe
def designation_page(request: ActorRequest, number: int) -> HttpResponse:
    return _page(request, selectors.access_designation(request.actor, number))


@gate(LISTERS)
@require_http_methods(["GET", "POST"])
def list_candidate(request: ActorRequest, identifier: str) -> HttpResponse:
    organisation = selectors.access_organisation(request.actor, identifier)
    sentence = "A candidate is listed by the organisation's CISO or head."
    policy.require(policy.may_list_candidate(request.actor, organisation), sentence, "designation.forbidden")
    form = CandidateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            listed = steps.list_candidate(request.actor, organisation, now=timezone.now(), **form.cleaned_data)
            return redirect("designation", listed.pk)
        except Invalid as problem:
            add_problem(form, problem)
    context = {
        "form": form,
        "heading": _("List a candidate"),
        "purpose": _("Name what your country cannot do without. The national CERT grades it next."),
        "trail": trail(request.actor, organisation),
    }
    return render(request, "orgs/form.html", context, status=422 if form.errors else 200)


@gate(GRADERS)
@require_POST
def grade(request: ActorRequest, number: int) -> HttpResponse:
    designation = selectors.access_designation(request.actor, number)
    form = GradeForm(request.POST, criteria=grading_criteria())
    if not form.is_valid():
        return _page(request, designation, grade_form=form)
    steps.grade_candidate(request.actor, designation, form.cleaned_data, now=timezone.now())
    return redirect("designation", number)


@gate(DESIGNATORS)
@require_POST
def designate(request: ActorRequest, number: int) -> HttpResponse:
    designation = selectors.access_designation(request.actor, number)
    form = GazetteForm(request.POST)
    if not form.is_valid():
        return _page(request, designation, gazette_form=form)
    steps.designate(request.actor, designation, now=timezone.now(), **form.cleaned_data)
    return redirect("designation", number)


@gate(DESIGNATORS)
@require_POST
def confirm_review(request: ActorRequest, number: int) -> HttpResponse:
    steps.confirm_review(request.actor, selectors.access_designation(request.actor, number), now=timezone.now())
    return redirect("designation", number)


@gate(WITHDRAWERS)
@require_POST
def ask_withdrawal(request: ActorRequest, number: int) -> HttpResponse:
    designation = selectors.access_designation(request.actor, number)
    form = WithdrawalForm(request.POST)
    if not form.is_valid():
        return _page(request, designation, withdrawal_form=form)
    steps.ask_withdrawal(request.actor, designation, now=timezone.now(), **form.cleaned_data)
    return redirect("designation", number)


@gate(DESIGNATORS)
@require_POST
def withdraw(request: ActorRequest, number: int) -> HttpResponse:
    steps.withdraw(request.actor, selectors.access_designation(request.actor, number), now=timezone.now())
    return redirect("designation", number)


@gate(DESIGNATORS)
@require_POST
def keep_designation(request: ActorRequest, number: int) -> HttpResponse:
    steps.keep_designation(request.actor, selectors.access_designation(request.actor, number))
    return redirect("designation", number)


def _queues_of(actor: Actor) -> tuple[str, ...]:
    national = NATIONAL_QUEUES if policy.is_national(actor) else ()
    return (*national, *(MINISTRY_QUEUES if actor.holds("ministry_officer") else ()))


def _page(
    request: ActorRequest,
    designation: Designation,
    *,
    grade_form: GradeForm | None = None,
    gazette_form: GazetteForm | None = None,
    withdrawal_form: WithdrawalForm | None = None,
) -> HttpResponse:
    """One designation; with a form that was refused it keeps the input and answers 422."""
    actor = request.actor
    criteria = grading_criteria()
    is_open = designation.state != "withdrawn"
    gradable = is_open and policy.may_grade(actor, designation)
    signable = policy.may_designate(actor, designation)
    asked = designation.withdrawal_asked_by_id is not None and designation.state == "designated"
    context = {
        "designation": designation,
        "trail": [{"url": reverse("designations"), "label": _("Critical infrastructure")}],
        "criteria": criteria,
        "levels": [
            {"title": named(criterion.title), "level": level, "words": named(criterion.levels[level])}
            for criterion in criteria.criteria
            if (level := designation.criteria.get(criterion.key)) is not None
        ],
        "history": _history(designation),
        "grade_form": grade_form or (GradeForm(criteria=criteria, initial=designation.criteria) if gradable else None),
        "gazette_form": gazette_form or (GazetteForm() if signable and designation.state == "graded" else None),
        "may_confirm": signable and steps.is_graded_anew(designation),
        "asked": asked,
        "withdrawal_form": withdrawal_form
        or (WithdrawalForm() if is_open and not asked and policy.may_ask_withdrawal(actor, designation) else None),
        "may_withdraw": asked and policy.may_withdraw(actor, designation),
        "answers": policy.answers_for(actor, designation),
    }
    refused = any(form is not None and form.errors for form in (grade_form, gazette_form, withdrawal_form))
    return render(request, "orgs/designation.html", context, status=422 if refused else 200)


def _history(designation: Designation) -> list[dict[str, object]]:
    """Every step as the ledger has it, newest first."""
    events = list(
        Event.objects.filter(table_name=Designation._meta.db_table, row_key=str(designation.pk)).order_by("-id")[:50]
    )
    names = names_of(event.actor_id for event in events)
    return [
        {
            "at": event.at,
            "who": names.get(event.actor_id or 0, "Sipar"),
            "words": action_in_words(event.action),
            "grade": _after(event.body, "grade"),
            "reason": _after(event.body, "withdrawn_reason"),
            "gazette": _after(event.body, "gazette_reference"),
        }
        for event in events
    ]


def _after(body: dict[str, object], column: str) -> object:
    """The value of a column after an event: an insert holds it plainly, an update as [before, after]."""
    value = body.get(column)
    return value[1] if isinstance(value, list) and len(value) == 2 else value
