"""Every endpoint there is, found in the URL configuration itself and in the API, never listed by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver

from sipar.config.api import api
from sipar.core.acting import Actor
from sipar.core.api import Entry, operations
from sipar.core.gates import Gate, gate_of, guards_itself

PARAMETER = re.compile(r"<(?:[a-z_]+:)?([a-z_]+)>|\{(?:[a-z_]+:)?([a-z_]+)\}")


@dataclass(frozen=True)
class Door:
    """One endpoint: its route with named parameters, its gate, and the methods worth trying."""

    route: str
    gate: Gate | None
    methods: tuple[str, ...]
    view: Callable[..., Any]

    def admits(self, actor: Actor) -> bool:
        """Whether the gate lets this person in; whoever it refuses gets its refusal, whatever they ask."""
        return self.gate is None or self.gate.admits(actor)

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(first or second for first, second in PARAMETER.findall(self.route))

    def address(self, values: dict[str, object]) -> str:
        """Where this door stands, with values by parameter name, or by `start of the route|name` where one name is
        used for several things; the longest start wins."""
        return "/" + PARAMETER.sub(lambda found: str(values[self._key(found[1] or found[2], values)]), self.route)

    def missing(self, values: dict[str, object]) -> list[str]:
        """The parameters that have no value."""
        return [name for name in self.parameters if self._key(name, values) not in values]

    def _key(self, name: str, values: dict[str, object]) -> str:
        special = [key for key in values if key.endswith(f"|{name}") and self.route.startswith(key.split("|")[0])]
        return max(special, key=len, default=name)


def every_door() -> list[Door]:
    """Pages from the URL configuration and operations from the API."""
    return [*_pages(get_resolver().url_patterns, ""), *_operations()]


def doors_open_to(actor: Actor) -> list[Door]:
    """Those whose gate admits this person. That the others refuse is tested of every role (tests.test_every_door)."""
    return [door for door in every_door() if door.admits(actor)]


def _pages(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[Door]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _pages(pattern.url_patterns, route)
        elif not guards_itself(pattern.callback):
            yield Door(route, gate_of(pattern.callback), ("get", "post"), pattern.callback)


def _operations() -> Iterator[Door]:
    for route, methods, _, view, entry in operations(api):
        gate = entry.gate if isinstance(entry, Entry) else None
        yield Door(f"api{route}", gate, tuple(method.lower() for method in methods), view)


def read_whole(answer: Any) -> HttpResponse:
    """An answer with its content in memory, and the file that it streamed closed."""
    if not answer.streaming:
        return answer  # type: ignore[no-any-return]
    whole = HttpResponse(b"".join(answer), status=answer.status_code, headers=dict(answer.headers))
    # Not `close()`: it tells Django that the request is over, which would end the test's own transaction.
    for closer in answer._resource_closers:
        closer()
    return whole
