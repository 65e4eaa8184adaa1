"""What the nation's loss rests on, from draft to use; runs of the model asked for, cancelled and repeated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Max
from django.utils.translation import gettext as _

from sipar.assessments.models import Campaign
from sipar.core import jobs
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.models import BackgroundRun
from sipar.core.problems import Conflict, Invalid, Place
from sipar.formats.problems import FormatProblem
from sipar.risks import tasks
from sipar.risks.models import AssumptionSet, Run
from sipar.risks.policy import require_may_model, require_may_read_nation
from sipar.ui.reports import STEPS

LEAST_YEARS, MOST_YEARS = 1_000, 200_000
MOST_SEED = (1 << 63) - 1
LONGEST_REASON = 2_000

type Document = Mapping[str, Any]


@action("risk.draft")
def draft_from(
    actor: Actor,
    base: AssumptionSet | None,
    *,
    title: str,
    reason: str,
    now: datetime,
    document: Document | None = None,
) -> AssumptionSet:
    """A new draft that begins as `base`, or with `document` where one is given (an import, the first of all).

    Raises Invalid where the document cannot be read, with its place.
    """
    require_may_model(actor)
    begun = document if document is not None else base.document if base is not None else None
    if begun is None:
        raise Invalid("A first version needs a document.", code="risk.document")
    digest = _digest(begun)
    with connection.cursor() as cursor:
        # Two drafts at once get two numbers.
        cursor.execute("select pg_advisory_xact_lock(hashtext('risks.assumptions'))")
    latest = AssumptionSet.objects.aggregate(number=Max("number"))["number"] or 0
    return AssumptionSet.objects.create(
        number=latest + 1,
        title=_titled(title),
        document=dict(begun),
        digest=digest,
        based_on=base,
        made_by_id=actor.account,
        made_at=now,
        reason=reason.strip()[:LONGEST_REASON],
    )


@action("risk.save_draft")
def save_draft(actor: Actor, draft: AssumptionSet, *, document: Document, version: int, now: datetime) -> AssumptionSet:
    """Keep a draft anew; `version` is the one that its writer saw, so that nobody writes over another's work."""
    require_may_model(actor)
    digest = _digest(document)
    found = AssumptionSet.objects.select_for_update().get(pk=draft.pk)
    if found.state != "draft":
        raise Conflict("Only a draft can be changed. Begin a draft from this version.", code="risk.state")
    if found.version != version:
        raise Conflict("Somebody else has changed this draft since you opened it. Open it again.", code="risk.version")
    found.document, found.digest, found.version, found.made_at = dict(document), digest, version + 1, now
    found.save(update_fields=["document", "digest", "version", "made_at"])
    return found


@action("risk.use")
def use_assumptions(actor: Actor, draft: AssumptionSet, *, reason: str, now: datetime) -> AssumptionSet:
    """Put a draft to use with a reason; what was in use until now is kept as replaced."""
    require_may_model(actor)
    if not reason.strip():
        raise _refused("reason", _("Say why these numbers are the better ones."), code="risk.reason")
    locked = AssumptionSet.objects.select_for_update().filter(state__in=("draft", "in_use")).order_by("pk")
    states = {row.pk: row.state for row in locked}
    if states.get(draft.pk) != "draft":
        raise Conflict("Only a draft can be put to use.", code="risk.state")
    AssumptionSet.objects.filter(state="in_use").update(state="retired")
    AssumptionSet.objects.filter(pk=draft.pk).update(
        state="in_use", used_by_id=actor.account, used_at=now, reason=reason.strip()[:LONGEST_REASON]
    )
    return AssumptionSet.objects.get(pk=draft.pk)


@action("risk.discard")
def discard_draft(actor: Actor, draft: AssumptionSet) -> None:
    """Put a draft away; runs that were made with it stay."""
    require_may_model(actor)
    if not AssumptionSet.objects.filter(pk=draft.pk, state="draft").update(state="discarded"):
        raise Conflict("Only a draft can be discarded.", code="risk.state")


@action("risk.run")
def start_run(
    actor: Actor,
    assumptions: AssumptionSet,
    *,
    title: str,
    years: int,
    seed: int,
    now: datetime,
    inputs_of: Run | None = None,
    campaign: Campaign | None = None,
) -> Run:
    """Ask for a run of the model; it is worked out in the background.

    With `inputs_of` it takes the register and answers of that run instead of today's, so that two runs differ in
    their assumptions alone; with `campaign` the answers of that campaign instead of the newest that fits.
    """
    require_may_model(actor)
    if not LEAST_YEARS <= years <= MOST_YEARS:
        sentence = _("Simulate between %(least)s and %(most)s years.") % {
            "least": f"{LEAST_YEARS:,}", "most": f"{MOST_YEARS:,}",
        }  # fmt: skip
        raise _refused("years", sentence, code="risk.years")
    if not 0 <= seed <= MOST_SEED:
        raise _refused("seed", _("A seed is a whole number from 0 to 2^63 - 1."), code="risk.seed")
    if assumptions.state == "discarded":
        raise Conflict("This draft was discarded.", code="risk.state")
    return _asked(
        actor,
        assumptions=assumptions,
        title=_titled(title),
        years=years,
        seed=seed,
        now=now,
        inputs=inputs_of.inputs if inputs_of is not None else "",
        campaign_id=inputs_of.campaign_id if inputs_of is not None else campaign.pk if campaign is not None else None,
    )


@action("risk.cancel_run")
def cancel_run(actor: Actor, run: Run, *, now: datetime) -> None:
    """End a run before it is done; what works on it notices within seconds and keeps nothing."""
    require_may_model(actor)
    asked = Run.objects.filter(pk=run.pk, state__in=("waiting", "running"))
    if not asked.update(state="cancelled", ended_at=now, sentence="Cancelled before it was done."):
        raise Conflict("This run has ended already.", code="risk.state")


@action("risk.repeat_run")
def repeat_run(actor: Actor, run: Run, *, now: datetime) -> Run:
    """Ask for the same run again, from the same inputs and seed: the end must have the same bits."""
    require_may_model(actor)
    if run.state != "done":
        raise Conflict("Only a run that is done can be repeated.", code="risk.state")
    return _asked(
        actor,
        assumptions=run.assumptions,
        title=run.title,
        years=run.years,
        seed=run.seed,
        now=now,
        inputs=run.inputs,
        campaign_id=run.campaign_id,
        repeats=run,
    )


@action("risk.ask_report")
def ask_for_report(actor: Actor, run: Run, *, now: datetime) -> BackgroundRun:
    """Begin to draw the report of a run in the background, as the one who asks may see it."""
    require_may_read_nation(actor)
    if run.state != "done":
        raise Conflict("Only a run that is done has a report.", code="risk.state")
    asked = jobs.start_run(actor, kind=tasks.REPORT, subject=str(run.pk), total=STEPS, now=now)
    tasks.draw_risk_report.defer(run=asked.pk)
    return asked


def _asked(
    actor: Actor,
    *,
    assumptions: AssumptionSet,
    title: str,
    years: int,
    seed: int,
    now: datetime,
    inputs: str,
    campaign_id: int | None,
    repeats: Run | None = None,
) -> Run:
    progress = jobs.start_run(actor, kind=tasks.KIND, subject=str(assumptions.number), total=years, now=now)
    run = Run.objects.create(
        assumptions=assumptions,
        campaign_id=campaign_id,
        repeats=repeats,
        title=title,
        seed=seed,
        years=years,
        background=progress.pk,
        inputs=inputs,
        asked_by_id=actor.account,
        asked_at=now,
    )
    tasks.run_model.defer(run=run.pk)
    return run


def _digest(document: Document) -> str:
    """The digest of a document that the model can read. Raises Invalid with the place of what is wrong."""
    from sipar.risk.assumptions import digest, parse

    try:
        parse(document)
    except FormatProblem as problem:
        place = Place(problem.where, problem.sentence)
        raise Invalid("These assumptions cannot be used yet.", code=problem.code, places=[place]) from problem
    return digest(document)


def _titled(title: str) -> str:
    clean = " ".join(title.split())
    if not clean:
        raise _refused("title", _("Give it a short title."), code="risk.title")
    return clean[:200]


def _refused(where: str, sentence: str, *, code: str) -> Invalid:
    return Invalid(sentence, code=code, places=[Place(where, sentence)])
