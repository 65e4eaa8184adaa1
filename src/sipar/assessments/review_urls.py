from __future__ import annotations

from django.urls import path

from sipar.assessments import review_site_views as site
from sipar.assessments import review_views as views

urlpatterns = [
    path("", views.reviews, name="reviews"),
    path("visits/<slug:code>/", site.review_visits, name="review_visits"),
    path("<int:assessment_id>/", views.review, name="review"),
    path("<int:assessment_id>/answers/<int:position>/", views.review_decide, name="review_decide"),
    path("<int:assessment_id>/section/", views.review_section, name="review_section"),
    path("<int:assessment_id>/finish/", views.review_finish, name="review_finish"),
    path("<int:assessment_id>/on-site/", site.review_site, name="review_site"),
    path("<int:assessment_id>/on-site/<int:position>/", site.review_site_answer, name="review_site_answer"),
    path("<int:assessment_id>/evidence/<int:evidence_id>/", site.review_evidence, name="review_evidence"),
]
