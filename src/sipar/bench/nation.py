"""An invented nation of any size in a database of its own, loaded by COPY: what the benches measure with.

Every organisation, answer and score is made up from a seed; the same seed gives the same nation.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.conninfo import make_conninfo

from sipar.core.cluster import LocalCluster
from sipar.core.localdb import make_roles
from sipar.core.postgres_configuration import OWNER_ROLE, SUPERUSER_ROLE
from sipar.formats.catalogue import Catalogue
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, Levels
from sipar.posture.scoring import ScoringRules, score
from sipar.posture.targets import meets_target, shortfall, target_vector

REQUIREMENTS = 400
GROUPS = 8
TOP_LEVEL = 4
CAMPAIGNS = ("nation-2024", "nation-2025", "nation-2026")
FRAMEWORK = "bench-400"
PASSWORD = "only for a bench of a minute"  # noqa: S105 - an account of a throw-away database
ANSWERED_SHARE = 0.9
# The newest campaign must be open while the bench runs.
NOW = datetime.now(UTC).replace(microsecond=0)

type Ids = NDArray[np.int64]


@contextmanager
def cluster() -> Iterator[LocalCluster]:
    """A private cluster with the settings that `sipar up` gives it (durable, not the tests'), gone afterwards."""
    parent = Path(tempfile.mkdtemp(prefix="sipar-bench-", dir="/tmp"))
    parent.chmod(0o711 if os.geteuid() == 0 else 0o700)
    server = LocalCluster(parent / "postgres")
    # SIGTERM ends a bench like Ctrl-C, so that no server stays behind.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server.ensure_started()
        make_roles(server)
        yield server
    finally:
        server.stop()
        shutil.rmtree(parent, ignore_errors=True)
        signal.signal(signal.SIGTERM, before)


def make_database(server: LocalCluster, name: str, *, like: str = "template1") -> None:
    """A database in the cluster, owned by the role that migrates, open to the application: empty, or as another is."""
    with _superuser(server.connection_parameters(SUPERUSER_ROLE, "postgres")) as admin:
        admin.execute(f'create database "{name}" owner {OWNER_ROLE} template "{like}"')
        # What was written to make it is on disk before anything is measured.
        admin.execute("checkpoint")


def catalogue() -> Catalogue:
    """A synthetic framework: 400 requirements in 8 groups, levels 0 to 4, one target profile a tier."""
    words = ("Absent", "Begun", "Defined", "Managed", "Improving")
    size = REQUIREMENTS // GROUPS
    return Catalogue.model_validate(
        {
            "identifier": FRAMEWORK,
            "version": "1",
            "title": {"en": "Bench framework"},
            "scale": [
                {"level": level, "title": {"en": word}, "criterion": {"en": f"{word}."}}
                for level, word in enumerate(words)
            ],
            "scoring": {"method": "gated", "gate": 0.8},
            "groups": [{"id": f"G{number}", "title": {"en": f"Domain {number}"}} for number in range(1, GROUPS + 1)],
            "requirements": [
                {
                    "id": f"R{number:03d}",
                    "group": f"G{number // size + 1}",
                    "title": {"en": f"Requirement {number}"},
                    "statement": {"en": "An invented requirement."},
                    "weight": 1 + number % 3,
                }
                for number in range(REQUIREMENTS)
            ],
            "profiles": [
                {"id": f"tier-{tier}", "title": {"en": f"Tier {tier}"}, "default": level}
                for tier, level in ((1, 2), (2, 2), (3, 1), (4, 1))
            ],
        }
    )


def load(parameters: dict[str, str], *, organisations: int, campaigns: int, seed: int = 1) -> None:
    """Fill the database of Django's connection: reference tables, people, register, campaigns with answers.

    `parameters` connect the superuser to the same database: COPY is not for roles under row-level security, and an
    answer needs no ledger event here. Django must be set up for that database and its tables migrated.
    """
    framework, team = _load_reference()
    random = np.random.default_rng(seed)
    with _superuser(parameters) as admin:
        admin.execute("set session_replication_role = replica")
        ids, tiers = _copy_organisations(admin, random, organisations)
        for place in range(campaigns):
            _copy_campaign(admin, random, ids, tiers, place=place, framework=framework, team=team)
        admin.execute("set session_replication_role = origin")
        for table in ("orgs_organisation", "assessments_campaign", "assessments_assessment"):
            admin.execute(f"select setval(pg_get_serial_sequence('{table}', 'id'), (select max(id) from {table}))")  # noqa: S608
    _load_people(int(ids[0]), int(team))
    with _superuser(parameters) as admin:
        admin.execute("vacuum analyze")
        admin.execute("checkpoint")


def _load_reference() -> tuple[int, int]:
    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.frameworks.actions import load_catalogue, load_shipped
    from sipar.nations.profile import shipped
    from sipar.orgs.nation_actions import load_nation
    from sipar.teams.actions import load_teams
    from sipar.teams.models import Team

    sipar = system()
    with acting(sipar, reason="load the nation of a bench"):
        nation = shipped("pk")
        load_nation(sipar, nation)
        load_teams(sipar, nation)
        load_shipped(sipar, now=NOW)
        framework = load_catalogue(sipar, catalogue(), origin="shipped", now=NOW)
        return framework.pk, Team.objects.get(tier="national").pk


def _load_people(organisation: int, team: int) -> None:
    """Constituencies, one national analyst, one Council member, and one CISO of the first organisation."""
    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.people.models import Account, Grant
    from sipar.teams.actions import resolve_constituencies

    sipar = system()
    with acting(sipar, reason="open the accounts of a bench"):
        resolve_constituencies(sipar, now=NOW)
        people: dict[str, dict[str, Any]] = {
            "analyst": {"team_id": team},
            "council_member": {},
            "ciso": {"organisation_id": organisation},
        }
        for role, place in people.items():
            account = Account.objects.create_user(
                f"{role}@bench.example", PASSWORD, name=role, created_at=NOW - timedelta(days=400)
            )
            Grant.objects.create(account=account, role=role, valid_from=NOW - timedelta(days=400), **place)


def _copy_organisations(
    admin: psycopg.Connection[Any], random: np.random.Generator, organisations: int
) -> tuple[Ids, Ids]:
    sectors = _numbers(admin, "select id from orgs_sector where parent_id is null order by id")
    provinces = _numbers(admin, "select id from orgs_province order by id")
    ministries = _numbers(admin, "select id from orgs_ministry order by id")
    sector = random.choice(sectors, organisations, p=_falling(len(sectors)))
    province = random.choice(provinces, organisations, p=_falling(len(provinces)))
    ministry = random.choice(ministries, organisations)
    tier = random.choice([1, 2, 3, 4], organisations, p=[0.05, 0.1, 0.25, 0.6])
    size = random.choice(["micro", "small", "medium", "large"], organisations)
    ids = np.arange(1, organisations + 1)
    columns = (
        "id, identifier, name, name_ur, ownership, sector_id, province_id, ministry_id, tier, size,"
        " registration_number, website, is_fictional, is_active, law_facts"
    )
    rows = (
        (key, f"BN-{key:06d}", f"Invented organisation {key:06d}", "", "public" if key % 3 else "private",
         int(sector[place]), int(province[place]), int(ministry[place]), int(tier[place]), str(size[place]), "", "",
         True, True, "{}")
        for place, key in enumerate(ids.tolist())
    )  # fmt: skip
    _copy(admin, f"copy orgs_organisation ({columns}) from stdin", rows)
    return ids, tier


def _copy_campaign(
    admin: psycopg.Connection[Any],
    random: np.random.Generator,
    ids: Ids,
    tiers: Ids,
    *,
    place: int,
    framework: int,
    team: int,
) -> None:
    opens = NOW - timedelta(days=365 * (len(CAMPAIGNS) - 1 - place) + 60)
    admin.execute(
        "insert into assessments_campaign (id, code, name, purpose, framework_id, cohort, profiles, opens_at,"
        " closes_at, lead_team_id, previous_id, state, organisations, created_by_id, launched_at)"
        " values (%s, %s, %s, '{}', %s, %s, %s, %s, %s, %s, %s, %s, %s, 1, %s)",
        [
            place + 1, CAMPAIGNS[place], f'{{"en": "Assessment {CAMPAIGNS[place][-4:]}"}}', framework,
            '{"lead": false, "include": [{}]}', '{"1": "tier-1", "2": "tier-2", "3": "tier-3", "4": "tier-4"}', opens,
            opens + timedelta(days=120), team, place or None, "open" if place == len(CAMPAIGNS) - 1 else "closed",
            len(ids), opens,
        ],
    )  # fmt: skip
    from sipar.posture.scoring import rules_from

    rules = rules_from(catalogue())
    targets = np.stack([target_vector(profile, catalogue()) for profile in catalogue().profiles])
    columns = (
        "organisation_id, campaign_id, state, profile, levels, standing, version, submissions, answered,"
        " mean, floor, gaps, meets_target, saved_at, submitted_at, submitted_by_id, accepted_at"
    )
    with admin.cursor().copy(f"copy assessments_assessment ({columns}) from stdin (format binary)") as copy:
        copy.set_types(["int8", "int8", "varchar", "varchar", "bytea", "bytea", "int4", "int2", "int2", "float8",
                        "float8", "int2", "bool", "timestamptz", "timestamptz", "int8", "timestamptz"])  # fmt: skip
        for start in range(0, len(ids), 4_096):
            part = slice(start, start + 4_096)
            levels = invented_levels(random, len(ids[part]), lift=0.12 * place)
            for row in _assessments(
                random, ids[part], tiers[part], levels, rules, targets, campaign=place + 1, at=opens
            ):
                copy.write_row(row)


def _assessments(
    random: np.random.Generator,
    ids: Ids,
    tiers: Ids,
    levels: Levels,
    rules: ScoringRules,
    targets: Levels,
    *,
    campaign: int,
    at: datetime,
) -> Iterator[tuple[Any, ...]]:
    scores = score(levels, rules)
    asked = targets[tiers - 1]
    gaps = np.count_nonzero(shortfall(levels, asked), axis=1)
    meets = meets_target(levels, asked)
    answered = random.random(len(ids)) < ANSWERED_SHARE
    accepted = random.random(len(ids)) < 0.7
    for place, key in enumerate(ids.tolist()):
        profile = f"tier-{tiers[place]}"
        if not answered[place]:
            yield (key, campaign, "open", profile, None, None, 0, 0, 0, *[None] * 8)
            continue
        vector = levels[place].tobytes()
        yield (
            key, campaign, "accepted" if accepted[place] else "submitted", profile, vector, vector, 5, 1,
            int(scores.answered[place]), float(scores.mean[place]), float(scores.floor[place]), int(gaps[place]),
            bool(meets[place]), at, at + timedelta(days=20), 1, at + timedelta(days=40) if accepted[place] else None,
        )  # fmt: skip


def invented_levels(random: np.random.Generator, organisations: int, *, lift: float = 0.0) -> Levels:
    """uint8[organisations, 400]: each organisation has its own quality; some answers missing, some not applicable.

    A tenth of them are as good as any profile asks.
    """
    quality = random.beta(2.0, 3.0, organisations) + lift
    good = random.random(organisations) < 0.1
    noise = random.random((organisations, REQUIREMENTS), dtype=np.float32)
    levels = np.clip((quality[:, None] * 3.2 + noise * 1.6), 0, TOP_LEVEL).astype(np.uint8)
    levels[good] = np.maximum(levels[good], 2)
    fate = random.random((organisations, REQUIREMENTS), dtype=np.float32)
    levels[(fate < 0.05) & ~good[:, None]] = UNANSWERED
    levels[fate > 0.97] = NOT_APPLICABLE
    return levels


def _falling(count: int) -> NDArray[np.float64]:
    weights = 1.0 / (1.0 + 0.35 * np.arange(count))
    return np.asarray(weights / weights.sum())


def _numbers(admin: psycopg.Connection[Any], query: str) -> list[int]:
    return [row[0] for row in admin.execute(query).fetchall()]


def _copy(admin: psycopg.Connection[Any], statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with admin.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _superuser(parameters: dict[str, str]) -> psycopg.Connection[Any]:
    return psycopg.connect(make_conninfo(**parameters), autocommit=True)
