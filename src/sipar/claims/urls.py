"""Addresses of the pages about claims, below /routing/."""

from __future__ import annotations

from django.urls import path

from sipar.claims import keeping_views, views

urlpatterns = [
    path("", views.routing, name="routing"),
    path("look-up/", views.routing_lookup, name="routing_lookup"),
    path("conflicts/", views.conflict_list, name="claim_conflicts"),
    path("conflicts/<int:conflict_number>/", views.conflict_page, name="claim_conflict"),
    path("conflicts/<int:conflict_number>/settle/", views.settle, name="claim_settle"),
    path("conflicts/<int:conflict_number>/unsettle/", views.unsettle, name="claim_unsettle"),
    path("imports/", keeping_views.claim_imports, name="claim_imports"),
    path("imports/<int:import_number>/", keeping_views.claim_import, name="claim_import"),
    path("imports/<int:import_number>/apply/", keeping_views.claim_import_apply, name="claim_import_apply"),
    path("imports/<int:import_number>/discard/", keeping_views.claim_import_discard, name="claim_import_discard"),
    path("ranges/", keeping_views.national_ranges, name="national_ranges"),
    path("ranges/add/", keeping_views.keep_range, name="range_add"),
    path("ranges/<int:range_number>/", keeping_views.keep_range, name="range_change"),
    path("ranges/<int:range_number>/end/", keeping_views.end_range, name="range_end"),
]
