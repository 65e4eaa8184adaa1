"""Reading feeds: how each does and what it needs, the reports that came, and the rows that they held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from sipar.core.acting import Actor
from sipar.core.problems import not_open
from sipar.feeds.models import Batch, Drift, Feed, QuarantinedRow
from sipar.feeds.policy import may_read_rows
from sipar.orgs.models import Organisation
from sipar.people.roles import TEAM_ROLES
from sipar.teams.models import Team

MOST_ROWS = 200
# A report is late when half as long again has passed as it should take.
LATENESS = 1.5
# What a feed may need, the most urgent first; the last needs nothing.
STEPS = ("held", "failed", "drift", "late", "unreachable", "first", "nothing")
OWNERS = ("claimed", "unclaimed", "shared")
# Why a claim won, as `routing.claims.RANKS` orders it.
RANKS = ("address", "prefix", "domain", "hosted", "asn", "country")


@dataclass(frozen=True)
class FeedHealth:
    """How a feed does. `latest` is the last report that was taken in; `step` (of STEPS) is what it needs next, `late`
    since when a report is missing, and `held`, `failed`, `waiting`, `drifts` count what is open."""

    feed: Feed
    latest: Batch | None
    received_at: datetime | None
    held: int
    failed: int
    waiting: int
    drifts: int
    late_since: datetime | None
    problem: str
    step: str
    batch: int | None = None

    @property
    def late(self) -> bool:
        return self.late_since is not None

    def as_document(self) -> dict[str, Any]:
        """What programs read of a feed: what it is, and how it does."""
        feed = self.feed
        return {
            "code": feed.code, "name": feed.name, "reader": feed.reader, "team": feed.team.code, "tlp": feed.tlp,
            "enabled": feed.enabled, "received_at": self.received_at, "rows": self.latest.rows if self.latest else 0,
            "quarantined": self.latest.quarantined if self.latest else 0, "held": self.held, "failed": self.failed,
            "waiting": self.waiting, "drifts": self.drifts, "late": self.late, "problem": self.problem,
            "next": self.step,
        }  # fmt: skip


def health(*, now: datetime | None = None) -> list[FeedHealth]:
    """How every feed does that the actor reaches, what needs somebody first."""
    moment = now or timezone.now()
    feeds = Feed.objects.select_related("team").annotate(
        held=Count("batches", Q(batches__state="held")),
        failed=Count("batches", Q(batches__state="failed")),
        waiting=Count("batches", Q(batches__state__in=("received", "running"))),
        last_received=Max("batches__received_at"),
    )
    done = Batch.objects.filter(state="done").order_by("feed_id", "-received_at", "-pk").distinct("feed_id")
    latest = {batch.feed_id: batch for batch in done}
    open_batches = Batch.objects.filter(state__in=("held", "failed")).order_by("feed_id", "-state", "received_at")
    wanting = {batch.feed_id: batch.pk for batch in open_batches.distinct("feed_id")}
    drifts = dict(
        Drift.objects.filter(settled_at=None)
        .values_list("feed")
        .annotate(count=Count("pk"))
        .values_list("feed", "count")
    )
    found = [_health(feed, latest.get(feed.pk), drifts.get(feed.pk, 0), wanting.get(feed.pk), moment) for feed in feeds]
    return sorted(found, key=lambda one: (not one.feed.enabled, STEPS.index(one.step), one.feed.code))


def _health(feed: Any, latest: Batch | None, drifts: int, wanting: int | None, now: datetime) -> FeedHealth:
    due = (feed.last_received or feed.made_at) + timedelta(hours=feed.every_hours) * LATENESS
    late = due if feed.enabled and due < now else None
    problem = str(feed.pull_state.get("problem", ""))
    step = "nothing"
    if feed.enabled:
        checks = {
            "held": feed.held, "failed": feed.failed, "drift": drifts, "late": late and feed.last_received,
            "unreachable": problem, "first": feed.last_received is None,
        }  # fmt: skip
        step = next((name for name in STEPS if checks.get(name)), "nothing")
    return FeedHealth(
        feed=feed,
        latest=latest,
        received_at=feed.last_received,
        held=feed.held,
        failed=feed.failed,
        waiting=feed.waiting,
        drifts=drifts,
        late_since=late,
        problem=problem,
        step=step,
        batch=wanting,
    )


def own_teams(actor: Actor) -> list[Team]:
    """The CERTs that the actor sets up feeds for."""
    numbers = [grant.team for grant in actor.grants if grant.role in TEAM_ROLES and grant.team is not None]
    return list(Team.objects.filter(pk__in=numbers).order_by("code"))


def access_feed(actor: Actor, code: str, *, for_update: bool = False) -> Feed:
    """A feed by its code; raises NotFound for one that the actor does not reach."""
    rows = Feed.objects.select_related("team")
    if for_update:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(code=code.replace("\x00", "")[:60]).first()
    if found is None:
        raise not_open("feed")
    return found


def access_batch(actor: Actor, batch: int, *, for_update: bool = False) -> Batch:
    """A report with its file, for staff of the CERT; raises NotFound for one that the actor does not reach."""
    rows = Batch.objects.select_related("feed", "raw_file", "team")
    if for_update:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(pk=batch).first() if may_read_rows(actor) else None
    if found is None:
        raise not_open("report")
    return found


def access_drift(actor: Actor, drift: int) -> Drift:
    """A drift; raises NotFound for one that the actor does not reach."""
    found = Drift.objects.filter(pk=drift).first() if may_read_rows(actor) else None
    if found is None:
        raise not_open("drift")
    return found


def reports_of(feed: Feed) -> QuerySet[Batch]:
    """The reports of a feed, latest first."""
    return Batch.objects.filter(feed=feed).select_related("raw_file").order_by("-received_at", "-pk")


def open_drifts(feed: Feed) -> QuerySet[Drift]:
    return Drift.objects.filter(feed=feed, settled_at=None).order_by("report_type", "kind", "column")


def refused_rows(batch: Batch) -> QuerySet[QuarantinedRow]:
    """The rows of a report that could not be read, in the order of the file; the first thousand are kept."""
    return QuarantinedRow.objects.filter(batch=batch).order_by("line", "pk")


@dataclass(frozen=True)
class SampleRow:
    """One observation of a report as a person reads it: where, what, whose, and why.

    `organisation` is None where nobody claims it and where the reader may not know who does, which `hidden` says.
    """

    line: int
    seen_at: datetime
    kind: str
    place: str
    severity: int
    organisation: Organisation | None
    hidden: bool
    team: Team | None
    reason: str
    shared: str
    others: int


@dataclass(frozen=True)
class Owner:
    """How many rows of a report went to whom; `organisation` and `team` None: nobody answers for them."""

    organisation: Organisation | None
    hidden: bool
    team: Team | None
    rows: int


@dataclass(frozen=True)
class Rows:
    """What a report held: the organisations with the most rows, how rows won their owner, and a sample."""

    owners: Sequence[Owner]
    owner_count: int
    reasons: Mapping[str, int]
    sample: Sequence[SampleRow]
    matching: int


_SHOWN = (
    "raw", "line", "observed_at", "kind", "severity", "ip", "port", "protocol", "hostname", "url", "asn",
    "organisation", "team", "rank", "others", "shared",
)  # fmt: skip


def rows_of(batch: Batch, *, owner: str = "", reason: str = "", text: str = "", most: int = MOST_ROWS) -> Rows:
    """The rows of a report in the lake. `owner` (of OWNERS), `reason` (of RANKS) and `text` narrow the sample."""
    if batch.first_day is None or batch.last_day is None:
        return Rows((), 0, {}, (), 0)
    table = _lake_rows(batch.first_day, batch.last_day, batch.feed.code, batch.raw_file.sha256)
    owners, owner_count = _owners(table)
    chosen = _narrowed(table, owner=owner, reason=reason, text=text)
    return Rows(
        owners=owners,
        owner_count=owner_count,
        reasons=_reasons(table),
        sample=_sample(chosen.slice(0, most)),
        matching=chosen.num_rows,
    )


def _lake_rows(first: date, last: date, source: str, raw: str) -> Any:
    from sipar.eventstore import lake

    return lake().observations(first, last, columns=list(_SHOWN), where={"source": [source], "raw": [raw]})


def _narrowed(table: Any, *, owner: str, reason: str, text: str) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if owner == "claimed":
        table = table.filter(pc.is_valid(table["organisation"]))
    elif owner == "unclaimed":
        table = table.filter(pc.is_null(table["organisation"]))
    elif owner == "shared":
        table = table.filter(pc.fill_null(pc.not_equal(table["shared"].cast(pa.string()), ""), False))
    if reason in RANKS:
        table = table.filter(pc.fill_null(pc.equal(table["rank"], RANKS.index(reason)), False))
    if text:
        columns = [table[name].cast(pa.string()) for name in ("ip", "hostname", "kind", "url")]
        hits = [pc.fill_null(pc.match_substring(column, text[:200], ignore_case=True), False) for column in columns]
        found = hits[0]
        for hit in hits[1:]:
            found = pc.or_(found, hit)
        table = table.filter(found)
    return table


def _reasons(table: Any) -> dict[str, int]:
    import pyarrow.compute as pc

    counted = {pair["values"]: pair["counts"] for pair in pc.value_counts(table["rank"]).to_pylist()}
    found = {rank: counted[place] for place, rank in enumerate(RANKS) if counted.get(place)}
    return found | ({"": counted[None]} if counted.get(None) else {})


def _owners(table: Any, *, most: int = 20) -> tuple[list[Owner], int]:
    groups = table.group_by(["organisation", "team"]).aggregate([([], "count_all")]).to_pylist()
    groups.sort(key=lambda group: (-group["count_all"], group["organisation"] or 0, group["team"] or 0))
    shown = groups[:most]
    organisations, teams = _named(shown)
    return [
        Owner(
            organisation=organisations.get(group["organisation"] or 0),
            hidden=group["organisation"] is not None and group["organisation"] not in organisations,
            team=teams.get(group["team"] or 0),
            rows=group["count_all"],
        )
        for group in shown
    ], sum(1 for group in groups if group["organisation"] is not None)


def _sample(table: Any) -> list[SampleRow]:
    rows = table.to_pylist()
    organisations, teams = _named(rows)
    return [
        SampleRow(
            line=row["line"] or 0,
            seen_at=row["observed_at"],
            kind=row["kind"] or "",
            place=_place(row),
            severity=row["severity"] or 0,
            organisation=organisations.get(row["organisation"] or 0),
            hidden=row["organisation"] is not None and row["organisation"] not in organisations,
            team=teams.get(row["team"] or 0),
            reason=RANKS[row["rank"]] if row["rank"] is not None else "",
            shared=row["shared"] or "",
            others=len(row["others"] or ()),
        )
        for row in rows
    ]


def _named(rows: Iterable[Mapping[str, Any]]) -> tuple[dict[int, Organisation], dict[int, Team]]:
    """The organisations and teams of these rows that the actor may know by name."""
    found = list(rows)
    organisations = Organisation.objects.in_bulk(
        {row["organisation"] for row in found if row["organisation"] is not None}
    )
    teams = Team.objects.in_bulk({row["team"] for row in found if row["team"] is not None})
    return organisations, teams


def _place(row: Mapping[str, Any]) -> str:
    """Where something was seen, as people write it."""
    where = row["ip"] or row["hostname"] or row["url"] or (f"AS{row['asn']}" if row["asn"] else "")
    if row["port"] is None:
        return str(where)
    host = f"[{where}]" if ":" in str(where) and row["ip"] else where
    return f"{host}:{row['port']}/{row['protocol'] or 'tcp'}"
