"""Running laws over a table of incidents, and what came of it as one document for page, CSV, JSON and PDF.

Every law is replayed by itself, so that two drafts of one act can stand side by side, and observed reports count as
its own stages. A document about the nation's incidents (`exact` false) holds nothing small: groups of fewer than five
organisations were folded before, small counts and what would give them away are hidden, the rest rounded to five.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from sipar.law.compiling import CompiledRegime
from sipar.law.grammar import Regime
from sipar.law.incident_tables import observed
from sipar.law.replay import HOURS_OF_WEEK, UNKNOWN, Replay, replay
from sipar.obligations.replay_source import Source
from sipar.posture.suppression import HIDDEN, SMALLEST_CELL, suppress

type Document = dict[str, Any]
type Count = int | None

FORMAT = "sipar-replay/1"
STEP = 5
# Duties that bring nothing to an authority's desk: they stand in the tables of stages, not in the totals.
NOT_REPORTS = frozenset({"affected_persons", "records", "response", "written_record"})
_COUNTS = ("reports", "undetermined", "timed", "in_time", "late", "missing")


@dataclass(frozen=True)
class Law:
    """A regime to replay, with the code and version under which it stands here (for a file: those it names)."""

    code: str
    version: int
    compiled: CompiledRegime

    @property
    def regime(self) -> Regime:
        return self.compiled.regime


def run_replay(
    laws: Sequence[Law],
    source: Source,
    *,
    since: datetime,
    until: datetime,
    time_zone: str,
    progress: Callable[[int], object] = lambda _done: None,
) -> Document:
    """The document of a replay of `laws` over the incidents of `source`; `progress` hears how many laws are done."""
    table = source.table
    results: list[Document] = []
    first: Replay | None = None
    for place, law in enumerate(laws, start=1):
        # What the source chose by when it was reported is not chosen again by when it was noticed.
        found = replay(
            [law.compiled],
            observed(table, law.regime),
            since=since if source.exact else None,
            until=until if source.exact else None,
            time_zone=time_zone,
        )
        first = first or found
        results.append(_law(law, found, exact=source.exact))
        progress(place)
    assert first is not None, "a replay has at least one law"
    return {
        "format": FORMAT,
        "source": source.words,
        "generated": source.generated,
        "exact": source.exact,
        "since": since.isoformat(),
        "until": until.isoformat(),
        "time_zone": time_zone,
        "incidents": _rounded(first.incidents, exact=source.exact),
        "organisations": _rounded(first.organisations, exact=source.exact),
        "laws": results,
        "difference": _difference(results[0], results[1]) if len(results) == 2 else None,
    }


def _law(law: Law, found: Replay, *, exact: bool) -> Document:
    regime = law.regime
    titles = {duty.stage: duty.title.model_dump() for duty in regime.duties}
    stages = [duty.stage for duty in regime.duties]
    return {
        "code": law.code,
        "version": law.version,
        "regime": regime.regime,
        "title": regime.title.model_dump(),
        "status": regime.status,
        "digest": regime.digest,
        "stages": [
            {"stage": row["stage"], "kind": row["kind"], "title": titles[row["stage"]]}
            | {name: _rounded(row[name], exact=exact) for name in _COUNTS}
            for row in found.stages.iter_rows(named=True)
        ],
        "total": _total(found, exact=exact),
        "sectors": _groups(found, "sector", stages, exact=exact),
        "sizes": _groups(found, "size", stages, exact=exact),
        "load": _load(found, exact=exact),
        "organisations_late": _rounded(found.organisations_late["organisation"].n_unique(), exact=exact),
        "penalties": [
            {"currency": row["currency"]} | _threat(row, exact=exact) for row in found.penalties.iter_rows(named=True)
        ],
    }


def _total(found: Replay, *, exact: bool) -> dict[str, Count]:
    reports = found.stages.filter(~pl.col("kind").is_in(NOT_REPORTS))
    return {name: _rounded(int(reports[name].sum()), exact=exact) for name in _COUNTS}


def _groups(found: Replay, name: str, stages: Sequence[str], *, exact: bool) -> list[Document]:
    """Per sector or size: reports of each stage, and of those whose filing was observed, how many were not in time."""
    summed = found.groups.group_by(name, "stage").agg(pl.col(each).sum() for each in _COUNTS)
    keys = sorted(summed[name].unique().to_list())
    cells = {(row[name], row["stage"]): row for row in summed.iter_rows(named=True)}

    def counts(what: Sequence[str], columns: Sequence[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
        table = [
            [sum(cells.get((key, column), {}).get(each, 0) for each in what) for column in columns] for key in keys
        ]
        return np.array(table, dtype=np.int64).reshape(len(keys), len(columns))

    if not keys:
        return []
    reports = counts(("reports",), stages)
    kept = counts(("in_time",), stages).sum(axis=1)
    broken = counts(("late", "missing"), stages).sum(axis=1)
    both = np.stack([kept, broken], axis=1)
    if not exact:
        reports, both = _published(reports), _published(both)
    rows = []
    for place, key in enumerate(keys):
        in_time, late = _known(both[place, 0]), _known(both[place, 1])
        rows.append(
            {
                "key": key,
                "reports": {stage: _known(reports[place, column]) for column, stage in enumerate(stages)},
                "in_time": in_time,
                "late": late,
                "share_late": late / (in_time + late)
                if late is not None and in_time is not None and late + in_time
                else None,
            }
        )
    return rows


def _published(table: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The cells that may be shown, rounded to five; HIDDEN elsewhere."""
    shown = suppress(table, k=SMALLEST_CELL).shown[:-1, :-1]
    return np.where(shown == HIDDEN, HIDDEN, np.round(shown / STEP).astype(np.int64) * STEP)


def _load(found: Replay, *, exact: bool) -> list[Document]:
    """Per CERT: how many reports arrive in each hour of the week (0 is Monday 00:00), the busiest first."""
    rows = []
    for (team,), hours in found.load.group_by(["team"], maintain_order=True):
        counted = hours.sort("hour_of_week")["reports"].to_list()
        assert len(counted) == HOURS_OF_WEEK
        rows.append(
            {
                "team": str(team),
                "reports": _rounded(sum(counted), exact=exact),
                "hours": [_rounded(each, exact=exact) for each in counted],
            }
        )
    return sorted(rows, key=lambda row: (row["team"] == UNKNOWN, -(row["reports"] or 0), row["team"]))


def _threat(row: dict[str, Any], *, exact: bool) -> Document:
    if not exact and 0 < row["organisations"] < SMALLEST_CELL:
        return {"organisations": None, "low": None, "high": None, "without_figure": None}
    return {
        "organisations": _rounded(row["organisations"], exact=exact),
        "low": _money(row["low"], exact=exact),
        "high": _money(row["high"], exact=exact),
        "without_figure": _rounded(row["without_figure"], exact=exact),
    }


def _money(amount: float, *, exact: bool) -> float:
    """Sums over the nation's own to two digits, as no single organisation's turnover should show in them."""
    return amount if exact or not amount else float(f"{amount:.1e}")


def _difference(before: Document, after: Document) -> Document:
    """The second law against the first: its total counts less those of the first, and by stage title in order."""
    total = {name: _less(before["total"][name], after["total"][name]) for name in _COUNTS}
    keys = list(dict.fromkeys(row["key"] for law in (before, after) for row in law["sectors"]))
    return {
        "total": total,
        "kinds": [
            {"kind": kind, "before": one, "after": other, "change": _less(one, other)}
            for kind, one, other in _by_kind(before, after)
        ],
        "sectors": [
            {"key": key, "before": one, "after": other, "change": _less(one, other)}
            for key in keys
            for one, other in [(_reports(before, key), _reports(after, key))]
        ],
    }


def _by_kind(before: Document, after: Document) -> list[tuple[str, Count, Count]]:
    kinds = dict.fromkeys(row["kind"] for law in (before, after) for row in law["stages"])
    return [(kind, _of_kind(before, kind), _of_kind(after, kind)) for kind in kinds]


def _of_kind(law: Document, kind: str) -> Count:
    return _sum(row["reports"] for row in law["stages"] if row["kind"] == kind)


def _reports(law: Document, key: str) -> Count:
    reports = {row["stage"] for row in law["stages"] if row["kind"] not in NOT_REPORTS}
    rows = [row["reports"] for row in law["sectors"] if row["key"] == key]
    return _sum(count for row in rows for stage, count in row.items() if stage in reports)


def _sum(counts: Any) -> Count:
    """The sum; None where a part of it is hidden."""
    found = list(counts)
    return None if None in found else sum(found)


def _less(before: Count, after: Count) -> Count:
    return None if before is None or after is None else after - before


def _known(count: Any) -> Count:
    return None if count == HIDDEN else int(count)


def _rounded(count: int, *, exact: bool) -> Count:
    """The count; of the nation's own None where small, else to the nearest five."""
    if exact:
        return count
    return None if 0 < count < SMALLEST_CELL else round(count / STEP) * STEP
