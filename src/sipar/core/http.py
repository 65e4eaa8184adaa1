"""A request behind its gate: somebody acts."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from sipar.core.acting import Actor


class ActorRequest(HttpRequest):
    """What a view behind a gate that is not public gets: `actor` is always there."""

    actor: Actor
    htmx: HtmxDetails
