"""Pages of rules: what is in use in plain words, drafts beside their data, dry runs, putting to use."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.models import BackgroundRun
from sipar.core.problems import Forbidden, Invalid
from sipar.exposure.rules import RulesProblem, parse
from sipar.notices import rule_actions, selectors
from sipar.notices.dry_run_reading import chart_of, told_lines
from sipar.notices.exposure_sub import sub_navigation
from sipar.notices.forms import DryRunForm, RulesForm
from sipar.notices.models import DryRun, RuleSet
from sipar.notices.policy import may_write_rules
from sipar.notices.rule_tasks import dry_run_rules
from sipar.notices.rule_words import PlainRule, plain_rules
from sipar.notices.starter import STARTER
from sipar.people.gates import TEAM
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column

PAST_DAYS = 30
COLUMNS = (
    Column("version", gettext_lazy("Version")),
    Column("team", gettext_lazy("CERT")),
    Column("state", gettext_lazy("State")),
    Column("made", gettext_lazy("Written")),
    Column("used", gettext_lazy("Put to use")),
)


@gate(TEAM)
@require_GET
def rules_list(request: ActorRequest) -> HttpResponse:
    """Which rules are in use, in plain words, and every version there was."""
    teams = selectors.teams_of_rules(request.actor)
    rows = list(selectors.rule_sets_of(teams)[:200])
    active = [(row, _plain(row)) for row in rows if row.state == "active"]
    context = {
        "rows": rows, "active": active, "columns": COLUMNS,
        "sub_links": sub_navigation(request.actor, request.path),
        "may_write": any(may_write_rules(request.actor, team.pk) for team in teams),
    }  # fmt: skip
    return render(request, "notices/rules_list.html", context)


@gate(TEAM)
@require_http_methods(["GET", "POST"])
def rules_new(request: ActorRequest) -> HttpResponse:
    """A draft, beginning with what is in use."""
    teams = [team for team in selectors.teams_of_rules(request.actor) if may_write_rules(request.actor, team.pk)]
    if not teams:
        raise Forbidden("Analysts and the head of the CERT write its rules.", code="notice.rules")
    team = teams[0]
    active = RuleSet.objects.filter(team=team, state="active").first()
    begin = (active.text if active is not None else "") or STARTER
    form = RulesForm(request.POST if request.method == "POST" else None, initial={"text": begin})
    if request.method == "POST" and form.is_valid():
        try:
            made = rule_actions.draft_rules(request.actor, team, form.cleaned_data["text"], now=timezone.now())
        except Invalid as problem:
            _add_places(form, problem)
        else:
            return redirect("rules", made.pk)
    context = {"form": form, "plain": _plain_text(form["text"].value()), "trail": _trail(), "rule_set": None}
    return render(request, "notices/rules.html", context, status=422 if form.is_bound else 200)


@gate(TEAM)
@require_http_methods(["GET", "POST"])
def rules(request: ActorRequest, rule_set: int) -> HttpResponse:
    """One version: in words and as data; a draft can be changed, tried on the past, put to use."""
    found = selectors.access_rule_set(rule_set)
    form = RulesForm(request.POST if request.method == "POST" else None, initial={"text": found.text})
    if request.method == "POST" and form.is_valid():
        try:
            rule_actions.draft_rules(
                request.actor, found.team, form.cleaned_data["text"], rule_set=found, now=timezone.now()
            )
        except Invalid as problem:
            _add_places(form, problem)
        else:
            messages.success(request, _("Kept."))
            return redirect("rules", found.pk)
    return _rules_page(request, found, form, status=422 if form.is_bound else 200)


@gate(TEAM)
@require_POST
def rules_check(request: ActorRequest) -> HttpResponse:
    """What the text says, in words, while it is being written."""
    return render(request, "notices/rules_words.html", {"plain": _plain_text(request.POST.get("text", ""))})


@gate(TEAM)
@require_POST
def rules_activate(request: ActorRequest, rule_set: int) -> HttpResponse:
    """Put a draft to use."""
    found = selectors.access_rule_set(rule_set)
    rule_actions.activate_rules(request.actor, found, now=timezone.now())
    messages.success(request, _("In use. The next bundles follow these rules."))
    return redirect("rules", found.pk)


@gate(TEAM)
@require_POST
def rules_discard(request: ActorRequest, rule_set: int) -> HttpResponse:
    """Put a draft away."""
    rule_actions.discard_rules(request.actor, selectors.access_rule_set(rule_set))
    messages.success(request, _("Discarded."))
    return redirect("rules_list")


@gate(TEAM)
@require_POST
def rules_dry_run(request: ActorRequest, rule_set: int) -> HttpResponse:
    """Ask what these rules would have sent in past days; the answer is worked out in the background."""
    found = selectors.access_rule_set(rule_set)
    form = DryRunForm(request.POST)
    if form.is_valid():
        try:
            asked = rule_actions.ask_dry_run(request.actor, found, **form.cleaned_data, now=timezone.now())
        except Invalid as problem:
            add_problem(form, problem)
        else:
            transaction.on_commit(lambda: dry_run_rules.defer(dry_run=asked.pk))
            return redirect("rules_dry_run_result", asked.pk)
    return _rules_page(request, found, RulesForm(initial={"text": found.text}), asking=form, status=422)


@gate(TEAM)
@require_GET
def rules_dry_run_result(request: ActorRequest, dry_run: int) -> HttpResponse:
    """What would have been sent, beside what the rules in use would have sent; htmx asks until it is there."""
    found = selectors.access_dry_run(dry_run)
    run = BackgroundRun.objects.filter(pk=found.run_id or 0).first()
    waiting = found.ended_at is None and (run is None or run.state in ("waiting", "running"))
    context = {
        "dry_run": found,
        "rule_set": found.rule_set,
        "run": run,
        "waiting": waiting,
        "failed": found.ended_at is None and not waiting,
        "result": found.result,
        "lines": told_lines(found),
        "chart": chart_of(found, language=translation.get_language()) if found.ended_at else None,
        "may_write": may_write_rules(request.actor, found.team_id),
        "trail": [*_trail(), {"url": reverse("rules", args=[found.rule_set_id]), "label": _version(found.rule_set)}],
    }
    if request.headers.get("HX-Request") != "true":
        return render(request, "notices/dry_run.html", context)
    response = render(request, "notices/dry_run_part.html", context)
    if not waiting:
        # What may be done with the result stands in the head of the page.
        response["HX-Refresh"] = "true"
    return response


def _rules_page(
    request: ActorRequest, found: RuleSet, form: RulesForm, *, asking: DryRunForm | None = None, status: int = 200
) -> HttpResponse:
    today = timezone.now().date()
    days = {"first_day": today - timedelta(days=PAST_DAYS), "last_day": today}
    context = {
        "rule_set": found,
        "version": _version(found),
        "state_in_words": RuleSet.STATES[found.state],
        "form": form,
        "plain": _plain_text(form["text"].value()),
        "asking": asking or DryRunForm(initial=days),
        "dry_runs": _with_runs(selectors.dry_runs_of(found)),
        "may_write": may_write_rules(request.actor, found.team_id),
        "trail": _trail(),
    }
    return render(request, "notices/rules.html", context, status=status)


def _with_runs(rows: list[DryRun]) -> list[tuple[DryRun, dict[str, dict[str, int]]]]:
    return [(row, row.result.get("sums", {})) for row in rows]


def _plain(row: RuleSet) -> list[PlainRule]:
    try:
        return plain_rules(parse(row.document))
    except RulesProblem:
        return []


def _plain_text(text: object) -> dict[str, object]:
    """The rules of a text in words, or what is wrong with it."""
    try:
        return {"rules": plain_rules(parse(str(text or ""))), "wrong": ()}
    except RulesProblem as problem:
        return {"rules": (), "wrong": problem.wrong[:20]}


def _add_places(form: RulesForm, problem: Invalid) -> None:
    for place in problem.places[:20]:
        form.add_error("text", f"{place.where}: {place.sentence}")


def _version(rule_set: RuleSet) -> str:
    return _("Version %(version)s") % {"version": rule_set.version}


def _trail() -> list[dict[str, str]]:
    return [
        {"url": reverse("notice_list"), "label": _("Notices")},
        {"url": reverse("rules_list"), "label": _("Rules")},
    ]
