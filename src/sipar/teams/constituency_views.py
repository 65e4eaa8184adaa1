"""Whom a CERT serves: why, the change of its rule, and conflicts for the Council."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.gates import Gate, gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid
from sipar.nations.constituency import ConstituencyRule
from sipar.orgs.selectors import organisations_with
from sipar.people.gates import EVERYONE, TEAM_HEAD
from sipar.people.roles import COUNCIL_ROLES
from sipar.teams import policy
from sipar.teams.constituency_actions import apply_rule, discard_rule, draft_rule, recommend, settle
from sipar.teams.forms import RecommendationForm, RuleForm
from sipar.teams.models import Team
from sipar.teams.rules import covers_everyone, in_words, names_of, reasons_in_words
from sipar.teams.selectors import (
    access_dispute,
    access_draft,
    access_team,
    chain_of,
    disputed,
    drafts_of,
    leading_teams,
    open_disputes,
    preview_of,
    settled_disputes,
    why,
)
from sipar.ui.context import nation

CONFLICTS = Gate("conflicts", frozenset({*COUNCIL_ROLES, "team_head", "analyst"}))
SECRETARY = Gate("council_secretary", frozenset({"council_secretary"}))
SHOWN = 50


@gate(EVERYONE)
@require_GET
def explain(request: ActorRequest, code: str, organisation: str) -> HttpResponse:
    """Why an organisation belongs to a CERT, or does not."""
    found = access_team(request.actor, code)
    answer = why(request.actor, found, organisation)
    context = {
        "team": found,
        "answer": answer,
        "reasons": reasons_in_words(answer.codes, names_of(nation())),
        "chain": chain_of(answer.key),
    }
    return render(request, "teams/why.html", context)


@gate(TEAM_HEAD)
@require_http_methods(["GET", "POST"])
def change_rule(request: ActorRequest, code: str) -> HttpResponse:
    """Draft a new constituency rule."""
    found = access_team(request.actor, code)
    policy.require_may_draft(request.actor, found)
    form = RuleForm(request.POST if request.method == "POST" else None, nation=nation(), rule=found.rule)
    if request.method == "POST" and form.is_valid():
        try:
            draft = draft_rule(
                request.actor, found, form.rule(), reason=form.cleaned_data["reason"], now=timezone.now()
            )
        except Invalid as problem:
            form.add_error(None, _(problem.sentence))
        else:
            return redirect("team_draft", code, draft.pk)
    context = {"team": found, "form": form, "drafts": drafts_of(found)[:20]}
    return render(request, "teams/rule.html", context, status=422 if form.errors else 200)


@gate(TEAM_HEAD)
@require_GET
def draft(request: ActorRequest, code: str, draft: int) -> HttpResponse:
    """What a drafted rule would change, before anything does."""
    found = access_team(request.actor, code)
    policy.require_may_draft(request.actor, found)
    wanted = access_draft(request.actor, found, draft)
    rule, names = ConstituencyRule.model_validate(wanted.rule), names_of(nation())
    applies = policy.leads_nation(request.actor)
    preview = preview_of(wanted) if applies and wanted.state == "drafted" else None
    context = {
        "team": found,
        "draft": wanted,
        "include": in_words(rule.include, names),
        "exclude": in_words(rule.exclude, names),
        "lead": rule.lead,
        "everyone": covers_everyone(rule) and not found.covers_all,
        "preview": preview,
        "applies": applies,
        "joins": organisations_with(preview.joins[:SHOWN]) if preview else [],
        "leaves": organisations_with(preview.leaves[:SHOWN]) if preview else [],
        "torn": organisations_with(preview.conflicts_added[:SHOWN]) if preview else [],
    }
    return render(request, "teams/draft.html", context)


@gate(TEAM_HEAD)
@require_POST
def decide_draft(request: ActorRequest, code: str, draft: int, verdict: str) -> HttpResponse:
    """Apply a draft, or drop it."""
    found = access_team(request.actor, code)
    policy.require_may_draft(request.actor, found)
    wanted = access_draft(request.actor, found, draft)
    if verdict == "apply":
        apply_rule(request.actor, wanted, now=timezone.now())
        messages.success(request, _("The rule is in force, and every constituency is worked out anew."))
        return redirect("team", code)
    discard_rule(request.actor, wanted, now=timezone.now())
    messages.success(request, _("The draft is dropped."))
    return redirect("team_rule", code)


@gate(CONFLICTS)
@require_GET
def conflicts(request: ActorRequest) -> HttpResponse:
    """Organisations without a CERT to call first, or with several."""
    page = Paginator(open_disputes(), SHOWN).get_page(request.GET.get("page"))
    settled = list(settled_disputes()[:10])
    cases = disputed([row.pk for row in (*page, *settled)])
    teams = {team.pk: team for team in Team.objects.all()}

    def shown(row: object, key: int) -> dict[str, object]:
        case = cases.get(key)
        return {"dispute": row, "case": case, "leads": [teams[lead] for lead in case.leads] if case else []}

    context = {
        "page": page,
        "rows": [shown(row, row.pk) for row in page],
        "settled": [shown(row, row.pk) for row in settled],
        "may_recommend": policy.may_recommend(request.actor),
        "may_settle": policy.leads_nation(request.actor),
    }
    return render(request, "teams/conflicts.html", context)


@gate(SECRETARY)
@require_http_methods(["GET", "POST"])
def recommendation(request: ActorRequest, dispute: int) -> HttpResponse:
    """Record what the Council recommends."""
    found = access_dispute(request.actor, dispute)
    form = RecommendationForm(request.POST or None, teams=leading_teams())
    if request.method == "POST" and form.is_valid():
        recommend(
            request.actor, found, form.cleaned_data["team"], reason=form.cleaned_data["reason"], now=timezone.now()
        )
        messages.success(request, _("Recorded. The National CERT puts it into the rules."))
        return redirect("conflicts")
    context = {"dispute": found, "case": disputed([found.pk]).get(found.pk), "form": form}
    return render(request, "teams/recommendation.html", context, status=422 if form.errors else 200)


@gate(TEAM_HEAD)
@require_POST
def apply_recommendation(request: ActorRequest, dispute: int) -> HttpResponse:
    """Put the Council's recommendation into the rules."""
    settle(request.actor, access_dispute(request.actor, dispute), now=timezone.now())
    messages.success(request, _("Settled: the rules say it now."))
    return redirect("conflicts")
