"""The tables that planning reads, as columns: what is open and undecided, what was told, channels, inhibitions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, LiteralString

from sipar.notices.models import Channel, Inhibition

if TYPE_CHECKING:
    import polars as pl

    from sipar.exposure.planning import Kinds


def constituents(team: int) -> pl.DataFrame:
    """The organisations that this CERT tells, as `dry_running.ORGANISATIONS`: those that it leads for, and for the
    CERT that covers the nation also those whose own CERT has no rules in use."""
    from sipar.exposure.dry_running import ORGANISATIONS

    return _frame(_CONSTITUENTS, {"team": team}, ORGANISATIONS)


def open_findings(
    organisations: Sequence[int], *, reminders: Sequence[int], now: datetime, today: date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What may be told of these organisations, as `planning.FINDINGS`, and what was told of it, as `planning.SENT`.

    Left out is what somebody has decided and what cannot be due any more; `reminders` says how many each severity
    has. A decision that has run out, or that a later observation contradicts, begins the telling anew.
    """
    import polars as pl

    from sipar.exposure.planning import FINDINGS, MOMENT, SENT

    parameters = {"organisations": list(organisations), "reminders": list(reminders), "now": now, "today": today}
    rows = _frame(_FINDINGS, parameters, FINDINGS | {"first_told": MOMENT, "reminders": pl.Int16})
    told = rows.filter(pl.col("first_told").is_not_null())
    return rows.select(*FINDINGS), told.select(*SENT)


def channels_of(organisations: Sequence[int]) -> pl.DataFrame:
    """How these organisations want to be told, as `planning.CHANNELS`; those that never said are left out."""
    import polars as pl

    from sipar.exposure.planning import CHANNELS

    rows = [
        (row.organisation_id, row.kind, row.language, _minutes(row.quiet_from), _minutes(row.quiet_until),
         bool(row.encryption))
        for row in Channel.objects.filter(organisation__in=list(organisations))
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=CHANNELS, orient="row")


def inhibitions_of(team: int) -> pl.DataFrame:
    """What this CERT does not tell, as `planning.INHIBITIONS`."""
    import polars as pl

    from sipar.exposure.planning import INHIBITIONS

    rows = Inhibition.objects.filter(team=team, ended_at=None)
    return pl.DataFrame(
        list(rows.values_list("organisation_id", "kind", "asset", "until")), schema=INHIBITIONS, orient="row"
    )


def source_labels() -> dict[str, int]:
    """The TLP label of each feed, as index into `rules.TLPS`."""
    from sipar.exposure.rules import TLPS
    from sipar.feeds.models import Feed

    return {
        code: TLPS.index(label) if label in TLPS else len(TLPS) - 1
        for code, label in Feed.objects.values_list("code", "tlp")
    }


def _minutes(clock: time | None) -> int | None:
    return None if clock is None else clock.hour * 60 + clock.minute


def _frame(statement: LiteralString, parameters: dict[str, Any], schema: Kinds) -> pl.DataFrame:
    """The rows of a query, whose moments are microseconds since 1970."""
    import polars as pl

    from sipar.core.copying import fetch
    from sipar.exposure.planning import MOMENT

    moments = [name for name, kind in schema.items() if kind == MOMENT]
    rows = fetch(statement, parameters, pl.Schema(schema | dict.fromkeys(moments, pl.Int64())))
    return rows.with_columns(pl.col(moments).cast(MOMENT))


_CONSTITUENTS = """
select o.id, s.code, p.code, o.tier
from orgs_organisation o join orgs_sector s on s.id = o.sector_id join orgs_province p on p.id = o.province_id
where o.is_active and %(team)s = coalesce(
    (select min(m.team_id) from teams_membership m where m.organisation_id = o.id and m.lead and (
        m.team_id = %(team)s
        or exists (select 1 from notices_ruleset r where r.team_id = m.team_id and r.state = 'active'))),
    (select min(t.id) from teams_team t where t.covers_all))
order by o.id
"""
# A decision holds (is not told of) or has ended at a moment; what was told before that moment counts no more.
_FINDINGS = """
with latest as materialized (
    select distinct on (d.finding_id) d.finding_id, d.kind, d.decided_at, d.until, d.help_number
    from notices_decision d join notices_finding f on f.id = d.finding_id
    where f.organisation_id = any (%(organisations)s) and f.state in ('open', 'reopened')
    order by d.finding_id, d.decided_at desc, d.id desc
),
decided as materialized (
    select l.finding_id, case l.kind
        when 'fixed' then case when f.last_seen > l.decided_at then l.decided_at end
        when 'accepted' then case when l.until < %(today)s then l.until + interval '1 day' end
        when 'not_mine' then (
            select max(q.settled_at) from notices_ownershipquestion q where q.finding_id = l.finding_id
                and q.state = 'refused' and q.settled_at >= l.decided_at)
        when 'need_help' then (
            select max(s.closed_at) from support_supportrequest s where s.number = l.help_number
                and s.state in ('closed', 'withdrawn'))
        end as ended_at
    from latest l join notices_finding f on f.id = l.finding_id
),
told as materialized (
    select t.finding_id, t.episode, min(n.made_at) as first_told, max(n.reminder) as reminders
    from notices_noticefinding t
    join notices_notice n on n.id = t.notice_id and n.state <> 'inhibited'
    left join decided d on d.finding_id = t.finding_id
    where n.organisation_id = any (%(organisations)s) and (d.ended_at is null or n.made_at > d.ended_at)
    group by t.finding_id, t.episode
)
select f.id, f.organisation_id, s.code, p.code, o.tier, f.kind, f.classification, f.severity, f.source, f.shared,
    coalesce(array_position(array['clear', 'green', 'amber', 'amber+strict', 'red'], feed.tlp::text) - 1,
        case when feed.tlp is null then 2 else 4 end),
    f.asset, (extract(epoch from f.state_at) * 1000000)::bigint, f.reopened,
    (extract(epoch from t.first_told) * 1000000)::bigint, t.reminders
from notices_finding f
join orgs_organisation o on o.id = f.organisation_id
join orgs_sector s on s.id = o.sector_id
join orgs_province p on p.id = o.province_id
left join feeds_feed feed on feed.code = f.source
left join decided d on d.finding_id = f.id
left join told t on t.finding_id = f.id and t.episode = f.reopened
where f.organisation_id = any (%(organisations)s) and f.state in ('open', 'reopened') and f.state_at <= %(now)s
    and (d.finding_id is null or d.ended_at is not null)
    and (t.first_told is null or t.reminders < (%(reminders)s::int[])[f.severity + 1])
"""
