"""Rows of risk for the world of every door: one run and one plan of the nation, and a register of each organisation."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Model

from sipar.assessments.models import Campaign
from sipar.assessments.submissions import digest_of
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.frameworks.selectors import loaded
from sipar.orgs.models import Organisation
from sipar.risk.assumptions import digest
from sipar.risks.actions import ask_for_report
from sipar.risks.estimate_models import EstimateQuestion, ExpertEstimate, ReportUpdate
from sipar.risks.estimate_working import perform as learn
from sipar.risks.exchange_actions import preview_scenarios
from sipar.risks.models import AssumptionSet, Dependency, OrganisationLoss, Run
from sipar.risks.plan_models import InvestmentPlan
from sipar.risks.plan_working import perform as solve
from sipar.risks.treatment_models import Appetite, Risk, RiskReview, Treatment
from sipar.risks.working import perform
from tests.cast import NOW, Cast

RISK_TABLES: tuple[type[Model], ...] = (Dependency, OrganisationLoss, Risk, Treatment, RiskReview, Appetite)
CLOUD = "sample-cloud"
SCENARIO = "ransomware"
SOURCE = {"text": "Assumed.", "quality": "assumed"}
QUESTION = {"currency": "USD", "first_year": 2027, "budgets": [400_000, 400_000], "seconds": 5.0}


def assumptions(requirement: str) -> dict[str, Any]:
    """The smallest assumptions with one of everything; closing this requirement makes the scenario rarer."""
    return {
        "currency": "USD",
        "year": 2024,
        "scenarios": [
            {
                "key": SCENARIO,
                "title": {"en": "Ransomware stops the work", "ur": "تاوان خور پروگرام کام روک دیتا ہے"},
                "event": "malware/system-intrusion",
                "frequency": {"mean": 0.4, "per": "year", "variation": 0.5, "source": SOURCE},
                "loss": {"primary": {"shape": "lognormal", "low": 10_000, "high": 900_000}, "source": SOURCE},
            }
        ],
        "shocks": [{"sector": "", "title": {"en": "A bad year"}, "probability": 0.1, "factor": 2.0, "source": SOURCE}],
        "providers": [
            {
                "key": CLOUD, "title": {"en": "Sample Cloud (fictional)"}, "kind": "cloud", "failures": 0.3,
                "sets_off": {SCENARIO: 0.5}, "source": SOURCE,
            }
        ],
        "effects": [{"requirement": requirement, "target": "frequency", "reduction": 0.5, "source": SOURCE}],
        "exposure": {"critical": 1.1, "most": 2.0, "source": SOURCE},
        "measures": {"close_gap": {"component": "gaps", "cost": {"per_level": 50_000}, "uses": {"field teams": 1}}},
        "recorded_years": [{"year": 2024, "loss": 300_000, "source": SOURCE}],
    }  # fmt: skip


def furnish_nation_risk(cast: Cast) -> dict[str, object]:
    """Assumptions in use and a draft of them, a run and a plan, worked out as the worker does. Outside `acting`."""
    account = cast.accounts["nadia"].pk
    with acting(system(), reason="furnish the world"):
        requirement = loaded(Campaign.objects.get().framework_id).catalogue.requirements[0].id
        document = assumptions(requirement)
        common = {"document": document, "digest": digest(document), "made_by_id": account, "made_at": NOW}
        used = AssumptionSet.objects.create(
            number=1, state="in_use", title="First", used_by_id=account, used_at=NOW, **common
        )
        draft = AssumptionSet.objects.create(number=2, title="Second", based_on=used, **common)
        for key in ("alpha", "beta"):
            Dependency.objects.create(
                organisation=cast.organisations[key], provider=CLOUD, note=f"secret of {key}", stated_by_id=account,
                stated_at=NOW,
            )  # fmt: skip
        run = Run.objects.create(
            assumptions=used, title="The nation", seed=1, years=1_000, asked_by_id=account, asked_at=NOW
        )
    perform(run, now=NOW)
    with acting(system(), reason="furnish the world"):
        plan = InvestmentPlan.objects.create(
            run=run, title="A programme", question=_question(), asked_by_id=account, asked_at=NOW
        )
    solve(plan, now=NOW)
    with acting(cast.nadia, reason="furnish the world"):
        report = ask_for_report(cast.nadia, Run.objects.get(pk=run.pk), now=NOW)
    return _furnish_estimates(cast, used) | _furnish_exchange(cast, used) | {
        "risks/|run": run.pk, "api/risks/|run": run.pk, "risks/assumptions/|number": draft.number,
        "risks/exchange/|number": used.number, "api/risks/|number": draft.number, "plan": plan.pk,
        "address": f"scenarios/{SCENARIO}", "risks/scenarios/|key": SCENARIO, "risks/runs/|kind": "gaps-csv",
        "risks/runs/|name": "sector", "risks/report/|report": report.pk, "risks/report/|kind": "html-en",
        "risks/plans/|kind": "csv", "risks/exchange/|form": "json",
    }  # fmt: skip


def _furnish_exchange(cast: Cast, used: AssumptionSet) -> dict[str, object]:
    """A file that waits for a decision, with a row that cannot be taken."""
    file = f"key,frequency\n{SCENARIO},0.6\nother,-1\n".encode()
    with acting(cast.nadia, reason="furnish the world"):
        found = preview_scenarios(cast.nadia, file, name="scenarios.csv", base=used, now=NOW)
    return {"scenario_import": found.pk}


def _furnish_estimates(cast: Cast, used: AssumptionSet) -> dict[str, object]:
    """A question that two experts answered, and a number that reports changed."""
    account = cast.accounts["nadia"].pk
    with acting(system(), reason="furnish the world"):
        question = EstimateQuestion.objects.create(
            kind="frequency", scenario=SCENARIO, text="How often?", unit="events a year", most=1_000.0,
            asked_by_id=account, asked_at=NOW,
        )  # fmt: skip
        for expert in ("nadia", "parveen"):
            ExpertEstimate.objects.create(
                question=question, expert_id=cast.accounts[expert].pk, low=0.1, best=0.3, high=0.9, confidence=0.9,
                note="Our own cases", given_at=NOW,
            )  # fmt: skip
        update = ReportUpdate.objects.create(
            kind="frequency", scenario=SCENARIO, assumptions=used, digest=used.digest,
            since=NOW.date() - timedelta(days=730), until=NOW.date(), criteria=["ransomware"], reported_low=0.5,
            asked_by_id=account, asked_at=NOW,
        )  # fmt: skip
    learn(update, now=NOW)
    return {
        "risks/estimates/|question": question.pk, "risks/estimates/|update": update.pk,
        "api/risks/estimates/|question": question.pk,
    }  # fmt: skip


def furnish_organisation_risk(organisation: Organisation, account: int, secret: str) -> dict[str, object]:
    """A risk that is accepted and one that an insurer carries, a review, and what is too much; the secret everywhere.

    Inside `acting`, after the nation's.
    """
    common = {"organisation": organisation, "opened_by_id": account, "opened_at": NOW}
    accepted = Risk.objects.create(
        title=secret, scenario=SCENARIO, owner_name=secret, review_on=NOW.date() + timedelta(days=90), **common
    )
    insured = Risk.objects.create(
        title=secret, provider=CLOUD, owner_name=secret, review_on=NOW.date() - timedelta(days=3), **common
    )
    document = {"reason": secret}
    decided = {
        "organisation": organisation, "reason": secret, "until": NOW.date() + timedelta(days=20),
        "decided_by_id": account, "decided_as": "ciso", "decided_at": NOW,
    }  # fmt: skip
    treatment = Treatment.objects.create(
        risk=accepted, kind="accept", second_factor="totp", document=document, digest=digest_of(document), **decided
    )
    Treatment.objects.create(risk=insured, kind="transfer", insurer=secret, amount=Decimal(1_000), **decided)
    RiskReview.objects.create(
        risk=insured, organisation=organisation, note=secret, next_on=NOW.date() + timedelta(days=30),
        reviewed_by_id=account, reviewed_at=NOW,
    )  # fmt: skip
    Appetite.objects.create(
        organisation=organisation, points=[[100_000.0, 10]], currency="USD", reason=secret, set_by_id=account,
        set_as="ciso", set_at=NOW,
    )  # fmt: skip
    return {
        "risk": accepted.pk, "treatment": treatment.pk, "way": "transfer",
        "dependency": Dependency.objects.get(organisation=organisation).pk,
    }  # fmt: skip


def _question() -> dict[str, Any]:
    from sipar.risk.plan_question import document_of, question_of

    return document_of(question_of(QUESTION))
