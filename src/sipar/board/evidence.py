"""Evidence for the ITU GCI and ENISA NCAF indicators: one statement of SQL for each, shown beside its figure.

A figure about the whole register is given only to those who see the whole register: counted over a part of it, it
would be wrong. What the register cannot answer says so, and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db import connection
from django.utils.translation import gettext as _

from sipar.board.policy import require_may_read_board
from sipar.board.tables import words
from sipar.core.acting import Actor
from sipar.nations.reference import Indicator, indicators
from sipar.people.roles import COUNCIL_ROLES
from sipar.teams.models import Team
from sipar.ui.context import nation

type Reach = Literal["everyone", "teams", "register"]

_LATEST = """(
    select id from assessments_campaign where state in ('open', 'closed') order by opens_at desc, id desc limit 1)"""


@dataclass(frozen=True)
class Query:
    """`reach`: who can see every row that it counts. `share`: the row is (part, whole)."""

    sql: str
    reach: Reach = "register"


QUERIES: Mapping[str, Query] = {
    "teams.count_by_tier": Query(
        """select tier, count(*) from teams_team where notification_status in ('notified', 'acting')
group by tier order by tier""",
        "everyone",
    ),
    "teams.sectors_covered": Query(
        """select count(*) filter (where covered), count(*) from (
    select o.sector_id, bool_or(t.id is not null) as covered
    from orgs_organisation o
    left join teams_membership m on m.organisation_id = o.id and m.lead
    left join teams_team t on t.id = m.team_id and t.tier = 'sectoral'
    where o.is_active group by o.sector_id) sectors"""
    ),
    "teams.sim3_done": Query("select count(distinct team_id) from teams_maturityselfassessment", "teams"),
    "frameworks.in_use": Query(
        "select count(distinct framework_id) from assessments_campaign where state in ('open', 'closed')", "everyone"
    ),
    "organisations.critical_designated": Query(
        "select count(distinct organisation_id) from orgs_designation where state = 'designated'"
    ),
    "campaigns.organisations_assessed": Query(
        f"""select count(*) from assessments_assessment where state = 'accepted' and campaign_id = {_LATEST}"""  # noqa: S608
    ),
    "campaigns.closed": Query(
        "select count(*) from assessments_campaign where state = 'closed' and organisations > 0", "everyone"
    ),
    "teams.public_organisations_covered": Query(
        """select count(*) filter (where exists (
    select from teams_membership m where m.organisation_id = o.id and m.lead)), count(*)
from orgs_organisation o where o.is_active and o.ownership = 'public'"""
    ),
    "campaigns.private_organisations_taking_part": Query(
        f"""select count(*) from assessments_assessment a join orgs_organisation o on o.id = a.organisation_id
where o.ownership = 'private' and a.standing is not null and a.campaign_id = {_LATEST}"""  # noqa: S608
    ),
    "campaigns.critical_assessed_last_year": Query(
        """select count(*) filter (where exists (
    select from assessments_assessment a where a.organisation_id = d.organisation_id
    and a.accepted_at > %(now)s - interval '12 months')), count(*)
from (select distinct organisation_id from orgs_designation where state = 'designated') d"""
    ),
    "campaigns.target_reached_by_sector": Query(
        f"""select s.code, count(*) from assessments_assessment a
join orgs_organisation o on o.id = a.organisation_id join orgs_sector s on s.id = o.sector_id
where a.standing is not null and a.meets_target and a.campaign_id = {_LATEST}
group by s.code order by s.code"""  # noqa: S608
    ),
    "roadmap.items_closed": Query(
        "select count(*) from assessments_roadmapitem where state = 'done' and closing_evidence_id is not null"
    ),
    "roadmap.items_overdue": Query(
        """select count(*) filter (where due_on < %(now)s::date), count(*)
from assessments_roadmapitem where state in ('planned', 'doing')"""
    ),
    "teams.roster_round_the_clock": Query(
        """select count(*) from (
    select range_agg(tstzrange(starts_at, ends_at)) as covered from teams_dutyshift group by team_id) shifts
where covered @> tstzrange(%(now)s, %(now)s + interval '7 days')"""
    ),
    "campaigns.coverage": Query(
        f"""select count(*) filter (where submissions > 0), count(*)
from assessments_assessment where campaign_id = {_LATEST}"""  # noqa: S608
    ),
}


@dataclass(frozen=True)
class Evidence:
    """One indicator with its figure: `value` a count or share, or `rows` of a table; else `unknown` says why."""

    indicator: Indicator
    sql: str
    value: float | None = None
    rows: tuple[tuple[str, int], ...] = ()
    unknown: str = ""

    @property
    def named(self) -> list[tuple[str, int]]:
        """The rows with the names of the tiers or sectors that they count, in the active language."""
        if self.indicator.query == "teams.count_by_tier":
            names = {tier.value: str(tier.label) for tier in Team.Tier}
        else:
            names = {sector.code: words(sector.name) for sector in nation().sectors}
        return [(names.get(code, code), count) for code, count in self.rows]


def evidence(actor: Actor, *, now: datetime) -> list[Evidence]:
    """Every indicator, in the order of the reference, computed now."""
    require_may_read_board(actor)
    with connection.cursor() as cursor:
        cursor.execute("select guard.sees_all()")
        (sees_all,) = cursor.fetchone()
    reaches = {"everyone"}
    if sees_all:
        reaches |= {"teams", "register"}
    if actor.holds(*COUNCIL_ROLES):
        reaches.add("teams")
    return [_evidence(indicator, reaches, now) for indicator in indicators().indicators]


def _evidence(indicator: Indicator, reaches: set[str], now: datetime) -> Evidence:
    query = QUERIES.get(indicator.query)
    if query is None:
        return Evidence(indicator, "", unknown=_("The register does not record this."))
    if query.reach not in reaches:
        return Evidence(indicator, query.sql, unknown=_("Your role does not see everything that this counts."))
    with connection.cursor() as cursor:
        cursor.execute(query.sql, {"now": now})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    if indicator.unit == "table":
        found = tuple((str(name), int(count)) for name, count in rows)
        return Evidence(indicator, query.sql, rows=found, unknown="" if found else _("There is nothing to count yet."))
    if indicator.unit == "count":
        return Evidence(indicator, query.sql, value=float(rows[0][0]))
    part, whole = rows[0]
    if not whole:
        return Evidence(indicator, query.sql, unknown=_("There is nothing yet that this is a share of."))
    return Evidence(indicator, query.sql, value=part / whole)
