"""One step of the posture bench, in a process of its own: `python -m sipar.bench.measure STEP DATABASE [NUMBER]`.

SIPAR_VAR names the folder of the cluster. Prints one JSON object. Every measured read runs as the application's role
with row-level security on, as the national analyst.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import django
import numpy as np
import psycopg
from psycopg.conninfo import make_conninfo

REPEATS = 5
CAMPAIGN = 3
GROUP_BY = """
    select o.sector_id, o.province_id, b.requirement, b.level, count(*)
    from bench_answer b join orgs_organisation o on o.id = b.organisation_id
    group by 1, 2, 3, 4
"""


def main(step: str, database: str, number: int) -> dict[str, Any]:
    os.environ["DJANGO_SETTINGS_MODULE"] = "sipar.config.settings"
    django.setup()
    from django.conf import settings

    for entry in settings.DATABASES.values():
        entry["NAME"] = database
    return STEPS[step](number)


def load(organisations: int) -> dict[str, Any]:
    """Migrate the database and fill it: three campaigns up to 10,000 organisations, one campaign above."""
    from sipar.bench import nation
    from sipar.core import database

    database.migrate()
    begun = time.perf_counter()
    nation.load(superuser(), organisations=organisations, campaigns=1 if organisations > 10_000 else 3)
    return {"seconds": time.perf_counter() - begun}


def prepare(_number: int) -> dict[str, Any]:
    """Migrate a database and load what every installation has."""
    from sipar.config import installation

    installation.bring_up_to_date(say=lambda _sentence: None)
    return {}


def rollup(_number: int) -> dict[str, Any]:
    """Sector x province x requirement of the newest campaign, from the database each time."""
    seconds = _timed(lambda: _cube())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": statistics.median(seconds), "slowest": max(seconds), "mb": peak}


def versus_sql(_number: int) -> dict[str, Any]:
    """The same numbers by GROUP BY over one row per answer, in the same PostgreSQL, and whether they are the same."""
    ours = statistics.median(_timed(lambda: _cube()))
    pairs, cube = _cube()
    with psycopg.connect(make_conninfo(**superuser()), autocommit=True) as admin:
        # Without row-level security and without the campaign's number in the row: all in the peer's favour.
        admin.execute(
            "create unlogged table bench_answer (organisation_id bigint, requirement smallint, level smallint)"
        )
        admin.execute(
            "insert into bench_answer select a.organisation_id, place, get_byte(a.standing, place)"
            " from assessments_assessment a cross join generate_series(0, octet_length(a.standing) - 1) place"
            " where a.campaign_id = (select max(id) from assessments_campaign) and a.standing is not null"
        )
        admin.execute("vacuum analyze bench_answer")
        peer = []
        for _ in range(2):
            begun = time.perf_counter()
            rows = admin.execute(GROUP_BY).fetchall()
            peer.append(time.perf_counter() - begun)
        counted = np.zeros_like(cube.counts)
        places = {pair: index for index, pair in enumerate(pairs)}
        top = cube.top_level
        for sector, province, requirement, level, count in rows:
            state = level if level <= top else {254: top + 1, 255: top + 2}[level]
            counted[places[sector, province], requirement, state] = count
        admin.execute("drop table bench_answer")
    return {"ours": ours, "peer": min(peer), "identical": bool(np.array_equal(counted, cube.counts))}


def launch(organisations: int) -> dict[str, Any]:
    from sipar.assessments import campaign_bench

    return dict(campaign_bench.run(organisations))


def register_import(rows: int) -> dict[str, Any]:
    from sipar.orgs import import_bench

    return dict(import_bench.run(rows))


def sign_in(_number: int) -> dict[str, Any]:
    """Static files where the server looks for them, and one session for the analyst and one for the organisation."""
    from sipar.config import installation

    installation.collect_static_files(say=lambda _sentence: None)
    return {"national": _session("analyst"), "organisation": _session("ciso"), "identifier": "BN-000001"}


def duties_load(number: int) -> dict[str, Any]:
    from sipar.bench import duties_steps

    return duties_steps.load(number)


def duties_add(number: int) -> dict[str, Any]:
    from sipar.bench import duties_steps

    return duties_steps.add(number)


def duties_claim(number: int) -> dict[str, Any]:
    from sipar.bench import duties_steps

    return duties_steps.claim(number)


def _session(role: str) -> str:
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from sipar.people.models import Account

    account = Account.objects.get(email=f"{role}@bench.example")
    if not Authenticator.objects.filter(user=account).exists():
        TOTP.activate(account, generate_totp_secret())
    session = SessionStore()
    session[SESSION_KEY] = str(account.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time(), "email": account.email},
        {"method": "mfa", "at": time.time(), "type": "totp"},
    ]
    session["account_authentication_methods_user"] = str(account.pk)
    session.create()
    return str(session.session_key)


def _cube() -> Any:
    """The roll-up as the board reads it, in a transaction of its own."""
    from django.utils import timezone

    from sipar.assessments.models import Campaign
    from sipar.board import reading, rollup
    from sipar.core.acting import acting
    from sipar.frameworks.selectors import loaded
    from sipar.people.models import Account
    from sipar.people.selectors import actor_of

    analyst = actor_of(Account.objects.get(email="analyst@bench.example"), now=timezone.now(), verified=True)
    with acting(analyst, reason="bench"):
        campaign = Campaign.objects.order_by("-id")[0]
        classes = reading.classes_seen(campaign.pk, reading.Scope())
        return rollup.sector_province(classes, loaded(campaign.framework_id))


def _timed(work: Callable[[], object]) -> list[float]:
    """Seconds of each repeat, after one that only opens the connection and loads the framework."""
    work()
    seconds = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return seconds


def superuser() -> dict[str, str]:
    """How the superuser connects to the database of this step."""
    from django.db import connection

    from sipar.core import localdb
    from sipar.core.postgres_configuration import SUPERUSER_ROLE

    cluster = localdb.cluster_of(os.environ)
    assert cluster is not None, "a bench never touches another server"
    return cluster.connection_parameters(SUPERUSER_ROLE, str(connection.settings_dict["NAME"]))


def intake_people(number: int) -> dict[str, Any]:
    from sipar.bench import intake_steps

    return intake_steps.people(number)


def intake_arrived(number: int) -> dict[str, Any]:
    from sipar.bench import intake_steps

    return intake_steps.arrived(number)


def exposure_load(number: int) -> dict[str, Any]:
    from sipar.bench import exposure_steps

    return exposure_steps.load(number)


def exposure_lake(number: int) -> dict[str, Any]:
    from sipar.bench import exposure_steps

    return exposure_steps.lake(number)


def exposure_sign_in(number: int) -> dict[str, Any]:
    from sipar.bench import exposure_steps

    return exposure_steps.sign_in(number)


def _of_findings(step: str) -> Callable[[int], dict[str, Any]]:
    def run(number: int) -> dict[str, Any]:
        from sipar.bench import findings_steps

        found: dict[str, Any] = getattr(findings_steps, step)(number)
        return found

    return run


def ingest_prepare(number: int) -> dict[str, Any]:
    from sipar.bench import ingest_steps

    return ingest_steps.prepare(number)


def ingest_take(rows: int) -> dict[str, Any]:
    from sipar.bench import ingest_steps

    return ingest_steps.take(rows)


def risk_load(number: int) -> dict[str, Any]:
    from sipar.bench import risk_pages_steps

    return risk_pages_steps.load(number)


def risk_sign_in(number: int) -> dict[str, Any]:
    from sipar.bench import risk_pages_steps

    return risk_pages_steps.sign_in(number)


STEPS: dict[str, Callable[[int], dict[str, Any]]] = {
    "load": load,
    "prepare": prepare,
    "rollup": rollup,
    "versus_sql": versus_sql,
    "launch": launch,
    "import": register_import,
    "sign_in": sign_in,
    "intake_people": intake_people,
    "intake_arrived": intake_arrived,
    "duties_load": duties_load,
    "duties_add": duties_add,
    "duties_claim": duties_claim,
    **{f"findings_{step}": _of_findings(step) for step in ("load", "fill", "fold", "dry_run")},
    "exposure_load": exposure_load,
    "exposure_lake": exposure_lake,
    "exposure_sign_in": exposure_sign_in,
    "risk_load": risk_load,
    "risk_sign_in": risk_sign_in,
    "ingest_prepare": ingest_prepare,
    "ingest_take": ingest_take,
}

if __name__ == "__main__":
    found = main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    sys.stdout.write(json.dumps(found) + "\n")
