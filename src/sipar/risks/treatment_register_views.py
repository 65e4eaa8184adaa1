"""The register of an organisation's risks: the list, a new line, a line said anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from sipar.assessments.roadmap_views import today_of
from sipar.assessments.work_tabs import text_of
from sipar.core.files import download_table
from sipar.core.gates import gate
from sipar.core.http import ActorRequest, version_of
from sipar.core.problems import Conflict, Invalid
from sipar.orgs.models import Organisation
from sipar.risks.organisation_selectors import (
    Standing,
    access_watched,
    loss_of,
    providers_known,
    scenarios_known,
    standing_of,
)
from sipar.risks.organisation_views import currency_of
from sipar.risks.organisation_words import DONE, STATES, words
from sipar.risks.policy import ORGANISATION_GATE
from sipar.risks.treatment_actions import RiskEntry, change_risk, open_risk
from sipar.risks.treatment_forms import RiskForm
from sipar.risks.treatment_models import Risk, Treatment
from sipar.risks.treatment_policy import KEEPERS, may_keep
from sipar.risks.treatment_selectors import STATES as REGISTER_STATES
from sipar.risks.treatment_selectors import RegisterLine, access_risk, counts_of, lines_of, risks_of
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column

ROWS = 50
NEXT_REVIEW = timedelta(days=182)
HEADER = (
    "number", "title", "state", "owner", "review_on", "scenario", "requirement", "provider", "loss_a_year", "currency",
    "treatments", "until",
)  # fmt: skip


@gate(ORGANISATION_GATE)
@require_GET
def risk_register(request: ActorRequest, identifier: str) -> HttpResponse:
    """The register of one organisation; `?state=` open, treated, overdue or closed; `?format=csv` as a table."""
    organisation = access_watched(request.actor, identifier)
    standing = standing_of(request.actor, organisation)
    currency = currency_of(request, standing)
    today = today_of(timezone.now())
    state = text_of(request, "state")
    state = state if state in REGISTER_STATES else ""
    rows = risks_of(organisation, today=today, state=state)
    if request.GET.get("format") == "csv":
        return _csv(organisation, lines_of(rows[:10_000], today=today), standing, currency)
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    return render(
        request,
        "risks/treatment_register.html",
        {
            "trail": [step_of(request, organisation)],
            "organisation": organisation,
            "keeps": may_keep(request.actor, organisation.pk),
            "counts": counts_of(organisation, today=today),
            "page": page,
            "rows": [
                {"line": line, "word": STATES[line.state], "loss": loss_of(line.risk, standing, currency=currency),
                 "done": [_done(row) for row in line.holding], "expired": [_done(row) for row in line.expired]}
                for line in lines_of(page, today=today)
            ],
            "currency": currency,
            "state": state,
            "states": [(key, STATES[key]) for key in REGISTER_STATES],
            "csv": f"?state={state}&format=csv",
            "columns": [
                Column("risk", _("Risk")),
                Column("loss", _("A year"), numeric=True),
                Column("owner", _("Owner")),
                Column("review", _("Next review")),
                Column("state", _("State")),
                Column("done", _("What is done")),
            ],
        },
    )  # fmt: skip


@gate(KEEPERS)
def risk_new(request: ActorRequest, identifier: str) -> HttpResponse:
    """Put a risk on the register; `?scenario=`, `?requirement=` or `?provider=` fill in what it is about."""
    organisation = access_watched(request.actor, identifier)
    if request.method != "POST":
        return _entry_page(request, organisation, _entry_form(request, organisation, initial=_begun(request)))
    form = _entry_form(request, organisation, data=request.POST)
    if form.is_valid():
        try:
            made = open_risk(request.actor, organisation, _said(request, organisation, form), now=timezone.now())
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, _("The risk is on the register. Say what is done about it."))
            return redirect("risk", made.pk)
    return _entry_page(request, organisation, form, status=422)


@gate(KEEPERS)
def risk_change(request: ActorRequest, risk: int) -> HttpResponse:
    """Say something else of a risk."""
    found = access_risk(request.actor, risk)
    organisation = found.organisation
    if request.method != "POST":
        names = RiskForm.base_fields
        form = _entry_form(request, organisation, kept=found, initial={name: getattr(found, name) for name in names})
        return _entry_page(request, organisation, form, risk=found)
    form = _entry_form(request, organisation, kept=found, data=request.POST)
    if form.is_valid():
        try:
            change_risk(
                request.actor,
                found,
                _said(request, organisation, form),
                version=version_of(request),
                now=timezone.now(),
            )
        except Invalid as problem:
            add_problem(form, problem)
        except Conflict as problem:
            form.add_error(None, problem.sentence)
        else:
            messages.success(request, _("Saved."))
            return redirect("risk", found.pk)
    return _entry_page(request, organisation, form, risk=found, status=422)


def step_of(request: ActorRequest, organisation: Organisation) -> dict[str, str]:
    """The page of the organisation's risk, as a step of the way here."""
    own = organisation.pk in request.actor.organisations
    label = _("Our risk") if own else organisation.name
    return {"url": reverse("organisation_risk_of", args=[organisation.identifier]), "label": label}


def _said(request: ActorRequest, organisation: Organisation, form: RiskForm) -> RiskEntry:
    currency = currency_of(request, standing_of(request.actor, organisation))
    return RiskEntry(**form.cleaned_data, currency=currency)


def _entry_form(
    request: ActorRequest, organisation: Organisation, *, kept: Risk | None = None, **options: Any
) -> RiskForm:
    """What the model knows to choose from, and what the risk names already, though the model knows it no more."""
    scenarios = {key: words(title) for key, title in scenarios_known(request.actor)}
    providers = {provider.key: words(provider.title) for provider in providers_known(request.actor)}
    if kept is not None:
        scenarios = ({kept.scenario: kept.scenario} if kept.scenario else {}) | scenarios
        providers = ({kept.provider: kept.provider} if kept.provider else {}) | providers
    return RiskForm(
        scenarios=list(scenarios.items()),
        providers=list(providers.items()),
        currency=currency_of(request, standing_of(request.actor, organisation)),
        **options,
    )


def _begun(request: ActorRequest) -> dict[str, Any]:
    """What a link from the page of our risk fills in."""
    begun: dict[str, Any] = {name: text_of(request, name) for name in ("scenario", "requirement", "provider")}
    titles = dict(scenarios_known(request.actor)) | {row.key: row.title for row in providers_known(request.actor)}
    title = titles.get(begun["scenario"] or begun["provider"])
    begun["title"] = words(title) if title else begun["requirement"]
    begun["owner_name"] = request.actor.name
    begun["review_on"] = today_of(timezone.now()) + NEXT_REVIEW
    return begun


def _entry_page(
    request: ActorRequest, organisation: Organisation, form: RiskForm, *, risk: Risk | None = None, status: int = 200
) -> HttpResponse:
    trail = [
        step_of(request, organisation),
        {"url": reverse("risk_register", args=[organisation.identifier]), "label": _("Register of risks")},
    ]
    context = {"trail": trail, "organisation": organisation, "form": form, "risk": risk}
    return render(request, "risks/treatment_entry.html", context, status=status)


def _csv(
    organisation: Organisation, lines: list[RegisterLine], standing: Standing | None, currency: str
) -> HttpResponse:
    rows = [
        (
            line.risk.pk, line.risk.title, line.state, line.risk.owner_name, line.risk.review_on, line.risk.scenario,
            line.risk.requirement, line.risk.provider, loss_of(line.risk, standing, currency=currency), currency,
            " ".join(row.kind for row in line.holding),
            min((row.until for row in line.holding if row.until), default=None),
        )
        for line in lines
    ]  # fmt: skip
    name = f"risks-{organisation.identifier}.csv"
    return download_table(HEADER, rows, name=name)


def _done(row: Treatment) -> dict[str, Any]:
    return {"word": DONE[row.kind], "until": row.until, "item": row.roadmap_item}
