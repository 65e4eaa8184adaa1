from __future__ import annotations

from django.urls import path

from sipar.ledger import views

urlpatterns = [
    path("", views.show, name="ledger"),
    path("events/<int:number>/", views.event, name="ledger_event"),
    path("events/<int:number>/proof.json", views.proof, name="ledger_proof"),
    path("verify/", views.verify, name="ledger_verify"),
    path("verify/<int:run>/", views.verification, name="ledger_verification"),
]
