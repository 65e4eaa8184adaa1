"""Pages of learning from our own reports: what to count, before and after, into a draft."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.gates import Gate, gate
from sipar.core.http import ActorRequest
from sipar.core.models import BackgroundRun
from sipar.core.problems import Conflict, Forbidden, Invalid
from sipar.people.roles import TEAM_ROLES
from sipar.risks import estimate_actions, estimate_selectors
from sipar.risks.estimate_forms import ReportsForm
from sipar.risks.estimate_models import ReportUpdate
from sipar.risks.estimate_pictures import update_chart
from sipar.risks.estimate_views import base_choices, chosen_base, said_of
from sipar.risks.estimate_words import titles_of, update_rows
from sipar.risks.national_reading import words
from sipar.risks.national_sub import sub_navigation
from sipar.risks.policy import is_national_staff
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column

REPORTS_GATE = Gate("risk_reports", frozenset(TEAM_ROLES))
FEW = 5
COLUMNS = (
    Column("scenario", gettext_lazy("Scenario")),
    Column("kind", gettext_lazy("What changes")),
    Column("days", gettext_lazy("Reports of")),
    Column("state", gettext_lazy("State")),
    Column("taken", gettext_lazy("Taken into")),
)


@gate(REPORTS_GATE)
@require_GET
def show_all(request: ActorRequest) -> HttpResponse:
    """What was learnt from reports so far."""
    _require_nation(request)
    titles = _all_titles(request)
    updates = estimate_selectors.updates_seen(request.actor)
    rows = [(update, titles.get(update.scenario, update.scenario)) for update in updates]
    context = {
        "rows": rows, "columns": COLUMNS, "trail": _trail()[:-1],
        "sub_links": sub_navigation(request.actor, request.path),
    }  # fmt: skip
    return render(request, "risks/estimate_reports.html", context)


@gate(REPORTS_GATE)
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: ActorRequest) -> HttpResponse:
    """Say what to count; the answer is worked out in the background."""
    _require_nation(request)
    bases = estimate_selectors.bases(request.actor)
    if not bases:
        return render(request, "risks/estimate_reports_ask.html", {"form": None, "trail": _trail()})
    today = timezone.now().date()
    form = ReportsForm(
        request.POST if request.method == "POST" else None,
        bases=base_choices(bases),
        scenarios=list(titles_of(bases[0].document).items()),
        criteria=[(code, words(title)) for code, title in estimate_selectors.criteria_known().items()],
        currency=str(bases[0].document["currency"]),
        initial={"kind": ReportUpdate.Kind.FREQUENCY, "since": today - timedelta(days=365), "until": today}
        | {"base": bases[0].pk},
    )
    base = chosen_base(form, bases) if form.is_bound else None
    if base is not None:
        said = form.cleaned_data
        try:
            asked = estimate_actions.ask_update(
                request.actor,
                base,
                kind=said["kind"],
                scenario=said["scenario"],
                since=said["since"],
                until=said["until"],
                criteria=said["criteria"],
                reported=(said["reported_low"] / 100, said["reported_high"] / 100),
                rate=said["rate"] or 1.0,
                now=timezone.now(),
            )
        except Invalid as problem:
            add_problem(form, problem)
        except Conflict as problem:
            form.add_error(None, problem.sentence)
        else:
            return redirect("estimate_report", asked.pk)
    context = {"form": form, "trail": _trail()}
    return render(request, "risks/estimate_reports_ask.html", context, status=422 if form.is_bound else 200)


@gate(REPORTS_GATE)
@require_GET
def show(request: ActorRequest, update: int) -> HttpResponse:
    """What was believed before and after the reports; htmx asks until it is there."""
    found = estimate_selectors.access_update(request.actor, update)
    done = found.state == "done"
    known = estimate_selectors.criteria_known()
    context = {
        "update": found,
        "waiting": found.state == "waiting",
        "run": BackgroundRun.objects.filter(pk=found.background or 0).first(),
        "title": titles_of(found.assumptions.document).get(found.scenario, found.scenario),
        "criteria": ", ".join(words(known.get(code)) or code for code in found.criteria),
        "chart": update_chart(found) if done else None,
        "rows": update_rows(found) if done else [],
        "few": done and 0 < found.result.get("events", FEW) < FEW,
        "frequency": found.kind == ReportUpdate.Kind.FREQUENCY,
        "trail": _trail(),
    }
    if request.headers.get("HX-Request") != "true":
        return render(request, "risks/estimate_report.html", context)
    response = render(request, "risks/estimate_report_part.html", context)
    if found.state != "waiting":
        # What may be done with the answer stands in the head of the page.
        response["HX-Refresh"] = "true"
    return response


@gate(REPORTS_GATE)
@require_POST
def take(request: ActorRequest, update: int) -> HttpResponse:
    """Take the posterior into a new draft of the assumptions."""
    found = estimate_selectors.access_update(request.actor, update)
    try:
        draft = estimate_actions.take_update(request.actor, found, now=timezone.now())
    except (Invalid, Conflict) as problem:
        messages.error(request, said_of(problem))
        return redirect("estimate_report", found.pk)
    messages.success(request, _("Taken into a draft. Nothing counts before the draft is put to use."))
    return redirect("risk_version", draft.number)


def _require_nation(request: ActorRequest) -> None:
    if not is_national_staff(request.actor):
        raise Forbidden("The National CERT learns from the reports of the whole nation.", code="estimate.reports")


def _all_titles(request: ActorRequest) -> dict[str, str]:
    found: dict[str, str] = {}
    for base in reversed(estimate_selectors.bases(request.actor)):
        found |= titles_of(base.document)
    return found


def _trail() -> list[dict[str, str]]:
    return [
        {"url": reverse("risk_board"), "label": _("Risk")},
        {"url": reverse("estimates"), "label": _("Experts")},
        {"url": reverse("estimate_reports"), "label": _("Our own reports")},
    ]
