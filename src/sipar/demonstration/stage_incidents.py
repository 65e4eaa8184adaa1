"""A year of incidents that are over, or nearly: the rule that sets clocks, and the cases with all their records.

The living cases are told step by step in `stories`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from django.db import models

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.demonstration.bulk import insert_rows, next_ids
from sipar.demonstration.ground import Ground
from sipar.demonstration.past_draw import Past, draw_past, evaluated
from sipar.demonstration.past_rows import PastRows, Place, Row
from sipar.demonstration.recipe import FOLDER
from sipar.incidents.custody_reading import national_team
from sipar.incidents.models import Access, Entry, Handover, Incident, Report, SeverityScore
from sipar.law import regimes as files
from sipar.law.compiling import CompiledDuty
from sipar.law.evaluate import evaluate
from sipar.obligations.clock import moments, serves
from sipar.obligations.models import Breach, Duty, Recomputation, Regime, Submission
from sipar.obligations.regimes import Binding, binding_regimes, load_regimes
from sipar.orgs.models import Designation
from sipar.teams.models import Membership, Team

POLICY = FOLDER / "data" / "policy.yaml"
POLICY_CODE = "demonstration-policy"
TABLES: dict[str, type[models.Model]] = {
    "incident": Incident, "report": Report, "access": Access, "handover": Handover, "score": SeverityScore,
    "entry": Entry, "submission": Submission, "duty": Duty, "recomputation": Recomputation, "breach": Breach,
}  # fmt: skip


@action("demonstration.policy")
def load_policy(actor: Actor, ground: Ground) -> None:
    """Load the shipped regimes, and let the invented policy bind critical organisations of the demonstration."""
    load_regimes(actor, now=ground.now)
    text = POLICY.read_text("utf-8")
    regime = files.parse(text.encode())
    Regime.objects.create(
        code=regime.regime,
        version=regime.version,
        status=regime.status,
        title=regime.title.model_dump(),
        jurisdiction=regime.jurisdiction,
        text=text,
        digest=regime.digest,
        enabled=True,
        written_by_id=actor.account,
        written_at=ground.now - timedelta(days=400),
        note="Invented, so that clocks can be seen running.",
    )


@action("demonstration.incidents")
def load_past(actor: Actor, ground: Ground) -> None:
    """Write the incidents of the last twelve months with custody, scores, submissions, duties and breaches."""
    cases = draw_past(ground)
    places = _places(ground, {case.place for case in cases})
    teams = {team.pk: team for team in Team.objects.all()}
    rows = PastRows(ground, teams, national_team())
    keys = next_ids(Incident, len(cases)).to_list()
    sent = [next_ids(Submission, len(case.reports)).to_list() for case in cases]
    for key, case, submissions in zip(keys, cases, sent, strict=True):
        rows.add(key, case, places[case.place])
        rows.add_submissions(key, case, places[case.place], submissions)
    services = rows.tables.pop("service")
    statutory = list(_statutory(ground, cases, keys, sent, places, rows.tables["incident"]))
    ids = next_ids(Duty, len(services) + len(statutory)).to_list()
    for duty, key in zip([*services, *statutory], ids, strict=True):
        rows.add_duty({"id": key} | duty, breached=duty["state"] in ("met_late", "breached"))
    for name, model in TABLES.items():
        insert_rows(model, pl.DataFrame(rows.tables[name], infer_schema_length=None))


def designated_places(ground: Ground) -> set[int]:
    """The places in the register of organisations that are critical infrastructure now."""
    found = set(Designation.objects.filter(state="designated").values_list("organisation_id", flat=True))
    return {place for place, key in enumerate(ground.organisations) if key in found}


def _places(ground: Ground, wanted: set[int]) -> dict[int, Place]:
    """As `custody_reading.route_for` would send each of these organisations' cases, in one query for all."""
    national, designated = national_team(), designated_places(ground)
    keys = {int(ground.organisations[place]): place for place in wanted}
    members: dict[int, list[Membership]] = {place: [] for place in wanted}
    found = Membership.objects.filter(organisation__in=keys).select_related("team").order_by("team__code")
    for member in found:
        members[keys[member.organisation_id]].append(member)
    places = {}
    for key, place in keys.items():
        row = ground.register.table.row(place, named=True)
        leads = [member.team for member in members[place] if member.lead]
        lead = leads[0] if len(leads) == 1 else national
        views = [(lead, Access.Basis.LEAD, "full")]
        views += [
            (member.team, Access.Basis.CONSTITUENCY, "coordination")
            for member in members[place]
            if member.team_id not in (lead.pk, national.pk)
        ]
        if lead.pk != national.pk and (row["tier"] == 1 or place in designated):
            views.append((national, Access.Basis.CRITICAL, "full"))
        places[place] = Place(
            organisation=key,
            identifier=row["identifier"],
            sector=ground.sectors[row["sector"]],
            province=ground.provinces[row["province"]],
            tier=row["tier"],
            lead=lead,
            why="lead" if len(leads) == 1 else "several" if leads else "nobody",
            views=tuple((team, str(basis), projection) for team, basis, projection in views),
        )
    return places


def _statutory(
    ground: Ground, cases: list[Past], keys: list[int], sent: list[list[int]], places: dict[int, Place],
    incidents: list[Row],
) -> Iterator[Row]:  # fmt: skip
    """What the law asked in these cases, by the same evaluation as for one case, and which submission served it."""
    bindings = {binding.row.code: binding for binding in binding_regimes(ground.now.date())}
    duties = {(code, each.duty.stage): each for code, binding in bindings.items() for each in binding.compiled.duties}
    served = {
        (number, key): next((turn for turn, (stage, _) in enumerate(case.reports) if _serves(each, case, stage)), None)
        for number, case in enumerate(cases)
        for key, each in duties.items()
    }
    filed = [
        {"incident": number, "regime": key[0], "stage": key[1], "submitted_at": cases[number].reports[turn][1]}
        for (number, key), turn in served.items()
        if turn is not None
    ]
    found = evaluate(
        [binding.compiled for binding in bindings.values()],
        evaluated(ground, cases, designated_places(ground)),
        submissions=pl.DataFrame(filed),
    )
    for row in found.filter("applies").iter_rows(named=True):
        number, key = row["incident"], (str(row["regime"]), str(row["stage"]))
        case, turn = cases[number], served[(row["incident"], key)]
        at, by = (case.reports[turn][1], sent[number][turn]) if turn is not None else (None, None)
        duty = _duty(ground, row, bindings[key[0]], duties[key], met_at=at, met_by=by)
        if at is None and incidents[number]["state"] == "rejected":
            duty |= {"state": "withdrawn", "next_at": None}
        yield duty | {
            "incident_id": keys[number],
            "organisation_id": places[case.place].organisation,
            "team_id": None,
            "opened_at": case.reported_at,
        }


def _serves(each: CompiledDuty, case: Past, stage: str) -> bool:
    duty = each.duty
    return serves(submitted=stage, stage=duty.stage, sort=duty.sort, content=duty.content, facts=case.facts_at(stage))


def _duty(
    ground: Ground, row: dict[str, Any], binding: Binding, duty: CompiledDuty, *, met_at: datetime | None,
    met_by: int | None,
) -> Row:  # fmt: skip
    due, next_at, step = row["due_at"], None, 4
    if met_at is not None:
        state = "met_late" if due is not None and met_at > due else "met"
    elif due is None:
        state = "waiting"
    elif due < ground.now:
        state = "breached"
    else:
        state, step = "running", 0
        next_at = moments(start=row["anchor_at"], due=due).before
    return {
        "kind": "statutory", "regime_id": binding.row.pk, "code": binding.row.code, "stage": duty.duty.stage,
        "to": json.dumps(list(duty.duty.to)), "cite": duty.duty.cite[:200],
        "state": state, "clock": str(row["clock"]), "anchor": str(row["anchor"] or "")[:60],
        "anchor_at": row["anchor_at"],
        "due_at": due, "next_at": next_at, "step": step, "met_at": met_at, "met_by_id": met_by,
    }  # fmt: skip
