"""What the duties bench does inside the database: cases and clocks by bulk SQL, and claiming what falls due."""

from __future__ import annotations

import statistics
import time
from typing import Any

ORGANISATIONS, INCIDENTS = 10_000, 100_000
OPEN_SHARE = 30
FEW, MANY, DUE = 10_000, 1_000_000, 6_000
BATCHES = 9

# Two years of cases, so many per cent of them open, in the states, severities and places of a nation.
_INCIDENTS = """
insert into incidents_incident (number, organisation_id, state, title, door, facts, estimates, lead_team_id, viewers,
    tlp, pap, rsit_class, rsit_type, severity_score, severity_level, eu_scale, outlook, sector_id, province_id, tier,
    opened_by_id, opened_at, reported_at, closing_summary)
select 'BN-' || lpad(n::text, 8, '0'), o.id,
    case when n %% 100 >= %(open)s then 'closed'
        else (array['reported', 'open', 'open', 'open', 'contained', 'resolved'])[1 + n %% 6] end,
    'Invented case ' || n, 'web', '{}', '[]', t.id, array[t.id], 'amber', 'amber', '', '', (n %% 101)::float,
    (array['', 'baseline-negligible', 'baseline-minor', 'low', 'medium', 'high', 'severe', 'emergency']
    )[1 + n / 7 %% 8], '', (array['', 'stable', 'worsening', 'improving'])[1 + n / 11 %% 4],
    o.sector_id, o.province_id, o.tier, 1,
    now() - make_interval(mins => (n * 7919::bigint %% 1051200)::int),
    now() - make_interval(mins => (n * 7919::bigint %% 1051200)::int), ''
from generate_series(1, %(number)s) n
join orgs_organisation o on o.id = 1 + (n * 104729::bigint) %% %(organisations)s
cross join lateral (
    select coalesce(min(m.team_id), (select id from teams_team where tier = 'national')) as id
    from teams_membership m where m.organisation_id = o.id and m.lead
) t
"""
# Clocks `first` to `last`, a stage for each hundred thousand. Those below `due_until` are due: half of them in their
# last quarter, half of them late. Four of five are asked by law, of people whom Sipar reminds; the others by CERTs.
_DUTIES = """
insert into obligations_duty (kind, incident_id, organisation_id, team_id, code, stage, "to", cite, state, clock,
    anchor, anchor_at, due_at, next_at, step, opened_at)
select case when d.law then 'statutory' else 'service' end, i.id, i.organisation_id,
    case when not d.law then i.lead_team_id end, case when d.law then 'bench' else 'case' end, 'stage-' || d.stage,
    '[]', '', 'running', 'running', '', d.due_at - interval '5 days', d.due_at,
    case when d.due_at <= now() then d.due_at else d.due_at - interval '30 hours' end,
    case when d.due_at <= now() then 2 else 0 end, d.due_at - interval '5 days'
from (
    select n, n %% 5 <> 0 as law, n / %(incidents)s as stage, now() + case
        when n >= %(due_until)s then make_interval(hours => (48 + n %% 720)::int)
        when n %% 2 = 0 then interval '1 day' else interval '-6 hours' end as due_at
    from generate_series(%(first)s::bigint, %(last)s::bigint - 1) n
) d join incidents_incident i on i.id = %(lowest)s + d.n %% %(incidents)s
"""


_ACCOUNTS = """
insert into people_account (email, name, password, language, is_active, is_system, is_demonstration, created_at)
select 'ciso' || o.id || '@bench.example', 'CISO', '!', 'en', true, false, false, now() from orgs_organisation o
"""
_GRANTS = """
insert into people_grant (account_id, role, organisation_id, valid_from)
select a.id, 'ciso', substring(a.email from '^ciso([0-9]+)@')::bigint, now() - interval '1 day'
from people_account a where a.email ~ '^ciso[0-9]+@bench'
"""


def load(_number: int) -> dict[str, Any]:
    """A nation with 100,000 cases, somebody to remind in every organisation, and the few clocks."""
    from sipar.bench import measure, nation
    from sipar.core import database

    database.migrate()
    begun = time.perf_counter()
    nation.load(measure.superuser(), organisations=ORGANISATIONS, campaigns=0)
    _run([(_ACCOUNTS, {}), (_GRANTS, {})])
    _run([(_INCIDENTS, {"open": OPEN_SHARE, "number": INCIDENTS, "organisations": ORGANISATIONS})])
    _add(0, DUE + FEW)
    return {"seconds": time.perf_counter() - begun}


def add(_number: int) -> dict[str, Any]:
    """The many clocks that are not due, and as many due ones as before."""
    begun = time.perf_counter()
    first = DUE + FEW
    _add(first, first + DUE + MANY - FEW)
    return {"seconds": time.perf_counter() - begun}


def claim(_number: int) -> dict[str, Any]:
    """Milliseconds of one batch of 500, commit and ledger included: the median, and the worst."""
    from django.db import connection

    from sipar.core.acting import acting, doing
    from sipar.core.jobs import system
    from sipar.obligations.scan import BATCH
    from sipar.obligations.scan import claim as claim_batch

    sipar = system()
    spent = []
    for _ in range(BATCHES + 1):
        begun = time.perf_counter()
        with acting(sipar, reason="scan of deadlines"), doing("duty.scan"):
            claimed = claim_batch()
        spent.append((time.perf_counter() - begun) * 1000)
        if claimed.duties != BATCH:
            raise RuntimeError(f"a batch claimed {claimed.duties} duties")
    with acting(sipar, reason="count"), connection.cursor() as cursor:
        cursor.execute("select count(*) from obligations_duty where state = 'running' and next_at > now()")
        (waiting,) = cursor.fetchone()
    # The first batch opens the connection and plans the statement.
    return {"median_ms": statistics.median(spent[1:]), "worst_ms": max(spent[1:]), "waiting": waiting}


def _add(first: int, last: int) -> None:
    """Clocks `first` to `last`; the first `DUE` of them are due."""
    with _admin() as admin:
        (lowest,) = admin.execute("select min(id) from incidents_incident").fetchone() or (0,)
    values = {
        "first": first, "last": last, "due_until": first + DUE, "incidents": INCIDENTS, "lowest": lowest,
    }  # fmt: skip
    _run([(_DUTIES, values)])


def _run(statements: list[tuple[str, dict[str, Any]]]) -> None:
    """As the superuser and without triggers: what is invented needs no event in the ledger."""
    with _admin() as admin:
        admin.execute("set session_replication_role = replica")
        for statement, values in statements:
            admin.execute(statement, values)
        admin.execute("vacuum analyze")
        admin.execute("checkpoint")


def _admin() -> Any:
    import psycopg
    from psycopg.conninfo import make_conninfo

    from sipar.bench import measure

    return psycopg.connect(make_conninfo(**measure.superuser()), autocommit=True)
