"""What would the act have asked? Ask for a replay, watch it, read the answer, take it home."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from sipar.core import files
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.models import BackgroundRun
from sipar.core.problems import not_open
from sipar.obligations import policy
from sipar.obligations.law_actions import ask_for_replay
from sipar.obligations.law_forms import GENERATED, ReplayForm
from sipar.obligations.law_selectors import access_replay, replayable, replays_of
from sipar.obligations.law_views import DRAFTERS
from sipar.obligations.replay_source import NATION
from sipar.obligations.replay_words import (
    DAYS,
    csv_of,
    difference_lines,
    group_lines,
    headline,
    in_words,
    name_of,
    named,
    share_late,
    stage_lines,
    team_names,
    week_of,
)
from sipar.obligations.replaying import Document
from sipar.obligations.words import STATUSES
from sipar.ui.heatmap import HeatMap, heat_map
from sipar.ui.tables import Column

KINDS = ("csv", "pdf-en", "pdf-ur")
MAPS = 12


@gate(DRAFTERS)
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: ActorRequest) -> HttpResponse:
    """The form to ask for a replay, and one's own replays so far."""
    today = timezone.now().date()
    nation = policy.may_replay_nation(request.actor)
    initial: dict[str, object] = {
        "first": request.GET.get("law", ""),
        "second": request.GET.get("with", ""),
        "since": today - timedelta(days=365),
        "until": today,
        "source": NATION if nation else GENERATED,
        "incidents": 50_000,
        "seed": 1,
    }
    data = request.POST if request.method == "POST" else None
    form = ReplayForm(data, laws=_choices(), nation=nation, initial=initial)
    if data is not None and form.is_valid():
        run = ask_for_replay(request.actor, form.question(), now=timezone.now())
        return redirect("law_replay_run", run.pk)
    context = {"form": form, "runs": replays_of(request.actor), "trail": _trail()[:1]}
    return render(request, "obligations/law/replay.html", context, status=422 if form.errors else 200)


@gate(DRAFTERS)
@require_GET
def show(request: ActorRequest, run: int) -> HttpResponse:
    """How far a replay is, or what came out of it."""
    found = access_replay(request.actor, run)
    context = {"run": found, "trail": _trail()}
    if found.state == BackgroundRun.State.DONE:
        if request.htmx:
            # The whole page, since more changes than the part that was waiting.
            response = HttpResponse(status=204)
            response["HX-Redirect"] = reverse("law_replay_run", args=[found.pk])
            return response
        return render(request, "obligations/law/replay_result.html", context | _result(found.result))
    template = "obligations/law/replay_progress.html" if request.htmx else "obligations/law/replay_waiting.html"
    return render(request, template, context)


@gate(DRAFTERS)
@require_GET
def download(request: ActorRequest, run: int, kind: str) -> HttpResponse:
    """The result as CSV, or as PDF in one language."""
    found = access_replay(request.actor, run)
    if found.state != BackgroundRun.State.DONE or kind not in KINDS:
        raise not_open("replay")
    form, _dash, language = kind.partition("-")
    if form == "pdf":
        return files.file_response(files.open_file(request.actor, int(found.result["pdf"][language])))
    name = f"replay-{found.pk}.csv"
    return files.download(csv_of(found.result), name=name, media_type=f"{files.CSV}; charset=utf-8")


def _result(document: Document) -> dict[str, object]:
    return {
        "document": document,
        "headline": headline(document),
        "since": datetime.fromisoformat(document["since"]),
        "until": datetime.fromisoformat(document["until"]),
        "laws": [_law(law, place) for place, law in enumerate(document["laws"])],
        "difference": _difference(document) if document["difference"] else None,
        "stage_columns": [
            Column("stage", _("Stage")),
            *_numbers([_("Reports"), _("May apply"), _("In time"), _("Late"), _("Not filed"), _("Share late")]),
        ],
        "penalty_columns": [
            Column("currency", _("Currency")),
            *_numbers([_("Organisations"), _("From"), _("To"), _("Without a figure")]),
        ],
    }


def _law(law: Document, place: int) -> dict[str, object]:
    stages = [in_words(row["title"]) for row in law["stages"]]
    return {
        "key": f"law-{place}",
        "name": name_of(law),
        "code": law["code"],
        "version": law["version"],
        "status": STATUSES.get(law["status"], law["status"]),
        "is_law": law["status"] == "in_force",
        "total": law["total"],
        "share": share_late(law["total"]),
        "organisations_late": law["organisations_late"],
        "stages": stage_lines(law),
        "sectors": group_lines(law, "sectors"),
        "sizes": group_lines(law, "sizes"),
        "sector_columns": [Column("sector", _("Sector")), *_numbers([*stages, _("Share late")])],
        "size_columns": [Column("size", _("Size")), *_numbers([*stages, _("Share late")])],
        "penalties": law["penalties"],
        "maps": _maps(law),
    }


def _difference(document: Document) -> dict[str, object]:
    names = [name_of(law) for law in document["laws"]]
    heads = _numbers([*names, _("Change")])
    return {
        "kinds": difference_lines(document, "kinds"),
        "sectors": difference_lines(document, "sectors"),
        "kind_columns": [Column("kind", _("Report")), *heads],
        "sector_columns": [Column("sector", _("Sector")), *heads],
    }


def _maps(law: Document) -> list[tuple[str, HeatMap]]:
    """The name and the week of each CERT, the busiest first."""
    names = team_names()
    busy = [row for row in law["load"] if row["reports"] is None or row["reports"] > 0][:MAPS]
    highest = max((hour or 0 for row in busy for hour in row["hours"]), default=0)
    return [(named(row["team"], names), _week(row, named(row["team"], names), highest)) for row in busy]


def _week(row: Document, team: str, highest: int) -> HeatMap:
    return heat_map(
        week_of(row["hours"]),
        sentence=_week_sentence(team, row["reports"]),
        corner=_("Day and hour"),
        rows=[str(day) for day in DAYS],
        columns=[f"{hour:02}" for hour in range(24)],
        lowest=0,
        highest=max(highest, 1),
        words=(_("no report"), _("most reports in an hour of the week"), _("hidden, fewer than five")),
        write=lambda value: f"{value:,.0f}",
    )


def _week_sentence(team: str, reports: int | None) -> str:
    if reports is None:
        return _("%(team)s would have received fewer than five reports.") % {"team": team}
    return ngettext(
        "%(team)s would have received %(reports)s report, by hour of the week.",
        "%(team)s would have received %(reports)s reports, by hour of the week.",
        reports,
    ) % {"team": team, "reports": f"{reports:,}"}


def _numbers(labels: list[str]) -> list[Column]:
    return [Column(f"n{place}", label, numeric=True) for place, label in enumerate(labels)]


def _choices() -> list[tuple[str, str]]:
    return [
        (
            f"{row.code}:{row.version}",
            _("%(title)s, version %(version)s (%(status)s)")
            % {
                "title": in_words(row.title),
                "version": row.version,
                "status": STATUSES.get(row.status, row.status),
            },
        )
        for row in replayable()
    ]


def _trail() -> list[dict[str, str]]:
    return [{"url": reverse("law"), "label": _("Laws")}, {"url": reverse("law_replay"), "label": _("Replay")}]
