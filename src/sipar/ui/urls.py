from __future__ import annotations

from django.urls import path

from sipar.ui import gallery, views

urlpatterns = [
    path("theme/", views.set_theme, name="set_theme"),
    path("gallery/", gallery.show, name="gallery"),
]
