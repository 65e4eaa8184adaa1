"""Asking experts, answering, saying how it turned out; asking what our reports say; taking either into a draft."""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sipar.core import jobs
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Forbidden, Invalid, Place
from sipar.formats.problems import FormatProblem
from sipar.people.roles import TEAM_ROLES
from sipar.risk.experts import Interval, check_interval
from sipar.risks import estimate_tasks
from sipar.risks.actions import draft_from
from sipar.risks.estimate_documents import (
    scenario_in,
    with_frequency,
    with_lognormal,
    with_scaled_loss,
)
from sipar.risks.estimate_models import EstimateQuestion, ExpertEstimate, ReportUpdate
from sipar.risks.estimate_selectors import ancestors_of, criteria_known, pool_of
from sipar.risks.models import AssumptionSet
from sipar.risks.policy import is_national_staff, require_may_model

MOST_A_YEAR, MOST_COST = 1_000.0, 1e13
REFUSALS: dict[str, str | Promise] = {
    "not_finite": gettext_lazy("This is not a number."),
    "not_positive": gettext_lazy("The number must be above zero, however small."),
    "confidence_range": gettext_lazy("Say how sure you are: from 50 % to 99 %."),
    "impossible_quantiles": gettext_lazy("Low, best guess and high must rise in this order."),
    "unit_mistake": gettext_lazy("So large a number, or so wide an interval, cannot be: check the unit."),
}
LONGEST_TEXT = 400
LONGEST_TIME = timedelta(days=366 * 20)
LEAST_EXPERTS = 2


@action("estimate.ask")
def ask_question(
    actor: Actor,
    *,
    kind: str,
    scenario: str,
    text: str,
    unit: str,
    assumptions: AssumptionSet | None,
    now: datetime,
) -> EstimateQuestion:
    """Ask experts for a number. A question about a scenario takes its unit and its largest number from its kind."""
    require_may_model(actor)
    if kind not in EstimateQuestion.Kind.values:
        raise _refused("kind", _("Choose what the question is about."), code="estimate.kind")
    practice = kind == EstimateQuestion.Kind.PRACTICE
    if practice:
        scenario, largest = "", MOST_COST
    else:
        if assumptions is None:
            raise Conflict("There are no assumptions yet that a scenario could stand in.", code="estimate.scenario")
        scenario_in(assumptions.document, scenario)
        frequency = kind == EstimateQuestion.Kind.FREQUENCY
        largest = MOST_A_YEAR if frequency else MOST_COST
        unit = "events a year" if frequency else str(assumptions.document["currency"])
    return EstimateQuestion.objects.create(
        kind=kind,
        scenario=scenario,
        text=_worded("text", text),
        unit=_worded("unit", unit)[:60],
        most=largest,
        asked_by_id=actor.account,
        asked_at=now,
    )


@action("estimate.give")
def give_estimate(
    actor: Actor, question: EstimateQuestion, interval: Interval, *, note: str = "", now: datetime
) -> ExpertEstimate:
    """Say, or say anew, where the number lies. Raises Invalid by the number that cannot be."""
    if not actor.holds(*TEAM_ROLES, "authority_policy"):
        raise Forbidden("Staff of CERTs and of the authority give estimates.", code="estimate.give")
    if EstimateQuestion.objects.filter(pk=question.pk, state="open").first() is None:
        raise Conflict("This question is no longer open.", code="estimate.state")
    try:
        check_interval(interval, most=question.most, where="estimate")
    except FormatProblem as problem:
        where = problem.where.rpartition("/")[2]
        raise _refused(where, str(REFUSALS[problem.code]), code=f"estimate.{problem.code}") from problem
    given, _created = ExpertEstimate.objects.update_or_create(
        question=question,
        expert_id=actor.account,
        defaults={
            "low": interval.low, "best": interval.best, "high": interval.high, "confidence": interval.confidence,
            "note": note.strip()[:LONGEST_TEXT], "given_at": now,
        },
    )  # fmt: skip
    return given


@action("estimate.settle")
def settle_question(
    actor: Actor, question: EstimateQuestion, *, truth: float, source: str, now: datetime
) -> EstimateQuestion:
    """Say how it turned out and how that is known. From now on it counts for every expert who answered."""
    require_may_model(actor)
    if not (math.isfinite(truth) and truth > 0):
        raise _refused("truth", _("The truth is a number above zero."), code="estimate.truth")
    if truth > question.most:
        raise _refused("truth", _("So large a number cannot be: check the unit."), code="estimate.unit_mistake")
    ended = {"truth": truth, "truth_source": _worded("source", source), "ended_by_id": actor.account, "ended_at": now}
    return _ended(question, "settled", ended)


@action("estimate.withdraw")
def withdraw_question(actor: Actor, question: EstimateQuestion, *, now: datetime) -> EstimateQuestion:
    """Take a question back; what was answered stays and counts for nobody."""
    require_may_model(actor)
    return _ended(question, "withdrawn", {"ended_by_id": actor.account, "ended_at": now})


@action("estimate.take")
def take_estimates(actor: Actor, question: EstimateQuestion, base: AssumptionSet, *, now: datetime) -> AssumptionSet:
    """A new draft that begins as `base` and has the pooled estimates in place of the scenario's number."""
    require_may_model(actor)
    if question.kind == EstimateQuestion.Kind.PRACTICE or question.state == "withdrawn":
        raise Conflict("This question is about no number of the assumptions.", code="estimate.kind")
    pooled = pool_of(actor, question)
    if pooled is None or len(pooled.lines) < LEAST_EXPERTS:
        raise Conflict("At least two experts must have answered.", code="estimate.experts")
    if question.kind == EstimateQuestion.Kind.LOSS and str(base.document["currency"]) != question.unit:
        raise Conflict("These assumptions are in another currency than the question.", code="estimate.currency")
    source = _("%(count)s experts of our own, %(day)s") % {"count": len(pooled.lines), "day": f"{now:%Y-%m-%d}"}
    said = pooled.pooled
    if question.kind == EstimateQuestion.Kind.FREQUENCY:
        document = with_frequency(
            base.document,
            question.scenario,
            mean=said.mean,
            variation=said.variation,
            doubt=said.high / said.best,
            source=source,
            quality="expert",
        )
    else:
        document = with_lognormal(
            base.document,
            question.scenario,
            mu=said.log_mean,
            sigma=said.log_deviation,
            doubt=None,
            source=source,
            quality="expert",
        )
    draft = _drafted(actor, base, document, question.text, now)
    EstimateQuestion.objects.filter(pk=question.pk).update(taken_into=draft)
    return draft


@action("estimate.ask_reports")
def ask_update(
    actor: Actor,
    base: AssumptionSet,
    *,
    kind: str,
    scenario: str,
    since: date,
    until: date,
    criteria: Collection[str],
    reported: tuple[float, float] = (1.0, 1.0),
    rate: float = 1.0,
    now: datetime,
) -> ReportUpdate:
    """Ask what the reports of `since` to before `until` make of a number of `base`; worked out in the background."""
    _require_reports(actor)
    scenario_in(base.document, scenario)
    if kind not in ReportUpdate.Kind.values:
        raise _refused("kind", _("Choose what the reports shall change."), code="estimate.kind")
    if not since < until <= now.date() or until - since > LONGEST_TIME:
        raise _refused("until", _("Choose days of the past, the second after the first."), code="estimate.days")
    if not set(criteria) <= set(criteria_known()) or not criteria:
        raise _refused("criteria", _("Choose which reports count as this."), code="estimate.criteria")
    low, high = reported
    if not 0 < low <= high <= 1:
        sentence = _("Shares lie above 0 and up to 100 percent, the first not above the second.")
        raise _refused("reported_low", sentence, code="estimate.share")
    if not (math.isfinite(rate) and 0 < rate <= 1e6):
        raise _refused("rate", _("A euro is worth some amount above zero."), code="estimate.rate")
    _refuse_counting_twice(base, kind=kind, scenario=scenario, since=since, until=until)
    progress = jobs.start_run(actor, kind=estimate_tasks.KIND, subject=scenario, total=1, now=now)
    found = ReportUpdate.objects.create(
        kind=kind,
        scenario=scenario,
        assumptions=base,
        digest=base.digest,
        since=since,
        until=until,
        criteria=sorted(criteria),
        reported_low=low,
        reported_high=high,
        rate=rate,
        background=progress.pk,
        asked_by_id=actor.account,
        asked_at=now,
    )
    estimate_tasks.work_out_update.defer(update=found.pk)
    return found


@action("estimate.take_reports")
def take_update(actor: Actor, update: ReportUpdate, *, now: datetime) -> AssumptionSet:
    """A new draft that begins as the assumptions that the update was worked out from, with its posterior in place."""
    _require_reports(actor)
    base, result = update.assumptions, update.result
    if update.state != "done":
        raise Conflict("There is no answer that could be taken.", code="estimate.state")
    if base.digest != update.digest or base.state in ("discarded", "retired"):
        raise Conflict("The assumptions have changed since. Work it out again from the new ones.", code="estimate.base")
    _refuse_counting_twice(base, kind=update.kind, scenario=update.scenario, since=update.since, until=update.until)
    source = _("Reports to us from %(since)s to before %(until)s, after: %(before)s") % {
        "since": update.since, "until": update.until, "before": result["source"][:300],
    }  # fmt: skip
    found = result["document"]
    if update.kind == ReportUpdate.Kind.FREQUENCY:
        document = with_frequency(base.document, update.scenario, **found, source=source, quality="measured")
    elif "factor" in found:
        document = with_scaled_loss(base.document, update.scenario, **found, source=source, quality="measured")
    else:
        document = with_lognormal(base.document, update.scenario, **found, source=source, quality="measured")
    draft = _drafted(actor, base, document, source, now)
    ReportUpdate.objects.filter(pk=update.pk).update(taken_into=draft)
    return draft


def _drafted(
    actor: Actor, base: AssumptionSet, document: dict[str, object], reason: str, now: datetime
) -> AssumptionSet:
    if base.state in ("discarded", "retired"):
        raise Conflict("Begin from the assumptions in use, or from a draft.", code="estimate.base")
    return draft_from(actor, base, title=base.title, reason=reason, document=document, now=now)


def _refuse_counting_twice(base: AssumptionSet, *, kind: str, scenario: str, since: date, until: date) -> None:
    earlier = ReportUpdate.objects.filter(
        kind=kind, scenario=scenario, taken_into__in=ancestors_of(base), since__lt=until, until__gt=since
    )
    if earlier.exists():
        sentence = _("Reports of these days are in these numbers already. Choose other days.")
        raise _refused("since", sentence, code="estimate.counted_twice")


def _ended(question: EstimateQuestion, state: str, values: dict[str, object]) -> EstimateQuestion:
    if not EstimateQuestion.objects.filter(pk=question.pk, state="open").update(state=state, **values):
        raise Conflict("This question is no longer open.", code="estimate.state")
    return EstimateQuestion.objects.get(pk=question.pk)


def _require_reports(actor: Actor) -> None:
    if not (is_national_staff(actor) or actor.holds("system")):
        raise Forbidden("The National CERT learns from the reports of the whole nation.", code="estimate.reports")


def _worded(where: str, text: str) -> str:
    clean = " ".join(text.replace("\x00", "").split())
    if not clean:
        raise _refused(where, _("This must not be empty."), code="estimate.empty")
    return clean[:LONGEST_TEXT]


def _refused(where: str, sentence: str, *, code: str) -> Invalid:
    return Invalid(sentence, code=code, places=[Place(where, sentence)])
