from __future__ import annotations

from django.apps import AppConfig


class VulnerabilitiesConfig(AppConfig):
    name = "sipar.vulnerabilities"
    label = "vulnerabilities"
