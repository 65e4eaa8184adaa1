"""Fictional CERTs beside the real tree, and organisations that the tree disagrees about.

The real CERTs stand as the nation profile states them. Rosters and SIM3 levels are invented, so only teams that carry
the mark have them. A few invented organisations are left out of every rule, and a few are claimed twice.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.demonstration.ground import Ground
from sipar.demonstration.people import FICTIONAL_TEAM
from sipar.nations.reference import sim3
from sipar.teams.actions import resolve_constituencies
from sipar.teams.models import DutyShift, MaturitySelfAssessment, Team

SECOND_TEAM = "demo-water"
UNLED_TEAM = "pk-community"
CLAIMED_TWICE, LEFT_OUT = 9, 7
SHIFT_HOURS, SHIFTS = 12, 120
SOURCE = "invented for the demonstration"


@action("demonstration.teams")
def load_teams(actor: Actor, ground: Ground) -> None:
    """Two fictional CERTs with roster and SIM3 self-assessment. The conflicts follow in `make_conflicts`."""
    parent = ground.teams.get("pk-government")
    shared = {
        "tier": "sectoral", "parent_id": parent, "source": SOURCE, "legal_basis": "None: this team is fictional",
        "notification_status": "unknown", "services": ["5.1", "6.1", "6.2", "6.5", "8.3", "9.1"],
    }  # fmt: skip
    health = Team.objects.create(
        code=FICTIONAL_TEAM,
        name={"en": "Demonstration Health CERT (fictional)", "ur": "نمائشی صحت سرٹ (فرضی)"},
        rule={"lead": False, "include": [{"sectors": ["health"]}]},
        email="cert@health-cert.example",
        emergency_phone="+92 000 9000001",
        **shared,
    )
    water = Team.objects.create(
        code=SECOND_TEAM,
        name={"en": "Demonstration Water CERT (fictional)", "ur": "نمائشی آبی سرٹ (فرضی)"},
        rule=_claims(ground),
        email="cert@water-cert.example",
        emergency_phone="+92 000 9000002",
        **shared,
    )
    random = ground.random(4)
    for team, typical, head in ((health, 2.3, ground.person("health-head")), (water, 1.2, ground.background[0])):
        for months, gain in ((14, 0.0), (2, 0.5)):
            levels = np.clip(np.rint(random.normal(typical + gain, 0.8, len(sim3().parameters))), 0, 4)
            MaturitySelfAssessment.objects.create(
                team=team,
                model_version=sim3().version,
                levels=levels.astype(np.uint8).tobytes(),
                comments={},
                assessed_at=ground.now - timedelta(days=30 * months),
                assessed_by_id=head,
            )
    _roster(ground, health)


def make_conflicts(actor: Actor, ground: Ground) -> None:
    """Leave some organisations out of the rule that leads them, then work out every constituency again."""
    team = Team.objects.filter(code=UNLED_TEAM).first()
    if team is not None:
        led_elsewhere = pl.col("sector").is_in(["telecom", "finance", "defence", "energy"])
        private = (pl.col("ownership") == "private") & ~led_elsewhere
        left_out = _first(ground, private, pl.col("sector") == "industry", LEFT_OUT)
        exclude = [clause for clause in team.rule.get("exclude", []) if clause != {"organisations": left_out}]
        team.rule = team.rule | {"exclude": [*exclude, {"organisations": left_out}]}
        team.save(update_fields=["rule"])
    resolve_constituencies(actor, now=ground.now)


def has_conflicts() -> bool:
    """Whether the rule that leaves organisations out is still there: reloading the nation profile takes it away."""
    rule = Team.objects.filter(code=UNLED_TEAM).values_list("rule", flat=True).first()
    return rule is None or any(set(clause) == {"organisations"} for clause in rule.get("exclude", []))


def _claims(ground: Ground) -> dict[str, object]:
    claimed = _first(ground, pl.col("ownership") == "public", pl.col("sector") == "water", CLAIMED_TWICE)
    return {"lead": True, "include": [{"organisations": claimed}]}


def _first(ground: Ground, needed: pl.Expr, preferred: pl.Expr, count: int) -> list[str]:
    """Organisations of a kind that no demonstration account works at, the preferred ones first."""
    others = ground.register.table.slice(len(ground.recipe.featured)).filter(needed)
    return others.sort(~preferred, maintain_order=True)["identifier"].head(count).to_list()


def _roster(ground: Ground, team: Team) -> None:
    """Twelve-hour shifts from three days ago on; the duty officer has the one that runs now."""
    people = (ground.person("duty"), ground.background[1], ground.person("health-head"), ground.background[2])
    begin = ground.now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=(ground.now.hour - 3) % SHIFT_HOURS)
    DutyShift.objects.bulk_create(
        DutyShift(
            team=team,
            account_id=people[number % len(people)],
            starts_at=begin + timedelta(hours=SHIFT_HOURS * number),
            ends_at=begin + timedelta(hours=SHIFT_HOURS * (number + 1)),
        )
        for number in range(-8, SHIFTS)
    )
