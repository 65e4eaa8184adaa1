"""The quiet row of links on the pages of exposure: what stands behind them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from sipar.core.acting import Actor
from sipar.ui.sub_navigation import Link, Place, links_among

_LINKS: tuple[Place, ...] = (
    ("/exposure/", _("What is seen")),
    ("/exposure/nation/", _("The nation")),
    ("/notices/", _("Notices")),
    ("/notices/rules/", _("Rules")),
    ("/vulnerabilities/", _("Vulnerabilities")),
    ("/feeds/", _("Feeds")),
    ("/routing/", _("Routing")),
)


def sub_navigation(actor: Actor, path: str) -> list[Link]:
    """The links that this actor may follow, with the one that holds `path` marked."""
    return links_among(_LINKS, actor, path)
