"""The regimes of this installation: the shipped files as rows, which of them bind a case, and switching them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Invalid, not_open
from sipar.formats.problems import FormatProblem
from sipar.law import regimes as files
from sipar.law.compiling import CompiledRegime, compile_regime
from sipar.obligations.models import Regime
from sipar.obligations.policy import require_switches_regimes

log = logging.getLogger(__name__)
BINDING_STATUS = "in_force"
DRAFT_STATUS = "draft"


@dataclass(frozen=True)
class Binding:
    """A regime that puts duties on cases: its row, and what its text compiles to."""

    row: Regime
    compiled: CompiledRegime


@action("regime.load")
def load_regimes(actor: Actor, *, now: datetime) -> int:
    """Bring the table to what the shipped files say; returns how many versions are new.

    A text never changes: a file that says something else becomes the next version of its regime, and what an operator
    switched on or off before goes on holding. Laws in force are on, everything else is off.
    """
    newest = _newest_rows()
    texts = {path.stem: path for path in sorted(files.FOLDER.glob("*.yaml"))}
    added = 0
    for regime in files.shipped():
        last = newest.get(regime.regime)
        if last is not None and last.digest == regime.digest:
            continue
        enabled = regime.status == BINDING_STATUS
        if last is not None and last.status == regime.status:
            enabled = last.enabled
        Regime.objects.create(
            code=regime.regime,
            version=max(regime.version, last.version + 1 if last else 1),
            status=regime.status,
            title=regime.title.model_dump(),
            jurisdiction=regime.jurisdiction,
            text=_text(texts[regime.regime]),
            digest=regime.digest,
            enabled=enabled,
            effective_from=regime.effective.from_,
            effective_until=regime.effective.until,
            written_by_id=actor.account,
            written_at=now,
            note=last.note if last else "",
        )
        added += 1
    return added


@action("regime.switch")
def switch_regime(actor: Actor, code: str, *, enabled: bool, reason: str, now: datetime) -> Regime:
    """Let a regime bind from now on, or no longer, with the reason; returns its newest version.

    Duties that it put on cases change when these are computed next. Raises Forbidden, NotFound, or Invalid without a
    reason, and for a draft: what is not law puts no duty on anybody.
    """
    require_switches_regimes(actor)
    rows = list(Regime.objects.filter(code=code, is_draft=False).order_by("version"))
    if not rows:
        raise not_open("regime")
    if not reason.strip():
        raise Invalid(_("Say why, so that others can follow it."), code="regime.reason")
    if enabled and rows[-1].status == DRAFT_STATUS:
        raise Invalid(_("A draft is not law: it can be replayed, but puts no duty on anybody."), code="regime.draft")
    Regime.objects.filter(pk__in=[row.pk for row in rows]).update(enabled=enabled, note=reason.strip())
    return Regime.objects.get(pk=rows[-1].pk)


def binding_regimes(on: date) -> list[Binding]:
    """The regimes that put duties on a case of that day: of each the newest version that is on and in effect."""
    newest: dict[str, Regime] = {}
    rows = Regime.objects.filter(enabled=True, is_draft=False).exclude(status=DRAFT_STATUS).defer("text")
    for row in rows.order_by("code", "version"):
        if _in_effect(row, on):
            newest[row.code] = row
    compiled = ((row, compiled_of(row)) for row in newest.values())
    return [Binding(row, regime) for row, regime in compiled if regime is not None]


def regimes_by_code(codes: Sequence[str]) -> dict[str, Regime]:
    """The newest version of each of these regimes, without its text."""
    rows = Regime.objects.filter(code__in=codes, is_draft=False).defer("text").order_by("version")
    return {row.code: row for row in rows}


def compiled_of(row: Regime) -> CompiledRegime | None:
    """What the text of a version compiles to; None where this version of Sipar no longer reads it."""
    return _compiled(row.digest, Text(row))


def _newest_rows() -> dict[str, Regime]:
    return {row.code: row for row in Regime.objects.filter(is_draft=False).order_by("version")}


def _in_effect(row: Regime, on: date) -> bool:
    begun = row.effective_from is None or row.effective_from <= on
    return begun and (row.effective_until is None or on <= row.effective_until)


@dataclass(frozen=True)
class Text:
    """The text of a version, read from its row only where it is not compiled yet; the digest says which it is."""

    row: Regime = field(compare=False)


@lru_cache(maxsize=128)
def _compiled(digest: str, text: Text) -> CompiledRegime | None:
    try:
        return compile_regime(files.parse(text.row.text.encode()))
    except FormatProblem as problem:
        log.error("the regime with digest %s cannot be read any more: %s", digest, problem)
        return None


def _text(path: Path) -> str:
    return path.read_text("utf-8")
