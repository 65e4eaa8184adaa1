"""What needs the people of an organisation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sipar.assessments.models import Assessment, RoadmapItem, SectionDelegation
from sipar.assessments.policy import may_submit
from sipar.core.acting import Actor
from sipar.desk.needs import SHOWN, Moment, Need, words
from sipar.frameworks.selectors import loaded
from sipar.orgs.models import Designation
from sipar.people.roles import ORGANISATION_ROLES

ROADMAP_AHEAD = timedelta(days=30)
REVIEW_AHEAD = timedelta(days=60)
# A returned assessment has somebody waiting for the answer: it stands before what is merely open.
WAITING = timedelta(days=14)


def needs(actor: Actor, moment: Moment) -> Iterator[Need]:
    """Assessments to answer or sign, sections asked of me, roadmap items, yearly reviews."""
    organisations = [grant.organisation for grant in actor.grants if grant.role in ORGANISATION_ROLES]
    if not organisations:
        return
    yield from _assessments(actor, organisations, moment)
    yield from _delegations(actor, moment)
    yield from _roadmap(organisations, moment)
    if actor.holds("ciso", "head"):
        yield from _designations(organisations, moment)


def _assessments(actor: Actor, organisations: list[int | None], moment: Moment) -> Iterator[Need]:
    rows = Assessment.objects.filter(
        organisation__in=organisations,
        state__in=("open", "returned"),
        campaign__state="open",
        campaign__opens_at__lte=moment.now,
        campaign__closes_at__gt=moment.now,
    )
    for row in (
        rows.select_related("campaign__framework")
        .defer("campaign__framework__document", "levels", "carried", "standing", "touched")
        .order_by("campaign__closes_at", "pk")[:20]
    ):
        campaign = row.campaign
        name = {"campaign": words(campaign.name)}
        hurts_at = campaign.closes_at
        total = campaign.framework.requirement_count
        detail = _("%(answered)s of %(total)s requirements are answered.") % {"answered": row.answered, "total": total}
        if row.state == "returned":
            sentence = _("%(campaign)s came back with questions: answer them and hand it in again.") % name
            hurts_at = min(hurts_at, (row.submitted_at or moment.now) + WAITING)
            detail = ""
        elif row.answered >= total and may_submit(actor, row):
            sentence = _("%(campaign)s is answered: check and sign it.") % name
        elif row.answered:
            sentence = _("Go on with %(campaign)s.") % name
        else:
            sentence = _("Answer %(campaign)s.") % name
            detail = ""
        yield Need(
            hurts_at=hurts_at,
            sentence=sentence,
            detail=detail,
            href=reverse("assessment", args=[row.pk]),
            icon="assessment",
            due=campaign.closes_at,
            started=campaign.opens_at,
        )


def _delegations(actor: Actor, moment: Moment) -> Iterator[Need]:
    rows = SectionDelegation.objects.filter(
        account=actor.account,
        done_at=None,
        assessment__state__in=("open", "returned"),
        assessment__campaign__state="open",
        assessment__campaign__closes_at__gt=moment.now,
    )
    for row in rows.select_related("assessment__campaign").order_by("asked_at")[:20]:
        campaign = row.assessment.campaign
        group = loaded(campaign.framework_id).groups.get(row.group)
        section = words(group.title) if group else row.group
        yield Need(
            hurts_at=row.asked_at + WAITING,
            sentence=_("You were asked to answer the section %(section)s of %(campaign)s.")
            % {"section": section, "campaign": words(campaign.name)},
            detail=row.note,
            href=reverse("assessment_section", args=[row.assessment_id, row.group]),
            icon="comment",
            due=campaign.closes_at,
            started=campaign.opens_at,
        )


def _roadmap(organisations: list[int | None], moment: Moment) -> Iterator[Need]:
    rows = list(
        RoadmapItem.objects.filter(
            organisation__in=organisations, state__in=("planned", "doing"), due_on__lte=moment.today + ROADMAP_AHEAD
        ).order_by("due_on", "pk")[: SHOWN + 1]
    )
    for row in rows[:SHOWN]:
        due = moment.end_of(row.due_on)
        yield Need(
            hurts_at=due,
            sentence=row.title,
            detail=_("Roadmap, owner: %(owner)s") % {"owner": row.owner_name} if row.owner_name else _("Roadmap"),
            href=reverse("roadmap"),
            icon="roadmap",
            due=due,
            started=row.created_at,
        )
    if len(rows) > SHOWN:
        last = rows[SHOWN]
        yield Need(
            hurts_at=moment.end_of(last.due_on),
            sentence=_("More of the roadmap is due soon: see all of it."),
            href=reverse("roadmap"),
            icon="roadmap",
        )


def _designations(organisations: list[int | None], moment: Moment) -> Iterator[Need]:
    rows = list(
        Designation.objects.filter(
            organisation__in=organisations, state="designated", review_due_on__lte=moment.today + REVIEW_AHEAD
        ).order_by("review_due_on")[:20]
    )
    if not rows:
        return
    due = moment.end_of(rows[0].review_due_on or moment.today)
    sentence = ngettext(
        "One designation of yours is up for its yearly review.",
        "%(number)s designations of yours are up for their yearly review.",
        len(rows),
    )
    yield Need(
        hurts_at=due,
        sentence=sentence % {"number": len(rows)},
        detail=rows[0].asset_name,
        href=reverse("designations"),
        icon="shield",
        due=due,
    )
