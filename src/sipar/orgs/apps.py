from __future__ import annotations

from django.apps import AppConfig


class OrgsConfig(AppConfig):
    name = "sipar.orgs"
    label = "orgs"
