from __future__ import annotations

from django.urls import path

from sipar.assessments import gap_views as views

urlpatterns = [
    path("", views.gaps, name="gaps"),
    path("<int:assessment_id>/", views.assessment_gaps, name="assessment_gaps"),
    path("<int:assessment_id>/oscal/plan.json", views.oscal_file, {"document": "plan"}, name="oscal_plan"),
    path("<int:assessment_id>/oscal/results.json", views.oscal_file, {"document": "results"}, name="oscal_results"),
    path("<int:assessment_id>/oscal/poam.json", views.oscal_file, {"document": "poam"}, name="oscal_poam"),
]
