"""The API keeps what its OpenAPI document promises, whatever is sent to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, given, settings
from ninja import Schema
from schemathesis.core.failures import FailureGroup
from schemathesis.openapi import from_wsgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sipar.config.api import api
from sipar.config.wsgi import application
from sipar.core.acting import acting
from sipar.core.api import operations
from sipar.people.tokens import SCOPES, create_token
from tests.cast import NOW
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def token(world: World) -> str:
    bilal = world.cast.bilal
    with acting(bilal, reason="let a program in"):
        _, text = create_token(bilal, name="contract", scopes=SCOPES, lifetime=timedelta(days=300), now=NOW)
    return text


@pytest.fixture
def document(token: str) -> Iterator[Any]:
    """The API's own document. Like Django's test client, requests leave the test's connection open."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield from_wsgi("/api/openapi.json", application)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def shapes(of: type[Schema]) -> Iterator[type[Schema]]:
    """Every shape that Sipar's own modules declare."""
    for shape in of.__subclasses__():
        if shape.__module__.startswith("sipar."):
            yield shape
        yield from shapes(shape)


def test_no_two_shapes_share_a_name() -> None:
    """The document keeps one shape under a name: of two, the one is described by the other."""
    assert operations(api)
    modules: dict[str, set[str]] = {}
    for shape in shapes(Schema):
        modules.setdefault(shape.__name__, set()).add(shape.__module__)
    assert {name: found for name, found in modules.items() if len(found) > 1} == {}


def test_a_character_that_no_text_has_is_refused_as_a_problem(token: str, client: Client) -> None:
    answer = client.get("/api/findings?province=%00", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["code"] == "nul"


def test_every_answer_is_a_documented_one(document: Any, token: str) -> None:
    undocumented = []
    for found in document.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        def ask(case: Any) -> None:
            case.call_and_validate(
                headers={"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}, checks=CHECKS
            )

        try:
            ask()
        except (AssertionError, ExceptionGroup, FailureGroup) as failure:
            undocumented.append(f"{operation.label}: {failure} {getattr(failure, 'exceptions', '')}"[:600])
    assert not undocumented, "\n\n".join(undocumented)
