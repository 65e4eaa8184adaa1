"""What the frame of every page needs: theme, nation, clock, navigation."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sipar.nations import profile
from sipar.nations.profile import Nation
from sipar.ui import navigation

THEMES = ("light", "dark", "system")
THEME_COOKIE = "sipar_theme"
ME_LINKS = (navigation.Entry("/me/", _("My account"), "settings", active=False),)


@cache
def nation() -> Nation:
    """The nation that this installation serves: a shipped profile or a folder."""
    folder = Path(settings.NATION)
    return profile.load(folder) if folder.is_absolute() else profile.shipped(settings.NATION)


def nation_zone() -> ZoneInfo:
    """The time zone that the nation's days and hours are told in."""
    return ZoneInfo(nation().time_zone)


def theme_of(request: HttpRequest) -> str:
    chosen = request.COOKIES.get(THEME_COOKIE, "system")
    return chosen if chosen in THEMES else "system"


def frame(request: HttpRequest) -> dict[str, Any]:
    """The template variables of the frame; documented in docs/reference/components.md."""
    return {
        "theme": theme_of(request),
        "demonstration": settings.DEMONSTRATION,
        "nation_name": nation().name,
        "authority": nation().authority,
        "zone": nation_zone(),
        "now": timezone.now(),
        "navigation": navigation.entries(getattr(request, "actor", None), request.path),
        "me_links": ME_LINKS,
    }
