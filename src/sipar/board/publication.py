"""What those who see aggregates only may read: tables of one campaign with small cells suppressed.

The published counts are organisations that answered, in three tables that share nothing but the grand total: sector x
province, tier, and lead CERT. Other crossings are not published, so no two pages can be subtracted from each other.
Everything said about a cell (means, shares) is hidden with its count. Counts within a cell are rounded to the nearest
k and means to a tenth, so that they give away nobody either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from sipar.board.reading import Classes, Numbers, Scope
from sipar.board.rollup import Line, Standing
from sipar.core.problems import Invalid
from sipar.posture.suppression import HIDDEN, SMALLEST_CELL, Suppressed, suppress, with_margins


@dataclass(frozen=True)
class Publication:
    """The suppressed tables of one campaign, with the keys of their rows and columns."""

    sectors: tuple[int, ...]
    provinces: tuple[int, ...]
    tiers: tuple[int, ...]
    teams: tuple[int, ...]
    places: Suppressed
    by_tier: Suppressed
    by_team: Suppressed

    def hides(self, scope: Scope) -> bool:
        """Whether the number of organisations in a scope must stay hidden. Raises Invalid for what is not published."""
        named = sum(part is not None for part in (scope.tier, scope.team))
        if named > 1 or (named and not (scope.sector is None and scope.province is None)):
            raise Invalid(
                _("Choose a sector and a province, or one tier, or one CERT: finer tables could name somebody."),
                code="board.crossing",
            )
        if scope.tier is not None:
            return self._hidden(self.by_tier, (0,), 0, self.tiers, scope.tier)
        if scope.team is not None:
            return self._hidden(self.by_team, (0,), 0, self.teams, scope.team)
        return self._hidden(self.places, self.sectors, scope.sector, self.provinces, scope.province)

    @staticmethod
    def _hidden(
        table: Suppressed, rows: Sequence[int], row: int | None, columns: Sequence[int], column: int | None
    ) -> bool:
        """None is the margin. A key that does not occur has nobody in it, and nobody is hidden."""
        if (row is not None and row not in rows) or (column is not None and column not in columns):
            return False
        row_place = len(rows) if row is None else rows.index(row)
        column_place = len(columns) if column is None else columns.index(column)
        return bool(table.hidden[row_place, column_place])


def publication(classes: Classes) -> Publication:
    """Suppress the tables of a whole campaign; `classes` are all of it, read by CERT."""
    sectors, provinces = _keys(classes.sector), _keys(classes.province)
    tiers, teams = _keys(classes.tier), _keys(classes.team)
    places = np.zeros((len(sectors), len(provinces)), dtype=np.int64)
    rows, columns = np.searchsorted(sectors, classes.sector), np.searchsorted(provinces, classes.province)
    np.add.at(places, (rows, columns), classes.answered)
    by_tier = np.bincount(np.searchsorted(tiers, classes.tier), weights=classes.answered, minlength=len(tiers))
    by_team = np.bincount(np.searchsorted(teams, classes.team), weights=classes.answered, minlength=len(teams))
    return Publication(
        sectors=sectors,
        provinces=provinces,
        tiers=tiers,
        teams=teams,
        places=widened(places),
        by_tier=widened(by_tier.astype(np.int64)[None]),
        by_team=widened(by_team.astype(np.int64)[None]),
    )


def widened(table: Numbers, *, k: int = SMALLEST_CELL) -> Suppressed:
    """Suppress a table so that what is hidden in a line is not small taken together either.

    Where a total is shown, subtracting what is shown of its line leaves the sum of what is hidden: fewer than k
    organisations there are a small cell across two categories. The smallest shown count of such a line is hidden
    too, and where a count is the only hidden one of a line, another, until no line has such a remainder.
    """
    full = with_margins(table)
    hidden = suppress(table, k=k).hidden.copy()
    lines: list[Any] = [
        *((row, slice(None)) for row in range(full.shape[0])),
        *((slice(None), c) for c in range(full.shape[1])),
    ]
    changed = True
    while changed:
        changed = False
        for line in lines:
            values, covered = full[line], hidden[line]
            remainder = int(values[:-1][covered[:-1]].sum())
            if not (np.count_nonzero(covered) == 1 or (not covered[-1] and 0 < remainder < k)):
                continue
            candidates = np.flatnonzero(~covered & (values > 0))
            if not candidates.size:
                continue
            # A view: what is hidden here is hidden in the line that crosses it.
            covered[candidates[int(np.argmin(values[candidates]))]] = True
            changed = True
        changed = _cover_rests(full, hidden, k) or changed
    return Suppressed(np.where(hidden, HIDDEN, full))


def _cover_rests(full: Numbers, hidden: Any, k: int) -> bool:
    """Hide the total of a row or column whose page, taken from the whole, leaves fewer than k in what is hidden.

    The rest of a line that crosses it is known where its total and its cell are shown; what is hidden in the other
    crossing lines remains.
    """
    if hidden[-1, -1]:
        return False
    changed = False
    for values, covered in ((full, hidden), (full.T, hidden.T)):
        within = np.where(covered, values, 0)[:-1, :-1]
        rests = within.sum(axis=0) - within
        known = ~covered[-1, :-1] & ~covered[:-1, :-1]
        remainder = np.where(known, 0, rests).sum(axis=1)
        told = ~covered[:-1, -1] & (values[:-1, -1] > 0) & (remainder > 0) & (remainder < k)
        covered[:-1, -1] |= told
        changed = changed or bool(told.any())
    return changed


def published(found: Line, *, hidden: bool) -> Line:
    """A line as it may be read."""
    if hidden:
        return Line(found.key, None, None, None, None, None, None, None, hidden=True)
    answered = found.answered or 0
    return replace(
        found,
        asked=answered + rounded((found.asked or 0) - answered),
        accepted=min(rounded(found.accepted or 0), answered),
        meets=min(rounded(found.meets or 0), answered),
        mean=_tenth(found.mean),
        floor=_tenth(found.floor),
        gaps=_tenth(found.gaps),
    )


def published_standing(found: Standing) -> Standing:
    """A standing of requirements as it may be read, where the number of organisations behind it is shown."""
    share = found.share_at_target
    return replace(
        found,
        counts=tuple(rounded(count) for count in found.counts),
        mean=_tenth(found.mean),
        gap=_tenth(found.gap),
        share_at_target=None if share is None else round(share * 20) / 20,
    )


def rounded(count: int) -> int:
    """The nearest multiple of the smallest cell that is shown."""
    return round(count / SMALLEST_CELL) * SMALLEST_CELL


def _keys(values: np.typing.NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(int(value) for value in np.unique(values))


def _tenth(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
