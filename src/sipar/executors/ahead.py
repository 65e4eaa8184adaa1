"""What comes next is made while the caller still works on what came before."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from typing import Any


def ahead[T](items: Iterator[T], *, depth: int = 1) -> Generator[T]:
    """The same items, made by a thread of their own up to `depth` before they are asked for."""
    waiting: queue.Queue[tuple[bool, Any]] = queue.Queue(maxsize=depth)
    stopped = threading.Event()

    def put(entry: tuple[bool, Any]) -> None:
        while not stopped.is_set():
            try:
                waiting.put(entry, timeout=0.2)
            except queue.Full:
                continue
            return

    def work() -> None:
        try:
            for item in items:
                put((True, item))
                if stopped.is_set():
                    return
            put((False, None))
        except BaseException as problem:  # noqa: BLE001 - it is raised again where the items are asked for
            put((False, problem))

    thread = threading.Thread(target=work, name="sipar-ahead", daemon=True)
    thread.start()
    try:
        while True:
            more, item = waiting.get()
            if more:
                yield item
                continue
            if item is not None:
                raise item
            return
    finally:
        stopped.set()
        thread.join(30)
