"""The API keeps what its OpenAPI document promises, whatever is sent to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.openapi import from_wsgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sipar.config.wsgi import application
from sipar.core.acting import acting
from sipar.people.tokens import SCOPES, create_token
from tests.cast import NOW, Cast
from tests.world import build_world

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def token(campaign: object, cast: Cast) -> str:
    build_world(cast)
    with acting(cast.bilal, reason="let a program in"):
        _, text = create_token(cast.bilal, name="contract", scopes=SCOPES, lifetime=timedelta(days=300), now=NOW)
    return text


@pytest.fixture
def document(token: str) -> Any:
    return from_wsgi("/api/openapi.json", application)


schema = schemathesis.pytest.from_fixture("document")


@schema.parametrize()
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_a_documented_one(case: Any, token: str) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)
