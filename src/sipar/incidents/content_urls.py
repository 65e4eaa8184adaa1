"""Addresses of what hangs on a case, of playbooks and of national incidents, below /cases/."""

from __future__ import annotations

from django.urls import path

from sipar.incidents import artefact_views as evidence
from sipar.incidents import campaign_views as nation
from sipar.incidents import content_views as content
from sipar.incidents import playbook_views as books
from sipar.incidents import task_views as work

urlpatterns = [
    path("playbooks/", books.playbooks, name="playbooks"),
    path("playbooks/<int:playbook_id>/", books.playbook, name="playbook"),
    path("playbooks/<int:playbook_id>/cacao.json", books.download, name="playbook_download"),
    path("playbooks/<int:playbook_id>/remove/", books.remove, name="playbook_remove"),
    path("campaigns/", nation.national_incidents, name="national_incidents"),
    path("campaigns/open/", nation.open_national_incident, name="national_incident_open"),
    path("campaigns/<slug:number>/", nation.national_incident, name="national_incident"),
    path("campaigns/<slug:number>/change/", nation.change_national_incident, name="national_incident_change"),
    path("campaigns/<slug:number>/<slug:state>/", nation.settle_national_incident, name="national_incident_settle"),
    path("<slug:number>/timeline/", content.timeline, name="case_timeline"),
    path("<slug:number>/messages/", content.messages, name="case_messages"),
    path("<slug:number>/notes/", content.notes, name="case_notes"),
    path("<slug:number>/similar/", content.part, {"name": "similar"}, name="case_similar"),
    path("<slug:number>/impact/", content.part, {"name": "impact"}, name="case_impact"),
    path("<slug:number>/links/", content.link, name="case_link"),
    path("<slug:number>/links/<int:link_id>/remove/", content.unlink, name="case_unlink"),
    path("<slug:number>/campaign/join/", content.join, name="case_join"),
    path("<slug:number>/campaign/leave/", content.leave, name="case_leave"),
    path("<slug:number>/tasks/", work.tasks, name="case_tasks"),
    path("<slug:number>/tasks/playbook/", work.apply, name="case_apply_playbook"),
    path("<slug:number>/tasks/<int:task_id>/", work.task, name="case_task"),
    path("<slug:number>/tasks/<int:task_id>/plan/", work.plan_task, name="case_task_plan"),
    path("<slug:number>/tasks/<int:task_id>/settle/", work.settle_task, name="case_task_settle"),
    path("<slug:number>/tasks/<int:task_id>/reopen/", work.reopen_task, name="case_task_reopen"),
    path("<slug:number>/artefacts/", evidence.artefacts, name="case_artefacts"),
    path("<slug:number>/artefacts/<int:artefact_id>/", evidence.artefact, name="case_artefact"),
    path("<slug:number>/artefacts/<int:artefact_id>/copy/", evidence.hand_out, name="case_artefact_copy"),
    path("<slug:number>/artefacts/<int:artefact_id>/custody/", evidence.extend_chain, name="case_artefact_custody"),
    path("<slug:number>/indicators/", evidence.indicators, name="case_indicators"),
    path("<slug:number>/indicators.csv", evidence.export_indicators, name="case_indicators_csv"),
    path("<slug:number>/indicators/<int:row_id>/remove/", evidence.remove_indicator, name="case_indicator_remove"),
    path("<slug:number>/requirements/", evidence.requirements, name="case_requirements"),
    path(
        "<slug:number>/requirements/<int:row_id>/remove/", evidence.remove_requirement,
        name="case_requirement_remove",
    ),
]  # fmt: skip
