"""List and board pages through the real server, kept busy by a client in another process."""

from __future__ import annotations

import http.client
import json
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sipar.config.up import web_process

NATIONAL = ("/organisations/", "/board/", "/campaigns/", "/assessments/", "/teams/")
ORGANISATION = ("/", "/organisations/{identifier}/", "/assessments/", "{section}", "/board/ours/", "/roadmap/")
CONNECTIONS, MANY_CONNECTIONS = 4, 16
REQUESTS, WARM_UP = 300, 60
SECONDS = 60
_SECTION = re.compile(r'href="(/assessments/\d+/sections/[^"#?]+/)"')
_ASSESSMENT = re.compile(r'href="(/assessments/\d+/)"')


@dataclass(frozen=True)
class Busy:
    """What the client saw: the 95th percentile over all pages and by page, pages a second, what was not 200."""

    p95_ms: float
    by_page: dict[str, float]
    per_second: float
    refused: dict[str, int]
    missing: tuple[str, ...]

    @property
    def note(self) -> str:
        parts = [", ".join(f"{page} {value:.0f}" for page, value in self.by_page.items()) + " ms (p95)"]
        if self.refused:
            parts.append(f"not 200: {self.refused}")
        if self.missing:
            parts.append(f"pages that do not exist yet: {', '.join(self.missing)}")
        return "; ".join(parts)


@contextmanager
def server(environment: Mapping[str, str]) -> Iterator[int]:
    """The web server as `sipar up` starts it, on a free port of the loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    web = web_process("127.0.0.1", port)
    process = subprocess.Popen(  # noqa: S603 - our own program
        web.command, env={**environment, **web.environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_it_answers(port)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def national_pages(port: int, session: str) -> tuple[list[str], tuple[str, ...]]:
    return _existing(port, session, NATIONAL)


def organisation_pages(port: int, session: str, identifier: str) -> tuple[list[str], tuple[str, ...]]:
    """The pages of one organisation, the section found by following the links from its assessments."""
    section = "/assessments/section/"
    overview = _ASSESSMENT.search(_get(port, "/assessments/", session)[1])
    if overview:
        found = _SECTION.search(_get(port, overview[1], session)[1])
        section = found[1] if found else section
    return _existing(port, session, [page.format(identifier=identifier, section=section) for page in ORGANISATION])


def keep_busy(
    port: int,
    session: str,
    pages: Sequence[str],
    *,
    connections: int = CONNECTIONS,
    requests: int = REQUESTS,
    missing: tuple[str, ...] = (),
) -> Busy:
    """Warm the server up, then ask for the pages in turn over `connections` connections until `requests` are done."""
    if not pages:
        return Busy(p95_ms=0.0, by_page={}, per_second=0.0, refused={}, missing=missing)
    order = {"port": port, "session": session, "pages": list(pages), "connections": connections, "seconds": SECONDS}
    _client(order | {"requests": WARM_UP})
    seen = _client(order | {"requests": requests})
    everything = [value for values in seen["pages"].values() for value in values]
    return Busy(
        p95_ms=_p95(everything),
        by_page={page: _p95(values) for page, values in seen["pages"].items() if values},
        per_second=len(everything) / seen["seconds"],
        refused=seen["refused"],
        missing=missing,
    )


def _client(order: dict[str, Any]) -> dict[str, Any]:
    made = subprocess.run(
        [sys.executable, "-m", "sipar.bench.client"],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(made.stdout)
    return found


def _existing(port: int, session: str, pages: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    statuses = {page: _get(port, page, session)[0] for page in pages}
    return [page for page in pages if statuses[page] == 200], tuple(
        f"{page} ({status})" for page, status in statuses.items() if status != 200
    )


def _get(port: int, page: str, session: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", page, headers={"Cookie": f"sessionid={session}"})
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8", "replace")
    finally:
        connection.close()


def _wait_until_it_answers(port: int) -> None:
    for _ in range(300):
        try:
            _get(port, "/accounts/login/", "")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the web server did not answer within 30 s")


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
