"""Addresses of the emergency page, below /emergency/."""

from __future__ import annotations

from django.urls import path

from sipar.incidents import emergency_views

urlpatterns = [
    path("", emergency_views.emergency, name="emergency"),
    path("received/", emergency_views.received, name="emergency_received"),
]
