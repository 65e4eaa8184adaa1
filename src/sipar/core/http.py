"""A request behind its gate: somebody acts."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from sipar.core.acting import Actor


class ActorRequest(HttpRequest):
    """What a view behind a gate that is not public gets: `actor` is always there."""

    actor: Actor
    htmx: HtmxDetails


def for_programs(request: HttpRequest) -> bool:
    """Whether a program asks, which reads problem documents and no pages."""
    return request.path_info.startswith("/api/")
