"""Loading the demonstration nation: stage by stage, each in one transaction, each done once.

A stage leaves a marker in the same transaction. A load that was stopped goes on where it stood; a load that is
complete changes nothing. The first marker fixes seed, size and time, so that a repair continues the same nation.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.models import BackgroundRun
from sipar.core.problems import Conflict
from sipar.demonstration import (
    Progress,
    stage_campaigns,
    stage_incidents,
    stage_people,
    stage_register,
    stage_risk,
    stage_sensing,
    stage_teams,
    stage_work,
    stories,
)
from sipar.demonstration.campaigns import ROUNDS
from sipar.demonstration.ground import Ground
from sipar.demonstration.recipe import recipe
from sipar.demonstration.register import draw_register
from sipar.frameworks.actions import load_shipped
from sipar.nations.profile import shipped
from sipar.orgs.nation_actions import load_nation
from sipar.teams.actions import load_teams

KIND = "demonstration"
SMALLEST = 50
Stage = tuple[str, str, Callable[..., object]]
# These open their own `acting`, for they are many people's.
TOLD = (
    "stories", "sensing", "sensing-end", *(f"sensing-{day}" for day in stage_sensing.TOLD_ON), "risk", "risk-treated",
)  # fmt: skip

# Marker, sentence, and what to do as (actor, ground), or as (ground) where it is one of `TOLD`.
STAGES: tuple[Stage, ...] = (
    ("people", "People", stage_people.load_people),
    ("register", "Organisations, contacts and assets", stage_register.load_register),
    ("teams", "Fictional CERTs", stage_teams.load_teams),
    ("conflicts", "Constituencies", stage_teams.make_conflicts),
    ("roles", "Roles", stage_people.load_roles),
    ("designations", "Designations", stage_register.load_designations),
    *((plan.code, f"Campaign: {plan.name['en']}", partial(stage_campaigns.load_round, plan=plan)) for plan in ROUNDS),
    ("roadmaps", "Roadmaps", partial(stage_work.load_roadmaps, codes=(ROUNDS[1].code, ROUNDS[0].code))),
    ("engagement", "Engagements", partial(stage_work.load_engagement, code=ROUNDS[1].code)),
    ("policy", "Laws and a demonstration policy", stage_incidents.load_policy),
    ("incidents", "A year of incidents", stage_incidents.load_past),
    ("stories", "Living cases", stories.tell),
    ("sensing", "Claims, feeds and rules", stage_sensing.begin),
    # In parts: each report makes temporary tables, and a transaction may hold so many locks only.
    *(
        (f"sensing-{day}", f"A month of reports: to day {day + 1}", partial(stage_sensing.go_on, until=day))
        for day in stage_sensing.TOLD_ON
    ),
    ("sensing-end", "Rules on trial", stage_sensing.end),
    ("risk", "The price of the risk", stage_risk.begin),
    ("risk-treated", "Risks treated", stage_risk.go_on),
)


def is_loaded() -> bool:
    """Whether every stage is there and nothing has undone the conflicts since."""
    with acting(system(), reason="look for the demonstration"):
        return len(_markers()) >= len(STAGES) and stage_teams.has_conflicts()


def load(*, organisations: int, seed: int, now: datetime, progress: Progress) -> bool:
    """Load the stages that are missing and return whether there were any; `progress(done, total, sentence)` is told.

    Organisations, seed and time count for a first load only. Raises Conflict outside demonstration mode and for a
    size below 50. Opens its own `acting`, one for each stage.
    """
    if not settings.DEMONSTRATION:
        raise Conflict("Invented organisations are loaded in demonstration mode only.", code="demonstration.mode")
    if organisations < SMALLEST:
        raise Conflict(
            _("A nation has at least %(smallest)s organisations.") % {"smallest": SMALLEST}, code="demonstration.size"
        )
    sipar = system()
    with acting(sipar, reason="load the demonstration"):
        markers = _markers()
        if not markers:
            _refuse_real_register()
            nation = shipped(settings.NATION)
            load_nation(sipar, nation)
            load_teams(sipar, nation)
            load_shipped(sipar, now=now)
        elif stage_teams.has_conflicts() and len(markers) >= len(STAGES):
            return False
        else:
            first = next(iter(markers.values()))
            organisations, seed, now = first["organisations"], first["seed"], datetime.fromisoformat(first["now"])
    nation = shipped(settings.NATION)
    words = recipe(settings.NATION)
    register = draw_register(nation, words, organisations=organisations, seed=seed)
    parameters = {"organisations": organisations, "seed": seed, "now": now.isoformat()}
    for number, (name, sentence, run) in enumerate(STAGES):
        progress(number, len(STAGES), sentence)
        ground = Ground(nation=nation, recipe=words, register=register, seed=seed, now=now)
        with transaction.atomic():
            if name in TOLD and name not in markers:
                run(ground)
            with acting(sipar, reason="load the demonstration"):
                if name in markers and (name != "conflicts" or stage_teams.has_conflicts()):
                    continue
                if name not in TOLD:
                    run(sipar, ground)
                if name not in markers:
                    BackgroundRun.objects.create(
                        account_id=sipar.account, kind=KIND, subject=name, state="done", result=parameters,
                        sentence=sentence, started_at=now, ended_at=now,
                    )  # fmt: skip
    progress(len(STAGES), len(STAGES), "Demonstration nation")
    return True


def _markers() -> dict[str, dict[str, Any]]:
    return dict(BackgroundRun.objects.filter(kind=KIND).order_by("pk").values_list("subject", "result"))


def _refuse_real_register() -> None:
    from sipar.orgs.models import Organisation

    if Organisation.objects.filter(is_fictional=False).exists():
        raise Conflict(
            "The register holds organisations already. The demonstration is loaded into an empty one only.",
            code="demonstration.register",
        )
