"""Fetching over HTTP from addresses that outsiders may name: never from inside, never without end.

The name is resolved once, every address that it has must be a public one (or one that the operator allowed), and the
connection goes to the address that was looked at: a name that answers differently a moment later opens nothing.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

TIMEOUT_S = 30.0
LONGEST_S = 900.0
MOST_REDIRECTS = 3
_CHUNK = 256 * 1024
_NAT64 = ip_network("64:ff9b::/96")
_NAME = re.compile(r'filename="?([^";]+)"?', re.IGNORECASE)

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network


class FetchProblem(Exception):
    """Why nothing was fetched: a stable `code` and a sentence; `retry_after` in seconds where the server said so."""

    def __init__(self, code: str, sentence: str, *, retry_after: float | None = None) -> None:
        self.code = code
        self.sentence = sentence
        self.retry_after = retry_after
        super().__init__(sentence)


@dataclass(frozen=True)
class Answer:
    """What the server sent. `changed` false: the same as before, and no body. `body` raises FetchProblem."""

    changed: bool
    name: str
    url: str
    etag: str
    last_modified: str
    body: Iterator[bytes]


def networks(text: str) -> tuple[Network, ...]:
    """The networks of `SIPAR_FEEDS_ALLOW`, divided by commas; raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


@contextmanager
def fetched(
    url: str, *, etag: str = "", last_modified: str = "", token: str = "", allowed: Sequence[Network] = ()
) -> Iterator[Answer]:
    """The answer to a conditional GET, redirects followed. Raises FetchProblem."""
    first = urlsplit(url)
    parts = first
    until = time.monotonic() + LONGEST_S
    for _ in range(MOST_REDIRECTS + 1):
        headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "Sipar"}
        if (parts.scheme, parts.hostname, parts.port) == (first.scheme, first.hostname, first.port):
            # What another server says about its own copy is nothing to ask this one with, and no place for the token.
            headers |= {"If-None-Match": etag} if etag else {}
            headers |= {"If-Modified-Since": last_modified} if last_modified else {}
            headers |= {"Authorization": f"Bearer {token}"} if token else {}
        connection = _connection(parts, allowed)
        try:
            try:
                connection.request("GET", _target(parts), headers=headers)
                response = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                raise FetchProblem("unreachable", f"The server cannot be reached ({type(error).__name__}).") from error
            # The response holds the socket where the server closes the connection.
            with response:
                if response.status in (301, 302, 303, 307, 308):
                    parts = _next(parts, response)
                    continue
                yield _answer(parts, response, until)
                return
        finally:
            connection.close()
    raise FetchProblem("redirects", "The server sends from one address to the next without end.")


def permitted(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether Sipar may connect there: public addresses, and those that the operator allowed."""
    inner = _inner(address)
    if any(one.version == network.version and one in network for one in {address, inner} for network in allowed):
        return True
    return inner.is_global and not inner.is_multicast and not inner.is_reserved and not inner.is_unspecified


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address leads to, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


class _PinnedHttp(http.client.HTTPConnection):
    def __init__(self, host: str, port: int, address: str) -> None:
        super().__init__(host, port, timeout=TIMEOUT_S)
        self._address = address

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), TIMEOUT_S)


class _PinnedHttps(http.client.HTTPSConnection):
    def __init__(self, host: str, port: int, address: str) -> None:
        self._own = ssl.create_default_context()
        super().__init__(host, port, timeout=TIMEOUT_S, context=self._own)
        self._address = address

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), TIMEOUT_S)
        try:
            self.sock = self._own.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


def _connection(parts: SplitResult, allowed: Sequence[Network]) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError, UnicodeError) as error:
        raise FetchProblem("name", f"The name {host[:100]} cannot be resolved.") from error
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    if not addresses or not all(permitted(ip_address(address), allowed) for address in addresses):
        raise FetchProblem("forbidden", f"{host[:100]} leads inside: Sipar fetches from public addresses only.")
    made = _PinnedHttps if parts.scheme == "https" else _PinnedHttp
    return made(host, port, addresses[0])


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _next(parts: SplitResult, response: http.client.HTTPResponse) -> SplitResult:
    try:
        found = urlsplit(urljoin(parts.geturl(), response.headers.get("Location", "")))
    except ValueError as error:
        raise FetchProblem("redirects", "The server sends on to an address that is none.") from error
    if found.scheme not in ("http", "https") or (parts.scheme == "https" and found.scheme != "https"):
        raise FetchProblem("redirects", "The server sends on to an address without encryption.")
    if found.username or found.password or not found.hostname or not found.geturl().isascii():
        raise FetchProblem("redirects", "The server sends on to an address that is none.")
    return found


def _answer(parts: SplitResult, response: http.client.HTTPResponse, until: float) -> Answer:
    etag, modified = _header(response.headers, "ETag"), _header(response.headers, "Last-Modified")
    if response.status == 304:
        return Answer(False, "", parts.geturl(), etag, modified, iter(()))
    if response.status != 200:
        wait = _header(response.headers, "Retry-After")
        seconds = min(float(wait), 7 * 86_400.0) if wait.isdigit() else None
        raise FetchProblem("status", f"The server answers with {response.status}.", retry_after=seconds)
    found = _NAME.search(_header(response.headers, "Content-Disposition"))
    name = found[1] if found else unquote(parts.path.rsplit("/", 1)[-1]) or "report"
    return Answer(True, name[:255], parts.geturl(), etag, modified, _body(response, until))


def _body(response: http.client.HTTPResponse, until: float) -> Iterator[bytes]:
    declared = response.length
    got = 0
    try:
        while piece := response.read1(_CHUNK):
            got += len(piece)
            yield piece
            if time.monotonic() > until:
                raise FetchProblem("slow", "The server took too long.")
    except (OSError, http.client.HTTPException) as error:
        raise FetchProblem("cut", "The connection ended in the middle.") from error
    if declared is not None and got < declared:
        raise FetchProblem("cut", "The connection ended in the middle.")


def _header(headers: Message, name: str) -> str:
    value = str(headers.get(name, ""))[:500]
    return value if value.isascii() and value.isprintable() else ""
