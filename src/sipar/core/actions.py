"""Every change of state is one function, marked `@action`: check -> do -> record -> notify on commit."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, cast

from sipar.core.acting import Actor, current_actor, doing
from sipar.core.problems import NoActor


def action[**P, R](name: str) -> Callable[[Callable[Concatenate[Actor, P], R]], Callable[Concatenate[Actor, P], R]]:
    """Mark a function as the one way to do `name` (`noun.verb`), and put that name on its ledger events.

    The first argument is the actor, who must be the one that `acting` was opened for.
    """

    def mark(function: Callable[Concatenate[Actor, P], R]) -> Callable[Concatenate[Actor, P], R]:
        @wraps(function)
        def run(actor: Actor, *args: P.args, **kwargs: P.kwargs) -> R:
            if current_actor().account != actor.account:
                raise NoActor(f"{name} was called for another actor than the one acting")
            with doing(name):
                return function(actor, *args, **kwargs)

        return cast("Callable[Concatenate[Actor, P], R]", run)

    return mark
