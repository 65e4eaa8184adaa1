"""One run of the model from its inputs to what is kept of it. Each step is a transaction of its own."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import batched
from typing import TYPE_CHECKING, Any

import numpy as np

from sipar import __version__
from sipar.board.publication import rounded
from sipar.core.acting import acting
from sipar.core.files import keep_bytes, read_bytes
from sipar.core.jobs import Ended, system
from sipar.posture.suppression import SMALLEST_CELL, Benchmark, benchmark, suppress
from sipar.risks import national_inputs
from sipar.risks.claiming import claimed
from sipar.risks.models import AssumptionSet, OrganisationLoss, Run, RunDetail, RunPublication

if TYPE_CHECKING:
    import polars as pl

    from sipar.risk.analysis import Analysis
    from sipar.risk.columns import Floats
    from sipar.risks.national_inputs import Inputs

type Say = Callable[[int, int], object]

ROWS_AT_ONCE = 500
SECONDS_BETWEEN_LOOKS = 1.0
LARGEST = 512 * 1024 * 1024
MOST_THREADS = 4


def perform(run: Run, *, now: datetime, say: Say | None = None) -> str:
    """Work a waiting run out, keep its result, and return the sentence about it. Call outside `acting`.

    A run whose worker died is begun again. `now` is when its result is kept. Raises Ended where it was cancelled or
    somebody else works on it, and FormatProblem where the model cannot be run as asked; the run says then that it
    failed, and why.
    """
    with claimed(run, failed="The run did not end well.", said=lambda problem: problem.sentence, now=now):
        with acting(system(), reason="read what a run of the risk model assumes"):
            assumptions = AssumptionSet.objects.get(pk=run.assumptions_id)
        inputs = _inputs_of(run, assumptions)
        made = _analysed(run, assumptions, inputs, say)
        return _keep(run, made, inputs, now=now)


def years_of(run: Run) -> Floats:
    """The loss of each simulated year of a run that is done, from its kept file."""
    import polars as pl

    made: Floats = pl.read_parquet(io.BytesIO(read_bytes(run.losses)))["loss"].to_numpy()
    return made


def _inputs_of(run: Run, assumptions: AssumptionSet) -> Inputs:
    """What the run is made from: the kept inputs that it names, or everything as it stands now, kept for later."""
    if run.inputs:
        return national_inputs.kept(run.inputs)
    with acting(system(), reason="read what a run of the risk model is made from"):
        campaign = run.campaign or national_inputs.campaign_for(assumptions.document)
        inputs = national_inputs.gather(campaign)
        run.inputs = national_inputs.keep(inputs)
        run.campaign = campaign
        Run.objects.filter(pk=run.pk).update(inputs=run.inputs, campaign=campaign)
    return inputs


def _analysed(run: Run, assumptions: AssumptionSet, inputs: Inputs, say: Say | None) -> Analysis:
    from sipar.risk.analysis import analyse
    from sipar.risk.assumptions import parse

    return analyse(
        parse(assumptions.document),
        inputs.register,
        inputs.levels_for(assumptions.document),
        dependencies=inputs.dependencies,
        exposure=inputs.exposure,
        seed=run.seed,
        years=run.years,
        threads=min(os.cpu_count() or 1, MOST_THREADS),
        say=_watched(run, say),
    )


def _watched(run: Run, say: Say | None) -> Say:
    """Tell how far the work is, about once a second, and end it where the run was cancelled."""
    looked = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal looked
        if time.monotonic() - looked < SECONDS_BETWEEN_LOOKS:
            return
        looked = time.monotonic()
        with acting(system(), reason="see whether a run was cancelled"):
            if not Run.objects.filter(pk=run.pk, state="running").exists():
                raise Ended
        if say is not None:
            say(done, total)

    return tell


def _keep(run: Run, made: Analysis, inputs: Inputs, *, now: datetime) -> str:
    """Write everything that the run says, in one transaction; nothing where it was cancelled meanwhile."""
    import polars as pl

    from sipar.risk.analysis import published

    years = pl.DataFrame({"year": np.arange(len(made.totals)), "loss": made.totals})
    losses, prices = _parquet(years), _parquet(made.prices)
    with acting(system(), reason="keep the result of a run of the risk model"):
        sentence = _sentence(run, made.totals)
        ended = Run.objects.filter(pk=run.pk, state="running").update(
            state="done", losses=losses, engine=f"sipar {__version__}", sentence=sentence, ended_at=now
        )
        if not ended:
            raise Ended
        exact, shown = _links(inputs)
        RunPublication.objects.create(run=run, result={**published(made.document, k=SMALLEST_CELL), "links": shown})
        RunDetail.objects.create(run=run, result={**made.document, "links": exact}, prices=prices)
        for part in batched(_organisations(run, made, inputs), ROWS_AT_ONCE):
            OrganisationLoss.objects.bulk_create(part)
    return sentence


def _links(inputs: Inputs) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """How many organisations of each sector rest on each provider: exact, and with small cells hidden (None)."""
    counted = (
        inputs.dependencies.join(inputs.register.select("organisation", "sector"), on="organisation", how="inner")
        .group_by("provider", "sector")
        .len("organisations")
        .sort("provider", "sector")
    )
    exact = counted.to_dicts()
    providers, sectors = (list(dict.fromkeys(row[name] for row in exact)) for name in ("provider", "sector"))
    if not exact:
        return [], []
    table = np.zeros((len(providers), len(sectors)), np.int64)
    for row in exact:
        table[providers.index(row["provider"]), sectors.index(row["sector"])] = row["organisations"]
    hidden = suppress(table, k=SMALLEST_CELL).hidden
    shown = [
        row | {"organisations": None}
        if hidden[providers.index(row["provider"]), sectors.index(row["sector"])]
        else row | {"organisations": rounded(row["organisations"])}
        for row in exact
    ]
    return exact, shown


def _sentence(run: Run, totals: Floats) -> str:
    """That the result is ready; for a repeated run, whether its years have the same bits."""
    if run.repeats is None:
        return "The result is ready."
    same = bool(np.array_equal(years_of(run.repeats), totals))
    return "Repeated to the same bits." if same else "Repeated, but the years differ: the program has changed."


def _organisations(run: Run, made: Analysis, inputs: Inputs) -> Iterable[OrganisationLoss]:
    """A row for each organisation, with its sector beside it where the sector is not small."""
    table = made.organisation.join(inputs.register.select("organisation", "sector"), on="organisation", how="left")
    sectors = table["sector"].to_numpy()
    means = table["mean"].to_numpy()
    places = {sector: np.flatnonzero(sectors == sector) for sector in np.unique(sectors)}
    beside: dict[int, dict[str, Any]] = {}
    for members in places.values():
        values = means[members]
        step = _step(float(np.median(values)))
        for place, member in enumerate(members):
            beside[int(member)] = _in_words(benchmark(values, place, step=step))
    for place, row in enumerate(table.iter_rows(named=True)):
        yield OrganisationLoss(
            run=run,
            organisation_id=row["organisation"],
            mean=row["mean"],
            shortfall=row["shortfall"],
            curve=row["curve"],
            scenarios=row["scenarios"],
            gaps=row["gaps"],
            benchmark=beside.get(place, {}),
        )


def _in_words(found: Benchmark | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {
        "organisations": found.organisations,
        "lower_quartile": found.lower_quartile,
        "median": found.median,
        "upper_quartile": found.upper_quartile,
        "quarter": found.quarter,
    }


def _step(median: float) -> float:
    """A twentieth of the order of magnitude, so that no quartile is anybody's exact loss."""
    return 10.0 ** np.floor(np.log10(median)) / 20 if median > 0 else 1.0


def _parquet(table: pl.DataFrame) -> str:
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    return keep_bytes(buffer.getvalue(), largest=LARGEST).sha256
