"""Keeps a server busy with so many connections, each asking for the next page as soon as the last has come.

A process of its own: `python -m sipar.bench.client` reads its order as JSON from standard input and prints what it
saw as JSON: milliseconds by page, refusals by status, and how long it all took.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from typing import Any

PATIENCE_S = 30


def main(order: dict[str, Any]) -> dict[str, Any]:
    """`order`: port, session, pages, connections, requests (all together), seconds (at most)."""
    pages = order["pages"]
    lock = threading.Lock()
    seen: dict[str, list[float]] = {page: [] for page in pages}
    refused: dict[str, int] = {}
    turn = iter(range(order["requests"]))
    end = time.perf_counter() + order["seconds"]

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", order["port"], timeout=PATIENCE_S)
        headers = {"Cookie": f"sessionid={order['session']}", "Accept-Encoding": "gzip"}
        while time.perf_counter() < end:
            with lock:
                number = next(turn, None)
            if number is None:
                break
            page = pages[number % len(pages)]
            begun = time.perf_counter()
            try:
                connection.request("GET", page, headers=headers)
                response = connection.getresponse()
                response.read()
                status = str(response.status)
            except (http.client.HTTPException, OSError) as error:
                connection.close()
                status = type(error).__name__
            spent = (time.perf_counter() - begun) * 1000
            with lock:
                seen[page].append(spent)
                if status != "200":
                    refused[f"{status} {page}"] = refused.get(f"{status} {page}", 0) + 1
        connection.close()

    begun = time.perf_counter()
    threads = [threading.Thread(target=work) for _ in range(order["connections"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"pages": seen, "refused": refused, "seconds": time.perf_counter() - begun}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.load(sys.stdin))) + "\n")
