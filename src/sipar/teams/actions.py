"""Teams and their constituencies."""

from __future__ import annotations

from datetime import datetime

import polars as pl
from django.db import connection

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.nations.constituency import ConstituencyRule, memberships
from sipar.nations.profile import Nation
from sipar.orgs.register import register_table
from sipar.teams.models import Team
from sipar.teams.policy import require_leads_nation
from sipar.teams.rules import covers_everyone


@action("team.load")
def load_teams(actor: Actor, nation: Nation) -> None:
    """Bring the tree of CERTs to what the profile says; a rule that an operator changed later is loaded over."""
    parents: dict[str, Team] = {}
    for team in nation.teams:
        parents[team.code], _ = Team.objects.update_or_create(
            code=team.code,
            defaults={
                "name": dict(team.name),
                "tier": team.tier,
                "legal_basis": team.legal_basis,
                "notification_reference": team.notification.reference or "",
                "notification_date": team.notification.date,
                "notification_status": team.notification.status,
                "source": team.source,
                "rule": team.constituency.model_dump(mode="json", exclude_none=True),
            },
        )
    for team in nation.teams:
        Team.objects.filter(code=team.code).update(parent=parents[team.parent] if team.parent else None)


@action("team.resolve_constituencies")
def resolve_constituencies(actor: Actor, *, now: datetime) -> int:
    """Make the membership table what the rules say of the register as it is now; returns how many rows it has.

    Sipar itself does so at set-up and after imports, the head of the National CERT after changing a rule.
    Also opens a dispute for each organisation without a lead team or with several, and settles those that ended.
    """
    require_leads_nation(actor)
    teams = {team.pk: ConstituencyRule.model_validate(team.rule) for team in Team.objects.exclude(rule={})}
    for key, rule in teams.items():
        Team.objects.filter(pk=key).update(covers_all=covers_everyone(rule))
    register = register_table()
    wanted = memberships({str(key): rule for key, rule in teams.items()}, register)
    with connection.cursor() as cursor:
        cursor.execute(
            "create temporary table wanted_membership (team_id bigint, organisation_id bigint, lead boolean)"
            " on commit drop"
        )
        columns = wanted.select(pl.col("team").cast(pl.Int64), "organisation", "lead")
        with cursor.copy("copy wanted_membership from stdin") as copy:
            for row in columns.iter_rows():
                copy.write_row(row)
        cursor.execute(_REMOVE)
        cursor.execute(_CHANGE)
        cursor.execute(_ADD)
        cursor.execute("drop table wanted_membership")
        cursor.execute(_SETTLE, [now])
        cursor.execute(_RAISE, {"now": now})
    return wanted.height


_REMOVE = """
    delete from teams_membership m where not exists (
        select 1 from wanted_membership w where w.team_id = m.team_id and w.organisation_id = m.organisation_id)
"""
_CHANGE = """
    update teams_membership m set lead = w.lead from wanted_membership w
    where w.team_id = m.team_id and w.organisation_id = m.organisation_id and w.lead <> m.lead
"""
_ADD = """
    insert into teams_membership (team_id, organisation_id, lead)
    select w.team_id, w.organisation_id, w.lead from wanted_membership w
    where not exists (
        select 1 from teams_membership m where w.team_id = m.team_id and w.organisation_id = m.organisation_id)
"""
_CONFLICTS = """
    select o.id as organisation_id,
        case when count(m.id) filter (where m.lead) = 0 then 'without_team' else 'several_leads' end as kind
    from orgs_organisation o left join teams_membership m on m.organisation_id = o.id
    where o.is_active group by o.id having count(m.id) filter (where m.lead) <> 1
"""
_SETTLE = f"""
    update teams_constituencydispute d
    set settled_at = %s, reason = coalesce(nullif(d.reason, ''), 'the register or a rule changed')
    where d.settled_at is null and not exists (
        select 1 from ({_CONFLICTS}) c where c.organisation_id = d.organisation_id and c.kind = d.kind)
"""  # noqa: S608 - a constant of ours
_RAISE = f"""
    insert into teams_constituencydispute (organisation_id, kind, raised_at, reason)
    select c.organisation_id, c.kind, %(now)s, '' from ({_CONFLICTS}) c
    where not exists (
        select 1 from teams_constituencydispute d
        where d.organisation_id = c.organisation_id and d.kind = c.kind and d.settled_at is null)
"""  # noqa: S608 - a constant of ours
