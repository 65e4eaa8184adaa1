from __future__ import annotations

from django.urls import path

from sipar.vulnerabilities import inventory_views, list_views, views

urlpatterns = [
    path("", views.vulnerability_list, name="vulnerabilities"),
    path("cve/<str:cve>/", views.vulnerability, name="vulnerability"),
    path("constituency/", views.constituency, name="vulnerability_constituency"),
    path("aliases/", views.alias_list, name="vulnerability_aliases"),
    path("aliases/<int:alias>/end/", views.alias_end, name="vulnerability_alias_end"),
    path("lists/", list_views.list_sources, name="vulnerability_lists"),
    path("lists/file/", list_views.list_given, name="vulnerability_list_given"),
    path("lists/<int:source>/fetch/", list_views.list_fetch, name="vulnerability_list_fetch"),
    path("lists/<int:source>/end/", list_views.list_end, name="vulnerability_list_end"),
    path("lists/run/<int:run>/", list_views.list_run, name="vulnerability_list_run"),
    path("inventory/", inventory_views.inventory_mine, name="inventory_mine"),
    path("inventory/of/<str:identifier>/", inventory_views.inventory, name="inventory"),
    path("inventory/<int:inventory>/", inventory_views.inventory_system, name="inventory_system"),
    path("inventory/<int:inventory>/remove/", inventory_views.inventory_remove, name="inventory_remove"),
    path("matches/", inventory_views.match_list, name="vulnerability_matches"),
    path("matches/<int:match>/", inventory_views.match, name="vulnerability_match"),
    path("dismissals/<int:dismissal>/end/", inventory_views.dismissal_end, name="vulnerability_dismissal_end"),
]
