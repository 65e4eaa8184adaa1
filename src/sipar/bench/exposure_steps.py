"""What the exposure bench does inside the database and the lake: a nation's findings, and 30 days of observations."""

from __future__ import annotations

import hashlib
import os
import resource
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

ORGANISATIONS, FINDINGS, OBSERVATIONS, DAYS = 10_000, 1_000_000, 100_000_000, 30
SOURCE = "bench"
# How many observations the lake is given; smaller while developing.
ROWS = "SIPAR_BENCH_OBSERVATIONS"
BLOCK = 400_000

# The same places, owners and lives as `observations.a_day`: a place lives 20 of every 60 days. Half of those that
# ended lately were not in a complete report: they are stale. Sixty kinds, one of ten of them critical.
_FINDINGS = """
insert into notices_finding (key, organisation_id, team_id, kind, classification, severity, asset, shared, claim_id,
    source, cves, first_seen, last_seen, count, days, state, state_at, closed_by, reopened, evidence, priority, reasons,
    due_on)
select (lpad(to_hex(p), 16, '0') || repeat('0', 16))::uuid, owner, case when owner is null then %(team)s end,
    (array['accessible', 'open', 'vulnerable'])[1 + p %% 3] || '-' || (array['rdp', 'http', 'smb', 'telnet', 'ftp',
        'snmp', 'mysql', 'redis', 'docker', 'vnc', 'ssh', 'ldap', 'ipmi', 'mqtt', 'coap', 'tftp', 'ntp', 'sip',
        'rsync', 'smtp'])[1 + p / 3 %% 20],
    'vulnerable-system', (array[1, 2, 2, 3, 2, 1, 3, 2, 4, 0])[1 + p / 3 %% 10],
    '10.' || p / 65536 %% 256 || '.' || p / 256 %% 256 || '.' || p %% 256 || ':' || 1 + p %% 60000 || '/tcp', '', null,
    %(source)s, case when p %% 12 = 0 then array['CVE-2024-' || 1000 + p %% 5000] else '{}' end,
    d.began, d.seen, 100, 20, d.state, case when d.state = 'closed' then d.seen + interval '1 day' else d.began end,
    case when d.state = 'closed' then 'absent' else '' end, 0,
    jsonb_build_object('line', p, 'asn', 64500, 'tag', 'invented', 'banner', 'invented banner of a bench ' || p),
    (p * 2654435761 %% 1000) / 1000.0, '["severity"]', case when p %% 4 = 0 then current_date + (p %% 25)::int - 5 end
from (
    select p, case when o <= %(organisations)s then o end as owner, case when phase < 20 then 'open'
            when phase < 45 and p %% 2 = 0 then 'stale' else 'closed' end as state,
        %(now)s - make_interval(days => phase) as began,
        %(now)s - make_interval(days => greatest(phase - 19, 0)) as seen
    from (
        select p, (p * 104729) %% %(owners)s + 1 as o, ((p * 7919 + %(ordinal)s) %% 60)::int as phase
        from generate_series(0, %(findings)s::bigint - 1) p
    ) places
) d
"""


def load(_number: int) -> dict[str, Any]:
    """A nation of 10,000 organisations with a million findings, and how long counting them takes."""
    from django.utils import timezone

    from sipar.bench import measure, nation
    from sipar.bench.duties_steps import _admin
    from sipar.core import database
    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.notices.exposure_counting import count_exposure
    from sipar.teams.models import Team

    database.migrate()
    begun = time.perf_counter()
    nation.load(measure.superuser(), organisations=ORGANISATIONS, campaigns=0)
    now = timezone.now()
    with acting(system(), reason="look"):
        team = Team.objects.get(tier="national").pk
    with _admin() as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute(_FINDINGS, {
            "team": team, "source": SOURCE, "organisations": ORGANISATIONS, "owners": ORGANISATIONS * 11 // 10,
            "ordinal": now.date().toordinal(), "findings": FINDINGS, "now": now,
        })  # fmt: skip
        admin.execute("vacuum analyze")
        admin.execute("checkpoint")
    loaded = time.perf_counter()
    sipar = system()
    with acting(sipar, reason="count findings"):
        count_exposure(sipar, now=now)
    counted = time.perf_counter()
    with _admin() as admin:
        admin.execute("vacuum analyze notices_exposurecell, notices_exposurestanding")
    return {"seconds": loaded - begun, "count_s": counted - loaded}


def lake(_number: int) -> dict[str, Any]:
    """Thirty days of observations, each day one raw file, compacted as every night does."""
    from sipar.eventstore import lake as installed

    rows = int(os.environ.get(ROWS, OBSERVATIONS)) // DAYS
    today = datetime.now(UTC).date()
    store = installed()
    begun, cpu = time.perf_counter(), time.process_time()
    compacting = 0.0
    for back in range(DAYS):
        day = today - timedelta(days=back)
        raw = hashlib.sha256(day.isoformat().encode()).hexdigest()
        store.write(SOURCE, raw, (_block(day, part, min(BLOCK, rows - part), raw) for part in range(0, rows, BLOCK)))
        before = time.perf_counter()
        store.compact(day)
        compacting += time.perf_counter() - before
    store.sweep(older_than=0)
    size = sum(path.stat().st_size for path in store.paths(today - timedelta(days=DAYS), today))
    return {
        "rows": rows * DAYS, "seconds": time.perf_counter() - begun, "cpu_s": time.process_time() - cpu,
        "compact_s": compacting, "bytes": size, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def sign_in(_number: int) -> dict[str, Any]:
    """Sessions for the analyst, the organisation and the Council, and a finding of that organisation."""
    from sipar.bench import measure
    from sipar.config import installation
    from sipar.core.acting import acting
    from sipar.core.jobs import system
    from sipar.notices.models import Finding

    installation.collect_static_files(say=lambda _sentence: None)
    with acting(system(), reason="choose a finding to look at"):
        rows = Finding.objects.filter(organisation__identifier="BN-000001", state="open").order_by("first_seen")
        finding = rows.values_list("pk", flat=True)[0]
    return {
        "national": measure._session("analyst"),
        "organisation": measure._session("ciso"),
        "council": measure._session("council_member"),
        "finding": finding,
    }


def _block(day: date, part: int, rows: int, raw: str) -> Any:
    """Observations of one day with the keys of the findings that stand in the database."""
    import numpy as np
    import pyarrow as pa

    from sipar.bench.observations import KINDS, a_day

    table = a_day(
        day, population=FINDINGS, rows=rows, organisations=ORGANISATIONS, source=SOURCE, raw=raw, seed=part + 1
    )
    # The place again, from what `a_day` draws it with: its own draw is the first of its generator.
    generator = np.random.default_rng([part + 1, day.toordinal()])
    places = generator.integers(0, FINDINGS, 4 * rows)
    places = places[(places * 7919 + day.toordinal()) % 60 < 20][:rows]
    keys = np.zeros((rows, 2), dtype=">u8")
    keys[:, 0] = places
    hashes = np.random.default_rng([part, day.toordinal(), len(KINDS)]).bytes(16 * rows)
    columns = {
        "key": pa.Array.from_buffers(pa.binary(16), rows, [None, pa.py_buffer(keys.tobytes())]),
        "row": pa.Array.from_buffers(pa.binary(16), rows, [None, pa.py_buffer(hashes)]),
    }
    for name, column in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table
