"""Which regimes and drafts there are, and what differs between two versions."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from sipar.core.acting import Actor
from sipar.core.models import BackgroundRun
from sipar.core.problems import not_open
from sipar.obligations.models import Regime

REPLAY = "law.replay"
ORDER = ("in_force", "proposed", "unverified_preset", "draft")
CONTEXT_LINES = 4


@dataclass(frozen=True)
class DiffLine:
    """One line of a comparison, with its number in the older and in the newer text."""

    kind: Literal["same", "added", "removed", "gap"]
    before: int | None
    after: int | None
    text: str


def regimes_listed() -> list[Regime]:
    """The newest version of every regime and draft that the reader may see, law in force first, without the texts."""
    newest = {row.code: row for row in Regime.objects.defer("text").select_related("ministry").order_by("version")}
    return sorted(newest.values(), key=lambda row: (row.is_draft, _place(row.status), row.jurisdiction, row.code))


def access_regime(actor: Actor, code: str, version: int | None = None) -> Regime:
    """One version of a regime or draft, the newest unless one is asked for; NotFound where it is not open."""
    rows = Regime.objects.filter(code=code).select_related("ministry")
    found = (rows if version is None else rows.filter(version=version)).order_by("-version").first()
    if found is None:
        raise not_open("regime")
    return found


def versions_of(code: str) -> list[Regime]:
    """Every version of a regime or draft, newest first, without the texts."""
    return list(Regime.objects.defer("text").filter(code=code).order_by("-version"))


def replayable() -> list[Regime]:
    """What can be replayed: every version of a draft, and the newest of each regime, drafts first."""
    newest = regimes_listed()
    drafts = Regime.objects.defer("text").filter(is_draft=True).order_by("code", "-version")
    return [*drafts[:500], *(row for row in newest if not row.is_draft)]


def replays_of(actor: Actor) -> list[BackgroundRun]:
    """The latest replays that this person asked for, without their results."""
    return list(
        BackgroundRun.objects.defer("result").filter(kind=REPLAY, account_id=actor.account).order_by("-pk")[:10]
    )


def access_replay(actor: Actor, run: int) -> BackgroundRun:
    """A replay of this person's own; NotFound for everybody else's."""
    found = BackgroundRun.objects.filter(pk=run, kind=REPLAY, account_id=actor.account).first()
    if found is None:
        raise not_open("replay")
    return found


def difference_of(before: str, after: str) -> list[DiffLine]:
    """What changed between two texts, line by line, with a few lines around each change."""
    old, new = before.splitlines(), after.splitlines()
    lines: list[DiffLine] = []
    for number, group in enumerate(difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(CONTEXT_LINES)):
        if number:
            lines.append(DiffLine("gap", None, None, ""))
        for tag, one, two, three, four in group:
            if tag == "equal":
                lines += [
                    DiffLine("same", one + place + 1, three + place + 1, old[one + place]) for place in range(two - one)
                ]
                continue
            lines += [DiffLine("removed", place + 1, None, old[place]) for place in range(one, two)]
            lines += [DiffLine("added", None, place + 1, new[place]) for place in range(three, four)]
    return lines


def _place(status: str) -> int:
    return ORDER.index(status) if status in ORDER else len(ORDER)
