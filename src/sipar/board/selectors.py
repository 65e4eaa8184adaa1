"""The board's reads. Everything is counted from the database at each call, under the reader's own rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from django.db.models import QuerySet

from sipar.assessments.models import Assessment, Campaign
from sipar.board import publication, reading, rollup
from sipar.board.policy import require_may_read_board, require_may_see_names, sees_exact_numbers
from sipar.board.publication import Publication
from sipar.board.reading import Classes, Scope
from sipar.board.rollup import Line, Standing
from sipar.core.acting import Actor
from sipar.core.problems import not_open
from sipar.frameworks.selectors import LoadedFramework, loaded
from sipar.orgs.models import Province, Sector
from sipar.posture.rollup import Cube
from sipar.teams.models import Team

type Names = Mapping[int, tuple[str, Mapping[str, str]]]

TIERS = (1, 2, 3, 4)
UNANSWERED_STATES = ("open", "returned")


@dataclass(frozen=True, eq=False)
class Board:
    """A campaign as its reader may see it, within a scope. `exact` false: small cells are suppressed.

    Names are by key: (code, {language: name}). `heat` is float64[sectors, groups] of weighted mean levels in the order
    of `sectors` and of the framework's top-level groups, NaN where not known or hidden.
    """

    campaign: Campaign
    framework: LoadedFramework
    scope: Scope
    exact: bool
    classes: Classes
    publication: Publication | None
    sector_names: Names
    province_names: Names

    def _line(self, mask: reading.Mask, key: int, scope: Scope) -> Line:
        found = rollup.line(self.classes, mask, key)
        if self.publication is None:
            return found
        return publication.published(found, hidden=self.publication.hides(scope))

    @cached_property
    def hidden(self) -> bool:
        """Whether the whole scope is too small to be shown to this reader."""
        return self.publication is not None and self.publication.hides(self.scope)

    @cached_property
    def _mask(self) -> reading.Mask:
        return self.classes.within(self.scope)

    @cached_property
    def total(self) -> Line:
        return self._line(self._mask, 0, self.scope)

    @property
    def crosses(self) -> bool:
        """Whether this scope may be cut by sector and province: aggregates of one tier or CERT may not."""
        return self.exact or (self.scope.tier is None and self.scope.team is None)

    @cached_property
    def sectors(self) -> list[Line]:
        if not self.crosses:
            return []
        present = set(self.classes.sector[self._mask].tolist())
        return [
            self._line(self._mask & (self.classes.sector == key), key, Scope(key, self.scope.province))
            for key in self.sector_names
            if key in present
        ]

    @cached_property
    def provinces(self) -> list[Line]:
        if not self.crosses:
            return []
        present = set(self.classes.province[self._mask].tolist())
        return [
            self._line(self._mask & (self.classes.province == key), key, Scope(self.scope.sector, key))
            for key in self.province_names
            if key in present
        ]

    @cached_property
    def tiers(self) -> list[Line]:
        """By criticality tier; for aggregates only of the whole nation."""
        if not (self.exact or self.scope.is_everything):
            return []
        present = set(self.classes.tier[self._mask].tolist())
        return [
            self._line(self._mask & (self.classes.tier == tier), tier, Scope(tier=tier))
            for tier in TIERS
            if tier in present
        ]

    def teams(self, names: Names) -> list[Line]:
        """By the CERT that leads; 0 is no single lead. Only where classes were read by CERT."""
        if not (self.exact or self.scope.is_everything):
            return []
        present = set(self.classes.team[self._mask].tolist())
        return [
            self._line(self._mask & (self.classes.team == key), key, Scope(team=key))
            for key in (*names, 0)
            if key in present
        ]

    @cached_property
    def heat(self) -> reading.Floats:
        keys = [line.key for line in self.sectors]
        groups = len(self.framework.rules.top_groups)
        if not keys:
            return np.full((0, groups), np.nan)
        values = rollup.heat_map(self._chosen, self.framework, keys)
        if self.exact:
            return values
        hidden = np.array([line.hidden for line in self.sectors])
        return np.where(hidden[:, None], np.nan, np.round(values, 1))

    @cached_property
    def weakest(self) -> tuple[int, str, float] | None:
        """The sector and group with the lowest mean level: (sector key, group identifier, level)."""
        if not self.heat.size or np.isnan(self.heat).all():
            return None
        row, column = np.unravel_index(int(np.nanargmin(self.heat)), self.heat.shape)
        group = self.framework.rules.top_groups[int(column)]
        return self.sectors[int(row)].key, group, float(self.heat[row, column])

    @cached_property
    def _chosen(self) -> Classes:
        return self.classes if self._mask.all() else _taken(self.classes, self._mask)

    @cached_property
    def _by_profile(self) -> tuple[list[str], Cube]:
        return rollup.by_profile(self._chosen, self.framework)

    @cached_property
    def groups(self) -> list[Standing]:
        """How each top-level group of the framework stands; empty where the scope is hidden."""
        return self._shown(rollup.group_standings(*self._by_profile, self.framework))

    @cached_property
    def requirements(self) -> list[Standing]:
        """How each requirement stands, in the framework's order; empty where the scope is hidden."""
        return self._shown(rollup.requirement_standings(*self._by_profile, self.framework))

    def _shown(self, found: list[Standing]) -> list[Standing]:
        if self.hidden:
            return []
        return found if self.exact else [publication.published_standing(standing) for standing in found]


def board_of(actor: Actor, campaign: Campaign, scope: Scope, *, by_team: bool = False, levels: bool = True) -> Board:
    """A campaign within a scope, as the actor may see it. Raises Forbidden, and Invalid for an unpublished crossing."""
    require_may_read_board(actor)
    exact = sees_exact_numbers(actor)
    if exact:
        classes = reading.classes_seen(campaign.pk, scope, by_team=by_team or scope.team is not None, levels=levels)
        tables = None
    else:
        classes = reading.classes_of_nation(campaign.pk, levels=levels)
        tables = publication.publication(classes)
        tables.hides(scope)
    return Board(
        campaign=campaign,
        framework=loaded(campaign.framework_id),
        scope=scope,
        exact=exact,
        classes=classes,
        publication=tables,
        sector_names=sector_names(),
        province_names=province_names(),
    )


def latest_campaign(actor: Actor) -> Campaign | None:
    """The campaign that the board opens with: the newest that was launched."""
    return campaigns_shown().first()


def campaigns_shown() -> QuerySet[Campaign]:
    """Campaigns with organisations in them, the newest first."""
    return (
        Campaign.objects.filter(state__in=("open", "closed")).select_related("framework").defer("framework__document")
    )


def access_campaign(actor: Actor, code: str) -> Campaign:
    """The launched campaign with this code; raises NotFound where there is none."""
    found = campaigns_shown().filter(code=code[:60]).first()
    if found is None:
        raise not_open("campaign")
    return found


def scope_from(values: Mapping[str, str]) -> Scope:
    """The scope that codes name: sector, province, tier, cert. Raises NotFound for a name that does not exist."""
    sector, province, tier, team = (values.get(name, "") for name in ("sector", "province", "tier", "cert"))
    if tier and tier not in {str(each) for each in TIERS}:
        raise not_open("tier")
    return Scope(
        sector=_key_of(Sector.objects.filter(parent=None), sector, "sector"),
        province=_key_of(Province.objects.all(), province, "province"),
        tier=int(tier) if tier else None,
        team=_key_of(Team.objects.all(), team, "team"),
    )


def sector_names() -> Names:
    """Every sector by key, in the nation's order."""
    return {row[0]: (row[1], row[2]) for row in Sector.objects.filter(parent=None).values_list("id", "code", "name")}


def province_names() -> Names:
    """Every province by key, in the nation's order."""
    return {row[0]: (row[1], row[2]) for row in Province.objects.values_list("id", "code", "name")}


def team_names() -> Names:
    """Every CERT by key."""
    return {row[0]: (row[1], row[2]) for row in Team.objects.values_list("id", "code", "name")}


def who_has_not_answered(actor: Actor, campaign: Campaign, scope: Scope) -> QuerySet[Assessment]:
    """Assessments without standing answers, critical organisations first; raises Forbidden for aggregate readers."""
    require_may_see_names(actor)
    rows = (
        Assessment.objects.filter(campaign=campaign, standing=None)
        .select_related("organisation__sector", "organisation__province")
        .only("id", "state", "answered", "organisation__identifier", "organisation__name", "organisation__name_ur",
              "organisation__tier", "organisation__sector__name", "organisation__province__name")
        .order_by("organisation__tier", "organisation__name", "id")
    )  # fmt: skip
    return _within(rows, scope)


def organisations_at(
    actor: Actor, campaign: Campaign, scope: Scope, *, below_target: bool = False
) -> QuerySet[Assessment]:
    """The assessments behind the numbers of a scope, the weakest first; raises Forbidden for aggregate readers."""
    require_may_see_names(actor)
    rows = (
        Assessment.objects.filter(campaign=campaign, standing__isnull=False)
        .select_related("organisation__sector", "organisation__province")
        .defer("levels", "carried", "standing")
        .order_by("mean", "organisation__name", "id")
    )
    if below_target:
        rows = rows.filter(meets_target=False)
    return _within(rows, scope)


def _within(rows: QuerySet[Assessment], scope: Scope) -> QuerySet[Assessment]:
    wanted = {"sector": scope.sector, "province": scope.province, "tier": scope.tier}
    rows = rows.filter(**{f"organisation__{name}": key for name, key in wanted.items() if key is not None})
    if scope.team is not None:
        rows = rows.filter(organisation__memberships__team=scope.team, organisation__memberships__lead=True)
    return rows


def _key_of(rows: QuerySet[Sector] | QuerySet[Province] | QuerySet[Team], code: str, noun: str) -> int | None:
    if not code:
        return None
    found = rows.filter(code=code[:60]).values_list("pk", flat=True).first()
    if found is None:
        raise not_open(noun)
    return int(found)


def _taken(classes: Classes, mask: reading.Mask) -> Classes:
    chosen = np.flatnonzero(mask)
    return Classes(
        **{
            name: getattr(classes, name)[chosen]
            for name in ("sector", "province", "tier", "team", "asked", "answered", "accepted", "meets", "scored",
                         "mean_sum", "floor_sum", "gaps_sum")
        },
        profile=tuple(classes.profile[index] for index in chosen),
        blobs=tuple(classes.blobs[index] for index in chosen),
    )  # fmt: skip
