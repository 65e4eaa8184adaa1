from __future__ import annotations

from django.urls import path

from sipar.risks import organisation_views, treatment_register_views, treatment_views

urlpatterns = [
    path("", organisation_views.organisation_risk, name="organisation_risk"),
    path("register/<int:risk>/", treatment_views.risk_page, name="risk"),
    path("register/<int:risk>/change/", treatment_register_views.risk_change, name="risk_change"),
    path("register/<int:risk>/accept/", treatment_views.risk_accept, name="risk_accept"),
    path("register/<int:risk>/review/", treatment_views.risk_review, name="risk_review"),
    path("register/<int:risk>/close/", treatment_views.risk_close, name="risk_close"),
    path("register/<int:risk>/reopen/", treatment_views.risk_reopen, name="risk_reopen"),
    path("register/<int:risk>/treat/<slug:way>/", treatment_views.risk_treat, name="risk_treat"),
    path("treatments/<int:treatment>/end/", treatment_views.treatment_end, name="treatment_end"),
    path("treatments/<int:treatment>/signed.json", treatment_views.treatment_signed, name="treatment_signed"),
    path("treatments/<int:treatment>/proof.json", treatment_views.treatment_proof, name="treatment_proof"),
    path("<str:identifier>/", organisation_views.organisation_risk_of, name="organisation_risk_of"),
    path("<str:identifier>/appetite/", organisation_views.organisation_appetite, name="organisation_appetite"),
    path("<str:identifier>/rests-on/", organisation_views.organisation_rests_on, name="organisation_rests_on"),
    path(
        "<str:identifier>/rests-on/<int:dependency>/remove/",
        organisation_views.organisation_rests_no_more,
        name="organisation_rests_no_more",
    ),
    path("<str:identifier>/register/", treatment_register_views.risk_register, name="risk_register"),
    path("<str:identifier>/register/new/", treatment_register_views.risk_new, name="risk_new"),
]
