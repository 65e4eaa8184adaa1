"""The roadmap of one organisation, and what is overdue in a constituency."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language_bidi, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sipar.assessments.models import RoadmapItem
from sipar.assessments.roadmap_actions import (
    Plan,
    Upload,
    add_items,
    close_item,
    may_plan,
    move_item,
    plan_item,
    require_may_plan,
    reschedule_item,
)
from sipar.assessments.roadmap_forms import AddItemsForm, CloseForm, DatesForm, PlanForm, StateForm
from sipar.assessments.roadmap_selectors import (
    LIVE_STATES,
    access_item,
    is_overdue,
    items_by_sector,
    items_open_to,
    overdue_by_organisation,
    totals,
)
from sipar.assessments.roadmap_timeline import timeline
from sipar.assessments.selectors import access_assessment
from sipar.assessments.work_tabs import text_of, work_tabs
from sipar.core.files import download_table, file_response
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid, not_open
from sipar.frameworks.selectors import loaded
from sipar.orgs.models import Organisation
from sipar.people.gates import ASSESSMENT_READERS, ORGANISATION
from sipar.people.roles import TEAM_ROLES
from sipar.ui.context import nation, nation_zone
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column

ROWS = 50
MOST_PICKED = 500
HEADER = (
    "organisation", "campaign", "requirement", "title", "target_level", "owner", "starts_on", "due_on", "cost",
    "currency", "state", "overdue", "waits_for",
)  # fmt: skip

MOVES = {
    ("planned", "doing"): gettext_lazy("Start"),
    ("planned", "dropped"): gettext_lazy("Drop"),
    ("doing", "planned"): gettext_lazy("Back to planned"),
    ("doing", "dropped"): gettext_lazy("Drop"),
    ("done", "doing"): gettext_lazy("Reopen"),
    ("dropped", "planned"): gettext_lazy("Plan again"),
}


def today_of(now: datetime) -> date:
    """The day that it is in the nation."""
    return now.astimezone(nation_zone()).date()


@gate(ASSESSMENT_READERS)
@require_GET
def roadmap(request: ActorRequest) -> HttpResponse:
    """The own organisation's roadmap; what is overdue in the constituency for a CERT."""
    if request.actor.holds(*TEAM_ROLES):
        return _constituency_page(request)
    organisations = request.actor.organisations
    rows = items_open_to(request.actor, now=timezone.now())
    return _items_page(request, rows.filter(organisation__in=organisations) if organisations else rows, None)


@gate(ASSESSMENT_READERS)
@require_GET
def organisation_roadmap(request: ActorRequest, identifier: str) -> HttpResponse:
    """The roadmap of one organisation that the reader sees."""
    organisation = Organisation.objects.filter(identifier=identifier.replace("\x00", "")).first()
    if organisation is None:
        raise not_open("organisation")
    rows = items_open_to(request.actor, now=timezone.now()).filter(organisation=organisation)
    return _items_page(request, rows, organisation)


@gate(ORGANISATION)
@require_POST
def roadmap_add(request: ActorRequest, assessment_id: int) -> HttpResponse:
    """Put the ticked gaps of an assessment on the roadmap."""
    assessment = access_assessment(request.actor, assessment_id)
    form = AddItemsForm(request.POST)
    picked = request.POST.getlist("requirements")[:MOST_PICKED]
    if not picked:
        raise Invalid(_("Tick at least one gap, then put it on the roadmap."), code="roadmap.nothing_picked")
    if not form.is_valid():
        raise Invalid(_("Give a date until which the gaps are closed."), code="roadmap.due")
    said = form.cleaned_data
    added = add_items(
        request.actor, assessment, picked, due_on=said["due_on"], owner_name=said["owner_name"], now=timezone.now()
    )
    sentence = ngettext("%(number)s gap is on the roadmap now.", "%(number)s gaps are on the roadmap now.", len(added))
    messages.success(request, sentence % {"number": len(added)})
    return redirect("roadmap")


@gate(ASSESSMENT_READERS)
def roadmap_item(request: ActorRequest, item_id: int) -> HttpResponse:
    """One item: read it; the organisation changes it here."""
    posted = request.method == "POST"
    item = access_item(request.actor, item_id, now=timezone.now(), for_update=posted)
    if not posted:
        return _item_page(request, item)
    require_may_plan(request.actor, item.organisation_id)
    form = _plan_form(item, request.POST)
    if not form.is_valid():
        return _item_page(request, item, plan=form, status=422)
    try:
        plan_item(request.actor, item, Plan(**form.cleaned_data))
    except Invalid as problem:
        add_problem(form, problem)
        return _item_page(request, item, plan=form, status=422)
    messages.success(request, _("Saved."))
    return redirect("roadmap_item", item_id)


@gate(ORGANISATION)
@require_POST
def roadmap_dates(request: ActorRequest, item_id: int) -> HttpResponse:
    """Move an item in time: what dragging a bar sends, and what the two date fields send."""
    item = access_item(request.actor, item_id, now=timezone.now(), for_update=True)
    form = DatesForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Give the dates as year, month and day."), code="roadmap.dates")
    reschedule_item(request.actor, item, **form.cleaned_data)
    return redirect("roadmap")


@gate(ORGANISATION)
@require_POST
def roadmap_state(request: ActorRequest, item_id: int) -> HttpResponse:
    """Start, pause, drop or reopen an item."""
    item = access_item(request.actor, item_id, now=timezone.now(), for_update=True)
    form = StateForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Choose a state."), code="roadmap.state")
    move_item(request.actor, item, form.cleaned_data["state"])
    return redirect("roadmap_item", item_id)


@gate(ORGANISATION)
@require_POST
def roadmap_close(request: ActorRequest, item_id: int) -> HttpResponse:
    """Close an item with what shows it."""
    now = timezone.now()
    item = access_item(request.actor, item_id, now=now, for_update=True)
    form = CloseForm(request.POST, request.FILES)
    if not form.is_valid():
        return _item_page(request, item, close=form, status=422)
    file = form.cleaned_data["file"]
    upload = Upload(name=file.name, content=file.read()) if file else None
    try:
        close_item(request.actor, item, note=form.cleaned_data["note"], upload=upload, now=now)
    except Invalid as problem:
        add_problem(form, problem)
        return _item_page(request, item, close=form, status=422)
    messages.success(request, _("The item is closed."))
    return redirect("roadmap_item", item_id)


@gate(ASSESSMENT_READERS)
@require_GET
def roadmap_evidence(request: ActorRequest, item_id: int) -> HttpResponse:
    """The file that shows that an item is closed."""
    item = access_item(request.actor, item_id, now=timezone.now())
    if item.closing_evidence is None:
        raise not_open("file")
    return file_response(item.closing_evidence)


def _items_page(request: ActorRequest, rows: Any, organisation: Organisation | None) -> HttpResponse:
    today = today_of(timezone.now())
    state = text_of(request, "state")
    shown = rows
    if state == "overdue":
        shown = rows.filter(state__in=LIVE_STATES, due_on__lt=today)
    elif state in RoadmapItem.STATES:
        shown = rows.filter(state=state)
    if request.GET.get("format") == "csv":
        return _csv(list(shown[:10_000]), today)
    page = Paginator(shown, ROWS).get_page(request.GET.get("page"))
    items = list(page)
    plans = bool(items) and all(may_plan(request.actor, item.organisation_id) for item in items)
    return render(
        request,
        "assessments/roadmap_list.html",
        {
            "tabs": work_tabs(request.actor, "roadmap"),
            "organisation": organisation,
            "totals": totals(rows, today=today),
            "currency": nation().currency,
            "page": page,
            "rows": [{"item": item, "overdue": is_overdue(item, today=today)} for item in items],
            "picture": timeline([item for item in items if item.state != "dropped"], today=today,
                                mirrored=get_language_bidi()),
            "today": today,
            "several": len({item.organisation_id for item in items}) > 1,
            "columns": [
                Column("title", _("Item")),
                Column("owner", _("Owner")),
                Column("starts", _("Start"), optional=True),
                Column("due", _("Due")),
                Column("cost", _("Cost in %(currency)s") % {"currency": nation().currency}, numeric=True),
                Column("waits", _("Waits for"), optional=True),
                Column("state", _("State")),
            ],
            "states": [("overdue", _("Overdue")), *RoadmapItem.STATES.items()],
            "state": state,
            "csv": f"?state={state}&format=csv" if state in ("overdue", *RoadmapItem.STATES) else "?format=csv",
            "may_plan": plans,
        },
    )  # fmt: skip


def _constituency_page(request: ActorRequest) -> HttpResponse:
    now = timezone.now()
    today = today_of(now)
    page = Paginator(overdue_by_organisation(request.actor, today=today, now=now), ROWS).get_page(
        request.GET.get("page")
    )
    sectors = items_by_sector(today=today)
    return render(
        request,
        "assessments/roadmap_overdue.html",
        {
            "tabs": work_tabs(request.actor, "roadmap"),
            "page": page,
            "sectors": sectors,
            "overdue": sum(line.overdue for line in sectors),
            "live": sum(line.live for line in sectors),
            "closed": sum(line.closed for line in sectors),
            "columns": [
                Column("organisation", _("Organisation")),
                Column("tier", _("Tier")),
                Column("sector", _("Sector"), optional=True),
                Column("overdue", _("Overdue"), numeric=True),
                Column("since", _("Oldest due")),
                Column("cost", _("Cost in %(currency)s") % {"currency": nation().currency}, numeric=True),
            ],
            "sector_columns": [
                Column("sector", _("Sector")),
                Column("overdue", _("Overdue"), numeric=True),
                Column("live", _("Open"), numeric=True),
                Column("closed", _("Closed"), numeric=True),
            ],
        },
    )


def _item_page(
    request: ActorRequest,
    item: RoadmapItem,
    *,
    plan: PlanForm | None = None,
    close: CloseForm | None = None,
    status: int = 200,
) -> HttpResponse:
    framework = loaded(item.campaign.framework_id)
    position = framework.positions.get(item.requirement)
    plans = may_plan(request.actor, item.organisation_id)
    return render(
        request,
        "assessments/roadmap_item.html",
        {
            "trail": [{"url": reverse("roadmap"), "label": _("Roadmap")}],
            "item": item,
            "requirement": framework.requirements[position] if position is not None else None,
            "may_plan": plans,
            "overdue": is_overdue(item, today=today_of(timezone.now())),
            "plan": (plan or _plan_form(item)) if plans else None,
            "close": (close or CloseForm()) if plans and "done" in RoadmapItem.TRANSITIONS[item.state] else None,
            "moves": [
                {"state": state, "label": MOVES[item.state, state]}
                for state in RoadmapItem.TRANSITIONS[item.state]
                if plans and state != "done"
            ],
            "currency": nation().currency,
        },
        status=status,
    )


def _plan_form(item: RoadmapItem, data: Any = None) -> PlanForm:
    others = RoadmapItem.objects.filter(organisation=item.organisation_id).exclude(pk=item.pk).exclude(state="dropped")
    return PlanForm(
        data,
        others=list(others.order_by("requirement", "id")[:MOST_PICKED]),
        currency=nation().currency,
        initial={
            "title": item.title, "target_level": item.target_level, "owner_name": item.owner_name,
            "starts_on": item.starts_on, "due_on": item.due_on, "cost": item.cost, "depends_on": item.depends_on_id,
        },
    )  # fmt: skip


def _csv(items: list[RoadmapItem], today: date) -> HttpResponse:
    rows = [
        (
            item.organisation.identifier, item.campaign.code, item.requirement, item.title, item.target_level,
            item.owner_name, item.starts_on, item.due_on, None if item.cost is None else float(item.cost),
            nation().currency, item.state, is_overdue(item, today=today),
            item.depends_on.title if item.depends_on else "",
        )
        for item in items
    ]  # fmt: skip
    return download_table(HEADER, rows, name="roadmap.csv")
