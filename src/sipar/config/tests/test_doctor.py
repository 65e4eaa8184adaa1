"""`sipar doctor` says of the mail what nobody would notice otherwise, and keeps its passwords."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from sipar.config import environment
from sipar.config.commands import house
from sipar.incidents.tests.mail_servers import Servers, mail_servers


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with mail_servers() as running:
        yield running


@pytest.fixture(autouse=True)
def no_mail_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (environment.MAIL_URL, environment.INTAKE_MAIL, environment.NOTICE_MAIL, environment.FEEDS_MAIL):
        monkeypatch.delenv(variable.name, raising=False)


def findings() -> dict[str, tuple[bool, str]]:
    app = typer.Typer()
    house.register(app)
    result = CliRunner().invoke(app, ["doctor", "--json"])
    return {found["what"]: (found["ok"], found["sentence"]) for found in json.loads(result.stdout)}


def test_an_installation_without_mail_is_told_where_its_mails_are() -> None:
    found = findings()
    assert found["Mail relay"] == (True, "none is set: mails become files in var/mail")
    assert not [what for what in found if what.startswith("SIPAR_")]


def test_a_relay_and_mailboxes_that_answer_are_good(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    # Port 25 is the one on which no encryption is asked for; the relay of the tests listens elsewhere.
    mailer = environment.mailer
    monkeypatch.setattr(environment, "mailer", lambda url, folder: _in_the_clear(mailer(url, folder)))
    monkeypatch.setenv("SIPAR_MAIL", f"smtp://127.0.0.1:{servers.smtp_port}")
    monkeypatch.setenv("SIPAR_MAIL_FROM", "office@cert.example")
    monkeypatch.setenv("SIPAR_INTAKE_MAIL", servers.url)
    found = findings()
    assert found["Mail relay"] == (True, "127.0.0.1 lets Sipar in; mails are from office@cert.example")
    assert found["SIPAR_INTAKE_MAIL"] == (True, "the mailbox can be read")


def _in_the_clear(mailer: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    return mailer | {"OPTIONS": mailer["OPTIONS"] | {"use_tls": False}}


def test_what_does_not_answer_or_does_not_let_in_is_named_without_its_password(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIPAR_MAIL", "smtp://sipar:hush-hush@127.0.0.1:1")
    monkeypatch.setenv("SIPAR_INTAKE_MAIL", servers.url.replace("@", "x@", 1).replace("imap://", "imap://nobody-"))
    monkeypatch.setenv("SIPAR_NOTICE_MAIL", "imap://cert:hush-hush@127.0.0.1:1/INBOX")
    monkeypatch.setenv("SIPAR_FEEDS_MAIL", "imap://cert:hush-hush@mail.example/INBOX")
    found = findings()
    assert found["Mail relay"] == (False, "127.0.0.1 does not let Sipar in (ConnectionRefusedError)")
    assert found["SIPAR_INTAKE_MAIL"][0] is False
    assert found["SIPAR_NOTICE_MAIL"] == (False, "cert cannot read INBOX at 127.0.0.1 (ConnectionRefusedError)")
    assert "use imaps://" in found["SIPAR_FEEDS_MAIL"][1]
    assert "hush-hush" not in str(found)
