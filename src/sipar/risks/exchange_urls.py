from __future__ import annotations

from django.urls import path

from sipar.risks import exchange_views

urlpatterns = [
    path("", exchange_views.exchange, name="risk_exchange"),
    path("<int:scenario_import>/", exchange_views.show_import, name="risk_import"),
    path("<int:scenario_import>/scale/", exchange_views.state_scale, name="risk_import_scale"),
    path("<int:scenario_import>/take/", exchange_views.take_import, name="risk_import_take"),
    path("<int:scenario_import>/discard/", exchange_views.discard_import, name="risk_import_discard"),
    path("assumptions/<int:number>/<slug:form>/", exchange_views.assumptions_file, name="risk_assumptions_file"),
]
