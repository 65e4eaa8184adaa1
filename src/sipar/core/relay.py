"""The mail relay: Django's backend for SMTP, which also says whom the server refused."""

from __future__ import annotations

import smtplib
from typing import Any

from django.core.mail.backends.smtp import EmailBackend


class _Telling(smtplib.SMTP):
    """Keeps whom the server refused of the last mail that it took for others; Django does not look at it."""

    refused: dict[str, tuple[int, bytes]]

    def sendmail(self, *arguments: Any, **options: Any) -> dict[str, tuple[int, bytes]]:
        self.refused = super().sendmail(*arguments, **options)
        return self.refused


class _TellingSecured(_Telling, smtplib.SMTP_SSL):
    pass


class Backend(EmailBackend):
    """Django's, over connections of which `refused` can be asked."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _TellingSecured if self.use_ssl else _Telling


def refused(mailer: object) -> dict[str, str]:
    """Whom the server refused of the mail that it took last, each with its answer. Ask before the mailer is closed."""
    connection = getattr(mailer, "connection", None)
    if not isinstance(connection, _Telling):
        return {}
    return {
        address: f"{code} {answer.decode(errors='replace')}" for address, (code, answer) in connection.refused.items()
    }
