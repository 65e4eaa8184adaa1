"""Mail that only its recipient reads, and mail that comes back on a notice, through real servers."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from django.conf import settings
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.mailbox import mailbox_from
from sipar.incidents.mail_actions import NO_NOTICE
from sipar.incidents.models import InboundMail
from sipar.incidents.tests.mail_servers import Servers, mail_servers
from sipar.notices.addresses import number_in_address, number_in_subject, reply_address
from sipar.notices.bundle_actions import make_bundles
from sipar.notices.encryption import KeyProblem, check_key
from sipar.notices.models import Channel, Notice, Reply
from sipar.notices.replies import fetch, receive_reply
from sipar.notices.sending import send_due
from sipar.notices.tests.exposed import expose
from sipar.notices.tests.telling import deliveries, mail_server, notices, register_address, use_rules

pytestmark = pytest.mark.django_db(transaction=False)


def pgp_pair() -> tuple[str, Any]:
    """A public key as text, and what opens mail for it."""
    from pysequoia import Tsk

    secret = Tsk.generate("Alpha <soc@alpha.example>")
    return str(secret.extract_certificate()), secret


def certificate(*, days: int = 365, bits: int = 2048) -> tuple[str, Any]:
    """A certificate as PEM, and its private key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding

    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "soc@alpha.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(NOW + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode(), (made, key)


def sent_with(cast: Cast, encryption: str, key: str, monkeypatch: pytest.MonkeyPatch) -> list[EmailMessage]:
    """What Alpha gets by mail that is encrypted so."""
    expose(cast)
    use_rules(cast)
    with acting(system(), reason="choose"):
        Channel.objects.create(
            organisation=cast.organisations["alpha"], addresses=["soc@alpha.example"], encryption=encryption,
            public_key=key, updated_at=NOW,
        )  # fmt: skip
    make_bundles(now=NOW)
    with mail_server(monkeypatch) as server:
        send_due(now=NOW)
    for content in server.got:
        assert b"vpn.alpha" not in content
    return server.mails


def inner_of(data: bytes) -> EmailMessage:
    inner = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(inner, EmailMessage)
    return inner


def test_pgp_mail_is_opened_by_its_key_alone(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from pysequoia import decrypt

    public, secret = pgp_pair()
    [mail] = sent_with(cast, "pgp", public, monkeypatch)
    assert mail.get_content_type() == "multipart/encrypted"
    assert str(mail["Subject"]).endswith("Notice of exposed systems")
    version, content = mail.iter_parts()
    assert (version.get_content_type(), content.get_content_type()) == (
        "application/pgp-encrypted", "application/octet-stream",
    )  # fmt: skip
    sealed = content.get_payload(decode=True)
    assert isinstance(sealed, bytes)
    opened = decrypt(sealed, decryptor=secret.decryptor())
    inner = inner_of(opened.bytes or b"")
    body = inner.get_body()
    assert body is not None
    assert "vpn.alpha.example" in body.get_content()
    assert [part.get_filename() for part in inner.iter_attachments()] == [f"{mail['X-Sipar-Notice']}.csv"]


def test_smime_mail_is_opened_by_its_key_alone(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptography.hazmat.primitives.serialization.pkcs7 import pkcs7_decrypt_der

    pem, (made, key) = certificate()
    [mail] = sent_with(cast, "smime", pem, monkeypatch)
    assert mail.get_content_type() == "application/pkcs7-mime"
    sealed = mail.get_payload(decode=True)
    assert isinstance(sealed, bytes)
    body = inner_of(pkcs7_decrypt_der(sealed, made, key, [])).get_body()
    assert body is not None
    assert "vpn.alpha.example" in body.get_content()


def test_a_key_that_has_expired_stops_the_mail_and_never_lets_it_go_in_the_clear(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sent_with(cast, "smime", certificate(days=-1)[0], monkeypatch) == []
    assert notices()[0].state == "failed"
    assert "not valid now" in deliveries()[0].answer


def test_keys_are_looked_at_before_they_are_kept() -> None:
    public, _secret = pgp_pair()
    assert len(check_key("pgp", public, now=datetime.now(UTC))) >= 40
    assert len(check_key("smime", certificate()[0], now=NOW)) == 64
    for kind, text in (
        ("pgp", ""), ("pgp", "rubbish"), ("pgp", "x" * 100_001), ("pgp", "-----BEGIN PGP PRIVATE KEY BLOCK-----"),
        ("pgp", certificate()[0]), ("smime", public), ("smime", "-----BEGIN PRIVATE KEY-----"),
        ("smime", certificate(bits=1024)[0]),
    ):  # fmt: skip
        with pytest.raises(KeyProblem):
            check_key(kind, text, now=NOW)


@pytest.fixture
def notice(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Notice:
    monkeypatch.setattr(settings, "NOTICE_ADDRESS", "reports@cert.example")
    expose(cast)
    use_rules(cast)
    register_address(cast, "alpha", "soc@alpha.example")
    make_bundles(now=NOW)
    return notices()[0]


def reply(
    to: str, *, subject: str = "Re: your notice", text: str = "We closed the port.", name: str = "<1@x>"
) -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"], made["Message-ID"] = "Bilal <bilal@alpha.example>", to, subject, name
    made.set_content(text)
    return made.as_bytes()


def kept() -> list[Reply]:
    with acting(system(), reason="look"):
        return list(Reply.objects.order_by("pk"))


def take(data: bytes) -> Reply | None:
    with acting(system(), reason="take") as sipar:
        return receive_reply(sipar, data, now=NOW)


def test_a_reply_lands_on_its_notice_once_by_address_or_by_number(cast: Cast, notice: Notice) -> None:
    assert take(reply(reply_address(notice.number))) is not None
    assert take(reply(reply_address(notice.number))) is not None
    assert take(reply("reports@cert.example", subject=f"AW: [TLP:AMBER] [{notice.number}] x", name="<2@x>")) is not None
    assert [(row.sender, row.text, row.notice_id) for row in kept()] == [
        ("bilal@alpha.example", "We closed the port.", notice.pk)
    ] * 2
    body = cast.client("parveen").get(f"/notices/{notice.number}/").content.decode()
    assert "We closed the port." in body
    assert "sender not verified" in body


def test_what_answers_no_notice_or_comes_from_a_machine_is_not_kept(notice: Notice) -> None:
    forged = reply_address(notice.number).replace("@", "0@")
    automatic = reply(reply_address(notice.number)).replace(b"Subject:", b"Auto-Submitted: auto-replied\nSubject:")
    hostile = b"To: " + b"a" * 100_000 + b"\r\nSubject: =?x?b?@@@?=\r\n\r\n" + bytes(range(256))
    for data in (reply(forged), reply("x@y.example"), automatic, hostile, b"", b"\x00" * 100):
        assert take(data) is None
    assert kept() == []


def test_addresses_of_another_installation_are_not_ours(notice: Notice, monkeypatch: pytest.MonkeyPatch) -> None:
    address = reply_address(notice.number)
    assert number_in_address(address.upper()) == notice.number
    assert number_in_subject(f"Re: [{notice.number.lower()}]") == notice.number
    assert number_in_address(address.replace("cert.example", "evil.example")) == ""
    monkeypatch.setattr(settings, "SECRET_KEY", "another one")
    assert number_in_address(address) == ""


@pytest.fixture(scope="module")
def running() -> Iterator[Servers]:
    with mail_servers() as servers:
        yield servers


def test_replies_are_fetched_from_the_mailbox_and_marked_once_they_are_kept(running: Servers, notice: Notice) -> None:
    running.deliver(reply(reply_address(notice.number), name="<imap@x>"))
    running.deliver(reply("x@y.example"))
    assert fetch(mailbox_from(running.url)) == 2
    assert fetch(mailbox_from(running.url)) == 0
    assert [row.message_id for row in kept()] == ["<imap@x>"]
    with acting(system(), reason="look"):
        [other] = InboundMail.objects.all()
    assert (other.state, other.problem, other.text) == ("waiting", NO_NOTICE, "We closed the port.")
