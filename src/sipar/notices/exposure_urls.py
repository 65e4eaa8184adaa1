from __future__ import annotations

from django.urls import path

from sipar.notices import exposure_cert_views, exposure_nation_views, exposure_views

urlpatterns = [
    path("", exposure_views.exposure, name="exposure"),
    path("findings/", exposure_cert_views.exposure_findings, name="exposure_findings"),
    path("findings/decide/", exposure_views.exposure_decide, name="exposure_decide"),
    path("findings/<int:finding>/", exposure_views.exposure_finding, name="exposure_finding"),
    path("findings/<int:finding>/sightings/", exposure_views.exposure_sightings, name="exposure_sightings"),
    path("csv/<slug:name>/", exposure_cert_views.exposure_csv, name="exposure_csv"),
    path("nation/", exposure_nation_views.exposure_nation, name="exposure_nation"),
    path("nation/csv/<slug:name>/", exposure_nation_views.exposure_nation_csv, name="exposure_nation_csv"),
    path("organisations/<str:identifier>/", exposure_views.exposure_organisation, name="exposure_organisation"),
    path(
        "organisations/<str:identifier>/csv/<slug:name>/",
        exposure_views.exposure_organisation_csv,
        name="exposure_organisation_csv",
    ),
]
