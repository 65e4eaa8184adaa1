"""What every API operation shares: who may call it, and RFC 9457 problems for everything that is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Field, NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.utils import check_csrf

from sipar.core.acting import Actor
from sipar.core.gates import PUBLIC, Gate
from sipar.core.numbers import LARGEST_INTEGER
from sipar.core.problems import Forbidden, Invalid, Place, Problem

Whole = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]


class Window(Schema):
    """Which rows of a list: from the `offset`-th, at most `limit`."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    def of[Row: Model](self, rows: QuerySet[Row]) -> QuerySet[Row]:
        """The rows of the window, in the order that they have."""
        return rows[self.offset : self.offset + self.limit]


class ErrorPlace(Schema):
    where: str
    detail: str


class ProblemDocument(Schema):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[ErrorPlace] = []


PROBLEMS = dict.fromkeys((400, 401, 403, 404, 409, 422), ProblemDocument)


class Entry:
    """The gate of an API operation, as django-ninja's `auth`: session with CSRF check, or bearer token with scope."""

    def __init__(self, rule: Gate) -> None:
        self.gate = rule

    def __call__(self, request: HttpRequest) -> bool:
        if self.gate is PUBLIC:
            return True
        actor: Actor | None = getattr(request, "actor", None)
        if actor is None:
            return False
        if actor.scopes is None and check_csrf(request) is not None:
            raise Forbidden("The request carries no CSRF token.", code="csrf")
        if not self.gate.admits(actor):
            raise Forbidden("Your role, or the scope of your token, does not allow this.")
        if actor.scopes is None and needs_verification(request):
            raise Forbidden("Your role needs a second factor at sign-in.", code="second_factor")
        return True


def needs_verification(request: HttpRequest) -> bool:
    return bool(getattr(request, "needs_second_factor", False))


def answer(request: HttpRequest, problem: Problem, status: int | None = None) -> HttpResponse:
    """The problem as an `application/problem+json` response."""
    document = problem.as_dict() | ({"status": status} if status else {})
    return HttpResponse(json.dumps(document), status=document["status"], content_type="application/problem+json")


class ProblemApi(NinjaAPI):
    """An API whose document says what is true of every refusal: its media type is `application/problem+json`."""

    def get_openapi_schema(self, **options: Any) -> Any:
        document = super().get_openapi_schema(**options)
        for methods in document["paths"].values():
            for operation in methods.values():
                for status, response in operation.get("responses", {}).items():
                    content = response.get("content", {})
                    if int(status) >= 400 and "application/json" in content:
                        content["application/problem+json"] = content.pop("application/json")
        return document


def speak_problems(api: NinjaAPI) -> None:
    """Make every error of this API a problem document."""

    def refuse_problem(request: HttpRequest, problem: Any) -> HttpResponse:
        return answer(request, problem)

    def refuse_input(request: HttpRequest, error: Any) -> HttpResponse:
        places = [Place("/".join(str(part) for part in item["loc"]), str(item["msg"])) for item in error.errors]
        return answer(request, Invalid("The request does not have the documented shape.", places=places))

    def refuse_stranger(request: HttpRequest, error: Any) -> HttpResponse:
        problem = Problem("Sign in, or send a bearer token that is still valid.", code="unauthenticated")
        response = answer(request, problem, 401)
        response["WWW-Authenticate"] = "Bearer"
        return response

    def refuse_http(request: HttpRequest, error: Any) -> HttpResponse:
        return answer(request, Problem(str(error), code="http"), error.status_code)

    api.add_exception_handler(Problem, refuse_problem)
    api.add_exception_handler(ValidationError, refuse_input)
    api.add_exception_handler(AuthenticationError, refuse_stranger)
    api.add_exception_handler(HttpError, refuse_http)


def operations(api: NinjaAPI) -> list[tuple[str, list[str], str, Callable[..., Any], Entry | None]]:
    """Every operation of an API: path, methods, name, view function and its entry (None: the build must fail)."""
    found = []
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                entries = [auth for auth in operation.auth_callbacks if isinstance(auth, Entry)]
                found.append(
                    (f"{prefix}{path}", list(operation.methods), operation.view_func.__name__, operation.view_func,
                     entries[0] if entries else None)
                )  # fmt: skip
    return found
