"""Indicators of a case: added one by one or many lines at once, each with its own label, and taken out again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Invalid, Place
from sipar.incidents import timeline
from sipar.incidents.classification import Tlp
from sipar.incidents.content_policy import require_may_write
from sipar.incidents.content_selectors import labels_up_to
from sipar.incidents.indicator_values import Parsed, parse_lines
from sipar.incidents.models import Incident, Indicator
from sipar.incidents.projections import Projection
from sipar.incidents.texts import plain_text, refused

MOST_INDICATORS = 20_000
MOST_PLACES = 50


@dataclass(frozen=True)
class Added:
    """How many indicators are new in the case, and how many of the lines named one that it had already."""

    new: int
    known: int


@action("incident.add_indicators")
def add_indicators(actor: Actor, incident: Incident, *, lines: str, tlp: str = "amber", now: datetime) -> Added:
    """Add one indicator for each line, all or none. Raises Invalid `indicator.lines` naming every line that is none."""
    require_may_write(actor, incident)
    if tlp not in [label.value for label in Tlp]:
        raise refused("tlp", _("Choose one of the offered labels."))
    found, problems = parse_lines(lines)
    if problems:
        places = [
            Place("lines", _("Line %(line)s: %(problem)s") % {"line": one.line, "problem": one.sentence})
            for one in problems[:MOST_PLACES]
        ]
        raise Invalid(
            _("Some lines are no indicators. Nothing was added yet, and nothing you pasted is lost."),
            code="indicator.lines",
            places=places,
        )
    if not found:
        raise refused("lines", _("Write one indicator on each line."))
    return add_parsed(actor, incident, found, tlp=tlp, now=now)


@action("incident.add_parsed_indicators")
def add_parsed(actor: Actor, incident: Incident, found: list[Parsed], *, tlp: str, now: datetime) -> Added:
    """Add indicators that are parsed already; what the case holds stays as it is, label and note included."""
    require_may_write(actor, incident)
    before = Indicator.objects.filter(incident=incident).count()
    if before + len(found) > MOST_INDICATORS:
        raise Conflict(
            _("A case takes at most %(most)s indicators.") % {"most": MOST_INDICATORS}, code="indicator.many"
        )
    Indicator.objects.bulk_create(
        [
            Indicator(
                incident=incident,
                organisation_id=incident.organisation_id,
                kind=one.kind,
                value=one.value,
                tlp=tlp,
                note=plain_text(one.note, "lines", longest=400, required=False, lines=False),
                added_by_id=actor.account,
                added_at=now,
            )
            for one in found
        ],
        ignore_conflicts=True,
    )
    new = Indicator.objects.filter(incident=incident).count() - before
    if new:
        timeline.record(actor, incident, "indicators.added", now=now, facts={"count": new})
    return Added(new=new, known=len(found) - new)


@action("incident.remove_indicator")
def remove_indicator(actor: Actor, incident: Incident, indicator: Indicator, *, now: datetime) -> None:
    """Take out an indicator that was a mistake; the timeline says that it happened."""
    require_may_write(actor, incident)
    indicator.delete()
    timeline.record(actor, incident, "indicators.removed", now=now)


def exported(incident_rows: list[Indicator], *, projection: Projection, cap: str) -> list[Indicator]:
    """The indicators that may leave under a cap: those whose label is no stricter. Raises Invalid for another cap."""
    try:
        labels = labels_up_to(Tlp(cap))
    except ValueError as problem:
        raise refused("tlp", _("Choose one of the offered labels.")) from problem
    if not projection.shows("indicators"):
        return []
    return [row for row in incident_rows if row.tlp in labels]
