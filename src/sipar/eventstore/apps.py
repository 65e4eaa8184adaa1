from __future__ import annotations

from django.apps import AppConfig


class EventstoreConfig(AppConfig):
    name = "sipar.eventstore"
    label = "eventstore"
