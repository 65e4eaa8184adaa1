"""Changing feeds, taking in files, and deciding about what is held, failed or has drifted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.files import Stored, clean_name
from sipar.core.problems import Conflict, Forbidden, Invalid, Place
from sipar.core.text import turns_direction
from sipar.feeds.doors import settings_problems
from sipar.feeds.models import Batch, Drift, Feed, RawFile
from sipar.feeds.policy import require_may_work
from sipar.feeds.readers import check_settings, names
from sipar.formats.problems import FormatProblem

# Traffic Light Protocol 2.0.
TLP = ("clear", "green", "amber", "amber+strict", "red")
# Words of addresses that a feed's own page would stand behind.
TAKEN = ("new", "drop", "reports", "drifts")
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,58}")


@dataclass(frozen=True, kw_only=True)
class FeedFacts:
    """How a feed is set up. `settings` is the reader's own and the doors': see `docs/how-to/take-in-feeds.md`."""

    code: str
    name: str
    reader: str
    team: int
    tlp: str = "amber"
    complete: bool = False
    every_hours: int = 24
    keep_days: int = 400
    enabled: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)


@action("feed.save")
def save_feed(actor: Actor, facts: FeedFacts, *, feed: Feed | None = None, now: datetime) -> Feed:
    """Make a feed, or change one; its code and CERT stay. Raises Forbidden, or Invalid with every wrong place."""
    require_may_work(actor, facts.team if feed is None else feed.team_id)
    if feed is not None and (feed.code, feed.team_id) != (facts.code, facts.team):
        raise Conflict(_("A feed keeps its code and its CERT."), code="feed.fixed")
    _refuse_bad(facts, is_new=feed is None)
    row = feed or Feed(code=facts.code, team_id=facts.team, made_at=now)
    if feed is not None and feed.settings.get("pull") != facts.settings.get("pull"):
        row.pull_state = {}
    row.name, row.reader, row.tlp = facts.name.strip(), facts.reader, facts.tlp
    row.complete, row.enabled = facts.complete, facts.enabled
    row.every_hours, row.keep_days = facts.every_hours, facts.keep_days
    row.settings = dict(facts.settings)
    row.next_pull_at = now if facts.settings.get("pull") and facts.enabled else None
    row.save()
    return row


@dataclass(frozen=True, kw_only=True)
class Received:
    """The batch of a file, and whether the file was new to the feed."""

    batch: Batch
    new: bool


@action("feed.receive")
def receive_file(
    actor: Actor,
    feed: Feed,
    stored: Stored,
    *,
    name: str,
    door: str,
    now: datetime,
    tlp: str = "",
    provenance: Mapping[str, Any] | None = None,
) -> Received:
    """Enter a kept file into the manifest of a feed; the same bytes again are the batch that is there already.

    Raises Forbidden, Invalid `feed.tlp` and Conflict `feed.disabled`.
    """
    require_may_work(actor, feed.team_id)
    if not feed.enabled:
        raise Conflict(_("This feed is switched off."), code="feed.disabled")
    if tlp and tlp not in TLP:
        raise _refused("tlp", _("The TLP is one of %(names)s.") % {"names": ", ".join(TLP)})
    raw, new = RawFile.objects.get_or_create(
        feed=feed,
        sha256=stored.sha256,
        defaults={
            "team_id": feed.team_id,
            "size": stored.size,
            "name": clean_name(name),
            "tlp": tlp or feed.tlp,
            "door": door,
            "provenance": dict(provenance or {}),
            "account_id": actor.account,
            "received_at": now,
        },
    )
    if not new:
        return Received(batch=Batch.objects.select_related("raw_file", "feed").get(raw_file=raw), new=False)
    batch = Batch.objects.create(raw_file=raw, feed=feed, team_id=feed.team_id, received_at=now)
    return Received(batch=batch, new=True)


@action("feed.accept_report")
def accept_batch(actor: Actor, batch: Batch) -> Batch:
    """A report that was held is right as it is: take it in. `batch` is locked by the caller."""
    require_may_work(actor, batch.team_id)
    _require(batch, "held")
    batch.accepted_by_id = actor.account
    return _again(batch)


@action("feed.retry_report")
def retry_batch(actor: Actor, batch: Batch) -> Batch:
    """Try again what failed."""
    require_may_work(actor, batch.team_id)
    _require(batch, "failed")
    return _again(batch)


@action("feed.discard_report")
def discard_batch(actor: Actor, batch: Batch, *, now: datetime) -> Batch:
    """Count nothing of a report that was held or failed. The raw file stays."""
    require_may_work(actor, batch.team_id)
    _require(batch, "held", "failed")
    batch.state, batch.ended_at = "discarded", now
    batch.save()
    return batch


@action("feed.settle_drift")
def settle_drift(actor: Actor, drift: Drift, *, now: datetime) -> Drift:
    """Somebody has looked at a drift; the same one is told again where it comes again."""
    require_may_work(actor, drift.team_id)
    if drift.settled_at is None:
        drift.settled_by_id, drift.settled_at = actor.account, now
        drift.save(update_fields=["settled_by_id", "settled_at"])
    return drift


def _again(batch: Batch) -> Batch:
    batch.state, batch.code, batch.sentence, batch.ended_at = "received", "", "", None
    batch.save()
    return batch


def _require(batch: Batch, *states: str) -> None:
    if batch.state not in states:
        raise Conflict(_("This report has been decided on already."), code="batch.state")


def _refuse_bad(facts: FeedFacts, *, is_new: bool) -> None:
    places: list[Place] = []

    def wrong(where: str, sentence: str) -> None:
        places.append(Place(where, sentence))

    if not _CODE.fullmatch(facts.code) or facts.code in TAKEN:
        wrong("code", _("A code is small letters, digits and hyphens, at most 59."))
    elif is_new and Feed.objects.filter(code=facts.code).exists():
        wrong("code", _("There is a feed with this code already."))
    if not 1 <= len(facts.name.strip()) <= 200 or turns_direction(facts.name):
        wrong("name", _("Give the feed a name of at most 200 letters."))
    if facts.reader not in names():
        wrong("reader", _("The reader is one of %(names)s.") % {"names": ", ".join(names())})
    if facts.tlp not in TLP:
        wrong("tlp", _("The TLP is one of %(names)s.") % {"names": ", ".join(TLP)})
    if not 1 <= facts.every_hours <= 24 * 366:
        wrong("every_hours", _("Reports come at least once a year, and at most once an hour."))
    if not 1 <= facts.keep_days <= 3660:
        wrong("keep_days", _("Observations are kept between one day and ten years."))
    for where, sentence in settings_problems(facts.settings):
        wrong(where, sentence)
    try:
        check_settings(facts.reader, facts.settings)
    except FormatProblem as problem:
        wrong("settings", f"{problem.where}: {problem.sentence}" if problem.where else problem.sentence)
    if places:
        raise Invalid(places[0].sentence, code="feed.invalid", places=places)


def _refused(where: str, sentence: str) -> Invalid:
    return Invalid(sentence, code=f"feed.{where}", places=[Place(where, sentence)])


def require_system(actor: Actor) -> None:
    """Only Sipar itself works through the manifest."""
    if not actor.holds("system"):
        raise Forbidden("Only Sipar itself takes in what was received.", code="batch.work")
