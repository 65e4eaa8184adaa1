from __future__ import annotations

from django.urls import path

from sipar.risks import estimate_report_views, estimate_views

urlpatterns = [
    path("", estimate_views.show_all, name="estimates"),
    path("new/", estimate_views.ask, name="estimate_ask"),
    path("<int:question>/", estimate_views.show, name="estimate"),
    path("<int:question>/settle/", estimate_views.settle, name="estimate_settle"),
    path("<int:question>/withdraw/", estimate_views.withdraw, name="estimate_withdraw"),
    path("<int:question>/take/", estimate_views.take, name="estimate_take"),
    path("reports/", estimate_report_views.show_all, name="estimate_reports"),
    path("reports/new/", estimate_report_views.ask, name="estimate_reports_ask"),
    path("reports/<int:update>/", estimate_report_views.show, name="estimate_report"),
    path("reports/<int:update>/take/", estimate_report_views.take, name="estimate_report_take"),
]
