"""What needs the Council, ministries, administrators, consultants and the ombudsman."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection
from django.db.models import Count, Max, Min
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sipar.assessments.models import Campaign, Engagement
from sipar.core.acting import Actor
from sipar.core.models import Checkpoint, Event
from sipar.desk.needs import Moment, Need, words
from sipar.orgs.models import Designation
from sipar.people.models import GrantRequest
from sipar.people.roles import AGGREGATE_ROLES, COUNCIL_ROLES, ENGAGED_ROLES
from sipar.teams.models import ConstituencyDispute

SETTLED_WITHIN = timedelta(days=30)
DECIDED_WITHIN = timedelta(days=30)
APPROVED_WITHIN = timedelta(days=2)
REVIEW_AHEAD = timedelta(days=60)
SEALED_WITHIN = timedelta(minutes=5)


def needs(actor: Actor, moment: Moment) -> Iterator[Need]:
    """Everything that hangs on a role in the nation rather than in an organisation or a CERT."""
    if actor.holds(*COUNCIL_ROLES) or actor.holds_in_tier("national", "analyst", "team_head"):
        yield from _disputes(moment)
    if actor.holds(*AGGREGATE_ROLES):
        yield from _standing(moment)
    if actor.holds("ministry_officer"):
        yield from _designations(moment)
    if actor.holds("administrator"):
        yield from _requests(actor, moment)
    if actor.holds(*ENGAGED_ROLES):
        yield from _engagements(actor, moment)
    if actor.holds("ombudsman"):
        yield from _ledger(moment)


def _disputes(moment: Moment) -> Iterator[Need]:
    counts = {
        row["kind"]: row
        for row in ConstituencyDispute.objects.filter(settled_at=None)
        .values("kind")
        .annotate(number=Count("pk"), oldest=Min("raised_at"))
    }
    for kind, one, many in (
        ("without_team", _("One organisation has no CERT."), _("%(number)s organisations have no CERT.")),
        (
            "several_leads",
            _("One organisation is claimed by several CERTs."),
            _("%(number)s organisations are claimed by several CERTs."),
        ),
    ):
        if kind not in counts:
            continue
        number = counts[kind]["number"]
        due = counts[kind]["oldest"] + SETTLED_WITHIN
        yield Need(
            hurts_at=due,
            sentence=one if number == 1 else many % {"number": f"{number:,}"},
            detail=_("Nobody would know whom to call. The Council settles it."),
            href=reverse("conflicts"),
            icon="alert",
        )


def _standing(moment: Moment) -> Iterator[Need]:
    """One sentence of the national board: sums over the whole nation, which reveal nobody."""
    campaign = Campaign.objects.filter(state__in=("open", "closed")).order_by("-opens_at", "-id").first()
    if campaign is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(sum(organisations), 0)::bigint,"
            " coalesce(sum(organisations) filter (where meets), 0)::bigint,"
            " coalesce(sum(organisations) filter (where meets is not null), 0)::bigint"
            " from guard.campaign_cohort(%s)",
            [campaign.pk],
        )
        asked, meets, answered = cursor.fetchone()
    yield Need(
        hurts_at=campaign.closes_at if campaign.closes_at > moment.now else moment.now + timedelta(days=365),
        sentence=_("%(meets)s of %(answered)s organisations that answered meet their target.")
        % {"meets": f"{meets:,}", "answered": f"{answered:,}"},
        detail=_("%(campaign)s; %(asked)s were asked.") % {"campaign": words(campaign.name), "asked": f"{asked:,}"},
        href=reverse("board"),
        icon="board",
        due=campaign.closes_at if campaign.closes_at > moment.now else None,
        started=campaign.opens_at,
    )


def _designations(moment: Moment) -> Iterator[Need]:
    graded = Designation.objects.filter(state="graded").aggregate(number=Count("pk"), oldest=Min("graded_at"))
    if graded["number"]:
        sentence = ngettext(
            "One graded candidate waits for your decision.",
            "%(number)s graded candidates wait for your decision.",
            graded["number"],
        )
        due = graded["oldest"] + DECIDED_WITHIN
        yield Need(due, sentence % {"number": f"{graded['number']:,}"}, reverse("designations"), "shield")
    reviews = Designation.objects.filter(state="designated", review_due_on__lte=moment.today + REVIEW_AHEAD).aggregate(
        number=Count("pk"), first=Min("review_due_on")
    )
    if reviews["number"]:
        sentence = ngettext(
            "One designation is up for its yearly review.",
            "%(number)s designations are up for their yearly review.",
            reviews["number"],
        )
        due = moment.end_of(reviews["first"])
        yield Need(due, sentence % {"number": f"{reviews['number']:,}"}, reverse("designations"), "shield", due=due)


def _requests(actor: Actor, moment: Moment) -> Iterator[Need]:
    waiting = (
        GrantRequest.objects.filter(state="asked")
        .exclude(asked_by=actor.account)
        .aggregate(number=Count("pk"), oldest=Min("asked_at"))
    )
    if not waiting["number"]:
        return
    sentence = ngettext(
        "One role waits for a second administrator: you.",
        "%(number)s roles wait for a second administrator: you.",
        waiting["number"],
    )
    yield Need(
        hurts_at=waiting["oldest"] + APPROVED_WITHIN,
        sentence=sentence % {"number": f"{waiting['number']:,}"},
        href=reverse("accounts"),
        icon="user",
    )


def _engagements(actor: Actor, moment: Moment) -> Iterator[Need]:
    rows = Engagement.objects.filter(
        account=actor.account, ended_at=None, valid_from__lte=moment.now, valid_until__gt=moment.now
    )
    for row in rows.select_related("campaign").annotate(places=Count("scope")).order_by("valid_until")[:20]:
        sentence = ngettext(
            "Your engagement at one organisation in %(campaign)s ends.",
            "Your engagement at %(number)s organisations in %(campaign)s ends.",
            row.places,
        )
        yield Need(
            hurts_at=row.valid_until,
            sentence=sentence % {"number": row.places, "campaign": words(row.campaign.name)},
            detail=row.firm,
            href=reverse("assessments"),
            icon="clock",
            due=row.valid_until,
            started=row.valid_from,
        )


def _ledger(moment: Moment) -> Iterator[Need]:
    """Whether the ledger is sealed up to now; verifying is a person's own act."""
    point = Checkpoint.objects.order_by("-size").first()
    newest = Event.objects.aggregate(number=Max("pk"))["number"]
    if point is None:
        detail = _("It has not been sealed yet; the worker seals it every minute.")
        yield Need(moment.now, _("The ledger waits for its first seal."), reverse("ledger"), "ledger", detail)
        return
    late = newest is not None and moment.now - point.at > SEALED_WITHIN and newest > point.size
    yield Need(
        hurts_at=moment.now if late else moment.now + timedelta(days=30),
        sentence=_("The ledger has not been sealed for a while.") if late else _("The ledger is sealed: verify it."),
        detail=_("%(size)s events are sealed.") % {"size": f"{point.size:,}"},
        href=reverse("ledger"),
        icon="ledger",
    )
