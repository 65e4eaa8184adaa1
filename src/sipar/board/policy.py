"""Who may read the board, and how exactly."""

from __future__ import annotations

from sipar.core.acting import Actor
from sipar.core.gates import Gate
from sipar.core.problems import Forbidden
from sipar.people.roles import AGGREGATE_ROLES, ORGANISATION_ROLES, TEAM_ROLES

EXACT_ROLES = (*TEAM_ROLES, "ministry_officer", "system")
BOARD = Gate("board", frozenset({*TEAM_ROLES, *AGGREGATE_ROLES, "ministry_officer"}))
NAMES = Gate("board_names", frozenset({*TEAM_ROLES, "ministry_officer"}))
BENCHMARK = Gate("benchmark", frozenset(ORGANISATION_ROLES))


def sees_exact_numbers(actor: Actor) -> bool:
    """Those who may see the organisations behind the numbers, by name; row-level security decides which ones."""
    return actor.holds(*EXACT_ROLES)


def may_read_board(actor: Actor) -> bool:
    return sees_exact_numbers(actor) or actor.holds(*AGGREGATE_ROLES)


def require_may_read_board(actor: Actor) -> None:
    if not may_read_board(actor):
        raise Forbidden("The board is for CERTs, the Council and those who set standards.", code="board.forbidden")


def require_may_see_names(actor: Actor) -> None:
    if not sees_exact_numbers(actor):
        raise Forbidden("Your role reads numbers, not the organisations behind them.", code="board.names")
