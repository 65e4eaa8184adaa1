"""What the environment tells Sipar about mail."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from sipar.config import environment


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in environment.VARIABLES:
        monkeypatch.delenv(variable.name, raising=False)


def test_mails_are_from_this_servers_own_host_unless_somebody_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.sender() == "sipar@localhost"
    monkeypatch.setenv("SIPAR_ADDRESS", "https://sipar.cert.example/")
    assert environment.sender() == "sipar@sipar.cert.example"
    monkeypatch.setenv("SIPAR_NOTICE_ADDRESS", "exposure@cert.example")
    assert environment.sender() == "exposure@cert.example"
    monkeypatch.setenv("SIPAR_MAIL_FROM", "PKCERT <office@cert.example>")
    assert environment.sender() == "PKCERT <office@cert.example>"


@pytest.mark.parametrize("given", ["nobody", "@cert.example", "a@", "a@b@", "a@cert.example\nBcc: x@y.example", "ä@x"])
def test_what_is_no_address_is_refused_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("SIPAR_MAIL_FROM", given)
    with pytest.raises(ImproperlyConfigured, match="SIPAR_MAIL_FROM"):
        environment.sender()
