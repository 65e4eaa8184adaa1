"""The statements that bring a tally of observations into findings; `folded` is the tally as a temporary table."""

from __future__ import annotations

from typing import Final

LOCK: Final = 7_310_042

STAGE: Final = """
create temporary table folded (
    number bigint generated always as identity, organisation_id bigint, key uuid not null, team_id bigint, kind text,
    classification text, severity smallint, asset text, shared text, claim_id bigint, source text, cves varchar(30)[],
    first_seen timestamptz, last_seen timestamptz, count bigint, days integer[], evidence jsonb
) on commit drop
"""
COPY: Final = (
    "copy folded (organisation_id, key, team_id, kind, classification, severity, asset, shared, claim_id, source, cves,"
    " first_seen, last_seen, count, days, evidence) from stdin"
)
# Whether an owner is not, or no longer, in the register.
STRANGERS: Final = """
select exists (select from unnest(%(organisations)s::bigint[]) o where o not in (select id from orgs_organisation))
    or exists (select from unnest(%(teams)s::bigint[]) t where t not in (select id from teams_team))
"""

_DAY: Final = "floor(extract(epoch from {})/ 86400)::int"
_FIRST_DAY, _LAST_DAY = _DAY.format("f.first_seen"), _DAY.format("f.last_seen")
# The planner needs how many rows there are and that keys differ, not a hundred values of each column.
_ANALYZE: Final = "set local default_statistics_target = 1; analyze {}; reset default_statistics_target"
_BETWEEN: Final = f"d > {_FIRST_DAY} and d < {_LAST_DAY}"
# Which findings there are of these keys, at the same organisation or at another: looked up once for all that follows.
MATCH: Final = f"""
{_ANALYZE.format("folded (number, organisation_id, key)")};
create temporary table matched on commit drop as
select t.number, f.id as finding_id, f.organisation_id is not distinct from t.organisation_id as same,
    exists (select from unnest(t.days) d where {_BETWEEN}) as uncertain
from folded t join notices_finding f on f.key = t.key;
{_ANALYZE.format("matched")}
"""  # noqa: S608

_MATCHED: Final = "f.id = m.finding_id and m.same and m.number = t.number"
_OPEN: Final = "('open', 'stale', 'reopened')"
_SIGHT: Final = "({0}.last_seen, {0}.evidence->>'raw' collate \"C\", ({0}.evidence->>'line')::bigint)"
_LATER: Final = f"{_SIGHT.format('t')} >= {_SIGHT.format('f')}"
# What the latest sight says, and what a sight does to the state. A closed finding opens again only by what was seen
# after it was closed: reports that come late tell of earlier days.
_SEEN: Final = f"""
    team_id = case when {_LATER} then t.team_id else f.team_id end,
    classification = case when {_LATER} then t.classification else f.classification end,
    asset = case when {_LATER} then t.asset else f.asset end,
    shared = case when {_LATER} then t.shared else f.shared end,
    claim_id = case when {_LATER} then t.claim_id else f.claim_id end,
    source = case when {_LATER} then t.source else f.source end,
    evidence = case when {_LATER} then t.evidence else f.evidence end,
    severity = greatest(f.severity, t.severity),
    cves = case when f.cves @> t.cves then f.cves else
        (array(select distinct c from unnest(f.cves || t.cves) c order by c))[1:100] end,
    first_seen = least(f.first_seen, t.first_seen),
    last_seen = greatest(f.last_seen, t.last_seen),
    state = case when f.state = 'stale' and t.last_seen > f.last_seen then 'open'
        when f.state = 'closed' and t.last_seen > f.state_at then 'reopened' else f.state end,
    state_at = case when f.state = 'stale' and t.last_seen > f.last_seen then t.last_seen
        when f.state = 'closed' and t.last_seen > f.state_at then greatest(t.first_seen, f.state_at)
        else f.state_at end,
    closed_by = case when f.state = 'closed' and t.last_seen > f.state_at then '' else f.closed_by end,
    reopened = f.reopened + (f.state = 'closed' and t.last_seen > f.state_at)::int
"""  # noqa: S608

# Days that lie between what is known need the lake to say whether they were counted.
UNCERTAIN: Final = f"""
select t.organisation_id, t.key, d
from matched m join folded t on t.number = m.number join notices_finding f on f.id = m.finding_id
cross join unnest(t.days) d
where m.same and m.uncertain and {_BETWEEN}
"""  # noqa: S608
FORGET_DAYS: Final = """
update folded t set days = array(select d from unnest(t.days) d except select x.day from known x
    where x.key = t.key and x.organisation_id is not distinct from t.organisation_id)
from (select distinct organisation_id, key from known) k
where k.key = t.key and k.organisation_id is not distinct from t.organisation_id
"""

ADD: Final = f"""
update notices_finding f set count = f.count + t.count,
    days = f.days + (select count(*) from unnest(t.days) d where d <> {_FIRST_DAY} and d <> {_LAST_DAY})::int,
    {_SEEN}
from folded t, matched m where {_MATCHED}
"""  # noqa: S608
# Where part of a finding's history has left the lake, its numbers stand unless the lake knows more.
SET: Final = f"""
update notices_finding f set
    count = case when f.first_seen < %(oldest)s then greatest(f.count, t.count) else t.count end,
    days = case when f.first_seen < %(oldest)s then greatest(f.days, cardinality(t.days)) else cardinality(t.days) end,
    {_SEEN}
from folded t, matched m where {_MATCHED} and (
    f.first_seen > t.first_seen or f.last_seen < t.last_seen or f.severity < t.severity or not f.cves @> t.cves
    or f.state = 'closed' and t.last_seen > f.state_at
    or case when f.first_seen < %(oldest)s then f.count < t.count or f.days < cardinality(t.days)
        else f.count <> t.count or f.days <> cardinality(t.days) end
    or {_LATER} and (f.team_id, f.claim_id, f.asset, f.shared, f.source, f.evidence) is distinct from
        (t.team_id, t.claim_id, t.asset, t.shared, t.source, t.evidence)
)
"""  # noqa: S608
INSERT: Final = """
insert into notices_finding (key, organisation_id, team_id, kind, classification, severity, asset, shared, claim_id,
    source, cves, first_seen, last_seen, count, days, state, state_at, closed_by, reopened, evidence, reasons)
select t.key, t.organisation_id, t.team_id, t.kind, t.classification, t.severity, t.asset, t.shared, t.claim_id,
    t.source, t.cves, t.first_seen, t.last_seen, t.count, cardinality(t.days), 'open', t.first_seen, '', 0,
    t.evidence, '[]'
from folded t where not exists (select 1 from matched m where m.number = t.number and m.same)
"""

# Keys that two organisations have: one before these observations, or, where `several`, two of them within these.
TWICE: Final = """
create temporary table twice on commit drop as
select t.key from matched m join folded t on t.number = m.number where not m.same
union
select key from folded where %(several)s group by key having count(*) > 1
"""
# The same source sees it at another organisation on a later day than it last saw it here; what comes late counts too.
MOVED: Final = f"""
update notices_finding f set state = 'closed', closed_by = 'moved', state_at = t.first_seen
from (
    select key, source, organisation_id, first_seen from folded where key in (select key from twice)
    union all
    select key, source, organisation_id, first_seen from notices_finding where key in (select key from twice)
) t
where f.key = t.key and f.source = t.source and f.organisation_id is distinct from t.organisation_id
    and f.state in {_OPEN} and date_trunc('day', f.last_seen, 'UTC') < date_trunc('day', t.first_seen, 'UTC')
"""  # noqa: S608

# The reports that a finding would stand in are those of the type in which it was last seen.
_LAST_REPORT: Final = """
    join feeds_rawfile r on r.sha256 = f.evidence->>'raw'
    join feeds_batch own on own.raw_file_id = r.id
    join feeds_feed d on d.id = own.feed_id and d.code = f.source
"""
ABSENT: Final = f"""
update notices_finding f set state = 'closed', closed_by = 'absent', state_at = %(moment)s
from (
    select f.id from notices_finding f {_LAST_REPORT}
    where f.source = %(source)s and own.report_type = %(report)s and f.last_seen < %(begins)s
        and (f.state in {_OPEN} or f.state = 'closed' and f.closed_by = 'absent' and f.state_at > %(moment)s)
        and not exists (
            select 1 from folded t where t.key = f.key and t.organisation_id is not distinct from f.organisation_id
        )
) gone
where gone.id = f.id
"""  # noqa: S608
ABSENT_SINCE: Final = f"""
with whole as (
    select feed_id, report_type, coalesce(first_day, (received_at at time zone 'UTC')::date) as day
    from feeds_batch where complete and state = 'done'
)
update notices_finding f set state = 'closed', closed_by = 'absent', state_at = least(gone.moment, %(now)s)
from (
    select f.id, (min(b.day) + interval '1 day') at time zone 'UTC' as moment
    from notices_finding f {_LAST_REPORT}
    join whole b on b.feed_id = own.feed_id and b.report_type = own.report_type
        and b.day > (f.last_seen at time zone 'UTC')::date
    where f.state in {_OPEN}
    group by f.id
) gone
where gone.id = f.id
"""  # noqa: S608

STALE: Final = """
update notices_finding set state = 'stale', state_at = %(now)s
where state in ('open', 'reopened') and last_seen < %(before)s
"""
OLD: Final = f"""
update notices_finding set state = 'closed', closed_by = 'old', state_at = %(now)s
where state in {_OPEN} and last_seen < %(before)s
"""  # noqa: S608
