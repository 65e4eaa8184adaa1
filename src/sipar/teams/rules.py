"""Constituency rules in plain words, changed by one organisation, and compared before they are applied. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sipar.nations.constituency import Clause, ConstituencyRule, conflicts, memberships
from sipar.nations.profile import Nation

Text = Mapping[str, str] | str
LABELS: dict[str, str | Promise] = {
    "sector": _("Sector"),
    "subsector": _("Subsector"),
    "province": _("Province"),
    "ministry": _("Ministry or regulator"),
    "tier": _("Criticality tier"),
    "ownership": _("Ownership"),
    "identifier": _("Named organisation"),
}


@dataclass(frozen=True)
class Criterion:
    label: str | Promise
    values: tuple[Text, ...]


@dataclass(frozen=True)
class Reason:
    """Why an organisation is in or out: one criterion of one clause; without a label the clause takes everyone."""

    excluded: bool
    label: str | Promise
    value: Text


def names_of(nation: Nation) -> dict[tuple[str, str], Text]:
    """The names behind the codes of a rule, by (register column, code)."""
    found: dict[tuple[str, str], Text] = {
        ("ownership", "public"): {"en": "Public", "ur": "سرکاری"},
        ("ownership", "private"): {"en": "Private", "ur": "نجی"},
    }
    found |= {("province", province.code): province.name for province in nation.provinces}
    found |= {("ministry", body.code): body.name for body in nation.bodies}
    for sector in nation.sectors:
        found[("sector", sector.code)] = sector.name
        found |= {("subsector", part.code): part.name for part in sector.subsectors}
    return found


def in_words(clauses: Iterable[Clause], names: Mapping[tuple[str, str], Text]) -> list[list[Criterion]]:
    """Each clause as its criteria, all of which must hold; an empty list means everyone."""
    return [
        [
            Criterion(LABELS[column], tuple(names.get((column, str(code)), str(code)) for code in accepted))
            for column, accepted in clause.criteria()
        ]
        for clause in clauses
    ]


def reasons_in_words(codes: Iterable[str], names: Mapping[tuple[str, str], Text]) -> list[Reason]:
    """The codes of `nations.constituency.explain` as reasons; `include.none` gives no reason at all."""
    found = []
    for code in codes:
        kind, _number, criterion = (*code.split(".", 2), "")[:3]
        if not criterion:
            continue
        column, _equals, value = criterion.partition("=")
        label = LABELS.get(column, "")
        found.append(Reason(kind == "exclude", label, names.get((column, value), value)))
    return found


def including(rule: ConstituencyRule, identifier: str) -> ConstituencyRule:
    """The rule with one more organisation named among the included ones, and no longer among the excluded ones."""
    return rule.model_copy(
        update={"include": _named(rule.include, identifier), "exclude": _unnamed(rule.exclude, identifier)}
    )


def excluding(rule: ConstituencyRule, identifier: str) -> ConstituencyRule:
    """The rule with one more organisation named among the excluded ones."""
    return rule.model_copy(update={"exclude": _named(rule.exclude, identifier)})


def _named(clauses: tuple[Clause, ...], identifier: str) -> tuple[Clause, ...]:
    for position, clause in enumerate(clauses):
        if clause.organisations and clause == Clause(organisations=clause.organisations):
            listed = Clause(organisations=tuple(dict.fromkeys((*clause.organisations, identifier))))
            return (*clauses[:position], listed, *clauses[position + 1 :])
    return (*clauses, Clause(organisations=(identifier,)))


def _unnamed(clauses: tuple[Clause, ...], identifier: str) -> tuple[Clause, ...]:
    kept = []
    for clause in clauses:
        if clause == Clause(organisations=clause.organisations) and clause.organisations:
            others = tuple(listed for listed in clause.organisations if listed != identifier)
            if others:
                kept.append(Clause(organisations=others))
        else:
            kept.append(clause)
    return tuple(kept)


def covers_everyone(rule: ConstituencyRule) -> bool:
    """Whether nobody can fall outside; the people of such a team see the whole register."""
    return Clause() in rule.include and not rule.exclude


@dataclass(frozen=True)
class Preview:
    """What a new rule would change, as ids of organisations. Conflicts are those that the change adds or ends."""

    members_before: int
    members_after: int
    joins: list[int]
    leaves: list[int]
    conflicts_added: list[int]
    conflicts_ended: list[int]


def preview(
    rules: Mapping[str, ConstituencyRule], team: str, rule: ConstituencyRule, register: pl.DataFrame
) -> Preview:
    """Compare the nation before and after `team` gets `rule`. `register` as `orgs.register.register_table` gives it."""
    before, after = memberships(rules, register), memberships({**rules, team: rule}, register)
    own_before, own_after = (set(table.filter(team=team)["organisation"]) for table in (before, after))
    torn_before, torn_after = (_in_conflict(table, register["id"]) for table in (before, after))
    return Preview(
        members_before=len(own_before),
        members_after=len(own_after),
        joins=sorted(own_after - own_before),
        leaves=sorted(own_before - own_after),
        conflicts_added=sorted(torn_after - torn_before),
        conflicts_ended=sorted(torn_before - torn_after),
    )


def _in_conflict(table: pl.DataFrame, organisations: pl.Series) -> set[int]:
    found = conflicts(table, organisations)
    return set(found.without_any) | set(found.with_several_leads["organisation"])
