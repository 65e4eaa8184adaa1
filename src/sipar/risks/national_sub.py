"""The quiet row of links on the pages of risk: what stands behind them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from sipar.core.acting import Actor
from sipar.ui.sub_navigation import Link, Place, links_among

_LINKS: tuple[Place, ...] = (
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
    """The links that this actor may follow, with the one that holds `path` marked."""
    return links_among(_LINKS, actor, path)
