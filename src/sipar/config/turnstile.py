"""A gate before the application: few requests compute at once, however many lines are open.

Threads that compute side by side in one process take turns at the interpreter, and all of them end late. Here the next
one begins when a place is free, and a slow line waits without one: what it sends is read before, what it is sent is
written after.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable
from typing import Any, cast

type Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Turnstile:
    """A WSGI application that lets `places` requests into another one at the same time.

    A body of more than `longest` bytes is read by the application as it comes, and takes no place meanwhile.
    """

    def __init__(self, application: Application, *, places: int, longest: int) -> None:
        self._application = application
        self._places = threading.Semaphore(places)
        self._longest = longest

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = _length(environ)
        if length > self._longest:
            return self._application(environ, start_response)
        if length:
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        with self._places:
            return _whole(self._application(environ, start_response))


def _whole(response: Any) -> Iterable[bytes]:
    """The response as it is written: its connection to the database goes back first, unless it is still being made."""
    if getattr(response, "streaming", True):
        return cast("Iterable[bytes]", response)
    try:
        return list(response)
    finally:
        response.close()


def _length(environ: dict[str, Any]) -> int:
    """The bytes of the body as the client says; 0 where it does not say, as Django takes it."""
    said = environ.get("CONTENT_LENGTH") or "0"
    return int(said) if said.isascii() and said.isdigit() else 0
