"""Assumptions and results as files that other programs read."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext_lazy as _

from sipar.core.acting import Actor
from sipar.core.files import BYTES, CSV, XLSX, read_bytes
from sipar.core.problems import Invalid, Place, not_open
from sipar.formats.ciso_assistant_risk import write_ciso
from sipar.formats.monarc_risk import write_monarc
from sipar.formats.problems import FormatProblem
from sipar.formats.pyfair import write_pyfair
from sipar.formats.scenario_file import LevelScale
from sipar.formats.scenario_table import write_scenarios_csv, write_scenarios_xlsx
from sipar.risks.models import AssumptionSet, OrganisationLoss, Run
from sipar.risks.policy import require_may_read_nation
from sipar.risks.selectors import detail_of

if TYPE_CHECKING:
    import polars as pl

JSON: Final = "application/json"
SCENARIO_FORMS: Final[Mapping[str, Any]] = {
    "xlsx": _("Scenarios as a workbook (XLSX)"),
    "csv": _("Scenarios as CSV"),
    "json": _("All assumptions as JSON"),
    "pyfair": _("Scenarios for pyfair (JSON)"),
    "ciso": _("Scenarios for CISO Assistant (JSON)"),
    "monarc": _("Scenarios for MONARC (JSON)"),
}
RESULT_TABLES: Final = ("years", "organisations", "prices")
RESULT_FORMS: Final = ("parquet", "csv")


@dataclass(frozen=True)
class Written:
    """A file to save: its content, its name, its media type."""

    content: bytes
    name: str
    media_type: str


def scenarios_file(assumptions: AssumptionSet, form: str, *, scale: LevelScale | None = None) -> Written:
    """The scenarios of a version in one of `SCENARIO_FORMS`. MONARC needs the `scale` of its levels.

    Raises Invalid, with its key, where a scenario cannot be said in that form, and NotFound for no such form.
    """
    document = assumptions.document
    scenarios, currency, year = document["scenarios"], document["currency"], document["year"]
    name = f"assumptions-{assumptions.number}"
    try:
        if form == "csv":
            return Written(write_scenarios_csv(scenarios, currency=currency, year=year), f"{name}.csv", CSV)
        if form == "xlsx":
            return Written(write_scenarios_xlsx(scenarios, currency=currency, year=year), f"{name}.xlsx", XLSX)
        if form == "json":
            return Written(json.dumps(document, ensure_ascii=False, indent=1).encode(), f"{name}.json", JSON)
        if form == "pyfair":
            return Written(write_pyfair(scenarios, title=assumptions.title), f"{name}-pyfair.json", JSON)
        if form == "ciso":
            return Written(write_ciso(scenarios, currency=currency), f"{name}-ciso-assistant.json", JSON)
        if form == "monarc":
            return _monarc(assumptions, scale)
    except FormatProblem as problem:
        raise _unsaid([Place(problem.where, problem.sentence)]) from problem
    raise not_open("file")


def results_file(actor: Actor, run: Run, table: str, form: str) -> Written:
    """A table of a run that is done: its simulated `years`, its `organisations`, or the `prices` of their gaps.

    Raises NotFound for what the actor may not see: prices belong to those who see every organisation.
    """
    require_may_read_nation(actor)
    if run.state != "done" or table not in RESULT_TABLES or form not in RESULT_FORMS:
        raise not_open("run")
    frame = _table(actor, run, table)
    name = f"risk-run-{run.pk}-{table}"
    if form == "csv":
        from sipar.formats.table_writing import write_csv

        return Written(write_csv(frame.columns, frame), f"{name}.csv", CSV)
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return Written(buffer.getvalue(), f"{name}.parquet", BYTES)


def _table(actor: Actor, run: Run, table: str) -> pl.DataFrame:
    import polars as pl

    if table == "years":
        return pl.read_parquet(io.BytesIO(read_bytes(run.losses)))
    if table == "prices":
        detail = detail_of(actor, run)
        if detail is None or not detail.prices:
            raise not_open("run")
        return pl.read_parquet(io.BytesIO(read_bytes(detail.prices)))
    rows = OrganisationLoss.objects.filter(run=run).order_by("organisation__identifier")
    schema = {"organisation": pl.String, "mean": pl.Float64, "shortfall": pl.Float64}
    values = rows.values_list("organisation__identifier", "mean", "shortfall")
    return pl.DataFrame(list(values), schema=schema, orient="row")


def _monarc(assumptions: AssumptionSet, scale: LevelScale | None) -> Written:
    if scale is None:
        sentence = "MONARC rates by levels: import an analysis and say what its levels mean, then export by that scale."
        raise Invalid(sentence, code="risk.scale")
    content, refused = write_monarc(assumptions.document["scenarios"], scale, title=assumptions.title)
    if refused:
        raise _unsaid([Place(each.where, each.sentence) for each in refused])
    return Written(content, f"assumptions-{assumptions.number}-monarc.json", JSON)


def _unsaid(places: list[Place]) -> Invalid:
    return Invalid("Some scenarios cannot be said in this form.", code="risk.export", places=places)
