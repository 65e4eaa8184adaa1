"""What one organisation's page shows beside its entry: who answers for it and why, where it stands, who looked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from sipar.core.acting import Actor
from sipar.core.models import Event
from sipar.nations.constituency import ConstituencyRule, explain
from sipar.orgs.models import Look, Ministry, Organisation
from sipar.people.models import Account, Grant
from sipar.people.roles import TEAM_ROLES
from sipar.people.selectors import people_of_organisation

EVENTS = 12


@dataclass(frozen=True)
class Responsible:
    """A team that the organisation belongs to. `reasons`: (criterion, what matched), such as (sector, Energy)."""

    team: Any
    lead: bool
    reasons: tuple[tuple[str, str | dict[str, str]], ...]


@dataclass(frozen=True)
class Change:
    """One action in the ledger: when, who (their name, or empty for Sipar itself), what, and how many rows."""

    at: datetime
    who: str
    action: str
    tables: tuple[str, ...]
    rows: int


def responsible_for(organisation: Organisation) -> list[Responsible]:
    """The CERTs of an organisation, leads first, each with the reasons of its constituency rule."""
    row: dict[str, str | int | None] = {
        "identifier": organisation.identifier,
        "sector": organisation.sector.code,
        "subsector": organisation.subsector.code if organisation.subsector else None,
        "province": organisation.province.code,
        "ministry": organisation.ministry.code if organisation.ministry else None,
        "tier": organisation.tier,
        "ownership": organisation.ownership,
    }
    names: dict[str, str | dict[str, str]] = {
        "sector": organisation.sector.name,
        "subsector": organisation.subsector.name if organisation.subsector else "",
        "province": organisation.province.name,
        "ministry": organisation.ministry.name if organisation.ministry else "",
        "tier": str(organisation.tier),
        "ownership": organisation.get_ownership_display(),
        "identifier": organisation.identifier,
        "everyone": "",
    }
    memberships = organisation.memberships.select_related("team").order_by("-lead", "team__code")
    return [
        Responsible(
            team=membership.team,
            lead=membership.lead,
            reasons=tuple((reason, names.get(reason, "")) for reason in _reasons(membership.team.rule, row)),
        )
        for membership in memberships
    ]


def _reasons(rule: dict[str, Any], row: dict[str, str | int | None]) -> Sequence[str]:
    """The criteria of the first clause that includes the organisation, as names of register columns."""
    if not rule:
        return ()
    codes = [code.split(".", 2) for code in explain(ConstituencyRule.model_validate(rule), row)]
    included = [(clause, criterion) for kind, clause, *rest in codes if kind == "include" for criterion in rest]
    first = [criterion for clause, criterion in included if clause == included[0][0]]
    return tuple(dict.fromkeys(criterion.partition("=")[0] for criterion in first))


def latest_standing(organisation: Organisation) -> Any | None:
    """The newest assessment that counts, with its campaign; None before the first."""
    return (
        organisation.assessments.filter(standing__isnull=False)
        .select_related("campaign__framework")
        .defer("levels", "carried", "standing")
        .order_by("-campaign__closes_at", "-id")
        .first()
    )


def people_at(organisation: Organisation, *, now: datetime) -> list[Grant]:
    """Who holds a role there now."""
    return list(people_of_organisation(organisation.pk, now=now)[:50])


def recent_changes(organisation: Organisation) -> list[Change]:
    """The last actions that wrote something of this organisation, newest first, as the ledger has them."""
    events: list[Any] = list(
        Event.objects.filter(organisation_id=organisation.pk)
        .exclude(table_name=Look._meta.db_table)
        .order_by("-id")
        .values("at", "transaction", "actor_id", "action", "table_name")[:200]
    )
    names = names_of(event["actor_id"] for event in events)
    grouped: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for event in events:
        grouped.setdefault((event["transaction"], event["action"]), []).append(event)
    return [
        Change(
            at=rows[0]["at"],
            who=names.get(rows[0]["actor_id"], ""),
            action=action,
            tables=tuple(dict.fromkeys(row["table_name"] for row in rows)),
            rows=len(rows),
        )
        for (_, action), rows in list(grouped.items())[:EVENTS]
    ]


def names_of(accounts: Iterable[int | None]) -> dict[int, str]:
    """The names of these accounts; Sipar's own has none."""
    wanted = {account for account in accounts if account is not None}
    return dict(Account.objects.filter(pk__in=wanted, is_system=False).values_list("pk", "name"))


def recent_looks(organisation: Organisation) -> list[tuple[Look, str]]:
    """Who from outside opened the organisation's page lately, with their names."""
    looks = list(Look.objects.filter(organisation=organisation).order_by("-on", "-id")[:EVENTS])
    names = names_of(look.account_id for look in looks)
    return [(look, names.get(look.account_id, "")) for look in looks]


def note_look(actor: Actor, organisation: Organisation, *, today: date) -> None:
    """Leave a trace that an outsider looked, once a day; the organisation's own people leave none."""
    if organisation.pk in actor.organisations or not actor.grants:
        return
    place = next((grant for grant in actor.grants if grant.role in TEAM_ROLES), actor.grants[0])
    with connection.cursor() as cursor:
        # Asked first, since a statement that inserts nothing would still wake the ledger's trigger on every page.
        cursor.execute(
            "insert into orgs_look (organisation_id, account_id, place, \"on\") select %s, %s, %s, %s where not exists"
            ' (select 1 from orgs_look where organisation_id = %s and account_id = %s and "on" = %s)'
            " on conflict do nothing",
            [
                organisation.pk, actor.account, place.tier or place.role, today,
                organisation.pk, actor.account, today,
            ],
        )  # fmt: skip


def ministries() -> list[Ministry]:
    """Every ministry and regulator, in the profile's order."""
    return list(Ministry.objects.all())
