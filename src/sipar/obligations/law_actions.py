"""Writing drafts of acts, version by version, and asking for a replay."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from sipar.core import jobs
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.models import BackgroundRun
from sipar.core.problems import Conflict, Invalid, Place
from sipar.formats.problems import FormatProblem
from sipar.law import regimes as files
from sipar.law.grammar import Regime as Text
from sipar.obligations.law_selectors import REPLAY, access_regime, versions_of
from sipar.obligations.models import Regime
from sipar.obligations.policy import (
    require_drafts_laws,
    require_may_edit_draft,
    require_may_replay_nation,
)
from sipar.obligations.regimes import DRAFT_STATUS

MAX_TEXT = 64 * 1024
MAX_VERSIONS = 200
MAX_INCIDENTS = 200_000
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_STATUS = re.compile(r"^status:.*$", re.MULTILINE)
_ENABLED = re.compile(r"^enabled:.*\n", re.MULTILINE)
BLANK = """\
# A draft is not law. Every rule names where it is written; what is not known stays out.
regime: my-draft
version: 1
title: {en: "A draft act"}
jurisdiction: PK
status: draft
sources: [{cite: "Draft of the ministry", confidence: unverified}]
binds: {when: "cii_designated", cite: "Draft, section 1"}
classifiers:
  - name: significant
    title: {en: "Significant incident"}
    when: severe_disruption OR personal_data_breach
    cite: "Draft, section 2"
duties:
  - stage: notification
    title: {en: "Notification"}
    when: significant
    to: [national_cert]
    content: [aware_at, summary, contact]
    due: {after: aware_at, hours: 72}
    cite: "Draft, section 3"
"""


@dataclass(frozen=True)
class Question:
    """What a replay is asked: laws as (code, version), the source, and the period."""

    laws: Sequence[tuple[str, int]]
    source: str
    since: datetime
    until: datetime


def draft_text(regime: Regime) -> str:
    """The text of a regime as the beginning of a draft: the same, but marked as a draft."""
    text = _ENABLED.sub("", regime.text)
    marked, found = _STATUS.subn(f"status: {DRAFT_STATUS}", text, count=1)
    return marked if found else text


def problems_of_draft(text: str) -> tuple[FormatProblem, ...]:
    """Everything that keeps a text from being saved as a draft, each with its line and path."""
    data = _bytes(text)
    if len(data) > MAX_TEXT:
        return (FormatProblem("regime.size", f"a draft has at most {MAX_TEXT // 1024} KB"),)
    problems = files.problems_of(data)
    if problems:
        return problems
    status = files.parse(data).status
    if status == DRAFT_STATUS:
        return ()
    line = 1 + next((number for number, each in enumerate(text.splitlines()) if each.startswith("status:")), 0)
    return (FormatProblem("regime.status", 'what is written here is a draft: "status: draft"', f"line {line}, status"),)


@action("regime.draft")
def save_draft(actor: Actor, text: str, *, now: datetime, code: str = "", base: int | None = None) -> Regime:
    """Keep a text as a new draft, or as the next version of the draft `code` that its writer saw at version `base`.

    Earlier versions stay as they are. Raises Forbidden, NotFound, Conflict where somebody saved meanwhile, and Invalid
    with every place that is wrong.
    """
    require_drafts_laws(actor)
    last = access_regime(actor, code) if code else None
    if last is not None:
        require_may_edit_draft(actor, last)
        if base != last.version:
            raise Conflict(
                _("Version %(version)s was saved meanwhile. Compare it with yours, then save again.")
                % {"version": last.version},
                code="regime.version",
            )
        if last.version >= MAX_VERSIONS:
            raise Invalid(_("This draft has too many versions. Start a new one from it."), code="regime.versions")
    problems = problems_of_draft(text)
    if problems:
        places = [Place(problem.where, problem.sentence) for problem in problems]
        raise Invalid(_("The text cannot be saved as it stands."), code="regime.text", places=places)
    regime = files.parse(_bytes(text))
    if last is not None and last.digest == regime.digest and last.text == _plain(text):
        return last
    try:
        with transaction.atomic():
            return _keep(actor, regime, _plain(text), last, now=now)
    except IntegrityError as error:
        raise Conflict(_("Somebody saved this draft at the same moment. Save again."), code="regime.version") from error


@action("regime.replay")
def ask_for_replay(actor: Actor, question: Question, *, now: datetime) -> BackgroundRun:
    """Begin a replay in the background, as the one who asks may see it. Raises Forbidden, NotFound or Invalid."""
    from sipar.obligations import replay_tasks

    require_drafts_laws(actor)
    if question.source == "nation":
        require_may_replay_nation(actor)
    if not 1 <= len(question.laws) <= 2 or len(set(question.laws)) < len(question.laws):
        raise Invalid(_("Choose one law, or two that differ."), code="replay.laws")
    if question.since >= question.until:
        raise Invalid(_("The first day must come before the last."), code="replay.period")
    titles = [access_regime(actor, code, version) for code, version in question.laws]
    subject = " / ".join(f"{row.code} {row.version}" for row in titles)
    run = jobs.start_run(actor, kind=REPLAY, subject=subject[:60], total=len(titles) + 2, now=now)
    run.result = {"asked": _as_json(question)}
    run.save(update_fields=["result"])
    replay_tasks.replay_laws.defer(run=run.pk)
    return run


def asked(document: Mapping[str, Any]) -> Question:
    """The question that a run was started with."""
    found = document["asked"]
    return Question(
        laws=[(str(code), int(version)) for code, version in found["laws"]],
        source=str(found["source"]),
        since=datetime.fromisoformat(found["since"]),
        until=datetime.fromisoformat(found["until"]),
    )


def _as_json(question: Question) -> dict[str, object]:
    return {
        "laws": [list(law) for law in question.laws],
        "source": question.source,
        "since": question.since.isoformat(),
        "until": question.until.isoformat(),
    }


def _keep(actor: Actor, regime: Text, text: str, last: Regime | None, *, now: datetime) -> Regime:
    ministries = [grant.ministry for grant in actor.grants if grant.role == "ministry_officer" and grant.ministry]
    return Regime.objects.create(
        code=last.code if last else _new_code(),
        version=last.version + 1 if last else 1,
        status=regime.status,
        title=regime.title.model_dump(),
        jurisdiction=regime.jurisdiction,
        text=text,
        digest=regime.digest,
        is_draft=True,
        effective_from=regime.effective.from_,
        effective_until=regime.effective.until,
        ministry_id=last.ministry_id if last else next(iter(ministries), None),
        written_by_id=actor.account,
        written_at=now,
    )


def _new_code() -> str:
    """A code of its own, whatever the text calls itself: no draft can pass for a law, or tell how many there are."""
    while True:
        code = "draft-" + "".join(secrets.choice(_LETTERS) for _ in range(8))
        if not versions_of(code):
            return code


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _bytes(text: str) -> bytes:
    return _plain(text).encode("utf-8", "surrogatepass")
