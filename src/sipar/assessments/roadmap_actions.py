"""Planning how gaps are closed: who, until when, at what cost, after what, and with which proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from sipar.assessments.gap_selectors import gaps_of, live_items
from sipar.assessments.models import Assessment, Campaign, RoadmapItem
from sipar.assessments.roadmap_selectors import closes_a_cycle
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.files import keep_file
from sipar.core.problems import Conflict, Forbidden, Invalid, Place
from sipar.core.text import turns_direction
from sipar.frameworks.selectors import loaded
from sipar.orgs.policy import is_national
from sipar.people.roles import ORGANISATION_ROLES

MAX_COST = Decimal("99999999999999.99")
ITEMS_AT_ONCE = 1_000


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What may be said of an item at any time; `depends_on` is the number of the item it waits for."""

    title: str
    target_level: int
    due_on: date
    starts_on: date | None = None
    owner_name: str = ""
    cost: Decimal | None = None
    depends_on: int | None = None


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A gap that a plan of the nation closes at one organisation."""

    organisation: int
    requirement: str
    target_level: int
    starts_on: date
    due_on: date
    cost: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file as it came in."""

    name: str
    content: bytes


def may_plan(actor: Actor, organisation: int) -> bool:
    """The people of the organisation plan its roadmap; everybody else reads it."""
    return actor.scopes is None and (actor.holds_at(organisation, *ORGANISATION_ROLES) or actor.holds("system"))


def require_may_plan(actor: Actor, organisation: int) -> None:
    if not may_plan(actor, organisation):
        raise Forbidden("Only the people of the organisation plan its roadmap.", code="roadmap.forbidden")


@action("roadmap.add")
def add_items(
    actor: Actor, assessment: Assessment, requirements: Sequence[str], *, due_on: date, owner_name: str, now: datetime
) -> list[RoadmapItem]:
    """Put the gaps of these requirements on the roadmap; a requirement that is on it already is left as it is.

    Raises Invalid `roadmap.no_gap` for a requirement that is no gap of the assessment.
    """
    require_may_plan(actor, assessment.organisation_id)
    gaps = {gap.requirement.id: gap for gap in gaps_of(assessment, loaded(assessment.campaign.framework_id))}
    strangers = [name for name in requirements if name not in gaps]
    if strangers:
        places = [Place(name, _("This requirement is not a gap of this assessment.")) for name in strangers[:20]]
        raise Invalid(_("Only gaps can be put on the roadmap."), code="roadmap.no_gap", places=places)
    planned = live_items(assessment.organisation_id, assessment.campaign_id)
    return RoadmapItem.objects.bulk_create(
        RoadmapItem(
            organisation_id=assessment.organisation_id,
            campaign_id=assessment.campaign_id,
            requirement=name,
            target_level=gaps[name].target,
            title=gaps[name].requirement.title["en"][:250],
            owner_name=owner_name,
            due_on=due_on,
            created_at=now,
        )
        for name in dict.fromkeys(requirements)
        if name not in planned
    )


@action("roadmap.place")
def place_items(actor: Actor, campaign: Campaign, items: Sequence[Placed], *, now: datetime) -> list[RoadmapItem]:
    """Put what a plan of the nation closes on the roadmaps of many organisations; returns what is new on them.

    What an organisation has on its roadmap already is left as it is. Only the National CERT does this: from then on
    each organisation plans its own items.
    """
    if not is_national(actor):
        raise Forbidden("Only the National CERT puts a plan on the roadmaps.", code="roadmap.forbidden")
    titles = {one.id: one.title["en"][:250] for one in loaded(campaign.framework_id).requirements}
    rows = RoadmapItem.objects.filter(campaign=campaign, organisation__in={item.organisation for item in items})
    there = set(rows.exclude(state="dropped").values_list("organisation_id", "requirement"))
    wanted = {(item.organisation, item.requirement): item for item in items if item.requirement in titles}
    return RoadmapItem.objects.bulk_create(
        (
            RoadmapItem(
                organisation_id=item.organisation,
                campaign=campaign,
                requirement=item.requirement,
                target_level=item.target_level,
                title=titles[item.requirement],
                starts_on=item.starts_on,
                due_on=item.due_on,
                cost=item.cost,
                created_at=now,
            )
            for key, item in wanted.items()
            if key not in there
        ),
        batch_size=ITEMS_AT_ONCE,
    )


@action("roadmap.plan")
def plan_item(actor: Actor, item: RoadmapItem, plan: Plan) -> RoadmapItem:
    """Change what an item says. Refuses a start after the due date, a foreign dependency and a circle of waiting."""
    require_may_plan(actor, item.organisation_id)
    _refuse_bad_plan(item, plan)
    _refuse_circle(item, plan.depends_on)
    item.title, item.target_level, item.owner_name = plan.title, plan.target_level, plan.owner_name
    item.starts_on, item.due_on, item.cost = plan.starts_on, plan.due_on, plan.cost
    item.depends_on_id = plan.depends_on
    item.save(update_fields=["title", "target_level", "owner_name", "starts_on", "due_on", "cost", "depends_on"])
    return item


@action("roadmap.reschedule")
def reschedule_item(actor: Actor, item: RoadmapItem, *, starts_on: date | None, due_on: date) -> RoadmapItem:
    """Move an item in time."""
    require_may_plan(actor, item.organisation_id)
    _refuse_dates(starts_on, due_on)
    item.starts_on, item.due_on = starts_on, due_on
    item.save(update_fields=["starts_on", "due_on"])
    return item


@action("roadmap.move")
def move_item(actor: Actor, item: RoadmapItem, state: str) -> RoadmapItem:
    """Bring an item to another state; closing has its own action, because it needs proof."""
    require_may_plan(actor, item.organisation_id)
    _refuse_transition(item, state)
    if state == "done":
        raise Invalid(_("Closing an item needs a note or a file that shows it."), code="roadmap.proof")
    item.state, item.closed_at = state, None
    item.save(update_fields=["state", "closed_at"])
    return item


@action("roadmap.close")
def close_item(actor: Actor, item: RoadmapItem, *, note: str, upload: Upload | None, now: datetime) -> RoadmapItem:
    """Close an item with the evidence that it is closed: a note, a file or both."""
    require_may_plan(actor, item.organisation_id)
    _refuse_transition(item, "done")
    if not note.strip() and upload is None:
        raise Invalid(
            _("Closing an item needs a note or a file that shows it."),
            code="roadmap.proof",
            places=[Place("note", _("Say how the gap was closed, or add a file."))],
        )
    if item.depends_on is not None and item.depends_on.state in ("planned", "doing"):
        raise Conflict(
            _("This item waits for “%(title)s”, which is not closed.") % {"title": item.depends_on.title},
            code="roadmap.waits",
        )
    if upload is not None:
        item.closing_evidence = keep_file(
            actor, upload.content, name=upload.name, organisation=item.organisation_id, now=now
        )
    item.state, item.closing_note, item.closed_at = "done", note.strip(), now
    item.save(update_fields=["state", "closing_note", "closing_evidence", "closed_at"])
    return item


def _refuse_bad_plan(item: RoadmapItem, plan: Plan) -> None:
    _refuse_dates(plan.starts_on, plan.due_on)
    if not plan.title.strip():
        raise _invalid("title", _("Give the item a title."))
    for name, text in (("title", plan.title), ("owner_name", plan.owner_name)):
        if turns_direction(text):
            raise _invalid(name, _("This holds marks that turn the direction of the text."))
    if plan.cost is not None and not (plan.cost.is_finite() and 0 <= plan.cost <= MAX_COST):
        raise _invalid("cost", _("The cost is not an amount of at least 0."))
    if not 1 <= plan.target_level <= loaded(item.campaign.framework_id).catalogue.top_level:
        raise _invalid("target_level", _("The level is not on the scale of the framework."))


def _refuse_dates(starts_on: date | None, due_on: date) -> None:
    if starts_on is not None and starts_on > due_on:
        raise _invalid("due_on", _("The item is due before it starts."))


def _refuse_circle(item: RoadmapItem, wanted: int | None) -> None:
    """All items of the organisation are locked, so that two people cannot close a circle from both ends."""
    if wanted is None:
        return
    rows = RoadmapItem.objects.filter(organisation=item.organisation_id).order_by("id").select_for_update()
    waits_for = dict(rows.values_list("id", "depends_on_id"))
    if wanted not in waits_for:
        raise _invalid("depends_on", _("The item to wait for is not on this roadmap."))
    if closes_a_cycle(waits_for, item.pk, wanted):
        raise _invalid("depends_on", _("The items would wait for each other in a circle."), code="roadmap.cycle")


def _refuse_transition(item: RoadmapItem, state: str) -> None:
    if state not in RoadmapItem.TRANSITIONS[item.state]:
        raise Conflict(_("The item is in another state by now. Look at it again."), code="roadmap.state")


def _invalid(where: str, sentence: str, *, code: str = "roadmap.plan") -> Invalid:
    return Invalid(sentence, code=code, places=[Place(where, sentence)])
