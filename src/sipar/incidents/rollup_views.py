"""The pages of roll-ups: what was sent, assembling the next one, the receipt, and the period that is set."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.assessments.signing import factors_of, shown_for, shown_lately
from sipar.core.files import download
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Conflict, Forbidden, Invalid
from sipar.incidents import rollup_actions as actions
from sipar.incidents.classification import rsit
from sipar.incidents.custody_reading import national_team
from sipar.incidents.models import Incident, RollUp, RollUpPeriod
from sipar.incidents.rollup_forms import PeriodForm, ReceiptForm, SendForm, SpanForm
from sipar.incidents.rollup_selectors import (
    access_rollup,
    assemble,
    government_team,
    last_period,
    named,
    period_set,
    receiving_team,
    require_reader,
    rollups_seen,
)
from sipar.incidents.situation_words import (
    language,
    level_step,
    level_word,
    province_names,
    sector_names,
    team_names,
    words,
)
from sipar.obligations.models import Duty
from sipar.orgs.forms import add_problem
from sipar.people.gates import TEAM
from sipar.people.models import Account
from sipar.ui.context import nation_zone

ROWS = 50


@gate(TEAM)
@require_GET
def rollups(request: ActorRequest) -> HttpResponse:
    """What was sent and received, and how often a roll-up is due."""
    require_reader(request.actor)
    page = Paginator(rollups_seen(request.actor), ROWS).get_page(request.GET.get("page"))
    return render(request, "incidents/board_rollups.html", _list_context(request) | {"page": page})


@gate(TEAM)
@require_http_methods(["GET", "POST"])
def assemble_rollup(request: ActorRequest) -> HttpResponse:
    """Assemble a period, read it, sign it and send it."""
    team = government_team(request.actor)
    if team is None:
        raise Forbidden("The Government CERT assembles the roll-up.", code="rollup.send")
    now, zone = timezone.now(), nation_zone()
    if request.method == "POST":
        form: forms.Form = SendForm(request.POST)
        if form.is_valid():
            since, until = _span(form, zone)
            try:
                sent = actions.send_rollup(
                    request.actor, since=since, until=until, remarks=form.cleaned_data["remarks"],
                    signature=shown_for(request, now=now, unsigned=_("The roll-up was not signed.")), now=now,
                )  # fmt: skip
            except (Invalid, Conflict) as problem:
                add_problem(form, problem)
            except Forbidden as problem:
                if problem.code != "second_factor":
                    raise
                add_problem(form, problem)
            else:
                messages.success(request, _("Signed and sent to the National CERT."))
                return redirect("rollup", sent.number)
    else:
        period = period_set()
        every = period.every if period else RollUpPeriod.Every.MONTH
        begin, end = last_period(every, now=now, zone=zone)
        asked = request.GET if "since" in request.GET else None
        initial = {"since": begin.date(), "until": (end - timedelta(days=1)).date()}
        form = SpanForm(asked) if asked else SpanForm(initial)
    shown = _span(form, zone) if form.is_valid() else last_period("month", now=now, zone=zone)
    found = assemble(request.actor, team, national_team(), since=shown[0], until=shown[1], now=now)
    send = form if isinstance(form, SendForm) else SendForm(initial=form.cleaned_data if form.is_valid() else None)
    factors = factors_of(request.actor.account)
    context = {
        "trail": [{"url": reverse("rollups"), "label": _("Roll-ups")}],
        "span": SpanForm(initial=form.cleaned_data if form.is_valid() else None),
        "form": send,
        "over": shown[1] <= now,
        "signs": actions.may_send(request.actor),
        "factors": factors,
        "shown": shown_lately(request, now=now) if factors else None,
        **_document(found.figures, found.notable),
    }
    return render(request, "incidents/board_rollup_new.html", context, status=422 if form.errors else 200)


@gate(TEAM)
@require_GET
def rollup(request: ActorRequest, number: str) -> HttpResponse:
    """One roll-up as it was signed, and its receipt."""
    found = access_rollup(request.actor, number)
    return render(request, "incidents/board_rollup.html", _one_context(request, found))


@gate(TEAM)
@require_GET
def document(request: ActorRequest, number: str) -> HttpResponse:
    """The bytes that were signed."""
    found = access_rollup(request.actor, number)
    signed = actions.signed_document(found)
    return download(signed, name=f"rollup-{found.number}.json", media_type="application/json")


@gate(TEAM)
@require_POST
def acknowledge(request: ActorRequest, number: str) -> HttpResponse:
    """Say that the National CERT has received it."""
    found = access_rollup(request.actor, number)
    form = ReceiptForm(request.POST)
    if not form.is_valid():
        context = _one_context(request, found) | {"form": form}
        return render(request, "incidents/board_rollup.html", context, status=422)
    actions.acknowledge(request.actor, found, words=form.cleaned_data["words"], now=timezone.now())
    messages.success(request, _("Acknowledged."))
    return redirect("rollup", number)


@gate(TEAM)
@require_http_methods(["GET", "POST"])
def set_period(request: ActorRequest) -> HttpResponse:
    """Set how often a roll-up is due: the head of the National CERT."""
    if not request.actor.holds_in_tier("national", "team_head"):
        raise Forbidden("The head of the National CERT sets the period.", code="rollup.period")
    form = PeriodForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.set_period(request.actor, **form.cleaned_data, now=timezone.now())
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, _("Set. The next clock starts within the hour."))
            return redirect("rollups")
    context = {"form": form, "trail": [{"url": reverse("rollups"), "label": _("Roll-ups")}]}
    return render(request, "incidents/board_rollup_period.html", context, status=422 if form.errors else 200)


def _list_context(request: ActorRequest) -> dict[str, Any]:
    period = period_set()
    team = government_team(request.actor)
    clock = Duty.objects.filter(code=actions.CODE, team=team, state__in=("running", "breached")) if team else None
    return {
        "period": period,
        "sends": actions.may_send(request.actor),
        "assembles": team is not None,
        "sets": request.actor.holds_in_tier("national", "team_head"),
        "clock": clock.order_by("due_at").first() if clock is not None else None,
    }


def _one_context(request: ActorRequest, found: RollUp) -> dict[str, Any]:
    receipt = getattr(found, "receipt", None)
    people = {found.sent_by_id} | ({receipt.received_by_id} if receipt else set())
    receiver = receiving_team(request.actor)
    return {
        "rollup": found,
        "receipt": receipt,
        "names": dict(Account.objects.filter(pk__in=people).values_list("pk", "name")),
        "sender": Account.objects.filter(pk=found.sent_by_id).values_list("name", flat=True).first(),
        "receiver": Account.objects.filter(pk=receipt.received_by_id).values_list("name", flat=True).first()
        if receipt
        else None,
        "last_day": found.until - timedelta(seconds=1),
        "form": ReceiptForm() if receiver and receiver.pk == found.to_team_id and receipt is None else None,
        "trail": [{"url": reverse("rollups"), "label": _("Roll-ups")}],
        **_document(found.figures, found.notable),
    }


def _document(figures: dict[str, Any], notable: list[dict[str, Any]]) -> dict[str, Any]:
    """Figures and notable cases in words."""
    sectors = {code: name for code, name in sector_names().values() if code}
    provinces = {code: name for code, name in province_names().values() if code}
    teams = {code: name for code, name in team_names().values() if code}
    classes = {one.code: one.title for one in rsit().classes} if language() else {}
    parts = [
        (_("State"), named(figures, "by_state"), {code: str(word) for code, word in Incident.STATES.items()}),
        (_("Severity"), named(figures, "by_severity"), None),
        (_("Sector"), named(figures, "by_sector"), sectors),
        (_("Province"), named(figures, "by_province"), provinces),
    ]
    kinds = {str(kind): str(label) for kind, label in Duty.Kind.choices}
    return {
        "figures": figures,
        "parts": [
            {
                "title": title,
                "rows": [
                    (level_word(code) if known is None else known.get(code, code) or _("not known"), number)
                    for code, number in counts.items()
                ],
            }
            for title, counts, known in parts
        ],
        "teams": [
            {"name": teams.get(code, code), **numbers} for code, numbers in figures.get("by_team", {}).items()
        ],
        "missed": [(kinds.get(kind, kind), number) for kind, number in named(figures, "missed").items()],
        "notable": [
            {
                **line, "step": level_step(line["severity"]), "word": level_word(line["severity"]),
                "sector_name": sectors.get(line["sector"], ""), "class_name": words_of(classes, line["class"]),
                "state_word": str(Incident.STATES.get(line["state"], line["state"])),
            }
            for line in notable
        ],
    }  # fmt: skip


def words_of(titles: dict[str, Any], code: str) -> str:
    """The title of a class of incident; its code where the taxonomy has no other word."""
    title = titles.get(code, code)
    return words(title) if isinstance(title, dict) else str(title)


def _span(form: forms.Form, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Midnight before the first day, and after the last."""
    first: date = form.cleaned_data["since"]
    last: date = form.cleaned_data["until"]
    return (
        datetime.combine(first, time(0), zone),
        datetime.combine(last + timedelta(days=1), time(0), zone),
    )
