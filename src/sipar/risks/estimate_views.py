"""Pages of estimates: what is asked, what each expert says, all of them as one, and how it turned out."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Conflict, Invalid, Problem
from sipar.risk.experts import Interval
from sipar.risks import estimate_actions, estimate_selectors
from sipar.risks.estimate_forms import BaseForm, EstimateForm, QuestionForm, SettleForm
from sipar.risks.estimate_models import EstimateQuestion, ExpertEstimate
from sipar.risks.estimate_pictures import opinions_chart
from sipar.risks.estimate_words import (
    amount,
    asked_in,
    factor_of,
    frequency_question,
    loss_question,
    record_sentence,
    titles_of,
    verdict_of,
)
from sipar.risks.models import AssumptionSet
from sipar.risks.national_sub import sub_navigation
from sipar.risks.policy import MODEL_GATE, is_national_staff, may_model, require_may_model
from sipar.risks.selectors import assumptions_in_use
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column

QUESTION_COLUMNS = (
    Column("question", gettext_lazy("Question")),
    Column("own", gettext_lazy("Your answer")),
    Column("state", gettext_lazy("State")),
    Column("truth", gettext_lazy("What was true")),
)
EXPERT_COLUMNS = (
    Column("expert", gettext_lazy("Expert")),
    Column("verdict", gettext_lazy("How they judge")),
    Column("inside", gettext_lazy("Truths inside")),
)
OPINION_COLUMNS = (
    Column("expert", gettext_lazy("Expert")),
    Column("says", gettext_lazy("Says")),
    Column("sure", gettext_lazy("Sure"), numeric=True),
    Column("record", gettext_lazy("Record")),
    Column("weight", gettext_lazy("Weighs"), numeric=True),
)


@gate(MODEL_GATE)
@require_GET
def show_all(request: ActorRequest) -> HttpResponse:
    """Every question with the reader's own answer, and how well the reader judges; for modellers every expert."""
    own = estimate_selectors.own_estimates(request.actor)
    rows = []
    for question in estimate_selectors.questions_seen(request.actor):
        estimate = own.get(question.pk)
        truth = None if question.truth is None else amount(question.truth, question.kind, question.unit)
        rows.append((question, _said(question, estimate) if estimate else "", truth))
    record = estimate_selectors.record_of(request.actor)
    models = may_model(request.actor)
    experts = estimate_selectors.records_seen(request.actor) if models else []
    context = {
        "rows": rows,
        "columns": QUESTION_COLUMNS,
        "waiting": sum(1 for question, said, _truth in rows if question.state == "open" and not said),
        "record": record_sentence(record),
        "verdict": verdict_of(record),
        "experts": [(line.name, verdict_of(line.record), record_sentence(line.record)) for line in experts],
        "expert_columns": EXPERT_COLUMNS,
        "models": models,
        "reads_reports": is_national_staff(request.actor),
        "sub_links": sub_navigation(request.actor, request.path),
    }
    return render(request, "risks/estimate_list.html", context)


@gate(MODEL_GATE)
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: ActorRequest) -> HttpResponse:
    """Ask experts for a number."""
    require_may_model(request.actor)
    assumptions = assumptions_in_use(request.actor)
    titles = titles_of(assumptions.document) if assumptions is not None else {}
    asked = request.POST if request.method == "POST" else None
    form = QuestionForm(asked, scenarios=list(titles.items()), initial={"kind": EstimateQuestion.Kind.FREQUENCY})
    if form.is_valid():
        cleaned = form.cleaned_data | {"text": form.cleaned_data["text"] or _usual_words(form.cleaned_data, titles)}
        try:
            made = estimate_actions.ask_question(request.actor, **cleaned, assumptions=assumptions, now=timezone.now())
        except Invalid as problem:
            add_problem(form, problem)
        except Conflict as problem:
            form.add_error(None, problem.sentence)
        else:
            messages.success(request, _("Asked. Every CERT finds it on this page."))
            return redirect("estimate", made.pk)
    context = {"form": form, "trail": _trail()}
    return render(request, "risks/estimate_ask.html", context, status=422 if form.is_bound else 200)


@gate(MODEL_GATE)
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: ActorRequest, question: int) -> HttpResponse:
    """One question: give or change one's own answer; for modellers all answers as one."""
    found = estimate_selectors.access_question(request.actor, question)
    form = EstimateForm(request.POST if request.method == "POST" else None, initial=_initial(request, found))
    if form.is_valid():
        said = form.cleaned_data
        low, best, high = (said[name] / factor_of(found) for name in ("low", "best", "high"))
        interval = Interval(low, best, high, said["confidence"])
        try:
            estimate_actions.give_estimate(request.actor, found, interval, note=said["note"], now=timezone.now())
        except Invalid as problem:
            add_problem(form, problem)
        except Conflict as problem:
            form.add_error(None, problem.sentence)
        else:
            messages.success(request, _("Kept. You can change it until the truth is known."))
            return redirect("estimate", found.pk)
    return _question_page(request, found, form=form)


@gate(MODEL_GATE)
@require_POST
def settle(request: ActorRequest, question: int) -> HttpResponse:
    """Say how it turned out."""
    found = estimate_selectors.access_question(request.actor, question)
    require_may_model(request.actor)
    form = SettleForm(request.POST)
    if form.is_valid():
        try:
            truth, source = form.cleaned_data["truth"] / factor_of(found), form.cleaned_data["source"]
            estimate_actions.settle_question(request.actor, found, truth=truth, source=source, now=timezone.now())
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, _("Noted. It counts for everybody who answered."))
            return redirect("estimate", found.pk)
    return _question_page(request, found, settling=form)


@gate(MODEL_GATE)
@require_POST
def withdraw(request: ActorRequest, question: int) -> HttpResponse:
    """Take a question back."""
    found = estimate_selectors.access_question(request.actor, question)
    estimate_actions.withdraw_question(request.actor, found, now=timezone.now())
    messages.success(request, _("Withdrawn."))
    return redirect("estimates")


@gate(MODEL_GATE)
@require_POST
def take(request: ActorRequest, question: int) -> HttpResponse:
    """Take the pool into a new draft of the assumptions."""
    found = estimate_selectors.access_question(request.actor, question)
    require_may_model(request.actor)
    bases = estimate_selectors.bases(request.actor)
    form = BaseForm(request.POST, bases=base_choices(bases))
    base = chosen_base(form, bases)
    if base is None:
        messages.error(request, _("Choose from which version the draft begins."))
        return redirect("estimate", found.pk)
    try:
        draft = estimate_actions.take_estimates(request.actor, found, base, now=timezone.now())
    except (Invalid, Conflict) as problem:
        messages.error(request, said_of(problem))
        return redirect("estimate", found.pk)
    messages.success(request, _("Taken into a draft. Nothing counts before the draft is put to use."))
    return redirect("risk_version", draft.number)


def base_choices(bases: list[AssumptionSet]) -> list[tuple[str, str]]:
    """The versions that a draft may begin from, as choices."""
    return [
        (
            str(row.pk),
            _("Version %(number)s, %(state)s") % {"number": row.number, "state": AssumptionSet.STATES[row.state]},
        )
        for row in bases
    ]


def chosen_base(form: BaseForm, bases: list[AssumptionSet]) -> AssumptionSet | None:
    """The version that was chosen; None where it is none of those that may be."""
    if not form.is_valid():
        return None
    return next((row for row in bases if row.pk == form.cleaned_data["base"]), None)


def said_of(problem: Problem) -> str:
    """A refusal with its first place, in one line."""
    return " ".join([problem.sentence, *(f"{place.where}: {place.sentence}" for place in problem.places[:1])])


def _question_page(
    request: ActorRequest,
    found: EstimateQuestion,
    *,
    form: EstimateForm | None = None,
    settling: SettleForm | None = None,
) -> HttpResponse:
    models = may_model(request.actor)
    opinions = estimate_selectors.pool_of(request.actor, found) if models else None
    own = estimate_selectors.own_estimate(request.actor, found)
    bases = estimate_selectors.bases(request.actor) if models else []
    practice = found.kind == EstimateQuestion.Kind.PRACTICE
    several = opinions is not None and len(opinions.lines) >= estimate_actions.LEAST_EXPERTS
    context: dict[str, Any] = {
        "question": found,
        "asked_in": asked_in(found),
        "truth": None if found.truth is None else amount(found.truth, found.kind, found.unit),
        "own": _said(found, own) if own else "",
        "held": own is not None and found.truth is not None and own.low <= found.truth <= own.high,
        "form": form or EstimateForm(initial=_initial(request, found)),
        "settling": settling or SettleForm(),
        "models": models,
        "chart": opinions_chart(found, opinions) if opinions else None,
        "opinions": [
            (line.name, _said(found, line.estimate), line.estimate, verdict_of(line.record), line.weight)
            for line in (opinions.lines if opinions else [])
        ],
        "columns": OPINION_COLUMNS,
        "taking": BaseForm(bases=base_choices(bases)) if several and bases and not practice else None,
        "several": several,
        "practice": practice,
        "trail": _trail(),
    }
    bad = any(one is not None and one.is_bound for one in (form, settling))
    return render(request, "risks/estimate_show.html", context, status=422 if bad else 200)


def _initial(request: ActorRequest, question: EstimateQuestion) -> dict[str, Any]:
    own = estimate_selectors.own_estimate(request.actor, question)
    if own is None:
        return {}
    said = {name: float(f"{getattr(own, name) * factor_of(question):.12g}") for name in ("low", "best", "high")}
    return said | {"confidence": f"{own.confidence:g}", "note": own.note}


def _said(question: EstimateQuestion, estimate: ExpertEstimate) -> str:
    low, best, high = (
        amount(value, question.kind, question.unit) for value in (estimate.low, estimate.best, estimate.high)
    )
    return _("%(best)s (%(low)s to %(high)s)") % {"best": best, "low": low, "high": high}


def _usual_words(cleaned: dict[str, Any], titles: dict[str, str]) -> str:
    title = titles.get(cleaned["scenario"], "")
    return frequency_question(title) if cleaned["kind"] == EstimateQuestion.Kind.FREQUENCY else loss_question(title)


def _trail() -> list[dict[str, str]]:
    return [
        {"url": reverse("risk_board"), "label": _("Risk")},
        {"url": reverse("estimates"), "label": _("Experts")},
    ]
