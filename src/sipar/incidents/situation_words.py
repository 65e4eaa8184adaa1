"""Names and sentences of the boards: severities, sectors, provinces, CERTs, and what a reader should see first."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from sipar.incidents.severity import shipped_scale
from sipar.incidents.situation_selectors import SEVERE_FROM, WEEKS, Situation
from sipar.orgs.models import Province, Sector
from sipar.teams.models import Team

type Names = Mapping[int | None, tuple[str, str]]
"""By key: the code, and the name in the reader's language. None: not known, or not told."""

# Seven levels of the scale on the five steps of the design system.
STEPS = {
    "baseline-negligible": 1, "baseline-minor": 1, "low": 2, "medium": 3, "high": 4, "severe": 5, "emergency": 5,
}  # fmt: skip
LATELY = 4


def language() -> str:
    return (get_language() or "en").split("-")[0]


def words(text: Mapping[str, str]) -> str:
    """A {tag: text} in the reader's language, else in English."""
    return text.get(language()) or text.get("en", "")


def level_word(level: str) -> str:
    """The name of a level of severity; "" is what nobody has scored."""
    titles = {found.code: words(found.title) for found in shipped_scale().levels}
    return titles.get(level, level) if level else _("Not scored yet")


def level_step(level: str) -> int:
    """The step of the design system that a level wears; 0 for what is not scored."""
    return STEPS.get(level, 0)


def outlook_word(outlook: str) -> str:
    return {
        "worsening": _("Getting worse"),
        "stable": _("Stable"),
        "improving": _("Getting better"),
    }.get(outlook, _("No outlook given"))


def sector_names() -> Names:
    """Every sector by key, in the nation's order, and last what is not known."""
    rows = Sector.objects.filter(parent=None).values_list("id", "code", "name")
    return {key: (code, words(name)) for key, code, name in rows} | {None: ("", _("Sector not known"))}


def province_names() -> Names:
    """Every province by key, in the nation's order, and last what is not known."""
    rows = Province.objects.values_list("id", "code", "name")
    return {key: (code, words(name)) for key, code, name in rows} | {None: ("", _("Province not known"))}


def team_names() -> Names:
    """Every CERT by key, and last what the reader is not told."""
    rows = Team.objects.order_by("code").values_list("id", "code", "name")
    return {key: (code, words(name)) for key, code, name in rows} | {None: ("", _("Another CERT"))}


def headline(situation: Situation, sectors: Names) -> str:
    """The one sentence on top of the situation."""
    if situation.total is None:
        return _("Too few incidents are open to show numbers.")
    if not situation.total:
        return _("No incident is open.")
    number = f"{situation.total:,}"
    said = ngettext("One incident is open", "%(number)s incidents are open", situation.total) % {"number": number}
    if situation.severe is None:
        return _("%(said)s.") % {"said": said}
    severe = f"{situation.severe:,}"
    level = level_word(SEVERE_FROM).lower()
    place = _worst_place(situation, sectors)
    if not situation.severe or not place:
        return _("%(said)s, %(severe)s of them %(level)s or worse.") % {"said": said, "severe": severe, "level": level}
    return _("%(said)s, %(severe)s of them %(level)s or worse; most of those in %(place)s.") % {
        "said": said, "severe": severe, "level": level, "place": place,
    }  # fmt: skip


def map_sentence(situation: Situation, provinces: Names) -> str:
    known = [line for line in situation.provinces.lines if line.total and line.key is not None]
    if not known:
        return _("No open incident has a known province")
    most = max(known, key=lambda line: line.total or 0)
    return _("Most open incidents are in %(place)s: %(number)s") % {
        "place": provinces[most.key][1], "number": f"{most.total or 0:,}",
    }  # fmt: skip


def trend_sentence(situation: Situation) -> str:
    """The last four weeks against the four before them."""
    last, before = sum(situation.weeks[-LATELY:]), sum(situation.weeks[-2 * LATELY : -LATELY])
    values = {"last": f"{last:,}", "before": f"{before:,}"}
    if last > before:
        return _("More is reported: %(last)s in the last four weeks, %(before)s in the four before") % values
    if last < before:
        return _("Less is reported: %(last)s in the last four weeks, %(before)s in the four before") % values
    return _("As much is reported as before: %(last)s in four weeks, out of %(year)s in a year") % {
        "last": f"{last:,}", "year": f"{sum(situation.weeks[-WEEKS:]):,}",
    }  # fmt: skip


def outlook_sentence(situation: Situation) -> str:
    """Where it goes, as the CERTs say it."""
    worse = situation.outlooks.total_of("worsening")
    better = situation.outlooks.total_of("improving")
    if worse is None or better is None:
        return _("Too few outlooks to show")
    if not worse and not better:
        return _("No open incident is said to get better or worse")
    return _("%(worse)s open incidents get worse, %(better)s get better") % {
        "worse": f"{worse:,}", "better": f"{better:,}",
    }  # fmt: skip


def _worst_place(situation: Situation, sectors: Names) -> str:
    """The sector with the most severe cases, where that may be said."""
    count = situation.levels.index(SEVERE_FROM) + 1
    best, place = 0, ""
    for line in situation.sectors.lines:
        cells = line.cells[:count]
        if None in cells:
            return ""
        number = sum(cell or 0 for cell in cells)
        if line.key is not None and number > best:
            best, place = number, sectors[line.key][1]
    return place
