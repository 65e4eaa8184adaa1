-- Who acts, what they may see and write, and how every write is recorded.
-- What policies ask at every statement is plpgsql, whose plans last as long as the session.
-- Functions that must look past row-level security belong to sipar_definer, which can only read the few tables
-- that say who is who and who has a case, only insert ledger events, and only change who has a case. It cannot log in.
create schema if not exists guard;
grant usage on schema guard to sipar_app, sipar_definer;
grant create on schema guard to sipar_definer;
grant usage on schema public to sipar_app, sipar_definer;

create or replace function guard.actor() returns bigint language sql stable parallel safe
as $$ select nullif(current_setting('sipar.actor', true), '')::bigint $$;

-- From here to the reset, functions belong to the definer, who alone may replace them.
set local role sipar_definer;

-- The grants that hold now. Time-boxed engagements and roles end by themselves.
create or replace function guard.grants()
returns setof people_grant language plpgsql stable security definer
set search_path = pg_catalog, public
as $$
begin
    return query
    select * from people_grant
    where account_id = guard.actor() and valid_from <= now() and (valid_until is null or valid_until > now());
end
$$;

create or replace function guard.holds(variadic roles text[])
returns boolean language plpgsql stable security definer
set search_path = pg_catalog, public
as $$
begin
    return exists (select 1 from guard.grants() g where g.role = any (roles));
end
$$;

create or replace function guard.is_system()
returns boolean language plpgsql stable security definer
set search_path = pg_catalog, public
as $$
begin
    return exists (select 1 from people_account where id = guard.actor() and is_system);
end
$$;

create or replace function guard.sees_all()
returns boolean language plpgsql stable security definer
set search_path = pg_catalog, public
as $$
begin
    return guard.is_system() or exists (
        select 1 from guard.grants() g join teams_team t on t.id = g.team_id
        where g.role in ('analyst', 'duty_officer', 'team_head') and t.covers_all
    );
end
$$;

create or replace function guard.heads_nation()
returns boolean language plpgsql stable security definer
set search_path = pg_catalog, public
as $$
begin
    return exists (
        select 1 from guard.grants() g join teams_team t on t.id = g.team_id where g.role = 'team_head' and t.covers_all
    );
end
$$;

create or replace function guard.writes_all()
returns boolean language plpgsql stable security definer
set search_path = pg_catalog, public
as $$
begin
    return guard.sees_all();
end
$$;

-- The organisations that the actor works for, and the CERTs whose staff they are.
create or replace function guard.own()
returns setof bigint language plpgsql stable security definer
set search_path = pg_catalog, public
as $$
begin
    return query
    select g.organisation_id from guard.grants() g
    where g.organisation_id is not null and g.role in ('reporter', 'ciso', 'head');
end
$$;

create or replace function guard.desks()
returns bigint[] language plpgsql stable security definer
set search_path = pg_catalog, public
as $$
begin
    return (select coalesce(array_agg(g.team_id), '{}') from guard.grants() g
    where g.team_id is not null and g.role in ('analyst', 'duty_officer', 'team_head'));
end
$$;

-- Whose exposure the actor sees: the organisations they work for and those of their CERTs' constituencies.
create or replace function guard.watched()
returns setof bigint language plpgsql stable security definer
set search_path = pg_catalog, public
as $$
begin
    return query
    select guard.own()
    union
    -- Asked once: outside a query of its own it would be asked again for each membership.
    select m.organisation_id from teams_membership m where m.team_id = any ((select guard.desks())::bigint[]);
end
$$;

-- Besides, consultants and auditors write within what they are engaged for.
create or replace function guard.writable()
returns setof bigint language plpgsql stable security definer
set search_path = pg_catalog, public
as $$
begin
    return query
    select guard.watched()
    union
    select s.organisation_id from assessments_engagementscope s join assessments_engagement e on e.id = s.engagement_id
        where e.account_id = guard.actor() and e.valid_from <= now() and e.valid_until > now() and e.ended_at is null
            and guard.holds('consultant', 'auditor');
end
$$;

-- And officers of a ministry see its organisations.
create or replace function guard.visible()
returns setof bigint language plpgsql stable security definer
set search_path = pg_catalog, public
as $$
begin
    return query
    select guard.writable()
    union
    select o.id from guard.grants() g join orgs_organisation o on o.ministry_id = g.ministry_id
        where g.role = 'ministry_officer';
end
$$;

create or replace function guard.teams()
returns setof bigint language plpgsql stable security definer
set search_path = pg_catalog, public
as $$
begin
    return query
    select g.team_id from guard.grants() g where g.team_id is not null;
end
$$;

create or replace function guard.ministries()
returns setof bigint language plpgsql stable security definer
set search_path = pg_catalog, public
as $$
begin
    return query
    select g.ministry_id from guard.grants() g where g.ministry_id is not null;
end
$$;

-- Cases that this person broke the glass for, while it lasts.
create or replace function guard.opened()
returns setof bigint language plpgsql stable security definer
set search_path = pg_catalog, public
as $$
begin
    return query
    select b.incident_id from incidents_breakglass b where b.account_id = guard.actor() and b.until > now();
end
$$;

-- Who has a case, whom it is offered to, and with that who sees it. Whoever may write a case may pass it on to where
-- they no longer can, which no policy on a row can say. The viewers are the teams whose access stands, always.
create or replace function guard.pass_case(wanted bigint, lead bigint, offered bigint) returns bigint[]
language sql volatile security definer set search_path = pg_catalog, public
as $$
    update incidents_incident i
    set lead_team_id = lead, offered_team_id = offered, viewers = array(
        select distinct t.team from (
            select a.team_id as team from incidents_access a where a.incident_id = i.id and a.ended_at is null
            union select lead union select offered
        ) t where t.team is not null order by 1)
    where i.id = wanted and i.state not in ('draft', 'discarded')
        and (guard.is_system() or i.organisation_id in (select guard.own())
            or i.lead_team_id = any (guard.desks()) or i.offered_team_id = any (guard.desks()))
    returning i.viewers
$$;

-- The case behind a number, for staff of the team that covers the nation, so that they can break the glass for it.
create or replace function guard.case_behind_glass(wanted text)
returns table (id bigint, organisation_id bigint) language sql stable security definer
set search_path = pg_catalog, public
as $$
    select i.id, i.organisation_id from incidents_incident i
    where i.number = wanted and i.state not in ('draft', 'discarded')
        and guard.sees_all() and guard.holds('analyst', 'duty_officer', 'team_head')
$$;

-- The names of the organisations of cases that the actor reaches: a CERT that was handed a case works on it without
-- having the organisation in its register.
create or replace function guard.case_organisations(wanted bigint[])
returns table (incident_id bigint, organisation_id bigint, identifier varchar, name varchar, name_ur varchar)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select i.id, o.id, o.identifier, o.name, o.name_ur
    from incidents_incident i join orgs_organisation o on o.id = i.organisation_id
    where i.id = any (wanted)
        and (guard.is_system() or i.organisation_id in (select guard.own()) or i.viewers && guard.desks()
            or i.id in (select guard.opened()))
$$;

-- How many victims a national incident has, by where they are, with the scores of their cases: no victim is named, and
-- the page shows no small count. For the staff of CERTs.
create or replace function guard.campaign_victims(wanted bigint[])
returns table (
    campaign_id bigint, sector_id bigint, province_id bigint, victims bigint, cases bigint, scores double precision[]
)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select i.campaign_id, i.sector_id, i.province_id, count(distinct coalesce(i.organisation_id, -i.id)), count(*),
        coalesce(array_agg(i.severity_score) filter (where i.severity_score is not null), '{}')
    from incidents_incident i
    where i.campaign_id = any (wanted) and i.state not in ('draft', 'discarded', 'merged', 'rejected')
        and (guard.is_system() or cardinality(guard.desks()) > 0)
    group by i.campaign_id, i.sector_id, i.province_id
$$;

-- What an account may be, read before it acts as that.
create or replace function guard.roles_of(wanted bigint, moment timestamptz)
returns table (role varchar, organisation_id bigint, team_id bigint, tier varchar, ministry_id bigint)
language plpgsql stable security definer set search_path = pg_catalog, public
as $$
#variable_conflict use_column
begin
    return query
    select g.role, g.organisation_id, g.team_id, t.tier, g.ministry_id
    from people_grant g left join teams_team t on t.id = g.team_id
    where g.account_id = wanted and g.valid_from <= moment and (g.valid_until is null or g.valid_until > moment);
end
$$;

-- A token is looked up before its account is known; only its owner's number and its hash come out.
create or replace function guard.token(wanted text)
returns table (account_id bigint, digest varchar, scopes jsonb, expires_at timestamptz, revoked_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, public
as $$
#variable_conflict use_column
begin
    return query
    select t.account_id, t.digest, t.scopes, t.expires_at, t.revoked_at from people_apitoken t where t.prefix = wanted;
end
$$;

-- Who gives roles must name the organisation, without seeing the register: its name and nothing more.
create or replace function guard.organisation_titles(wanted bigint[], named text)
returns table (id bigint, identifier varchar, name varchar)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select o.id, o.identifier, o.name from orgs_organisation o
    where (o.id = any (wanted) or o.identifier = named)
        and (guard.is_system() or guard.holds('administrator', 'ombudsman'))
$$;

-- How large each constituency is: a count, which everyone who has signed in may know.
create or replace function guard.team_sizes()
returns table (team_id bigint, members bigint, leads bigint)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select m.team_id, count(*), count(*) filter (where m.lead) from teams_membership m
    where guard.actor() is not null group by m.team_id
$$;

-- Disputes put to the Council name the organisation and who claims it, and nothing else of it.
create or replace function guard.disputed(wanted bigint[])
returns table (dispute_id bigint, identifier varchar, name varchar, leads bigint[])
language sql stable security definer set search_path = pg_catalog, public
as $$
    select d.id, o.identifier, o.name,
        array(select m.team_id from teams_membership m where m.organisation_id = o.id and m.lead order by m.team_id)
    from teams_constituencydispute d join orgs_organisation o on o.id = d.organisation_id
    where d.id = any (wanted) and (guard.sees_all() or guard.holds('council_member', 'council_secretary'))
$$;

-- A campaign for those who may see aggregates only: no organisation, just the classes they fall in, with the sums and
-- the answer vectors of each class. The board suppresses what is too small to be shown.
create or replace function guard.campaign_classes(campaign bigint, with_levels boolean)
returns table (
    sector_id bigint, province_id bigint, tier smallint, team_id bigint, profile varchar, asked bigint, answered bigint,
    accepted bigint, meets bigint, scored bigint, mean_sum double precision, floor_sum double precision,
    gaps_sum bigint, levels bytea
)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select o.sector_id, o.province_id, o.tier, coalesce(m.team_id, 0), a.profile, count(*), count(a.standing),
        count(a.standing) filter (where a.state = 'accepted'), count(a.standing) filter (where a.meets_target),
        count(a.mean) filter (where a.standing is not null),
        coalesce(sum(a.mean) filter (where a.standing is not null), 0),
        coalesce(sum(a.floor) filter (where a.standing is not null), 0),
        coalesce(sum(a.gaps) filter (where a.standing is not null), 0),
        coalesce(string_agg(a.standing, ''::bytea) filter (where with_levels), ''::bytea)
    from assessments_assessment a join orgs_organisation o on o.id = a.organisation_id
    left join (
        select organisation_id, min(team_id) as team_id from teams_membership where lead
        group by organisation_id having count(*) = 1
    ) m on m.organisation_id = o.id
    where a.campaign_id = campaign
        and ((select guard.is_system())
            or (select guard.holds('council_member', 'council_secretary', 'authority_policy')))
    group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
$$;

-- How many organisations stand in which state, for the same readers.
create or replace function guard.campaign_cohort(campaign bigint)
returns table (sector_id bigint, province_id bigint, tier smallint, state text, meets boolean, organisations bigint)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select o.sector_id, o.province_id, o.tier, a.state, a.meets_target, count(*)
    from assessments_assessment a join orgs_organisation o on o.id = a.organisation_id
    where a.campaign_id = campaign
        and (guard.is_system() or guard.holds('council_member', 'council_secretary', 'authority_policy'))
    group by o.sector_id, o.province_id, o.tier, a.state, a.meets_target
$$;

-- A sector's standing scores without names, so that an organisation can see itself among its peers.
create or replace function guard.sector_scores(campaign bigint, sector bigint)
returns setof double precision language sql stable security definer set search_path = pg_catalog, public
as $$
    select a.mean from assessments_assessment a join orgs_organisation o on o.id = a.organisation_id
    where a.campaign_id = campaign and o.sector_id = sector and a.standing is not null and a.mean is not null
        and guard.actor() is not null
$$;

-- Whether the actor works on a case: for its organisation, or in the team that has it or is offered it.
create or replace function guard.works_on(wanted bigint)
returns boolean language plpgsql stable security definer
set search_path = pg_catalog, public
as $$
begin
    return exists (
        select 1 from incidents_incident i where i.id = wanted and (guard.is_system()
            or i.organisation_id in (select guard.own()) or array[i.lead_team_id, i.offered_team_id] && guard.desks())
    );
end
$$;

-- What the law asks must not depend on who looks: the register's facts of the organisation of a case, by name.
create or replace function guard.case_register(wanted bigint)
returns table (facts jsonb) language plpgsql stable security definer set search_path = pg_catalog, public
as $$
#variable_conflict use_column
begin
    return query
    select o.law_facts || jsonb_build_object('sector', s.code, 'subsector', u.code, 'province', p.code, 'ownership', o.ownership,
        'size', o.size, 'criticality_tier', o.tier, 'cii_designated', exists (
            select 1 from orgs_designation d where d.organisation_id = o.id and d.state = 'designated'))
    from incidents_incident i join orgs_organisation o on o.id = i.organisation_id
    join orgs_sector s on s.id = o.sector_id left join orgs_sector u on u.id = o.subsector_id
    join orgs_province p on p.id = o.province_id
    where i.id = wanted and guard.works_on(wanted);
end
$$;

-- The facts of the organisation's other reported cases, for what recurs, and only to work on a case of its own.
create or replace function guard.earlier_cases(wanted bigint)
returns table (facts jsonb) language plpgsql stable security definer set search_path = pg_catalog, public
as $$
#variable_conflict use_column
begin
    return query
    select e.facts from incidents_incident i join incidents_incident e on e.organisation_id = i.organisation_id
    where i.id = wanted and e.id <> i.id and e.opened_at <= i.opened_at
        and e.state not in ('draft', 'discarded', 'rejected', 'merged') and guard.works_on(wanted)
    order by e.opened_at desc, e.id desc limit 100;
end
$$;

-- The nation's incidents for replaying a law over them: no organisation but a number that changes with every call, and
-- of the facts only those that were asked for and that are not free text. Replays count them and hide what is small.
create or replace function guard.replay_incidents(since timestamptz, until timestamptz, wanted text[])
returns table (
    organisation bigint, sector varchar, subsector varchar, province varchar, size varchar, ownership varchar,
    tier smallint, cii_designated boolean, team varchar, facts text, submitted_first_at timestamptz,
    submitted_second_at timestamptz, submitted_third_at timestamptz, submitted_final_at timestamptz
)
language sql volatile security definer set search_path = pg_catalog, public
as $$
    with called as materialized (select gen_random_uuid()::text as salt)
    select case when o.id is not null then dense_rank() over (order by md5(o.id::text || (select salt from called))) end,
        s.code, u.code, p.code, o.size, o.ownership, coalesce(i.tier, o.tier),
        exists (select 1 from orgs_designation d where d.organisation_id = o.id and d.state = 'designated'),
        t.code, (
            select jsonb_object_agg(f.key, f.value #>> '{}') from jsonb_each(i.facts) f
            where f.key = any (wanted) and (jsonb_typeof(f.value) in ('boolean', 'number')
                or f.value #>> '{}' ~ '^[A-Za-z0-9_.:+-]{1,40}$')
        )::text, r.first, r.second, r.third, r.final
    from incidents_incident i left join orgs_organisation o on o.id = i.organisation_id
    left join orgs_sector s on s.id = coalesce(i.sector_id, o.sector_id) left join orgs_sector u on u.id = o.subsector_id
    left join orgs_province p on p.id = coalesce(i.province_id, o.province_id) left join teams_team t on t.id = i.lead_team_id
    left join lateral (
        select min(b.submitted_at) as first,
            min(b.submitted_at) filter (where b.stage <> 'early_warning') as second,
            min(b.submitted_at) filter (where b.stage not in ('early_warning', 'notification')) as third,
            min(b.submitted_at) filter (where b.stage = 'final') as final
        from obligations_submission b where b.incident_id = i.id
    ) r on true
    where i.reported_at >= since and i.reported_at < until
        and i.state not in ('draft', 'discarded', 'rejected', 'merged')
        and (guard.is_system() or guard.holds('authority_policy', 'ministry_officer')
            or guard.heads_nation())
$$;

-- Who reads the situation of the whole nation: the staff of the National and the Government CERT as it is, the Council and
-- those who set standards with small numbers hidden by the page. All others count the cases that they see.
create or replace function guard.reads_situation() returns boolean language sql stable security definer
set search_path = pg_catalog, public
as $$
    select guard.is_system() or guard.holds('council_member', 'council_secretary', 'authority_policy') or exists (
        select 1 from guard.grants() g join teams_team t on t.id = g.team_id
        where g.role in ('analyst', 'duty_officer', 'team_head') and (t.covers_all or t.tier = 'government')
    )
$$;

-- The open cases of the nation in the four tables of the situation: severity by sector, by province, by CERT (and whether
-- it has accepted them), by outlook. `part` says by what a row counts; the other columns are null there.
drop function if exists guard.incident_situation();
create function guard.incident_situation()
returns table (
    part text, sector_id bigint, province_id bigint, lead_team_id bigint, outlook varchar, severity_level varchar,
    waiting boolean, cases bigint
)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select case grouping(c.sector_id, c.province_id, c.lead_team_id, c.outlook)
            when 7 then 'sector' when 11 then 'province' when 13 then 'team' else 'outlook' end,
        c.sector_id, c.province_id, c.lead_team_id, c.outlook, c.severity_level, c.waiting, sum(c.cases)::bigint
    from (
        select i.sector_id, i.province_id, i.severity_level, i.lead_team_id, i.state = 'reported' as waiting, i.outlook,
            count(*) as cases
        from incidents_incident i
        where i.state in ('reported', 'open', 'contained', 'resolved') and (select guard.reads_situation())
        group by 1, 2, 3, 4, 5, 6
    ) c
    group by grouping sets ((c.sector_id, c.severity_level), (c.province_id), (c.lead_team_id, c.waiting), (c.outlook))
$$;

-- How many cases were reported in each week from `since` on, for the same readers.
create or replace function guard.incident_trend(since timestamptz, until timestamptz)
returns table (week integer, cases bigint) language sql stable security definer set search_path = pg_catalog, public
as $$
    select (extract(epoch from date_bin('7 days', i.reported_at, since) - since) / 604800)::integer, count(*)
    from incidents_incident i
    where i.reported_at >= since and i.reported_at < until
        and i.state not in ('draft', 'discarded', 'rejected', 'merged') and (select guard.reads_situation())
    group by date_bin('7 days', i.reported_at, since)
$$;

-- How many national incidents are open, by severity, for the same readers: no title and no number.
create or replace function guard.open_campaigns()
returns table (severity_level varchar, outlook varchar, campaigns bigint) language sql stable security definer
set search_path = pg_catalog, public
as $$
    select c.severity_level, c.outlook, count(*) from incidents_campaign c
    where c.state = 'open' and (select guard.reads_situation()) group by 1, 2
$$;

-- What is exposed in the nation for those who read its situation: no organisation, just the classes they fall in. The page
-- hides what is small. `organisations` are all of the class, `exposed` those with an open finding, `critical` those with
-- an open critical one, `repairing` those that repaired something in the last 90 days.
create or replace function guard.exposure_classes()
returns table (
    sector_id bigint, province_id bigint, organisations bigint, exposed bigint, critical bigint, repairing bigint
)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select o.sector_id, o.province_id, count(*), count(*) filter (where s.live > 0),
        count(*) filter (where s.by_severity[5] > 0), count(*) filter (where s.repairs > 0)
    from orgs_organisation o left join notices_exposurestanding s on s.organisation_id = o.id
    where o.is_active and (select guard.reads_situation())
    group by 1, 2 order by 1, 2
$$;

-- The days that repairs took and when findings were opened and ended, one byte each, for the same readers: by sector
-- (`part` is 'sector'), by province, and for the whole nation.
create or replace function guard.exposure_course()
returns table (part text, place_id bigint, live bigint, opened bytea, ended bytea, repairs bytea)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select case grouping(c.sector_id, c.province_id) when 1 then 'sector' when 2 then 'province' else 'nation' end,
        coalesce(c.sector_id, c.province_id), sum(c.live)::bigint,
        case when grouping(c.sector_id, c.province_id) = 3 then string_agg(c.opened, ''::bytea) end,
        case when grouping(c.sector_id, c.province_id) = 3 then string_agg(c.ended, ''::bytea) end,
        string_agg(c.repairs, ''::bytea)
    from notices_exposurecell c
    where c.team_id is null and c.sector_id is not null and (select guard.reads_situation())
    group by grouping sets ((c.sector_id), (c.province_id), ())
$$;

-- How many open findings each organisation of a sector has, and how many days it took to repair, without names, so that
-- an organisation can see itself among its peers.
create or replace function guard.sector_exposure(wanted bigint)
returns table (live integer, repair_days double precision)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select coalesce(s.live, 0), s.repair_days from orgs_organisation o
    left join notices_exposurestanding s on s.organisation_id = o.id
    where o.sector_id = wanted and o.is_active and guard.actor() is not null
$$;

-- Findings that the actor may see at an address or name (it and all that begins with it), or of a vulnerability. A policy
-- on the rows would keep the indexes from being used: they compare by functions that are not leakproof.
create or replace function guard.search_findings(address text, vulnerability text, most integer)
returns setof bigint language sql stable security definer set search_path = pg_catalog, public
as $$
    select f.id from (
        select f.* from notices_finding f
            where address <> '' and f.asset ~>=~ address and f.asset ~<~ (address || U&'\FFFD')
                and (f.priority is not null or f.state = 'closed')
        union all
        -- Those that are not ranked yet, for minutes only, are not in the index of assets.
        select f.* from notices_finding f
            where address <> '' and f.asset ~>=~ address and f.asset ~<~ (address || U&'\FFFD')
                and f.priority is null and f.state in ('open', 'stale', 'reopened')
        union all
        select f.* from notices_finding f where vulnerability <> '' and f.cves @> array[vulnerability]::varchar[] and f.cves <> '{}'
    ) f
    where (select guard.sees_all()) or f.organisation_id in (select guard.watched())
        or (f.organisation_id is null and f.team_id = any ((select guard.desks())::bigint[]))
    limit most
$$;

-- A CERT with all that stand below it, for its own staff.
create or replace function guard.branch(top bigint) returns setof bigint language sql stable security definer
set search_path = pg_catalog, public
as $$
    with recursive below as (
        select t.id from teams_team t where t.id = top and (guard.is_system() or t.id = any (guard.desks()))
        union
        select t.id from teams_team t join below b on t.parent_id = b.id
    )
    select id from below
$$;

-- What the Government CERT rolls up to the National CERT: the cases that were reported in a period to it and to the
-- CERTs below it, as classes, for its own staff; and the deadlines that fell due there and were missed.
create or replace function guard.rollup_cases(top bigint, since timestamptz, until timestamptz)
returns table (
    team_id bigint, state varchar, severity_level varchar, sector_id bigint, province_id bigint, cases bigint
)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select i.lead_team_id, i.state, i.severity_level, i.sector_id, i.province_id, count(*)
    from incidents_incident i
    where i.lead_team_id in (select guard.branch(top)) and i.reported_at >= since and i.reported_at < until
        and i.state not in ('draft', 'discarded')
    group by 1, 2, 3, 4, 5
$$;

create or replace function guard.rollup_breaches(top bigint, since timestamptz, until timestamptz)
returns table (team_id bigint, kind varchar, breaches bigint)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select coalesce(b.team_id, i.lead_team_id), d.kind, count(*)
    from obligations_breach b join obligations_duty d on d.id = b.duty_id
    left join incidents_incident i on i.id = b.incident_id
    where coalesce(b.team_id, i.lead_team_id) in (select guard.branch(top)) and b.due_at >= since and b.due_at < until
    group by 1, 2
$$;

-- Duties of a case (or of a request for help) that were due and not met: recorded before anything may move the
-- deadline. By the clock of the database, however wrong that of the caller is. Returns those that are late.
create or replace function guard.record_breaches(of_case bigint, of_help bigint, as_of timestamptz)
returns setof bigint language plpgsql security definer set search_path = pg_catalog, public
as $$
begin
    if not (guard.works_on(of_case) or exists (
        select 1 from support_supportrequest r where r.id = of_help and (guard.is_system()
            or r.organisation_id in (select guard.own()) or r.viewers && guard.desks())
    )) then
        return;
    end if;
    insert into obligations_breach (duty_id, incident_id, organisation_id, team_id, due_at, recorded_at)
    select d.id, d.incident_id, d.organisation_id, d.team_id, d.due_at, clock_timestamp() from obligations_duty d
    where (d.incident_id = of_case or d.support_request_id = of_help) and d.state in ('running', 'breached')
        and d.due_at < least(as_of, clock_timestamp())
    on conflict do nothing;
    return query select d.id from obligations_duty d
    where (d.incident_id = of_case or d.support_request_id = of_help) and d.state in ('running', 'breached')
        and d.due_at < least(as_of, clock_timestamp());
end
$$;

-- Whose calendar stands under an address; the digest of the secret in it is all that is kept.
create or replace function guard.calendar(wanted text) returns bigint language sql stable security definer
set search_path = pg_catalog, public
as $$ select f.account_id from obligations_calendarfeed f where f.digest = wanted $$;

-- Ledger: one event for each row written, by statement, so that bulk work stays bulk.
-- The plan of a session is made for its first write, often of one row: without the setting, a batch of 500 would then
-- compare each row before with each row after.
create or replace function guard.record() returns trigger language plpgsql security definer
set search_path = pg_catalog, public
set enable_nestloop = off
set jit = off
as $$
declare
    key_column text := tg_argv[0];
    organisation_column text := tg_argv[1];
    redacted text[] := string_to_array(tg_argv[2], ',');
    silent text[] := coalesce(string_to_array(tg_argv[3], ','), '{}');
    -- What a row must hold for its event to be the organisation's: what CERTs write among themselves is not.
    theirs jsonb := coalesce(tg_argv[4], '{}')::jsonb;
begin
    if tg_op = 'INSERT' then
        insert into core_event (at, transaction, actor_id, action, reason, table_name, row_key, operation, organisation_id, body)
        select now(), pg_current_xact_id()::text::bigint, guard.actor(), coalesce(current_setting('sipar.action', true), ''),
            coalesce(current_setting('sipar.reason', true), ''), tg_table_name, row ->> key_column, 'insert',
            case when organisation_column <> '' and row @> theirs then (row ->> organisation_column)::bigint end, row - redacted
        from (select to_jsonb(n) as row from new_rows n) rows;
    elsif tg_op = 'DELETE' then
        insert into core_event (at, transaction, actor_id, action, reason, table_name, row_key, operation, organisation_id, body)
        select now(), pg_current_xact_id()::text::bigint, guard.actor(), coalesce(current_setting('sipar.action', true), ''),
            coalesce(current_setting('sipar.reason', true), ''), tg_table_name, row ->> key_column, 'delete',
            case when organisation_column <> '' and row @> theirs then (row ->> organisation_column)::bigint end, row - redacted
        from (select to_jsonb(o) as row from old_rows o) rows;
    else
        insert into core_event (at, transaction, actor_id, action, reason, table_name, row_key, operation, organisation_id, body)
        select now(), pg_current_xact_id()::text::bigint, guard.actor(), coalesce(current_setting('sipar.action', true), ''),
            coalesce(current_setting('sipar.reason', true), ''), tg_table_name, after ->> key_column, 'update',
            case when organisation_column <> '' and after @> theirs then (after ->> organisation_column)::bigint end, changes.body
        -- The offsets keep PostgreSQL from building the JSON of a row anew for each of its columns.
        from (select to_jsonb(n) - silent as after from new_rows n offset 0) n
        join (select to_jsonb(o) - silent as before from old_rows o offset 0) o on before ->> key_column = after ->> key_column
        cross join lateral (
            select jsonb_object_agg(
                key, case when key = any (redacted) then '"redacted"'::jsonb else jsonb_build_array(before -> key, value) end
            ) as body
            from jsonb_each(after) where before -> key is distinct from value
        ) changes
        where changes.body is not null;
    end if;
    return null;
end
$$;

reset role;

create or replace function guard.refuse_change() returns trigger language plpgsql
as $$
begin
    raise exception '% is append-only: what is written there stays', tg_table_name using errcode = 'check_violation';
end
$$;

create or replace function guard.refuse_transition() returns trigger language plpgsql
as $$
begin
    raise exception '% cannot go from % to %', tg_table_name, to_jsonb(old) ->> tg_argv[0], to_jsonb(new) ->> tg_argv[0]
        using errcode = 'check_violation';
end
$$;

do $$
declare
    name text;
begin
    foreach name in array array['people_grant', 'people_apitoken', 'people_account', 'teams_team', 'teams_membership', 'teams_constituencydispute',
        'orgs_organisation',
        'assessments_engagement', 'assessments_engagementscope', 'assessments_assessment',
        'incidents_incident', 'incidents_breakglass', 'incidents_access',
        'orgs_sector', 'orgs_province', 'orgs_designation', 'obligations_duty', 'obligations_calendarfeed',
        'obligations_submission', 'obligations_breach', 'incidents_campaign',
        'support_supportrequest', 'notices_finding', 'notices_exposurecell', 'notices_exposurestanding']
    loop
        execute format('grant select on public.%I to sipar_definer', name);
        execute format('drop policy if exists sipar_definer on public.%I', name);
        execute format('create policy sipar_definer on public.%I for select to sipar_definer using (true)', name);
    end loop;
end
$$;
grant update (lead_team_id, offered_team_id, viewers) on public.incidents_incident to sipar_definer;
drop policy if exists sipar_definer_passes on public.incidents_incident;
create policy sipar_definer_passes on public.incidents_incident for update to sipar_definer using (true) with check (true);

-- Sipar's own account comes with the database; the application can neither make another nor become it.
insert into people_account (email, name, password, language, is_active, is_system, is_demonstration, created_at)
select 'sipar@system.invalid', 'Sipar', '!', 'en', false, true, false, now()
where not exists (select 1 from people_account where is_system);

create or replace function guard.refuse_system_account() returns trigger language plpgsql
as $$
begin
    if current_user = 'sipar_app' or session_user = 'sipar_app' then
        raise exception 'there is one account of Sipar itself, and nobody changes it' using errcode = 'check_violation';
    end if;
    return new;
end
$$;
drop trigger if exists sipar_system_account on people_account;
create trigger sipar_system_account before insert or update on people_account
    for each row when (new.is_system) execute function guard.refuse_system_account();
drop trigger if exists sipar_system_account_demoted on people_account;
create trigger sipar_system_account_demoted before update or delete on people_account
    for each row when (old.is_system) execute function guard.refuse_system_account();

grant insert on core_event to sipar_definer;
drop policy if exists sipar_definer on core_event;
create policy sipar_definer on core_event for insert to sipar_definer with check (true);
grant insert on obligations_breach to sipar_definer;
drop policy if exists sipar_definer_records on obligations_breach;
create policy sipar_definer_records on obligations_breach for insert to sipar_definer with check (true);
grant usage on all sequences in schema public to sipar_definer;

