"""The result of a dry run as its page shows it: sentences, lines, and a chart of days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from sipar.notices.models import DryRun
from sipar.orgs.models import Organisation
from sipar.ui import charts
from sipar.ui.charts import Chart


@dataclass(frozen=True)
class Told:
    """The lines of a dry run by organisation and by bundle, with the names of those who would be told."""

    organisations: list[dict[str, Any]]
    bundles: list[dict[str, Any]]
    sentence: str


def told_lines(found: DryRun) -> Told:
    """The lines of the result; empty while there is none."""
    result: Mapping[str, Any] = found.result
    if not result:
        return Told([], [], "")
    keys = {row["organisation"] for part in ("organisations", "bundles") for row in result[part]}
    named = Organisation.objects.in_bulk(keys)
    return Told(
        [row | {"named": named.get(row["organisation"])} for row in result["organisations"]],
        [row | {"named": named.get(row["organisation"])} for row in result["bundles"]],
        _sentence(result),
    )


def _sentence(result: Mapping[str, Any]) -> str:
    sums = result["sums"]
    new = sums["new"]["bundles"] + sums["same"]["bundles"]
    old = sums["old"]["bundles"] + sums["same"]["bundles"]
    values = {
        "new": f"{new:,}",
        "old": f"{old:,}",
        "added": f"{sums['new']['bundles']:,}",
        "gone": f"{sums['old']['bundles']:,}",
    }
    if result["compared_with"] is None:
        return _("These rules would have sent %(new)s bundles; no rules are in use today.") % values
    return _("These rules would have sent %(new)s bundles, today's %(old)s: %(added)s more, %(gone)s fewer.") % values


def chart_of(found: DryRun, *, language: str | None) -> Chart | None:
    """Bundles by day under these rules and under today's."""
    days: Mapping[str, Mapping[str, int]] = found.result.get("days", {})
    if len(days) < 2:
        return None
    sides = [("new", _("These rules"))]
    if found.result["compared_with"] is not None:
        sides.append(("old", _("Today's rules")))
    points = [charts.Point(day, float(counts[side]), name) for side, name in sides for day, counts in days.items()]
    return charts.trend(
        "dry-run-days",
        points,
        sentence=_("Bundles by day"),
        heads=(_("Day"), *(name for _side, name in sides)),
        language=language or "en",
        decimals=0,
    )
