"""The result of a dry run as its page shows it: sentences, lines, and a chart of days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from sipar.notices.models import DryRun
from sipar.orgs.models import Organisation
from sipar.ui import charts
from sipar.ui.charts import Chart

MOST_DAYS = 45


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
        return _("Bundles under these rules: %(new)s. No rules are in use today.") % values
    return (
        _("Bundles: %(new)s under these rules, %(old)s under today's. %(added)s only here, %(gone)s only there.")
        % values
    )


def chart_of(found: DryRun, *, language: str | None) -> Chart | None:
    """Bundles by day under these rules and under today's."""
    if not found.result.get("days"):
        return None
    days = _days(found)
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


def _days(found: DryRun) -> dict[str, dict[str, int]]:
    """Bundles of each day of the run, of each week where there are many days."""
    counted: Mapping[str, Mapping[str, int]] = found.result["days"]
    step = 7 if (found.last_day - found.first_day).days > MOST_DAYS else 1
    days: dict[str, dict[str, int]] = {}
    for back in range((found.last_day - found.first_day).days + 1):
        day = found.first_day + timedelta(days=back)
        label = f"{found.first_day + timedelta(days=back // step * step)}"
        sums = days.setdefault(label, {"new": 0, "old": 0})
        for side in sums:
            sums[side] += counted.get(f"{day}", {}).get(side, 0)
    return days
