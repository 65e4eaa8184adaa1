"""The document of a replay in words: its headline, its tables, and the same as CSV and as a page for print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import get_language, get_language_info, gettext_lazy, ngettext, override
from django.utils.translation import gettext as _

from sipar.formats.table_writing import write_csv
from sipar.law.replay import HOURS_OF_WEEK
from sipar.obligations.register_facts import served_nation
from sipar.obligations.replaying import Document

HEADER = ("law", "version", "table", "stage", "kind", "group", "hour_of_week", "measure", "value")
MEASURES = ("reports", "undetermined", "timed", "in_time", "late", "missing")
DAYS = (
    gettext_lazy("Monday"),
    gettext_lazy("Tuesday"),
    gettext_lazy("Wednesday"),
    gettext_lazy("Thursday"),
    gettext_lazy("Friday"),
    gettext_lazy("Saturday"),
    gettext_lazy("Sunday"),
)
SIZES: Mapping[str, str | Promise] = {
    "micro": gettext_lazy("Micro (under 10 people)"),
    "small": gettext_lazy("Small (10 to 49)"),
    "medium": gettext_lazy("Medium (50 to 249)"),
    "large": gettext_lazy("Large (250 and more)"),
}
KINDS: Mapping[str, str | Promise] = {
    "early_warning": gettext_lazy("Early warning"),
    "notification": gettext_lazy("Notification"),
    "intermediate": gettext_lazy("Intermediate report"),
    "progress": gettext_lazy("Progress report"),
    "final": gettext_lazy("Final report"),
    "supplement": gettext_lazy("Supplement"),
    "written_record": gettext_lazy("Written record"),
    "affected_persons": gettext_lazy("Telling those affected"),
    "reclassification": gettext_lazy("Reclassification"),
    "voluntary": gettext_lazy("Voluntary report"),
    "periodic": gettext_lazy("Periodic report"),
    "response": gettext_lazy("Response of the CERT"),
    "records": gettext_lazy("Record to keep"),
}


@dataclass(frozen=True)
class Line:
    """One row of a table: its name, its numbers (None: hidden), and a share where there is one."""

    name: str
    counts: tuple[int | None, ...]
    share: float | None = None


def in_words(text: Mapping[str, str] | str) -> str:
    """The text in the reader's language, else in English."""
    if isinstance(text, str):
        return text
    return text.get(get_language() or "en") or text.get("en") or ""


def name_of(law: Document) -> str:
    """A law by its title and version, so that two versions of one draft differ."""
    return _("%(title)s, version %(version)s") % {"title": in_words(law["title"]), "version": law["version"]}


def headline(document: Document) -> str:
    """What came out, in one sentence; for two laws, how they differ."""
    laws = document["laws"]
    incidents = counted(document["incidents"])
    if document["difference"] is not None:
        return _difference_sentence(document, incidents)
    if len(laws) == 1:
        total = laws[0]["total"]
        sentence = _("Over %(incidents)s incidents, %(law)s would have asked for %(reports)s reports.") % {
            "incidents": incidents,
            "law": name_of(laws[0]),
            "reports": counted(total["reports"]),
        }
        share = share_late(total)
        if share is None:
            return sentence
        late = _("Of those whose filing is known, %(share)s would have come late or not at all.") % {
            "share": f"{share:.0%}"
        }
        return f"{sentence} {late}"
    found = [law["total"]["reports"] for law in laws]
    total_reports = None if None in found else sum(found)
    return ngettext(
        "Over %(incidents)s incidents, %(number)s law would have asked for %(reports)s reports.",
        "Over %(incidents)s incidents, %(number)s laws together would have asked for %(reports)s reports.",
        len(laws),
    ) % {"incidents": incidents, "number": len(laws), "reports": counted(total_reports)}


def _difference_sentence(document: Document, incidents: str) -> str:
    before, after = document["laws"]
    change = document["difference"]["total"]["reports"]
    words = {"before": name_of(before), "after": name_of(after), "incidents": incidents}
    if change is None:
        return _("The difference between %(before)s and %(after)s is too small to be shown.") % words
    if not change:
        sentence = _("%(after)s asks for as many reports as %(before)s over %(incidents)s incidents.") % words
    else:
        words |= {
            "change": counted(abs(change)),
            "reports": counted(after["total"]["reports"]),
            "earlier": counted(before["total"]["reports"]),
        }
        sentence = (
            _("%(after)s asks for %(change)s more reports than %(before)s: %(reports)s instead of %(earlier)s,")
            if change > 0
            else _("%(after)s asks for %(change)s fewer reports than %(before)s: %(reports)s instead of %(earlier)s,")
        ) % words
        sentence += " " + _("over %(incidents)s incidents.") % words
    shares = share_late(before["total"]), share_late(after["total"])
    if shares[0] is None or shares[1] is None:
        return sentence
    late = _("Late or never filed would have been %(after)s instead of %(before)s.") % {
        "after": f"{shares[1]:.0%}",
        "before": f"{shares[0]:.0%}",
    }
    return f"{sentence} {late}"


def share_late(total: Mapping[str, int | None]) -> float | None:
    """The share late or missing among reports whose filing was observed; None where there are none, or too few."""
    in_time, late, missing = (total[name] for name in ("in_time", "late", "missing"))
    if in_time is None or late is None or missing is None or not in_time + late + missing:
        return None
    return (late + missing) / (in_time + late + missing)


def counted(count: int | None) -> str:
    """A count in words for a sentence."""
    return _("fewer than five") if count is None else f"{count:,}"


def stage_lines(law: Document) -> list[Line]:
    """Reports, undetermined, in time, late and not filed, for each stage."""
    return [
        Line(in_words(row["title"]), tuple(row[name] for name in MEASURES if name != "timed"), share_late(row))
        for row in law["stages"]
    ]


def group_lines(law: Document, table: str) -> list[Line]:
    """Reports of each stage by sector or by size, with the share that was late or missing."""
    names = sector_names() if table == "sectors" else {key: str(name) for key, name in SIZES.items()}
    return [Line(named(row["key"], names), tuple(row["reports"].values()), row["share_late"]) for row in law[table]]


def difference_lines(document: Document, table: str) -> list[Line]:
    """Before, after and change by kind of report or by sector."""
    names = sector_names() if table == "sectors" else {key: str(name) for key, name in KINDS.items()}
    key = "key" if table == "sectors" else "kind"
    return [
        Line(named(row[key], names), (row["before"], row["after"], row["change"]))
        for row in document["difference"][table]
    ]


def sector_names() -> dict[str, str]:
    return {sector.code: in_words(sector.name) for sector in served_nation().sectors}


def team_names() -> dict[str, str]:
    return {team.code: in_words(team.name) for team in served_nation().teams}


def named(key: str, names: Mapping[str, str]) -> str:
    """The name of a group; the empty key holds what is unknown, or too small to stand alone."""
    return names.get(key, key) if key else _("Unknown, or too few to name")


def week_of(hours: list[int | None]) -> list[list[int | None]]:
    """168 hours as seven days of 24."""
    return [hours[start : start + 24] for start in range(0, HOURS_OF_WEEK, 24)]


def csv_of(document: Document) -> bytes:
    """Every number of the document, one a row; an empty value is hidden because it is small."""
    return write_csv(HEADER, list(_rows(document)))


def _rows(document: Document) -> Iterator[tuple[Any, ...]]:
    for law in document["laws"]:
        start = (law["code"], law["version"])
        for row in law["stages"]:
            for name in MEASURES:
                yield (*start, "stages", row["stage"], row["kind"], "", None, name, _number(row[name]))
        for table in ("sectors", "sizes"):
            for row in law[table]:
                for stage, count in row["reports"].items():
                    yield (*start, table, stage, "", row["key"], None, "reports", _number(count))
                for name in ("in_time", "late", "share_late"):
                    yield (*start, table, "", "", row["key"], None, name, _number(row[name]))
        for row in law["load"]:
            for hour, count in enumerate(row["hours"]):
                yield (*start, "load", "", "", row["team"], hour, "reports", _number(count))
        for row in law["penalties"]:
            for name in ("organisations", "low", "high", "without_figure"):
                yield (*start, "penalties", "", "", row["currency"], None, name, _number(row[name]))


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def html_of(document: Document, language: str, *, now: datetime) -> str:
    """The result as an HTML document without any reference to another file, its sentence first."""
    with override(language):
        laws = [
            {
                "name": name_of(law),
                "is_law": law["status"] == "in_force",
                "stages": stage_lines(law),
                "stage_names": [in_words(row["title"]) for row in law["stages"]],
                "sectors": group_lines(law, "sectors"),
                "sizes": group_lines(law, "sizes"),
                "penalties": law["penalties"],
                "load": [{"name": named(row["team"], team_names()), "reports": row["reports"]} for row in law["load"]],
            }
            for law in document["laws"]
        ]
        context = {
            "document": document,
            "headline": headline(document),
            "laws": laws,
            "kinds": difference_lines(document, "kinds") if document["difference"] else [],
            "since": datetime.fromisoformat(document["since"]),
            "until": datetime.fromisoformat(document["until"]),
            "now": now,
            "language": language,
            "direction": "rtl" if get_language_info(language)["bidi"] else "ltr",
        }
        return render_to_string("obligations/law/replay_document.html", context)
