from __future__ import annotations

from django.urls import path

from sipar.obligations import law_views, replay_views

urlpatterns = [
    path("", law_views.show_all, name="law"),
    path("drafts/new/", law_views.write, name="law_new"),
    path("drafts/check/", law_views.check, name="law_check"),
    path("replay/", replay_views.ask, name="law_replay"),
    path("replay/<int:run>/", replay_views.show, name="law_replay_run"),
    path("replay/<int:run>/<slug:kind>/", replay_views.download, name="law_replay_download"),
    path("<slug:code>/", law_views.show, name="law_regime"),
    path("<slug:code>/text/", law_views.text, name="law_text"),
    path("<slug:code>/switch/", law_views.switch, name="law_switch"),
    path("<slug:code>/write/", law_views.write, name="law_write"),
    path("<slug:code>/compare/", law_views.compare, name="law_compare"),
]
