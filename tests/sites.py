"""A server on the loopback address that Sipar fetches from."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class Site(HTTPServer):
    """A source on the loopback address; `asked` holds the path and the conditions of every request."""

    def __init__(self, name: str, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.asked: list[tuple[str, str | None]] = []
        self.name, self.body = name, body
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/{self.name}"


class _Page(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        site = self.server
        site.asked.append((self.path, self.headers.get("If-None-Match")))
        if self.path == "/inside":
            return self._send(302, {"Location": "http://10.0.0.1/secret"})
        if self.path == "/round":
            return self._send(302, {"Location": "/round"})
        if site.status != 200:
            return self._send(site.status, {"Retry-After": "7200"})
        if self.headers.get("If-None-Match") == '"one"':
            return self._send(304, {})
        return self._send(
            200, {"ETag": '"one"', "Content-Length": str(len(site.body) + (self.path == "/cut"))}, site.body
        )

    def _send(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if not body:
            self.send_header("Content-Length", "0")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - name of the library
        return


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """The site answers while the body runs."""
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        thread.join()
        site.server_close()
