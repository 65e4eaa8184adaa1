"""A refusal as a page: what happened and the next step, in plain words."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from sipar.core.problems import Problem


def problem_page(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The page of a problem, or only its words where htmx asked for a part of a page."""
    template = "ui/problem_part.html" if request.headers.get("HX-Request") == "true" else "ui/problem.html"
    return page(
        request,
        template=template,
        status=problem.status,
        heading=_(problem.title),
        sentence=_(problem.sentence),
        places=problem.places,
    )


def page(
    request: HttpRequest,
    *,
    status: int,
    heading: str | Promise,
    sentence: str | Promise,
    next_step: str | Promise = "",
    places: tuple[object, ...] = (),
    template: str = "ui/problem.html",
) -> HttpResponse:
    context = {"heading": heading, "sentence": sentence, "next_step": next_step, "places": places}
    return HttpResponse(render_to_string(template, context, request=request), status=status)
