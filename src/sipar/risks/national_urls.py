from __future__ import annotations

from django.urls import path

from sipar.risks import national_assumption_views as assumptions
from sipar.risks import national_report_views as reports
from sipar.risks import national_run_views as runs
from sipar.risks import national_views as nation

urlpatterns = [
    path("", nation.board, name="risk_board"),
    path("scenarios/", nation.scenarios, name="risk_scenarios"),
    path("scenarios/<str:key>/", nation.scenario, name="risk_scenario"),
    path("dependencies/", nation.dependencies, name="risk_dependencies"),
    path("trust/", nation.trust, name="risk_trust"),
    path("report/", reports.report, name="risk_report"),
    path("report/<int:report>/", reports.report_progress, name="risk_report_progress"),
    path("report/<int:report>/<str:kind>/", reports.report_download, name="risk_report_download"),
    path("runs/", runs.runs, name="risk_runs"),
    path("runs/new/", runs.run_new, name="risk_run_new"),
    path("runs/compare/", runs.runs_compare, name="risk_runs_compare"),
    path("runs/<int:run>/", runs.run, name="risk_run"),
    path("runs/<int:run>/cancel/", runs.run_cancel, name="risk_run_cancel"),
    path("runs/<int:run>/repeat/", runs.run_repeat, name="risk_run_repeat"),
    path("runs/<int:run>/files/<str:kind>/", runs.run_download, name="risk_run_download"),
    path("runs/<int:run>/tables/<str:name>.csv", nation.board_csv, name="risk_csv"),
    path("assumptions/", assumptions.assumptions, name="risk_assumptions"),
    path("assumptions/compare/", assumptions.versions_compare, name="risk_versions_compare"),
    path("assumptions/<int:number>/", assumptions.version, name="risk_version"),
    path("assumptions/<int:number>/draft/", assumptions.begin_draft, name="risk_begin_draft"),
    path("assumptions/<int:number>/document/", assumptions.document, name="risk_document"),
    path("assumptions/<int:number>/use/", assumptions.use, name="risk_use"),
    path("assumptions/<int:number>/discard/", assumptions.discard, name="risk_discard"),
    path("assumptions/<int:number>/copy/<path:address>/", assumptions.part_copy, name="risk_part_copy"),
    path("assumptions/<int:number>/remove/<path:address>/", assumptions.part_remove, name="risk_part_remove"),
    path("assumptions/<int:number>/edit/<path:address>/", assumptions.part, name="risk_part"),
]
