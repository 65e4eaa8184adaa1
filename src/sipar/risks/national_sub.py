"""The quiet row of links on the pages of risk: what stands behind them."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import Resolver404, resolve
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sipar.core.acting import Actor
from sipar.core.gates import gate_of


@dataclass(frozen=True)
class Link:
    url: str
    label: str | Promise
    active: bool = False


_LINKS: tuple[tuple[str, str | Promise], ...] = (
    ("/risks/", _("The nation")),
    ("/risks/scenarios/", _("What can happen")),
    ("/risks/dependencies/", _("Who rests on whom")),
    ("/risks/plans/", _("Where money goes")),
    ("/risks/assumptions/", _("Assumptions")),
    ("/risks/runs/", _("Runs")),
    ("/risks/trust/", _("How far to trust it")),
    ("/risks/estimates/", _("Experts")),
    ("/risks/exchange/", _("Import and export")),
    ("/risks/organisation/", _("Organisations")),
)


def sub_navigation(actor: Actor, path: str) -> list[Link]:
    """The pages that this actor's roles may enter, with the one that holds `path` marked; empty where it is one."""
    found = [(url, label) for url, label in _LINKS if _admits(url, actor)]
    active = max((url for url, _label in found if path.startswith(url)), key=len, default="")
    links = [Link(url, label, active=url == active) for url, label in found]
    return links if len(links) > 1 else []


def _admits(url: str, actor: Actor) -> bool:
    try:
        rule = gate_of(resolve(url).func)
    except Resolver404:
        return False
    return rule is not None and rule.admits(actor)
