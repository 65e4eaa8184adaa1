"""Mail that only its recipient can read: PGP/MIME (RFC 3156) and S/MIME (RFC 8551).

A key that cannot be used any more stops the mail: what was to be encrypted never goes in the clear.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from email.message import EmailMessage, Message
from email.mime.application import MIMEApplication
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.policy import SMTP
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from pysequoia import Cert

PGP, SMIME = "pgp", "smime"
LARGEST_KEY = 100_000


class KeyProblem(Exception):
    """A key that nothing can be encrypted with, and why, for people."""


def check_key(kind: str, text: str, *, now: datetime) -> str:
    """The fingerprint of a public key (PGP, ASCII-armoured) or certificate (S/MIME, PEM). Raises KeyProblem."""
    if len(text) > LARGEST_KEY or not text.isascii():
        raise KeyProblem(_("This is too long for a public key, or holds other characters than keys have."))
    return _pgp(text, now=now)[1] if kind == PGP else _smime(text, now=now)[1]


def encrypted(inner: EmailMessage, kind: str, key: str, *, now: datetime) -> Message:
    """The message as one that carries `inner` encrypted, without the outer headers. Raises KeyProblem."""
    data = inner.as_bytes(policy=SMTP)
    return _to_pgp(data, key, now=now) if kind == PGP else _to_smime(data, key, now=now)


def _pgp(text: str, *, now: datetime) -> tuple[Cert, str]:
    from pysequoia import Cert

    if "PRIVATE KEY" in text:
        raise KeyProblem(_("This is a private key. Never give it away: make a new pair, and paste the public key."))
    try:
        # The library raises plain exceptions of its own.
        cert = Cert.from_bytes(text.encode())
        if cert.is_revoked:
            raise KeyProblem(_("This key has been revoked."))
        if cert.expiration is not None and cert.expiration <= now:
            raise KeyProblem(_("This key has expired."))
        _encrypt_for(cert, b"test")
    except KeyProblem:
        raise
    except Exception as error:
        raise KeyProblem(_("This is no PGP public key that mail can be encrypted with.")) from error
    return cert, str(cert.fingerprint).upper()


def _encrypt_for(cert: Cert, data: bytes) -> bytes:
    from pysequoia import encrypt

    return bytes(encrypt(data, recipients=[cert]))


def _to_pgp(data: bytes, key: str, *, now: datetime) -> Message:
    cert, _fingerprint = _pgp(key, now=now)
    outer = MIMEMultipart("encrypted", policy=SMTP, protocol="application/pgp-encrypted")
    version = MIMEApplication(b"Version: 1\r\n", "pgp-encrypted", _as_it_is, policy=SMTP)
    content = MIMEApplication(_encrypt_for(cert, data), "octet-stream", _as_it_is, policy=SMTP, name="encrypted.asc")
    content["Content-Disposition"] = 'inline; filename="encrypted.asc"'
    outer.attach(version)
    outer.attach(content)
    return outer


def _as_it_is(part: Message) -> None:
    payload = part.get_payload(decode=True)
    part.set_payload(payload.decode("ascii") if isinstance(payload, bytes) else payload)
    part["Content-Transfer-Encoding"] = "7bit"


def _smime(text: str, *, now: datetime) -> tuple[Certificate, str]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    if "PRIVATE KEY" in text:
        raise KeyProblem(_("This is a private key. Never give it away: make a new pair, and paste the certificate."))
    try:
        certificate = x509.load_pem_x509_certificate(text.encode())
        public = certificate.public_key()
    except ValueError as error:
        raise KeyProblem(_("This is no certificate in PEM form.")) from error
    if not isinstance(public, RSAPublicKey) or public.key_size < 2048:
        raise KeyProblem(_("The certificate needs an RSA key of at least 2048 bits."))
    if not certificate.not_valid_before_utc <= now.astimezone(UTC) <= certificate.not_valid_after_utc:
        raise KeyProblem(_("This certificate is not valid now."))
    return certificate, certificate.fingerprint(hashes.SHA256()).hex().upper()


def _to_smime(data: bytes, key: str, *, now: datetime) -> Message:
    from cryptography.hazmat.primitives.ciphers.algorithms import AES256
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder, PKCS7Options

    certificate, _fingerprint = _smime(key, now=now)
    sealed = (
        PKCS7EnvelopeBuilder()
        .set_data(data)
        .add_recipient(certificate)
        .set_content_encryption_algorithm(AES256)
        .encrypt(Encoding.DER, [PKCS7Options.Binary])
    )
    outer = MIMEBase("application", "pkcs7-mime", policy=SMTP, name="smime.p7m", **{"smime-type": "enveloped-data"})
    lines = base64.encodebytes(sealed).decode("ascii").replace("\n", "\r\n")
    outer.set_payload(lines)
    outer["Content-Transfer-Encoding"] = "base64"
    outer["Content-Disposition"] = 'attachment; filename="smime.p7m"'
    return outer
