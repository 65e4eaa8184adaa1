"""Tasks of a case: added, planned, closed and opened again; a playbook that becomes tasks."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid
from sipar.incidents import task_actions
from sipar.incidents.case_policy import CASE_READERS
from sipar.incidents.content_forms import ApplyPlaybookForm, ContentForm, SettleForm, TaskForm, TaskPlanForm
from sipar.incidents.content_parts import Look
from sipar.incidents.content_policy import may_write, require_desk
from sipar.incidents.content_selectors import access_task, colleagues_of
from sipar.incidents.content_views import after, case_address, do_with, reached, show_part
from sipar.incidents.models import Task
from sipar.incidents.playbook_actions import access_playbook, apply_playbook, playbooks


@gate(CASE_READERS)
@require_http_methods(["GET", "POST"])
def tasks(request: ActorRequest, number: str) -> HttpResponse:
    """What is to be done, and one more of it."""
    look = reached(request, number)
    if request.method == "GET":
        return show_part(request, look, "tasks")
    desk = require_desk(request.actor, look.incident)
    form = TaskForm(request.POST, zone=look.zone, colleagues=colleagues_of(desk, now=look.now))
    return do_with(
        request, look, "tasks", form,
        lambda values: task_actions.add_task(request.actor, look.incident, now=look.now, **values),
    )  # fmt: skip


@gate(CASE_READERS)
@require_GET
def task(request: ActorRequest, number: str, task_id: int) -> HttpResponse:
    """One task: how, by whom and until when, and what came of it."""
    look = reached(request, number)
    return _task_page(request, look, access_task(look.incident, look.projection, task_id))


@gate(CASE_READERS)
@require_POST
def plan_task(request: ActorRequest, number: str, task_id: int) -> HttpResponse:
    """Say who does an open task, and until when."""
    look = reached(request, number)
    found = access_task(look.incident, look.projection, task_id)
    require_desk(request.actor, look.incident)
    form = _plan(look, found, request.POST)
    if form.is_valid():
        try:
            task_actions.change_task(request.actor, look.incident, found, now=look.now, **form.cleaned_data)
        except Invalid as problem:
            form.refuse(problem)
        else:
            return after(request, look, "tasks", said=_("The task is planned."))
    return _task_page(request, look, found, plan=form)


@gate(CASE_READERS)
@require_POST
def settle_task(request: ActorRequest, number: str, task_id: int) -> HttpResponse:
    """Close a task as done, or drop it with a reason."""
    look = reached(request, number)
    found = access_task(look.incident, look.projection, task_id)
    form = SettleForm(request.POST)
    if form.is_valid():
        try:
            task_actions.settle_task(request.actor, look.incident, found, now=look.now, **form.cleaned_data)
        except Invalid as problem:
            form.refuse(problem)
        else:
            return after(request, look, "tasks")
    return _task_page(request, look, found, settle=form)


@gate(CASE_READERS)
@require_POST
def reopen_task(request: ActorRequest, number: str, task_id: int) -> HttpResponse:
    """Open a closed task again."""
    look = reached(request, number)
    found = access_task(look.incident, look.projection, task_id)
    task_actions.reopen_task(request.actor, look.incident, found, now=look.now)
    return after(request, look, "tasks")


@gate(CASE_READERS)
@require_POST
def apply(request: ActorRequest, number: str) -> HttpResponse:
    """Make the steps of a playbook tasks of the case."""
    look = reached(request, number)
    require_desk(request.actor, look.incident)
    form = ApplyPlaybookForm(request.POST, playbooks=playbooks())
    if not form.is_valid():
        return show_part(request, look, "tasks", filled={form.part: form})
    made = apply_playbook(
        request.actor, look.incident, access_playbook(request.actor, form.cleaned_data["playbook"]), now=look.now
    )
    said = _("The playbook became %(tasks)s tasks.") % {"tasks": len(made)}
    return after(request, look, "tasks", said=said)


def _plan(look: Look, found: Task, data: object = None) -> TaskPlanForm:
    return TaskPlanForm(
        data,
        zone=look.zone,
        colleagues=[] if found.for_organisation else colleagues_of(found.team_id, now=look.now),
        initial={"due_at": found.due_at, "assigned_to": found.assigned_to_id},
    )


def _task_page(
    request: ActorRequest,
    look: Look,
    found: Task,
    *,
    plan: ContentForm | None = None,
    settle: ContentForm | None = None,
) -> HttpResponse:
    writes = may_write(request.actor, look.incident)
    desk = look.desk if writes else None
    is_open = found.state == "open"
    settles = is_open and writes and (desk is not None or found.for_organisation)
    context = {
        "trail": [
            {"url": case_address(look.incident), "label": look.incident.number},
            {"url": f"{case_address(look.incident)}#case-tasks", "label": _("Tasks")},
        ],
        "incident": look.incident,
        "task": found,
        "plan": (plan or _plan(look, found)) if desk is not None and is_open else None,
        "settle": (settle or SettleForm()) if settles else None,
        "may_reopen": desk is not None and not is_open,
    }
    return render(request, "incidents/case/task.html", context, status=422 if plan or settle else 200)
