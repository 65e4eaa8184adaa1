from __future__ import annotations

from django.urls import path

from sipar.feeds import views

urlpatterns = [
    path("", views.feed_list, name="feed_list"),
    path("new/", views.feed_new, name="feed_new"),
    path("drop/", views.feed_drop, name="feed_drop"),
    path("reports/<int:report_id>/", views.feed_report, name="feed_report"),
    path("reports/<int:report_id>/progress/", views.feed_report_progress, name="feed_report_progress"),
    path("reports/<int:report_id>/refused/", views.feed_report_refused, name="feed_report_refused"),
    path("reports/<int:report_id>/file/", views.feed_report_file, name="feed_report_file"),
    path("reports/<int:report_id>/accept/", views.feed_report_accept, name="feed_report_accept"),
    path("reports/<int:report_id>/retry/", views.feed_report_retry, name="feed_report_retry"),
    path("reports/<int:report_id>/discard/", views.feed_report_discard, name="feed_report_discard"),
    path("drifts/<int:drift_id>/settle/", views.feed_drift_settle, name="feed_drift_settle"),
    path("<slug:feed_code>/", views.feed_detail, name="feed_detail"),
    path("<slug:feed_code>/edit/", views.feed_edit, name="feed_edit"),
]
