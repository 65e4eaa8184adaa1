"""Everything under /risks/; each part keeps its own addresses."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("sipar.risks.national_urls")),
    path("organisation/", include("sipar.risks.organisation_urls")),
    path("plans/", include("sipar.risks.plan_urls")),
    path("estimates/", include("sipar.risks.estimate_urls")),
    path("exchange/", include("sipar.risks.exchange_urls")),
]
