"""The price of the risk: what it rests on, runs and a plan asked for, and what organisations do about it.

The numbers are those of `data/risk.yaml`, which says what is published and what is assumed. People do each step at
the time at which it happened, through the real actions; only who rests on which provider is written at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import polars as pl

from sipar.assessments.models import RoadmapItem
from sipar.assessments.submit_actions import SecondFactor
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.jobs import start_run
from sipar.demonstration.bulk import insert_rows
from sipar.demonstration.ground import Ground
from sipar.demonstration.recipe import FOLDER
from sipar.demonstration.stage_claims import BANK, MOBILE, POWER
from sipar.demonstration.telling import Teller
from sipar.nations.documents import read_yaml
from sipar.risk.plan_question import document_of, question_of
from sipar.risks.actions import draft_from, use_assumptions
from sipar.risks.models import AssumptionSet, Dependency, Run
from sipar.risks.national_inputs import campaign_for, gather, keep
from sipar.risks.organisation_actions import set_appetite, state_dependency
from sipar.risks.plan_models import InvestmentPlan
from sipar.risks.plan_tasks import SOLVING, solve_plan
from sipar.risks.tasks import KIND as RUNNING
from sipar.risks.tasks import run_model
from sipar.risks.treatment_actions import (
    Acceptance,
    Plan,
    RiskEntry,
    accept_risk,
    open_risk,
    review_risk,
    treat_risk,
)

DATA = FOLDER / "data" / "risk.yaml"
YEARS = 5_000
# Jobs with one lock are worked off in their order: the plan needs the first run's prices.
LOCK = "demonstration.risk"
SPEAKERS = {POWER: "ciso", BANK: "bank-ciso", MOBILE: "telecom-ciso"}


@cache
def told() -> dict[str, Any]:
    """What the file says."""
    return read_yaml(DATA)


def document(organisations: int) -> dict[str, Any]:
    """The assumptions for a nation of this size, each source in its place; recorded years grow with the nation."""
    words = told()
    recorded = [
        {"year": one["year"], "loss": one["loss_each"] * organisations, "source": "past"} for one in words["recorded"]
    ]
    made: dict[str, Any] = _sourced({**words["assumptions"], "recorded_years": recorded}, words["sources"])
    return made


def question(first_year: int) -> dict[str, Any]:
    """What the programme's plan is asked, as it is kept; its milestones are counted from the first year."""
    asked = told()["programme"]["question"]
    milestones = [{**one, "by": first_year + one["by"]} for one in asked["milestones"]]
    return document_of(question_of({**asked, "first_year": first_year, "milestones": milestones}))


def begin(ground: Ground) -> None:
    """The assumptions in use, who rests on whom, a draft with one number changed, runs and a plan asked for.

    Outside `acting`.
    """
    teller = Teller(ground)
    words = told()
    with teller.as_person("policy") as actor:
        draft = draft_from(
            actor,
            None,
            title=words["title"],
            reason="The first version, to begin with.",
            now=teller.ago(24 * 40),
            document=document(ground.register.size),
        )
        use_assumptions(
            actor,
            draft,
            reason="Published figures from abroad until the nation has enough reports of its own.",
            now=teller.ago(24 * 39),
        )
    with teller.as_sipar() as sipar:
        state_dependencies(sipar, ground)
    _state_own(teller)
    proposal = _propose(teller)
    with teller.as_person("analyst") as actor:
        _ask(actor, AssumptionSet.objects.get(state="in_use"), proposal, teller=teller)


def go_on(ground: Ground) -> None:
    """What organisations do about their risks. Outside `acting`."""
    teller = Teller(ground)
    _treat_power(teller)
    _treat_bank(teller)
    _treat_mobile(teller)


@action("demonstration.dependencies")
def state_dependencies(actor: Actor, ground: Ground) -> None:
    """Who rests on which shared provider: a share of each sector. The featured organisations speak for themselves."""
    random = ground.random(50)
    table = ground.register.table.with_columns(organisation=ground.organisations)
    own = set(ground.organisations.gather(list(SPEAKERS)))
    rows = []
    for provider, sectors in told()["dependencies"].items():
        share = table["sector"].replace_strict(sectors, default=0.0, return_dtype=pl.Float64).to_numpy()
        chosen = table.filter(pl.Series(random.random(table.height) < share))
        rows.append(chosen.select("organisation", provider=pl.lit(provider)))
    stated = (
        pl.concat(rows)
        .filter(~pl.col("organisation").is_in(own))
        .select(
            organisation_id="organisation",
            provider="provider",
            stated_by_id=pl.lit(ground.background[0]),
            stated_at=pl.lit(ground.now - timedelta(days=38)),
        )
    )
    insert_rows(Dependency, stated)


def _sourced(part: Any, sources: Mapping[str, Any]) -> Any:
    """The same part with each `source` that is a word replaced by what the word stands for."""
    if isinstance(part, list):
        return [_sourced(one, sources) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        name: sources[one] if name == "source" and isinstance(one, str) else _sourced(one, sources)
        for name, one in part.items()
    }


def _state_own(teller: Teller) -> None:
    for place, person in SPEAKERS.items():
        with teller.as_person(person) as actor:
            organisation = teller.organisation(place)
            for provider, note in told()["stated"][place].items():
                state_dependency(actor, organisation, provider, note=note, now=teller.ago(24 * 35))


def _propose(teller: Teller) -> AssumptionSet:
    """An analyst's draft with one rate changed."""
    words = told()["proposal"]
    changed = document(teller.ground.register.size)
    for scenario in changed["scenarios"]:
        if scenario["key"] == words["scenario"]:
            scenario["frequency"]["mean"] = words["mean"]
    with teller.as_person("analyst") as actor:
        used = AssumptionSet.objects.get(state="in_use")
        return draft_from(
            actor, used, title=words["title"], reason=words["reason"], now=teller.ago(26), document=changed
        )


@action("demonstration.risk")
def _ask(actor: Actor, used: AssumptionSet, draft: AssumptionSet, *, teller: Teller) -> None:
    """A run with each version from the same inputs, and a plan on the prices of the first.

    The worker works them out one after the other once Sipar runs, so that the load need not wait.
    """
    campaign = campaign_for(used.document)
    inputs = keep(gather(campaign))
    runs = []
    for assumptions, title, hours in ((used, "The nation as it stands", 30), (draft, draft.title, 25)):
        asked = teller.ago(hours)
        progress = start_run(actor, kind=RUNNING, subject=str(assumptions.number), total=YEARS, now=asked)
        run = Run.objects.create(
            assumptions=assumptions, campaign=campaign, title=title, seed=teller.ground.seed, years=YEARS,
            background=progress.pk, inputs=inputs, asked_by_id=actor.account, asked_at=asked,
        )  # fmt: skip
        run_model.configure(lock=LOCK).defer(run=run.pk)
        runs.append(run)
    progress = start_run(actor, kind=SOLVING, subject=str(runs[0].pk), total=1, now=teller.ago(20))
    plan = InvestmentPlan.objects.create(
        run=runs[0], title=told()["programme"]["title"], question=question(teller.now.year + 1),
        background=progress.pk, asked_by_id=actor.account, asked_at=teller.ago(20),
    )  # fmt: skip
    solve_plan.configure(lock=LOCK).defer(plan=plan.pk)


def _treat_power(teller: Teller) -> None:
    """One mitigated by the roadmap, one accepted with a signature that ends soon, and a line of what is too much."""
    with teller.as_person("ciso") as actor:
        organisation = teller.organisation(POWER)
        set_appetite(
            actor, organisation, ((500_000.0, 5), (10_000_000.0, 50)), currency="USD",
            reason="The board's word of this spring.", now=teller.ago(24 * 200),
        )  # fmt: skip
        entry = RiskEntry(
            title="Controllers of substations are disturbed",
            owner_name="Kiran Zartaab",
            review_on=(teller.now + timedelta(days=60)).date(),
            description="Forty substations can be reached from the business network.",
            scenario="plant-disruption",
        )
        risk = open_risk(actor, organisation, entry, now=teller.ago(24 * 120))
        item = RoadmapItem.objects.filter(organisation=organisation, state="planned").order_by("due_on").first()
        if item is not None:
            plan = Plan(kind="mitigate", reason="The networks are divided this year.", roadmap_item=item.pk)
            treat_risk(actor, risk, plan, version=risk.version, now=teller.ago(24 * 119))
    signed = teller.ago(24 * 345)
    with teller.as_person("ciso") as actor:
        entry = RiskEntry(
            title="A meter reader's tablet is lost",
            owner_name="Kiran Zartaab",
            review_on=(teller.now + timedelta(days=12)).date(),
            scenario="lost-device",
        )
        risk = open_risk(actor, teller.organisation(POWER), entry, now=signed)
        said = Acceptance(
            reason="The tablets hold addresses of one day only.", until=(teller.now + timedelta(days=12)).date()
        )
        factor = SecondFactor("totp", signed - timedelta(minutes=1))
        accept_risk(actor, risk, said, version=risk.version, second_factor=factor, now=signed)


def _treat_bank(teller: Teller) -> None:
    """One transferred to an insurer and reviewed since."""
    with teller.as_person("bank-ciso") as actor:
        entry = RiskEntry(
            title="Money is moved through the payment switch",
            owner_name="Danish Belindo",
            review_on=(teller.now - timedelta(days=40)).date(),
            scenario="payment-switch",
        )
        risk = open_risk(actor, teller.organisation(BANK), entry, now=teller.ago(24 * 150))
        plan = Plan(
            kind="transfer", reason="Covers what customers lose.", insurer="Zarpash Takaful (fictional)",
            amount=Decimal(2_000_000), currency="USD", until=(teller.now + timedelta(days=210)).date(),
        )  # fmt: skip
        treat_risk(actor, risk, plan, version=risk.version, now=teller.ago(24 * 149))
        risk.refresh_from_db()
        review_risk(
            actor, risk, note="The insurer asks for strong sign-in of all operators by summer.",
            next_on=(teller.now + timedelta(days=120)).date(), version=risk.version, now=teller.ago(24 * 41),
        )  # fmt: skip


def _treat_mobile(teller: Teller) -> None:
    """One avoided, and one whose review is overdue."""
    with teller.as_person("telecom-ciso") as actor:
        organisation = teller.organisation(MOBILE)
        entry = RiskEntry(
            title="Records of an old customer portal are stolen",
            owner_name="Umair Kohista",
            review_on=(teller.now + timedelta(days=90)).date(),
            scenario="portal-theft",
        )
        risk = open_risk(actor, organisation, entry, now=teller.ago(24 * 100))
        plan = Plan(kind="avoid", reason="The portal was switched off; its records are deleted by the new year.")
        treat_risk(actor, risk, plan, version=risk.version, now=teller.ago(24 * 99))
        entry = RiskEntry(
            title="The grid fails for longer than our batteries last",
            owner_name="Umair Kohista",
            review_on=(teller.now - timedelta(days=8)).date(),
            scenario="provider-outage",
            provider="northern-grid",
        )
        open_risk(actor, organisation, entry, now=teller.ago(24 * 90))
