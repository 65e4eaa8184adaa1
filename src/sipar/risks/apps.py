from __future__ import annotations

from django.apps import AppConfig


class RisksConfig(AppConfig):
    name = "sipar.risks"
    label = "risks"
