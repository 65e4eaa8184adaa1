"""A request behind its gate: somebody acts."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from sipar.core.acting import Actor
from sipar.core.numbers import whole_number


class ActorRequest(HttpRequest):
    """What a view behind a gate that is not public gets: `actor` is always there."""

    actor: Actor
    htmx: HtmxDetails


def for_programs(request: HttpRequest) -> bool:
    """Whether a program asks, which reads problem documents and no pages."""
    return request.path_info.startswith("/api/")


def version_of(request: HttpRequest) -> int:
    """The version of a thing that a form was made from; -1, which nothing has, where it names none."""
    number = whole_number(request.POST.get("version"))
    return -1 if number is None else number
