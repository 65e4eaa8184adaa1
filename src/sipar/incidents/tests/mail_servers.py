"""A real SMTP server that delivers into a real IMAP server, both on the loopback address, for the tests of mail."""

from __future__ import annotations

import imaplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller

USER, PASSWORD = "cert", "secret of the mailbox"
PATIENCE_SECONDS = 30
_PYMAP = (
    "import sys; from pymap.main import main; sys.argv = ['pymap', '--host', '127.0.0.1', '--port', sys.argv[1],"
    " '--no-tls', 'dict', '--demo-user', sys.argv[2], '--demo-password', sys.argv[3]]; main()"
)


@dataclass
class Servers:
    """Where they listen. `sent` holds what Sipar itself mailed out: (recipients, message)."""

    imap_port: int
    smtp_port: int
    sent: list[tuple[list[str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"imap://{USER}:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.imap_port}/INBOX"

    def deliver(self, message: bytes) -> None:
        """Put a message into the mailbox, as the mail server of the CERT does."""
        with imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=PATIENCE_SECONDS) as connection:
            connection.login(USER, PASSWORD)
            answer, _data = connection.append("INBOX", "", "", message)
            if answer != "OK":
                raise RuntimeError("the message was not delivered")

    def unseen(self) -> int:
        with imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=PATIENCE_SECONDS) as connection:
            connection.login(USER, PASSWORD)
            connection.select("INBOX")
            _answer, found = connection.uid("search", "UNSEEN")
            return len((found[0] or b"").split())


class _Delivery:
    """Mail for the CERT goes into its mailbox; everything else is what Sipar sent."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - name of aiosmtpd
        if "reports@cert.example" in envelope.rcpt_tos:
            self.servers.deliver(bytes(envelope.content))
        else:
            self.servers.sent.append((list(envelope.rcpt_tos), bytes(envelope.content)))
        return "250 OK"


@contextmanager
def mail_servers() -> Iterator[Servers]:
    """Both servers, until the body is done."""
    servers = Servers(imap_port=_free_port(), smtp_port=_free_port())
    process = subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-c", _PYMAP, str(servers.imap_port), USER, PASSWORD],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    controller = Controller(
        _Delivery(servers), hostname="127.0.0.1", port=servers.smtp_port, data_size_limit=64 * 1024 * 1024
    )
    try:
        _wait_for(servers.imap_port, process)
        controller.start()
        yield servers
    finally:
        controller.stop()
        process.terminate()
        process.wait(timeout=PATIENCE_SECONDS)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError("the IMAP server ended at once")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the IMAP server does not answer")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
