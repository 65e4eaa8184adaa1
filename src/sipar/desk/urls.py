from __future__ import annotations

from django.urls import path

from sipar.desk import search_views, views

urlpatterns = [
    path("", views.show, name="desk"),
    path("more/", views.more, name="more"),
    path("search/", search_views.search, name="search"),
]
