"""A gate before the application: few compute at once, and a slow line takes no place."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from typing import Any

from sipar.config.turnstile import Turnstile

LONGEST = 100


def start(_status: str, _headers: object) -> None:
    """Where a server hears of status and headers."""


class Watched:
    """An application that says how many were inside at once, and holds everyone until `go`."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.bodies: list[bytes] = []
        self.most = 0
        self._inside = 0
        self._lock = threading.Lock()
        self.entered = threading.Semaphore(0)

    def __call__(self, environ: dict[str, Any], _start: object) -> Answer:
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
        self.entered.release()
        assert self.go.wait(10)
        self.bodies.append(environ["wsgi.input"].read())
        with self._lock:
            self._inside -= 1
        return Answer()


class Answer:
    """A response as Django gives it."""

    streaming = False

    def __init__(self) -> None:
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield b"done"

    def close(self) -> None:
        self.closed = True


class SlowBody(io.BytesIO):
    """A body that comes only when somebody lets it."""

    def __init__(self, content: bytes, comes: threading.Event) -> None:
        super().__init__(content)
        self._comes = comes

    def read(self, size: int | None = -1, /) -> bytes:
        assert self._comes.wait(10)
        return super().read(size)


def request(body: io.BytesIO, length: int | str) -> dict[str, Any]:
    return {"CONTENT_LENGTH": str(length), "wsgi.input": body}


def ask(gate: Turnstile, environ: dict[str, Any]) -> threading.Thread:
    thread = threading.Thread(target=gate, args=(environ, start))
    thread.start()
    return thread


def test_no_more_than_its_places_are_inside_at_once() -> None:
    watched = Watched()
    gate = Turnstile(watched, places=2, longest=LONGEST)
    asked = [ask(gate, request(io.BytesIO(b"abc"), 3)) for _ in range(6)]
    assert watched.entered.acquire(timeout=10)
    assert watched.entered.acquire(timeout=10)
    assert not watched.entered.acquire(timeout=0.05)
    watched.go.set()
    for thread in asked:
        thread.join(10)
    assert (watched.most, watched.bodies) == (2, [b"abc"] * 6)


def test_a_slow_body_is_waited_for_without_a_place() -> None:
    watched, comes = Watched(), threading.Event()
    watched.go.set()
    gate = Turnstile(watched, places=1, longest=LONGEST)
    slow = ask(gate, request(SlowBody(b"slow", comes), 4))
    assert list(gate(request(io.BytesIO(b"fast"), 4), start)) == [b"done"]
    comes.set()
    slow.join(10)
    assert watched.bodies == [b"fast", b"slow"]


def test_a_long_body_is_read_by_the_application_and_takes_no_place() -> None:
    watched = Watched()
    gate = Turnstile(watched, places=1, longest=LONGEST)
    asked = [ask(gate, request(io.BytesIO(b"x" * 101), 101)) for _ in range(2)]
    assert watched.entered.acquire(timeout=10)
    assert watched.entered.acquire(timeout=10)
    watched.go.set()
    for thread in asked:
        thread.join(10)
    assert watched.most == 2


def test_a_length_that_is_no_number_counts_as_no_body() -> None:
    watched = Watched()
    watched.go.set()
    gate = Turnstile(watched, places=1, longest=LONGEST)
    for length in ("", "-5", "1e9", "٣"):
        gate(request(io.BytesIO(b""), length), start)
    assert watched.bodies == [b""] * 4


def test_a_whole_response_is_closed_before_it_is_written_and_a_streaming_one_after() -> None:
    answer = Answer()
    gate = Turnstile(lambda _environ, _start: answer, places=1, longest=LONGEST)
    assert list(gate(request(io.BytesIO(b""), 0), start)) == [b"done"]
    assert answer.closed
    streaming = Answer()
    streaming.streaming = True
    gate = Turnstile(lambda _environ, _start: streaming, places=1, longest=LONGEST)
    assert gate(request(io.BytesIO(b""), 0), start) is streaming
    assert not streaming.closed
