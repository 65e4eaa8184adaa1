from __future__ import annotations

from django.apps import AppConfig


class ObligationsConfig(AppConfig):
    name = "sipar.obligations"
    label = "obligations"
