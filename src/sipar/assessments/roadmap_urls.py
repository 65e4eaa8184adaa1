from __future__ import annotations

from django.urls import path

from sipar.assessments import roadmap_views as views

urlpatterns = [
    path("", views.roadmap, name="roadmap"),
    path("add/<int:assessment_id>/", views.roadmap_add, name="roadmap_add"),
    path("organisations/<str:identifier>/", views.organisation_roadmap, name="organisation_roadmap"),
    path("<int:item_id>/", views.roadmap_item, name="roadmap_item"),
    path("<int:item_id>/dates/", views.roadmap_dates, name="roadmap_dates"),
    path("<int:item_id>/state/", views.roadmap_state, name="roadmap_state"),
    path("<int:item_id>/close/", views.roadmap_close, name="roadmap_close"),
    path("<int:item_id>/evidence/", views.roadmap_evidence, name="roadmap_evidence"),
]
