"""Two hundred reporters at once, and people who keep the boards open: the client of the intake bench.

A process of its own: `python -m sipar.bench.reporters` reads its order as JSON from standard input and prints what it
saw. A reporter thinks before each step. A step that the server could not take is tried again with the same key until
it is taken; its time runs from the first try.
"""

from __future__ import annotations

import http.client
import json
import random
import select
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

PATIENCE_S = 30
RETRY_S = 0.25
GIVE_UP_S = 60.0
BOARD_PAUSE_S = 10.0
ATTACHMENT_BYTES = 20_000
STEPS = ("open", "write", "attach", "early_warning", "complete", "notification")


@dataclass
class Seen:
    """What all threads saw together; `sent` holds what the server said that it took."""

    milliseconds: dict[str, list[float]] = field(default_factory=dict)
    board_milliseconds: list[float] = field(default_factory=list)
    retries: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    sent: list[dict[str, Any]] = field(default_factory=list)
    attached: list[dict[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Line:
    """One connection of one person, opened again whenever it breaks."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._headers = headers
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """Status and body; raises OSError or HTTPException where the line broke."""
        self._let_go_where_closed()
        try:
            self._connection.request(method, path, body, self._headers | headers)
            response = self._connection.getresponse()
            return response.status, response.read()
        except (http.client.HTTPException, OSError):
            self._connection.close()
            raise

    def _let_go_where_closed(self) -> None:
        """A line that the server closed while nobody spoke is opened anew, as every HTTP client does."""
        line = self._connection.sock
        if line is not None and select.select([line], [], [], 0)[0]:
            self._connection.close()


class Reporter:
    """One person who files reports, one after the other, and remembers what the server took."""

    def __init__(self, order: dict[str, Any], person: dict[str, str], number: int, seen: Seen) -> None:
        self._line = Line(order["port"], {"Authorization": f"Bearer {person['token']}"})
        self._organisation, self._reports, self._thinking = person["organisation"], order["reports"], order["thinking"]
        self._random, self._seen, self._number = random.Random(number), seen, number  # noqa: S311 - thinking times

    def work(self) -> None:
        time.sleep(self._random.uniform(0, self._thinking))
        for turn in range(self._reports):
            self._file(f"{self._number}-{turn}")

    def _file(self, name: str) -> None:
        summary = f"Mail gateway fails, invented report {name}"
        opened = self._step(
            "open", "POST", "/api/reports", {"organisation": self._organisation, "facts": {"summary": summary}}, name
        )
        if opened is None:
            return
        address = f"/api/reports/{opened['number']}"
        facts = {"aware_at": "2026-11-01T06:00:00Z", "contact": "Shift leader, +92 51 0000000", "severity": "high"}
        written = self._write("write", address, opened["version"], facts)
        self._attach(address, name)
        self._submit(address, opened["number"], "early_warning", name)
        if written is not None:
            more = {"affected_systems": "Two mail servers", "ongoing": True}
            self._write("complete", address, written["version"], more)
        self._submit(address, opened["number"], "notification", name)

    def _write(self, step: str, address: str, version: int, facts: dict[str, Any]) -> dict[str, Any] | None:
        # A save that was taken although the line broke shows as a conflict of versions when it is tried again.
        body = {"version": version, "facts": facts}
        return self._step(step, "PATCH", address, body, "", also=(409,)) or self._step(step, "GET", address, None, "")

    def _attach(self, address: str, name: str) -> None:
        content = (f"log of {name}\n".encode() * 2_000)[:ATTACHMENT_BYTES]
        border = f"bench{self._number}"
        body = (
            (
                f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="log-{name}.txt"\r\n'
                "Content-Type: text/plain\r\n\r\n"
            ).encode()
            + content
            + f"\r\n--{border}--\r\n".encode()
        )
        made = self._step(
            "attach", "POST", f"{address}/attachments", body, "", kind=f"multipart/form-data; boundary={border}"
        )
        if made is not None:
            with self._seen.lock:
                self._seen.attached.append({"sha256": made["sha256"], "number": address.rsplit("/", 1)[1]})

    def _submit(self, address: str, number: str, stage: str, name: str) -> None:
        body = {"stage": stage, "late_reason": "The person on duty was travelling."}
        made = self._step(stage, "POST", f"{address}/submissions", body, f"{name}-{stage}")
        if made is not None:
            with self._seen.lock:
                self._seen.sent.append({"number": number, "stage": stage, "digest": made["digest"]})

    def _step(
        self,
        step: str,
        method: str,
        path: str,
        body: dict[str, Any] | bytes | None,
        key: str,
        *,
        kind: str = "application/json",
        also: tuple[int, ...] = (),
    ) -> dict[str, Any] | None:
        """What the server answered once it took the step; None where it refused it or never took it."""
        if method != "GET":
            time.sleep(self._random.expovariate(1 / self._thinking))
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"Content-Type": kind} | ({"Idempotency-Key": f"bench-{key}"} if key else {})
        begun = time.perf_counter()
        status, answer = self._until_taken(step, method, path, content, headers, begun)
        with self._seen.lock:
            self._seen.milliseconds.setdefault(step, []).append((time.perf_counter() - begun) * 1000)
            if not 200 <= status < 300 and status not in also:
                named = f"{step} {status} {answer[:200].decode(errors='replace')}"
                self._seen.refused[named] = self._seen.refused.get(named, 0) + 1
        return json.loads(answer) if 200 <= status < 300 else None

    def _until_taken(
        self, step: str, method: str, path: str, content: bytes | None, headers: dict[str, str], begun: float
    ) -> tuple[int, bytes]:
        while True:
            try:
                status, answer = self._line.ask(method, path, content, **headers)
            except (http.client.HTTPException, OSError) as error:
                status, answer = 0, type(error).__name__.encode()
            if (0 < status < 500) or time.perf_counter() - begun > GIVE_UP_S:
                return status, answer
            with self._seen.lock:
                self._seen.retries[step] = self._seen.retries.get(step, 0) + 1
            time.sleep(RETRY_S)


def watch_board(order: dict[str, Any], session: str, pages: list[str], ended: threading.Event, seen: Seen) -> None:
    """Keep pages open as somebody on duty does: each asked for again and again, with a pause."""
    line = Line(order["port"], {"Cookie": f"sessionid={session}", "Accept-Encoding": "gzip"})
    place = 0
    while not ended.wait(BOARD_PAUSE_S / len(pages)):
        page = pages[place % len(pages)]
        place += 1
        begun = time.perf_counter()
        try:
            status, _answer = line.ask("GET", page)
        except (http.client.HTTPException, OSError):
            status = 0
        with seen.lock:
            seen.board_milliseconds.append((time.perf_counter() - begun) * 1000)
            if status not in (0, 200) and status < 500:
                seen.refused[f"{page} {status}"] = seen.refused.get(f"{page} {status}", 0) + 1


def main(order: dict[str, Any]) -> dict[str, Any]:
    """`order`: port, people [{organisation, token}], reports (of each), thinking (mean s), boards [session], pages."""
    seen, ended = Seen(), threading.Event()
    boards = [
        threading.Thread(target=watch_board, args=(order, session, order["pages"], ended, seen))
        for session in order["boards"]
    ]
    reporters = [
        threading.Thread(target=Reporter(order, person, number, seen).work)
        for number, person in enumerate(order["people"])
    ]
    begun = time.perf_counter()
    for thread in (*boards, *reporters):
        thread.start()
    for thread in reporters:
        thread.join()
    ended.set()
    for thread in boards:
        thread.join()
    return {
        "seconds": time.perf_counter() - begun,
        "milliseconds": seen.milliseconds,
        "board_milliseconds": seen.board_milliseconds,
        "retries": seen.retries,
        "refused": seen.refused,
        "sent": seen.sent,
        "attached": seen.attached,
    }


if __name__ == "__main__":
    threading.stack_size(256 * 1024)
    sys.stdout.write(json.dumps(main(json.load(sys.stdin))) + "\n")
