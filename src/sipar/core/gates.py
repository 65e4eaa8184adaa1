"""Who may enter an endpoint at all. Every view carries a gate; one without is refused, and fails the build.

A gate is the coarse question (which roles may come here). What they may do with which object is asked by
the noun's `policy.py`, and the rows they can reach at all are decided by the database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.views.generic import RedirectView

from sipar.core.acting import Actor

ATTRIBUTE = "sipar_gate"


@dataclass(frozen=True)
class Gate:
    """`roles` empty and `public` false: any account with a role. `scope` is what an API token must carry."""

    name: str
    roles: frozenset[str] = frozenset()
    public: bool = False
    scope: str = "read"

    def admits(self, actor: Actor | None) -> bool:
        if self.public:
            return True
        if actor is None or not actor.grants:
            return False
        if actor.scopes is not None and self.scope not in actor.scopes:
            return False
        return not self.roles or actor.holds(*self.roles)


PUBLIC = Gate("public", public=True)


def gate[F: Callable[..., Any]](rule: Gate) -> Callable[[F], F]:
    """Declare who may enter this view."""

    def mark(view: F) -> F:
        setattr(view, ATTRIBUTE, rule)
        return view

    return mark


def gate_of(view: Callable[..., Any]) -> Gate | None:
    """The gate that a view declares, through wrappers; None where it declares none."""
    seen: Any = view
    while seen is not None:
        found = getattr(seen, ATTRIBUTE, None) or getattr(getattr(seen, "view_class", None), ATTRIBUTE, None)
        if isinstance(found, Gate):
            return found
        seen = getattr(seen, "__wrapped__", None)
    return None


def home_of(view: Callable[..., Any]) -> str:
    """The module that a view comes from: for a class-based one the class's, for a partial one the function's."""
    source: Any = getattr(view, "view_class", None) or getattr(view, "func", view)
    return str(source.__module__)


# Views of libraries, which cannot carry a gate of ours: sign-in and second factor guard themselves.
# API operations carry their gate as `core.api.Entry`.
_LIBRARIES = ("allauth.", "django.views.i18n", "ninja.")


def guards_itself(view: Callable[..., Any]) -> bool:
    """Whether a view needs no gate of ours: a library's own, or a bare redirect, which shows nothing."""
    return home_of(view).startswith(_LIBRARIES) or getattr(view, "view_class", None) is RedirectView
