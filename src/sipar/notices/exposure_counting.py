"""Counting the findings for the pages."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from sipar.core.acting import Actor
from sipar.notices.exposure_models import ExposureCount
from sipar.notices.policy import require_system

DAYS = 90

# Not seen lately is still open: nothing says that it was repaired. A repair is what a complete report no longer
# holds, or what somebody fixed and nobody saw again; other endings say nothing about speed.
_COUNT = """
with seen as (
    select f.organisation_id, case when f.organisation_id is null then f.team_id end as team_id, f.kind, f.severity,
        f.state, f.first_seen, f.first_seen > %(since)s as lately,
        f.state = 'closed' and f.state_at > %(since)s as ended,
        f.state = 'closed' and f.state_at > %(since)s and f.closed_by in ('absent', 'fixed') as repaired,
        greatest(extract(day from %(now)s - f.first_seen)::int, 0) as age,
        greatest(extract(day from %(now)s - f.state_at)::int, 0) as ended_ago,
        greatest(extract(day from f.state_at - f.first_seen)::int, 0) as took,
        extract(epoch from f.state_at - f.first_seen) / 86400 as took_exactly
    from notices_finding f
), cells as materialized (
    select organisation_id, team_id, kind, severity,
        count(*) filter (where state <> 'closed') as live,
        count(*) filter (where state = 'stale') as stale,
        count(*) filter (where state <> 'closed' and first_seen > %(yesterday)s) as fresh,
        min(first_seen) filter (where state <> 'closed') as oldest,
        count(*) filter (where ended) as ends,
        coalesce(string_agg(set_byte('\\x00', 0, age), ''::bytea) filter (where lately), '') as opened,
        coalesce(string_agg(set_byte('\\x00', 0, ended_ago), ''::bytea) filter (where ended), '') as ended,
        coalesce(string_agg(set_byte('\\x00', 0, least(took, 255)), ''::bytea) filter (where repaired), '') as repairs
    from seen group by 1, 2, 3, 4
), medians as (
    select organisation_id, percentile_cont(0.5) within group (order by took_exactly) as days, count(*) as repairs
    from seen where repaired and organisation_id is not null group by 1
), standings as (
    insert into notices_exposurestanding
        (organisation_id, live, by_severity, fresh, ended, repairs, repair_days, oldest_at)
    select c.organisation_id, sum(c.live), array[
            sum(case c.severity when 0 then c.live else 0 end)::int,
            sum(case c.severity when 1 then c.live else 0 end)::int,
            sum(case c.severity when 2 then c.live else 0 end)::int,
            sum(case c.severity when 3 then c.live else 0 end)::int,
            sum(case c.severity when 4 then c.live else 0 end)::int],
        sum(c.fresh), sum(c.ends), coalesce(max(m.repairs), 0), max(m.days), min(c.oldest)
    from cells c left join medians m on m.organisation_id = c.organisation_id
    where c.organisation_id is not null group by c.organisation_id
), placed as (
    select c.*, o.sector_id, o.province_id from cells c left join orgs_organisation o on o.id = c.organisation_id
), owned as (
    select null::bigint as of_team, p.* from placed p
    union all
    select m.team_id, p.* from placed p join teams_membership m on m.organisation_id = p.organisation_id
    union all
    select p.team_id, p.* from placed p where p.organisation_id is null and p.team_id is not null
)
insert into notices_exposurecell
    (team_id, sector_id, province_id, kind, severity, live, stale, fresh, opened, ended, repairs)
select of_team, sector_id, province_id, kind, severity, sum(live), sum(stale), sum(fresh),
    string_agg(opened, ''::bytea), string_agg(ended, ''::bytea), string_agg(repairs, ''::bytea)
from owned group by 1, 2, 3, 4, 5
"""


def count_exposure(actor: Actor, *, now: datetime) -> None:
    """Count all findings anew, in the caller's transaction, which must be Sipar's own; two at once wait."""
    require_system(actor)
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('notices.exposure'))")
        cursor.execute("delete from notices_exposurecell")
        cursor.execute("delete from notices_exposurestanding")
        cursor.execute(_COUNT, {"now": now, "since": now - timedelta(days=DAYS), "yesterday": now - timedelta(days=1)})
        ExposureCount.objects.all().delete()
        ExposureCount.objects.create(counted_at=now)
