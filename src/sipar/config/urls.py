"""Where each noun's pages stand. Every view below carries a gate, or the build fails."""

from __future__ import annotations

from django.urls import include, path
from django.views.i18n import set_language

from sipar.config.api import api

urlpatterns = [
    path("", include("sipar.desk.urls")),
    path("", include("sipar.ui.urls")),
    path("accounts/", include("allauth.urls")),
    path("language/", set_language, name="set_language"),
    path("me/", include("sipar.people.urls")),
    path("organisations/", include("sipar.orgs.urls")),
    path("teams/", include("sipar.teams.urls")),
    path("frameworks/", include("sipar.frameworks.urls")),
    path("campaigns/", include("sipar.assessments.campaign_urls")),
    path("assessments/", include("sipar.assessments.urls")),
    path("reviews/", include("sipar.assessments.review_urls")),
    path("gaps/", include("sipar.assessments.gap_urls")),
    path("roadmap/", include("sipar.assessments.roadmap_urls")),
    path("board/", include("sipar.board.urls")),
    path("support/", include("sipar.support.urls")),
    path("exposure/", include("sipar.notices.exposure_urls")),
    path("notices/", include("sipar.notices.urls")),
    path("answer/", include("sipar.notices.answer_urls")),
    path("", include("sipar.incidents.board_urls")),
    path("report/", include("sipar.incidents.report_urls")),
    path("cases/", include("sipar.incidents.content_urls")),
    path("cases/", include("sipar.incidents.case_urls")),
    path("emergency/", include("sipar.incidents.emergency_urls")),
    path("duties/", include("sipar.obligations.urls")),
    path("law/", include("sipar.obligations.law_urls")),
    path("vulnerabilities/", include("sipar.vulnerabilities.urls")),
    path("risks/", include("sipar.risks.urls")),
    path("routing/", include("sipar.claims.urls")),
    path("feeds/", include("sipar.feeds.urls")),
    path("ledger/", include("sipar.ledger.urls")),
    path("api/", api.urls),
]

handler400 = "sipar.ui.views.bad_request"
handler403 = "sipar.ui.views.forbidden"
handler404 = "sipar.ui.views.not_found"
handler500 = "sipar.ui.views.server_error"
