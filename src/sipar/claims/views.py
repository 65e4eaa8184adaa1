"""Pages about claims: what waits, whose an address is and why, conflicts to settle."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from sipar.claims import actions, selectors, words
from sipar.claims.forms import ALL, SettleForm, UnsettleForm
from sipar.claims.gates import CLAIM_KEEPERS, CLAIM_READERS
from sipar.claims.models import Conflict
from sipar.claims.policy import may_keep_claims
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid
from sipar.notices.exposure_sub import sub_navigation
from sipar.people.models import Account
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column

ROWS = 50
CONFLICT_COLUMNS = (
    Column("value", gettext_lazy("What is claimed twice")),
    Column("kind", gettext_lazy("Kind")),
    Column("who", gettext_lazy("By whom")),
    Column("found", gettext_lazy("Found")),
)


@gate(CLAIM_READERS)
@require_safe
def routing(request: ActorRequest) -> HttpResponse:
    """What waits for a person, and the question that everybody has: whose is this?"""
    now = timezone.now()
    context = {
        "overview": selectors.overview(today=now.date()),
        "conflicts": _named_conflicts(list(selectors.conflicts()[:5])),
        "imports": list(selectors.imports().filter(state="preview")[:5]),
        "kinds": words.KINDS,
        "may_keep": may_keep_claims(request.actor),
        "day": now.date(),
        "sub_links": sub_navigation(request.actor, request.path),
    }
    return render(request, "claims/overview.html", context)


@gate(CLAIM_READERS)
@require_safe
def routing_lookup(request: ActorRequest) -> HttpResponse:
    """Whose an address, a name or an AS number was on a day, with every reason in words."""
    text = request.GET.get("q", "").replace("\x00", "")[: selectors.LONGEST_QUESTION]
    today = timezone.now().date()
    day = read_day(request.GET.get("day", "")) or today
    context: dict[str, Any] = {"text": text, "day": day, "is_today": day == today, "trail": trail()}
    status = 200
    if text.strip():
        try:
            question = selectors.question_of(text)
        except Invalid:
            context["refused"], status = True, 422
        else:
            found = selectors.whose(question, day=day)
            context |= {
                "found": found,
                "rows": in_words(found, isolated=True),
                "conflict": selectors.conflict_on(found),
            }
    return render(request, "claims/lookup.html", context, status=status)


@gate(CLAIM_READERS)
@require_safe
def conflict_list(request: ActorRequest) -> HttpResponse:
    """What two organisations claim at once, those that wait for a decision first."""
    state = request.GET.get("state", "open")
    chosen = state if state in Conflict.STATES else "open"
    page = Paginator(selectors.conflicts(state=chosen), ROWS).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": _named_conflicts(list(page)),
        "columns": CONFLICT_COLUMNS,
        "states": list(Conflict.STATES.items()),
        "state": chosen,
        "trail": trail(),
    }
    return render(request, "claims/conflicts.html", context)


@gate(CLAIM_READERS)
@require_safe
def conflict_page(request: ActorRequest, conflict_number: int) -> HttpResponse:
    return _conflict(request, selectors.access_conflict(request.actor, conflict_number))


@gate(CLAIM_KEEPERS)
@require_POST
def settle(request: ActorRequest, conflict_number: int) -> HttpResponse:
    """Decide a conflict, with a reason."""
    found = selectors.access_conflict(request.actor, conflict_number)
    form = SettleForm(request.POST, choices=_choices(found))
    if form.is_valid():
        try:
            reason = form.cleaned_data["reason"]
            actions.settle_conflict(request.actor, found, winner=form.chosen, reason=reason, now=timezone.now())
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, _("Settled. Reports go by your decision from now on."))
            return redirect("claim_conflict", found.pk)
    return _conflict(request, found, settle=form, status=422)


@gate(CLAIM_KEEPERS)
@require_POST
def unsettle(request: ActorRequest, conflict_number: int) -> HttpResponse:
    """Take a decision back."""
    found = selectors.access_conflict(request.actor, conflict_number)
    form = UnsettleForm(request.POST)
    if form.is_valid():
        try:
            actions.unsettle_conflict(request.actor, found, reason=form.cleaned_data["reason"])
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, _("The conflict waits for a new decision."))
            return redirect("claim_conflict", found.pk)
    return _conflict(request, found, unsettle=form, status=422)


def _conflict(
    request: ActorRequest,
    found: Conflict,
    *,
    settle: Form | None = None,
    unsettle: Form | None = None,
    status: int = 200,
) -> HttpResponse:
    claimants = selectors.claimants(found)
    context = {
        "conflict": found,
        "state_in_words": Conflict.STATES[found.state],
        "kind": words.KINDS.get(found.kind, found.kind),
        "claimants": claimants,
        "winner": next((row for row in claimants if row.claim == found.winner_id), None),
        "settled_by": Account.objects.filter(pk=found.settled_by_id or 0).values_list("name", flat=True).first(),
        "settle": settle or SettleForm(choices=_choices(found)),
        "unsettle": unsettle or UnsettleForm(),
        "may_settle": may_keep_claims(request.actor),
        "trail": [*trail(), {"url": reverse("claim_conflicts"), "label": _("Conflicts")}],
    }
    return render(request, "claims/conflict.html", context, status=status)


def _choices(found: Conflict) -> list[tuple[str, str]]:
    named = [
        (str(row.claim), row.organisation.name if row.organisation else _("An organisation that you do not see"))
        for row in selectors.claimants(found)
    ]
    return [*named, (ALL, _("All of them may: the oldest claim gets the reports"))]


def _named_conflicts(rows: list[Conflict]) -> list[dict[str, Any]]:
    """Conflicts with the names that the reader may know, and how many that they may not."""
    names = selectors.names_of(number for row in rows for number in row.organisations)
    return [
        {
            "row": row,
            "kind": words.KINDS.get(row.kind, row.kind),
            "names": [names[number].name for number in row.organisations if number in names],
            "others": sum(number not in names for number in row.organisations),
        }
        for row in rows
    ]


def in_words(found: selectors.Found, *, isolated: bool = False) -> list[dict[str, Any]]:
    """The claims that matched, each with how it met the question and why it has it or not."""
    return [
        {
            "answer": answer,
            "kind": words.KINDS[answer.reason.kind],
            "match": words.match(answer, found.question, isolated=isolated),
            "standing": words.standing(answer, found),
        }
        for answer in found.answers
    ]


def trail() -> list[dict[str, str]]:
    return [{"url": reverse("routing"), "label": _("Routing")}]


def read_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
