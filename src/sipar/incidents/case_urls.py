"""Addresses of cases, below /cases/; what hangs on a case stands in `content_urls`."""

from __future__ import annotations

from django.urls import path

from sipar.incidents import case_act_views as doing
from sipar.incidents import case_views as views

urlpatterns = [
    path("", views.cases, name="cases"),
    path("extracts/", views.extracts, name="case_extracts"),
    path("open/", views.glass, name="case_glass"),
    path("glass/", views.glass_uses, name="case_glass_uses"),
    path("<str:number>/", views.case, name="case"),
    path("<str:number>/accept/", views.accept, name="case_accept"),
    path("<str:number>/withdraw/", views.withdraw, name="case_withdraw"),
    path("<str:number>/shares/<int:access>/end/", views.share_end, name="case_share_end"),
    path("<str:number>/extracts/<int:extract>/end/", views.extract_end, name="case_extract_end"),
    *(
        path(f"<str:number>/{name}/", doing.act, {"name": name}, name=f"case_{name.replace('-', '_')}")
        for name in doing.ACTS
    ),
]
