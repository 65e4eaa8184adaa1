"""The quiet row of links on the pages of one matter: what stands behind them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import Resolver404, resolve
from django.utils.functional import Promise

from sipar.core.acting import Actor
from sipar.core.gates import gate_of

type Place = tuple[str, str | Promise]
"""An address and what it is called."""


@dataclass(frozen=True)
class Link:
    url: str
    label: str | Promise
    active: bool = False


def links_among(places: Iterable[Place], actor: Actor, path: str) -> list[Link]:
    """The pages that this actor's roles may enter, with the one that holds `path` marked; empty where it is one."""
    found = [(url, label) for url, label in places if _admits(url, actor)]
    active = max((url for url, _label in found if path.startswith(url)), key=len, default="")
    links = [Link(url, label, active=url == active) for url, label in found]
    return links if len(links) > 1 else []


def _admits(url: str, actor: Actor) -> bool:
    try:
        rule = gate_of(resolve(url).func)
    except Resolver404:
        return False
    return rule is not None and rule.admits(actor)
