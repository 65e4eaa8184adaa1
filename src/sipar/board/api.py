"""The board to programs: the same numbers under the same rules as the pages."""

from __future__ import annotations

from collections.abc import Mapping

from ninja import Query, Router, Schema

from sipar.board import selectors, tables
from sipar.board.policy import BOARD
from sipar.board.rollup import Line, Standing
from sipar.core.api import PROBLEMS, Entry
from sipar.core.http import ActorRequest

router = Router(tags=["board"])


class Filters(Schema):
    sector: str = ""
    province: str = ""
    tier: str = ""
    cert: str = ""


class BoardLine(Schema):
    """`hidden`: too few organisations to show. Numbers are null where hidden or where there is nothing to compute."""

    code: str
    name: dict[str, str]
    asked: int | None
    answered: int | None
    accepted: int | None
    meet_target: int | None
    coverage: float | None
    share_meeting: float | None
    mean: float | None
    floor: float | None
    gaps: float | None
    hidden: bool


class StandingOut(Schema):
    """`counts`: answers on level 0, 1 ..., then not applicable, then unanswered."""

    code: str
    counts: list[int]
    mean: float | None
    gap: float | None
    share_at_target: float | None


class HeatOut(Schema):
    groups: list[str]
    sectors: list[str]
    values: list[list[float | None]]


class BoardOut(Schema):
    """`exact` false: small cells are suppressed, counts rounded to five and means to a tenth."""

    campaign: str
    framework: str
    version: str
    exact: bool
    total: BoardLine
    sectors: list[BoardLine]
    provinces: list[BoardLine]
    tiers: list[BoardLine]
    certs: list[BoardLine]
    groups: list[StandingOut]
    requirements: list[StandingOut]
    heat: HeatOut


@router.get("/board/{campaign}", auth=Entry(BOARD), response={200: BoardOut, **PROBLEMS}, operation_id="read_board")
def read_board(request: ActorRequest, campaign: str, filters: Query[Filters]) -> BoardOut:
    """A campaign rolled up by sector, province, tier, CERT, group and requirement, within the filters."""
    found = selectors.access_campaign(request.actor, campaign)
    scope = selectors.scope_from(filters.dict())
    board = selectors.board_of(request.actor, found, scope, by_team=True)
    names = selectors.team_names()
    catalogue = board.framework.catalogue
    return BoardOut(
        campaign=found.code,
        framework=catalogue.identifier,
        version=catalogue.version,
        exact=board.exact,
        total=_line(board.total, "", {}),
        sectors=[_line(each, *board.sector_names[each.key]) for each in board.sectors],
        provinces=[_line(each, *board.province_names[each.key]) for each in board.provinces],
        tiers=[_line(each, *tables.tier_names()[each.key]) for each in board.tiers],
        certs=[_line(each, *tables.with_nobody(names)[each.key]) for each in board.teams(names)],
        groups=[_standing(each) for each in board.groups],
        requirements=[_standing(each) for each in board.requirements],
        heat=HeatOut(
            groups=list(board.framework.rules.top_groups),
            sectors=[board.sector_names[each.key][0] for each in board.sectors],
            values=[[None if value != value else value for value in row] for row in board.heat.tolist()],
        ),
    )


def _line(found: Line, code: str, name: Mapping[str, str]) -> BoardLine:
    return BoardLine(
        code=code,
        name=dict(name),
        asked=found.asked,
        answered=found.answered,
        accepted=found.accepted,
        meet_target=found.meets,
        coverage=found.coverage,
        share_meeting=found.share_meeting,
        mean=found.mean,
        floor=found.floor,
        gaps=found.gaps,
        hidden=found.hidden,
    )


def _standing(found: Standing) -> StandingOut:
    return StandingOut(
        code=found.key,
        counts=list(found.counts),
        mean=found.mean,
        gap=found.gap,
        share_at_target=found.share_at_target,
    )
