"""Working out what reports make of a number of the assumptions. Each step is a transaction of its own."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.formats.problems import FormatProblem
from sipar.obligations.register_facts import served_nation
from sipar.risks.estimate_models import ReportUpdate
from sipar.risks.national_inputs import campaign_for, gather

if TYPE_CHECKING:
    from sipar.risk.assumptions_model import Assumptions, Kind
    from sipar.risks.estimate_counting import Counted

# Fewer losses than this tell little, and the answer would give them away.
FEWEST_LOSSES = 5


def perform(update: ReportUpdate, *, now: datetime) -> str:
    """Work one update out, keep what it says, and return the sentence about it. Call outside `acting`.

    Raises FormatProblem where there is no answer; the update says then that it failed, and why.
    """
    try:
        result = _result_of(update)
    except BaseException as error:
        sentence = error.sentence if isinstance(error, FormatProblem) else "It was not worked out."
        _end(update, now, state="failed", sentence=sentence)
        raise
    _end(update, now, state="done", result=result)
    return "The answer is ready."


def _result_of(update: ReportUpdate) -> dict[str, Any]:
    from sipar.risk.assumptions import digest, parse
    from sipar.risk.striking import struck_by
    from sipar.risks.estimate_counting import counted

    with acting(system(), reason="count what was reported of a scenario"):
        document = update.assumptions.document
        if digest(document) != update.digest:
            raise FormatProblem("changed", "The assumptions have changed since this was asked. Ask again.")
        assumptions = parse(document)
        inputs = gather(campaign_for(document))
        struck = struck_by(
            assumptions, update.scenario, inputs.register, inputs.levels_for(document), exposure=inputs.exposure
        )
        found = counted(
            struck,
            since=update.since,
            until=update.until,
            criteria=update.criteria,
            rate=update.rate,
            zone=ZoneInfo(served_nation().time_zone),
        )
    kind = next(kind for kind in assumptions.kinds if kind.key == update.scenario)
    if update.kind == ReportUpdate.Kind.FREQUENCY:
        return _rate(update, assumptions, kind, found)
    return _cost(kind, found)


def _rate(update: ReportUpdate, assumptions: Assumptions, kind: Kind, found: Counted) -> dict[str, Any]:
    from sipar.risk.updating import Reports, update_rate

    made = update_rate(
        kind.frequency.mean,
        kind.variation,
        [Reports(year.events, year.exposure) for year in found.years],
        reported=(update.reported_low, update.reported_high),
        shock=assumptions.nation_shock,
    )
    return {
        "method": made.method,
        "source": kind.frequency_source.source.text,
        "organisations": found.organisations,
        "unprotected": found.unprotected,
        "events": found.events,
        "years": [asdict(year) for year in found.years],
        "before": asdict(made.prior),
        "after": asdict(made.posterior),
        "document": {
            "mean": made.posterior.mean,
            "variation": made.posterior.variation,
            "doubt": made.posterior.high / made.posterior.median,
        },
    }


def _cost(kind: Kind, found: Counted) -> dict[str, Any]:
    from sipar.risk.columns import LOGNORMAL
    from sipar.risk.updating import update_log_loss, update_scale

    if len(found.losses) < FEWEST_LOSSES:
        sentence = f"Fewer than {FEWEST_LOSSES} final losses were reported: too few to learn from, and to tell of."
        raise FormatProblem("too_few", sentence, "losses")
    stated, doubt = kind.loss.primary, kind.loss_source.doubt
    told = {
        "source": kind.loss_source.source.text,
        "organisations": found.organisations,
        "losses": len(found.losses),
        "guesses": found.guesses,
        "silent": found.silent,
    }
    if stated.kind == LOGNORMAL and stated.tail_from >= 1:
        made = update_log_loss(stated.mu, stated.sigma, found.losses, doubt=doubt)
        return told | {
            "method": "conjugate",
            "before": asdict(made.prior),
            "after": asdict(made.posterior),
            "document": {"mu": made.mu, "sigma": made.sigma, "doubt": made.doubt},
        }
    prior, posterior = update_scale(stated, found.losses, doubt=doubt)
    left = (posterior.high / posterior.low) ** 0.5
    return told | {
        "method": "grid",
        "before": asdict(prior),
        "after": asdict(posterior),
        "document": {"factor": posterior.median, "doubt": left},
    }


def _end(update: ReportUpdate, now: datetime, **values: Any) -> None:
    with acting(system(), reason="keep what reports make of a number"):
        ReportUpdate.objects.filter(pk=update.pk, state="waiting").update(ended_at=now, **values)
