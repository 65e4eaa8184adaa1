"""Observations become findings: by COPY and set-wise, in the caller's transaction, each batch counted once.

One transaction folds at a time, so that two never wait for each other's rows in opposite order. Findings are no ledger
events: they follow from the observations and can be computed again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection

from sipar.core.problems import Conflict
from sipar.executors.ahead import ahead
from sipar.notices import folding_sql as sql

if TYPE_CHECKING:
    import polars as pl

    from sipar.eventstore.store import Store

STALE_AFTER, OLD_AFTER = timedelta(days=14), timedelta(days=90)
SLICE_ROWS, PIECE_ROWS = 1_000_000, 10_000
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Complete:
    """That a report holds everything of its kind that there was to see from `first_day` on.

    `report` is the type as the batch says it: what it does not hold is gone, of what this source last saw in a report
    of this type. Other sources, types and later sights are not touched.
    """

    source: str
    report: str
    first_day: date


@dataclass(frozen=True)
class Folded:
    """What a fold did to findings: how many are new, seen again, closed for their absence, and moved elsewhere."""

    new: int = 0
    seen: int = 0
    absent: int = 0
    moved: int = 0


def fold_batch(tally: pl.DataFrame, raw: str, *, complete: Complete | None, now: datetime) -> Folded:
    """Bring the tally of all observations of one raw file into findings. Once, in the transaction that ends its batch.

    First and last sight and count do not depend on the order of batches. An absence counts from the end of the
    report's first day, or from `now` where that day has not ended.
    """
    from sipar.eventstore.store import lake

    with connection.cursor() as cursor:
        _stage(cursor)
        _copy(cursor, tally)
        cursor.execute(sql.MATCH)
        _forget_known_days(cursor, lake(), raw=raw)
        cursor.execute(sql.ADD)
        seen = cursor.rowcount
        cursor.execute(sql.INSERT)
        new = cursor.rowcount
        moved = _close_moved(cursor, several=tally["key"].n_unique() < tally.height)
        absent = _close_absent(cursor, complete, now=now) if complete is not None else 0
    return Folded(new=new, seen=seen, absent=absent, moved=moved)


def refold(first_day: date, last_day: date, *, now: datetime) -> Folded:
    """Compute again, from all that the lake has of them, the findings that were seen between these days.

    The same lake gives the same rows: nothing is counted twice. Of a finding whose beginning has left the lake, the
    numbers stand as they are. Call in a transaction; memory is that of about `SLICE_ROWS` observations and the tally.
    """
    from sipar.eventstore.store import lake

    store = lake()
    days = store.days()
    if not days:
        return Folded()
    with connection.cursor() as cursor:
        _stage(cursor)
        for tally in _tallies(store, days, first_day, last_day):
            _copy(cursor, tally)
        cursor.execute(sql.MATCH)
        cursor.execute(sql.SET, {"oldest": datetime.combine(days[0], time(), UTC)})
        seen = cursor.rowcount
        cursor.execute(sql.INSERT)
        new = cursor.rowcount
        moved = _close_moved(cursor, several=True)
        cursor.execute(sql.ABSENT_SINCE, {"now": now})
        absent = cursor.rowcount
    return Folded(new=new, seen=seen, absent=absent, moved=moved)


def age_findings(*, now: datetime) -> tuple[int, int]:
    """Findings that nobody has seen lately are stale, and closed as old later; returns how many of each."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [sql.LOCK])
        cursor.execute(sql.OLD, {"now": now, "before": now - OLD_AFTER})
        old = cursor.rowcount
        cursor.execute(sql.STALE, {"now": now, "before": now - STALE_AFTER})
        return cursor.rowcount, old


def _tallies(store: Store, days: Sequence[date], first_day: date, last_day: date) -> Iterator[pl.DataFrame]:
    """The tally of everything that was seen in the window, some organisations at a time.

    Merged days are sorted by organisation, so that each reading touches its own part of them. What nobody owns is
    folded day by day, for it may be most of it.
    """
    import polars as pl

    from sipar.exposure.folding import FOLDED, fold, merge

    first, last = (day - _EPOCH for day in (first_day, last_day))
    within = pl.col("days").list.eval(pl.element().is_between(first.days, last.days)).list.any()
    for organisations in _slices(store, days):
        chosen = store.observations(days[0], days[-1], columns=FOLDED, where={"organisation": organisations})
        yield fold(chosen).filter(within)
    unowned: list[pl.DataFrame] = []
    for day in days:
        unowned.append(fold(store.observations(day, day, columns=FOLDED, where={"organisation": [None]})))
        if sum(tally.height for tally in unowned) > SLICE_ROWS:
            unowned = [merge(unowned)]
    yield merge(unowned).filter(within)


def _slices(store: Store, days: Sequence[date]) -> Iterator[list[int]]:
    """Organisations in lists that together have about `SLICE_ROWS` observations."""
    import polars as pl

    summary = pl.from_arrow(store.summary(days[0], days[-1]).select(["organisation", "rows"]))
    assert isinstance(summary, pl.DataFrame)
    counted = summary.drop_nulls("organisation").group_by("organisation").agg(pl.col("rows").sum()).sort("organisation")
    rows, waiting = 0, []
    for organisation, count in counted.iter_rows():
        waiting.append(organisation)
        rows += count
        if rows >= SLICE_ROWS:
            yield waiting
            rows, waiting = 0, []
    if waiting:
        yield waiting


def _stage(cursor: Any) -> None:
    cursor.execute("select pg_advisory_xact_lock(%s)", [sql.LOCK])
    cursor.execute("drop table if exists folded, matched, twice")
    cursor.execute(sql.STAGE)


def _require_owners(cursor: Any, tally: pl.DataFrame) -> None:
    """Raises Conflict where an owner has left the register since rows were routed."""
    owners = {f"{name}s": tally[name].unique().drop_nulls().to_list() for name in ("organisation", "team")}
    cursor.execute(sql.STRANGERS, owners)
    if cursor.fetchone() == (True,):
        raise Conflict(
            "An organisation or a CERT that these rows were routed to has left the register. Read them again.",
            code="finding.owner",
        )


def _close_moved(cursor: Any, *, several: bool) -> int:
    cursor.execute(sql.TWICE, {"several": several})
    if not cursor.rowcount:
        return 0
    cursor.execute(sql.MOVED)
    return int(cursor.rowcount)


def _copy(cursor: Any, tally: pl.DataFrame) -> None:
    """Send a tally by COPY, the rows in one order so that rows of one place lie together. Raises Conflict."""
    from sipar.exposure.folding import named

    if not tally.height:
        return
    _require_owners(cursor, tally)
    whole = named(tally, _claims(tally)).sort("organisation", "first_seen", "key")
    with cursor.copy(sql.COPY) as copy:
        # The next piece is written while PostgreSQL reads this one.
        for text in ahead(_as_rows(piece) for piece in whole.iter_slices(PIECE_ROWS)):
            copy.write(text)


def _as_rows(tally: pl.DataFrame) -> bytes:
    """The rows as `sql.COPY` reads them."""
    import polars as pl

    from sipar.core.copying import copy_text

    brace = pl.lit("{"), pl.lit("}")
    moment = "%Y-%m-%dT%H:%M:%S%.6fZ"
    return copy_text(
        tally.select(
            "organisation",
            pl.col("key").bin.encode("hex"),
            "team", "kind", "classification", "severity", "asset", "shared", "claim", "source",
            pl.concat_str(brace[0], pl.col("cves").list.join(","), brace[1]),
            pl.col("first_seen", "last_seen").dt.to_string(moment),
            "count",
            pl.concat_str(brace[0], pl.col("days").cast(pl.List(pl.String)).list.join(","), brace[1]).alias("numbers"),
            "evidence",
        )
    )  # fmt: skip


def _claims(tally: pl.DataFrame) -> dict[int, str]:
    """The values of the claims that name the assets of shared ranges; a number below zero is a national range."""
    from sipar.claims.models import NationalRange
    from sipar.orgs.models import Asset

    wanted = set(tally.filter(tally["asset"] == "")["claim"].drop_nulls().to_list())
    if not wanted:
        return {}
    assets = Asset.objects.filter(pk__in=[claim for claim in wanted if claim > 0]).values_list("pk", "value")
    ranges = NationalRange.objects.filter(pk__in=[-claim for claim in wanted if claim < 0]).values_list("pk", "value")
    return dict(assets) | {-pk: value for pk, value in ranges}


def _forget_known_days(cursor: Any, store: Store, *, raw: str) -> None:
    """Take out of the tally those days, between what is known, on which the lake says that it was seen already."""
    cursor.execute(sql.UNCERTAIN)
    uncertain: dict[int, set[tuple[int | None, uuid.UUID]]] = {}
    for organisation, key, day in cursor.fetchall():
        uncertain.setdefault(day, set()).add((organisation, key))
    known: list[tuple[int | None, uuid.UUID, int]] = []
    for number, pairs in uncertain.items():
        day = _EPOCH + timedelta(days=number)
        owners = sorted({owner for owner, _ in pairs if owner is not None})
        where = {"organisation": [*owners, *([None] if any(owner is None for owner, _ in pairs) else [])]}
        rows = store.observations(day, day, columns=("organisation", "key", "raw"), where=where)
        others = {
            (owner, uuid.UUID(bytes=key))
            for owner, key, other in zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True)
            if other != raw
        }
        known.extend((owner, key, number) for owner, key in pairs & others)
    if not known:
        return
    cursor.execute("drop table if exists known")
    cursor.execute("create temporary table known (organisation_id bigint, key uuid, day integer) on commit drop")
    with cursor.copy("copy known from stdin") as copy:
        for row in known:
            copy.write_row(row)
    cursor.execute(sql.FORGET_DAYS)


def _close_absent(cursor: Any, complete: Complete, *, now: datetime) -> int:
    begins = datetime.combine(complete.first_day, time(), UTC)
    cursor.execute(
        sql.ABSENT,
        {
            "source": complete.source,
            "report": complete.report,
            "begins": begins,
            "moment": min(begins + timedelta(days=1), now),
        },
    )
    return int(cursor.rowcount)
