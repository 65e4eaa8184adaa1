"""Finding what falls due. One statement claims a batch, records breaches and writes reminders, all or nothing.

The scan reads the index of `next_at`, in which only duties stand that Sipar still has to act on, and of that only the
part that lies in the past: what is due next month costs nothing. Rows that another worker is on are passed over. The
clock is the database's. Whatever the reason that nobody looked for two days, the next look finds it, and each breach
is recorded with the time at which the duty fell due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from sipar.core.acting import acting, doing
from sipar.core.jobs import system
from sipar.obligations import clock
from sipar.obligations.models import REMINDED_ROLES

BATCH = 500


@dataclass(frozen=True)
class Claimed:
    """What one or several batches did."""

    duties: int = 0
    breaches: int = 0
    reminders: int = 0

    def __add__(self, other: Claimed) -> Claimed:
        return Claimed(self.duties + other.duties, self.breaches + other.breaches, self.reminders + other.reminders)


def scan(*, now: datetime | None = None, batch: int = BATCH) -> Claimed:
    """Handle everything that is due, a batch in each transaction; returns the sums. Call it outside `acting`.

    `now` is for tests and for the time machine of the demonstration; without it the clock of the database counts.
    """
    total = Claimed()
    while True:
        with acting(system(), reason="scan of deadlines"), doing("duty.scan"):
            claimed = claim(now=now, batch=batch)
        total += claimed
        if claimed.duties < batch:
            return total


def claim(*, now: datetime | None = None, batch: int = BATCH) -> Claimed:
    """Claim and handle one batch, the longest due first, in the transaction of the caller, who acts as Sipar."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "batch": batch} | _PARAMETERS)
        return Claimed(*cursor.fetchone())


_PARAMETERS: dict[str, Any] = {
    "before": clock.BEFORE_SHARE,
    "last": clock.LAST_SHARE,
    "last_longest": clock.LAST_LONGEST,
    "late": clock.LATE_SHARE,
    "late_shortest": clock.LATE_SHORTEST,
    "late_longest": clock.LATE_LONGEST,
    **{f"roles_{kind}": list(roles) for kind, roles in REMINDED_ROLES.items()},
}

# A claimed duty moves on by as many moments as have passed. Of several that passed unseen only the last one is told,
# because one reminder of what is late says all that an earlier one would have; the breach is recorded in any case.
# Organisations learn of what the law asks of them, teams of what they owe.
_CLAIM = """
with clock as materialized (select coalesce(%(now)s::timestamptz, clock_timestamp()) as now),
due as materialized (
    select d.id from obligations_duty d
    where d.next_at <= (select now from clock) order by d.next_at limit %(batch)s for update skip locked
),
timed as materialized (
    select d.id, d.kind, d.state, d.step, d.due_at, d.incident_id, d.organisation_id, d.team_id,
        d.due_at - s.span * %(before)s as before_at,
        d.due_at - least(%(last_longest)s, s.span * %(last)s) as last_at,
        d.due_at + least(%(late_longest)s, greatest(%(late_shortest)s, s.span * %(late)s)) as late_at
    from due join obligations_duty d on d.id = due.id
    cross join lateral (
        select greatest(d.due_at - coalesce(d.anchor_at, d.opened_at), interval '0') as span
    ) s
),
passed as materialized (
    select t.*, (
        (t.before_at <= c.now)::int + (t.last_at <= c.now)::int + (t.due_at <= c.now)::int + (t.late_at <= c.now)::int
    )::smallint as handled, c.now
    from timed t cross join clock c
),
claimed as (
    update obligations_duty d set
        state = case when p.handled >= 3 and p.state = 'running' then 'breached' else p.state end,
        step = coalesce(p.handled, 4),
        next_at = case when p.state in ('running', 'breached')
            then (array[p.before_at, p.last_at, p.due_at, p.late_at])[p.handled + 1] end
    from passed p where d.id = p.id
    returning d.id
),
breached as (
    insert into obligations_breach (duty_id, incident_id, organisation_id, team_id, due_at, recorded_at)
    select p.id, p.incident_id, p.organisation_id, p.team_id, p.due_at, p.now from passed p
    where p.handled >= 3 and p.state in ('running', 'breached', 'met_late')
    on conflict do nothing returning 1
),
reminded as (
    insert into obligations_reminder
        (duty_id, account_id, moment, due_at, at, created_at, mail_token)
    select distinct p.id, g.account_id, (array['before', 'last', 'due', 'late'])[p.handled], p.due_at,
        (array[p.before_at, p.last_at, p.due_at, p.late_at])[p.handled], p.now, ''
    from passed p cross join lateral (
        -- One branch for each index: a condition over both would compare every duty with every role.
        select r.account_id, r.valid_from, r.valid_until from people_grant r
        where p.kind = 'statutory' and r.organisation_id = p.organisation_id and r.role = any (%(roles_statutory)s)
        union all
        select r.account_id, r.valid_from, r.valid_until from people_grant r
        where p.kind <> 'statutory' and r.team_id = p.team_id
            and r.role = any (
                case p.kind when 'service' then %(roles_service)s::text[] else %(roles_support)s::text[] end)
    ) g
    join people_account a on a.id = g.account_id and a.is_active
    where g.valid_from <= p.now and (g.valid_until is null or g.valid_until > p.now)
        and p.handled > p.step and p.state in ('running', 'breached')
    on conflict do nothing returning 1
)
select (select count(*) from claimed), (select count(*) from breached), (select count(*) from reminded)
"""
