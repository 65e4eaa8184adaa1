"""Public suffixes, from the list that comes with the package."""

from __future__ import annotations

import socket

import pytest

from sipar.routing import suffixes


@pytest.mark.parametrize(
    "name",
    [
        "pk",
        "com.pk",
        "gov.pk",
        "GOV.PK.",
        "co.uk",
        "github.io",
        "xn--mgbai9azgqp6j",
        "پاکستان",
        "anything.ck",
        "nowhere",
        "",
    ],
)
def test_a_name_that_many_register_under_is_a_public_suffix(name: str) -> None:
    assert suffixes.is_public_suffix(name)


@pytest.mark.parametrize(
    "name", ["bank.com.pk", "moitt.gov.pk", "www.ck", "bank.example", "someone.github.io", "a.b.nowhere"]
)
def test_a_name_that_somebody_registered_is_none(name: str) -> None:
    assert not suffixes.is_public_suffix(name)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("www.bank.com.pk", "bank.com.pk"),
        ("a.b.someone.github.io", "someone.github.io"),
        ("com.pk", None),
        ("localhost", None),
    ],
)
def test_the_registrable_part_is_the_suffix_and_one_label(name: str, part: str | None) -> None:
    assert suffixes.registrable(name) == part


def test_the_list_is_read_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the list came from the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    suffixes._extractor.cache_clear()
    assert suffixes.is_public_suffix("com.pk")
