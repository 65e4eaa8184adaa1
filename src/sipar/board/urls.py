from __future__ import annotations

from django.urls import path

from sipar.board.views import benchmark, evidence, pages, report

urlpatterns = [
    path("", pages.show, name="board"),
    path("piece/<slug:name>/", pages.piece, name="board_piece"),
    path("csv/<slug:name>/", pages.csv, name="board_csv"),
    path("requirements/", pages.requirements, name="board_requirements"),
    path("requirements/<str:identifier>/", pages.requirement, name="board_requirement"),
    path("organisations/", pages.organisations, name="board_organisations"),
    path("ours/", benchmark.ours, name="benchmark"),
    path("indicators/", evidence.show, name="indicators"),
    path("indicators/csv/", evidence.csv, name="indicators_csv"),
    path("report/", report.show, name="report"),
    path("report/runs/<int:run>/", report.progress, name="report_progress"),
    path("report/runs/<int:run>/<slug:kind>/", report.download, name="report_download"),
]
