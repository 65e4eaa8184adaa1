"""The statements that bring matches from the temporary table `staged_match` into the tables that people read."""

from __future__ import annotations

from typing import Final

import polars as pl

COMPONENTS: Final = (
    "select id, key, part, version from vulnerabilities_component"
    " where removed_at is null and key <> ''"
    " and (%(organisation)s::bigint is null or organisation_id = %(organisation)s)"
)
COMPONENT_COLUMNS: Final = pl.Schema({
    "component": pl.Int64, "key": pl.String, "part": pl.String, "version": pl.String,
})  # fmt: skip

CREATE: Final = """
create temporary table staged_match (component bigint, cve text, verdict text, why jsonb) on commit drop
"""
CREATE_UNSURE: Final = """
create temporary table staged_unsure (component bigint primary key, reason text, cves integer) on commit drop
"""
_OURS: Final = "(%(organisation)s::bigint is null or {}.organisation_id = %(organisation)s)"

UNSURE: Final = f"""
update vulnerabilities_component c set unsure = coalesce(s.reason, ''), unsure_cves = coalesce(s.cves, 0)
from vulnerabilities_component o left join staged_unsure s on s.component = o.id
where o.id = c.id and {_OURS.format("c")}
    and (c.unsure, c.unsure_cves) is distinct from (coalesce(s.reason, ''), coalesce(s.cves, 0))
"""  # noqa: S608
ADD: Final = """
insert into vulnerabilities_match (organisation_id, component_id, vulnerability_id, state, why, verdict, found_at,
    changed_at)
select c.organisation_id, c.id, v.id, 'open', s.why, s.verdict, %(now)s, %(now)s
from staged_match s
join vulnerabilities_component c on c.id = s.component
join vulnerabilities_vulnerability v on v.cve = s.cve and v.state <> 'rejected'
on conflict (component_id, vulnerability_id) do update set
    why = excluded.why, verdict = excluded.verdict,
    state = case when vulnerabilities_match.state = 'gone' then 'open' else vulnerabilities_match.state end,
    changed_at = case when vulnerabilities_match.state = 'gone' then excluded.changed_at
        else vulnerabilities_match.changed_at end
where vulnerabilities_match.state = 'gone'
    or (vulnerabilities_match.why, vulnerabilities_match.verdict) is distinct from (excluded.why, excluded.verdict)
"""
GONE: Final = f"""
update vulnerabilities_match m set state = 'gone', changed_at = %(now)s
where m.state <> 'gone' and {_OURS.format("m")} and not exists (
    select 1 from staged_match s join vulnerabilities_vulnerability v on v.cve = s.cve and v.state <> 'rejected'
    where s.component = m.component_id and v.id = m.vulnerability_id)
"""  # noqa: S608

# A person's dismissal before the vendor's word; the narrowest and newest of several.
_DISMISSED: Final = f"""
select m.id, (
    select d.id from vulnerabilities_dismissal d
    where d.cve = v.cve and d.ended_at is null and d.until >= %(today)s and (
        d.scope = 'component' and d.component_id = m.component_id
        or d.scope = 'product' and d.organisation_id = m.organisation_id and d.key = c.key
        or d.scope = 'nation' and d.key = c.key)
    order by d.scope = 'component' desc, d.scope = 'product' desc, d.id desc limit 1
) as dismissal
from vulnerabilities_match m
join vulnerabilities_component c on c.id = m.component_id
join vulnerabilities_vulnerability v on v.id = m.vulnerability_id
where m.state <> 'gone' and {_OURS.format("m")}
"""  # noqa: S608
DISMISS: Final = f"""
update vulnerabilities_match m set dismissal_id = s.dismissal, changed_at = %(now)s,
    state = case when s.dismissal is not null or m.verdict in ('not_affected', 'fixed') then 'dismissed' else 'open' end
from ({_DISMISSED}) s
where s.id = m.id and (m.dismissal_id, m.state) is distinct from (s.dismissal,
    case when s.dismissal is not null or m.verdict in ('not_affected', 'fixed') then 'dismissed' else 'open' end)
"""  # noqa: S608

# One finding for each component that anything affects; its key is that of the component.
FINDINGS: Final = f"""
create temporary table staged_finding on commit drop as
select m.organisation_id, md5('vulnerable-product|' || m.component_id)::uuid as key,
    left(trim(case when c.vendor <> '' and c.name not ilike c.vendor || '%%' then c.vendor || ' ' else '' end
        || c.name || ' ' || c.version) || ' (' || i.name || ')', 400) as asset,
    (array_agg(v.cve order by v.kev_added is null, v.epss desc nulls last, v.cvss desc nulls last, v.cve))[1:100]
        as cves,
    count(*) as count, min(m.found_at) as first_seen,
    max(case when v.kev_added is not null or v.cvss >= 9 then 4 when v.cvss >= 7 then 3 when v.cvss >= 4 then 2
        else 1 end) as severity,
    jsonb_build_object('component', m.component_id, 'product', c.key, 'version', c.version, 'inventory', i.name,
        'known_exploited', count(*) filter (where v.kev_added is not null)) as evidence
from vulnerabilities_match m
join vulnerabilities_component c on c.id = m.component_id
join vulnerabilities_inventory i on i.id = c.inventory_id
join vulnerabilities_vulnerability v on v.id = m.vulnerability_id
where m.state = 'open' and {_OURS.format("m")}
group by m.organisation_id, m.component_id, c.vendor, c.name, c.version, c.key, i.name
"""  # noqa: S608
FINDING_SEEN: Final = """
update notices_finding f set asset = s.asset, cves = s.cves, count = s.count, severity = s.severity,
    evidence = s.evidence, last_seen = %(now)s,
    state = case f.state when 'closed' then 'reopened' when 'stale' then 'open' else f.state end,
    state_at = case when f.state in ('closed', 'stale') then %(now)s else f.state_at end,
    reopened = f.reopened + (f.state = 'closed')::int, closed_by = ''
from staged_finding s
where f.organisation_id = s.organisation_id and f.key = s.key
"""
FINDING_ADD: Final = """
insert into notices_finding (key, organisation_id, kind, classification, severity, asset, shared, source, cves,
    first_seen, last_seen, count, days, state, state_at, closed_by, reopened, evidence, reasons)
select s.key, s.organisation_id, 'vulnerable-product', 'vulnerable-system', s.severity, s.asset, '', 'inventory',
    s.cves, s.first_seen, %(now)s, s.count, 1, 'open', %(now)s, '', 0, s.evidence, '[]'
from staged_finding s
where not exists (select 1 from notices_finding f where f.organisation_id = s.organisation_id and f.key = s.key)
"""
FINDING_CLOSE: Final = f"""
update notices_finding f set state = 'closed', closed_by = 'absent', state_at = %(now)s
where f.source = 'inventory' and f.kind = 'vulnerable-product' and f.state <> 'closed' and {_OURS.format("f")}
    and not exists (select 1 from staged_finding s where s.organisation_id = f.organisation_id and s.key = f.key)
"""  # noqa: S608
