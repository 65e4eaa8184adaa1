"""One page for each thing that a CERT does with a case: what it is for, a form, and back to the case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from sipar.core.acting import Actor
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid, NotFound, Place, not_open
from sipar.incidents import case_forms as asked
from sipar.incidents.case_policy import (
    CASE_WORKERS,
    require_custody,
    require_may_answer_offer,
    require_may_work,
)
from sipar.incidents.case_reading import choices_so_far, team_choices
from sipar.incidents.case_selectors import CaseFilter, filtered_cases, latest_score, shown_title
from sipar.incidents.content_selectors import colleagues_of
from sipar.incidents.custody_actions import escalate, hand_over, lead_of, return_case
from sipar.incidents.joining_actions import merge, split
from sipar.incidents.models import Incident
from sipar.incidents.projections import PROJECTIONS
from sipar.incidents.report_facts import askable
from sipar.incidents.report_forms import facts_from_post
from sipar.incidents.selectors import access_incident, audience_of
from sipar.incidents.severity import shipped_scale
from sipar.incidents.sharing_actions import give_extract, share_with_team
from sipar.incidents.triage_actions import assign, classify, correct_facts, score_severity, set_state
from sipar.orgs.selectors import access_organisation
from sipar.teams.selectors import access_team
from sipar.ui.context import nation_zone
from sipar.ui.forms import add_problem

MOST_TWINS = 50

type Make = Callable[[Actor, Incident, Any], forms.Form]
type Do = Callable[[Actor, Incident, forms.Form, datetime], Incident | None]


@dataclass(frozen=True)
class Act:
    """`make` builds the form, `do` acts and returns another case where the reader should go on there."""

    title: str | Promise
    purpose: str | Promise
    button: str | Promise
    make: Make
    do: Do
    require: Callable[[Actor, Incident], None] = require_may_work
    danger: bool = False


@gate(CASE_WORKERS)
@require_http_methods(["GET", "POST"])
def act(request: ActorRequest, number: str, name: str) -> HttpResponse:
    """Show the form of an act, or do it; a refused input comes back with the input kept."""
    wanted = ACTS.get(name)
    if wanted is None:
        raise not_open("page")
    incident = access_incident(request.actor, number)
    wanted.require(request.actor, incident)
    form = wanted.make(request.actor, incident, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            onward = wanted.do(request.actor, incident, form, timezone.now())
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, _("Done."))
            goes_on = onward or incident
            seen = Incident.objects.filter(pk=goes_on.pk).exists()
            return redirect("case", number=goes_on.number) if seen else redirect("cases")
    projection = audience_of(request.actor, incident, now=timezone.now())
    return render(
        request,
        "incidents/case_act.html",
        {
            "trail": [
                {"url": reverse("cases"), "label": _("Cases")},
                {"url": reverse("case", args=[incident.number]), "label": incident.number},
            ],
            "act": wanted,
            "incident": incident,
            "title": shown_title(incident, projection),
            "form": form,
        },
        status=422 if form.is_bound else 200,
    )


def _teams(incident: Incident) -> list[tuple[str, str]]:
    return team_choices(without=incident.lead_team_id)


def _return(actor: Actor, incident: Incident, form: forms.Form, now: datetime) -> None:
    return_case(actor, incident, reason=form.cleaned_data["reason"], now=now)


def _hand_over(actor: Actor, incident: Incident, form: forms.Form, now: datetime) -> None:
    said = form.cleaned_data
    hand_over(actor, incident, to=access_team(actor, said["team"]), reason=said["reason"], now=now)


def _escalate(actor: Actor, incident: Incident, form: forms.Form, now: datetime) -> None:
    escalate(actor, incident, **form.cleaned_data, now=now)


def _share(actor: Actor, incident: Incident, form: forms.Form, now: datetime) -> None:
    said = form.cleaned_data
    team = access_team(actor, said["team"])
    share_with_team(actor, incident, team=team, projection=said["projection"], reason=said["reason"], now=now)


def _extract(actor: Actor, incident: Incident, form: forms.Form, now: datetime) -> None:
    said = dict(form.cleaned_data)
    try:
        recipient = access_organisation(actor, said.pop("organisation"))
    except NotFound as problem:
        raise Invalid(problem.sentence, places=[Place("organisation", problem.sentence)]) from problem
    give_extract(actor, incident, recipient=recipient, **said, now=now)


def _classify(actor: Actor, incident: Incident, form: forms.Form, now: datetime) -> None:
    classify(actor, incident, **form.cleaned_data, now=now)


def _score_form(actor: Actor, incident: Incident, data: Any) -> forms.Form:
    before = latest_score(incident, PROJECTIONS["full"])
    return asked.ScoreForm(data, scale=shipped_scale(), chosen=choices_so_far(incident, before), incident=incident)


def _score(actor: Actor, incident: Incident, form: forms.Form, now: datetime) -> None:
    if isinstance(form, asked.ScoreForm):
        said = form.cleaned_data
        score_severity(actor, incident, choices=form.choices(), eu=said["eu"], outlook=said["outlook"], now=now)


def _state(actor: Actor, incident: Incident, form: forms.Form, now: datetime) -> None:
    set_state(actor, incident, **form.cleaned_data, now=now)


def _assign_form(actor: Actor, incident: Incident, data: Any) -> forms.Form:
    staff = colleagues_of(lead_of(incident).pk, now=timezone.now())
    people = [(one.account, one.name) for one in staff]
    return asked.AssignForm(data, people=people, current=incident.assigned_to_id)


def _assign(actor: Actor, incident: Incident, form: forms.Form, now: datetime) -> None:
    assign(actor, incident, account=form.cleaned_data["account"], now=now)


def _split(actor: Actor, incident: Incident, form: forms.Form, now: datetime) -> Incident:
    return split(actor, incident, **form.cleaned_data, now=now)


def _merge_form(actor: Actor, incident: Incident, data: Any) -> forms.Form:
    rows = filtered_cases(actor, CaseFilter(), now=timezone.now()).exclude(pk=incident.pk)
    rows = rows.filter(lead_team=incident.lead_team_id, state__in=("open", "contained", "resolved"))
    if incident.organisation_id is not None:
        rows = rows.filter(organisation=incident.organisation_id)
    others = [(row.number, f"{row.number} {row.title}") for row in rows[:MOST_TWINS]]
    return asked.MergeForm(data, others=others)


def _merge(actor: Actor, incident: Incident, form: forms.Form, now: datetime) -> Incident:
    into = access_incident(actor, form.cleaned_data["into"])
    merge(actor, incident, into=into, reason=form.cleaned_data["reason"], now=now)
    return into


def _correct(actor: Actor, incident: Incident, form: forms.Form, now: datetime) -> None:
    known = {name: fact for name, fact in askable().items() if name in form.fields}
    given = facts_from_post({name: form.data.get(name, "") for name in known}, known, zone=nation_zone())
    correct_facts(actor, incident, facts=given, reason=form.cleaned_data["reason"], now=now)


ACTS: dict[str, Act] = {
    "return": Act(
        gettext_lazy("Return the case"),
        gettext_lazy("It goes back to who offered it, or one step up where it was routed to you."),
        gettext_lazy("Return it"), lambda actor, incident, data: asked.ReasonForm(data), _return,
        require_may_answer_offer,
    ),
    "hand-over": Act(
        gettext_lazy("Hand the case over"),
        gettext_lazy("Your CERT keeps it until the other one accepts."),
        gettext_lazy("Offer it"),
        lambda actor, incident, data: asked.HandOverForm(data, teams=_teams(incident)), _hand_over,
    ),
    "escalate": Act(
        gettext_lazy("Bring the case before the CERT above"),
        gettext_lazy("The CERT above sees it. Your CERT keeps it."),
        gettext_lazy("Escalate"), lambda actor, incident, data: asked.EscalateForm(data), _escalate,
    ),
    "share": Act(
        gettext_lazy("Share the case with a CERT"),
        gettext_lazy("It sees what you choose, until you take it back."),
        gettext_lazy("Share"), lambda actor, incident, data: asked.ShareForm(data, teams=_teams(incident)), _share,
    ),
    "extract": Act(
        gettext_lazy("Give an organisation an extract"),
        gettext_lazy("It reads a copy of what you choose. It never sees the case or whose it is."),
        gettext_lazy("Give the extract"),
        lambda actor, incident, data: asked.ExtractForm(data, label=incident.tlp), _extract,
    ),
    "classify": Act(
        gettext_lazy("Classify the incident"),
        gettext_lazy("Say what kind it is, who may read about it and what may be done with it."),
        gettext_lazy("Save"), lambda actor, incident, data: asked.ClassifyForm(data, incident=incident), _classify,
    ),
    "score": Act(
        gettext_lazy("Score the severity"),
        gettext_lazy("Answer what is known. What is not known counts at its mildest; score again when you know more."),
        gettext_lazy("Score it"), _score_form, _score,
    ),
    "state": Act(
        gettext_lazy("How does it stand?"),
        gettext_lazy("The organisation sees the state at once."),
        gettext_lazy("Save"), lambda actor, incident, data: asked.StateForm(data, incident=incident), _state,
        require_custody,
    ),
    "assign": Act(
        gettext_lazy("Put somebody in charge"),
        gettext_lazy("One person of your CERT, whom the organisation can ask for."),
        gettext_lazy("Save"), _assign_form, _assign,
    ),
    "split": Act(
        gettext_lazy("Split the case"),
        gettext_lazy("A new case of the same organisation takes over the facts that you choose."),
        gettext_lazy("Split it"), lambda actor, incident, data: asked.SplitForm(data, incident=incident), _split,
    ),
    "merge": Act(
        gettext_lazy("Merge with a twin"),
        gettext_lazy("Two reports of one incident: the work goes on in one case, and both stay readable."),
        gettext_lazy("Merge"), _merge_form, _merge, require_custody, danger=True,
    ),
    "correct": Act(
        gettext_lazy("Correct what was reported"),
        gettext_lazy("What the organisation signed stays as it was. The duties are computed anew."),
        gettext_lazy("Correct it"),
        lambda actor, incident, data: asked.CorrectForm(data, incident=incident, zone=nation_zone()), _correct,
    ),
}  # fmt: skip
