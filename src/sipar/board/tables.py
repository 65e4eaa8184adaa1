"""The numbers of the board as plain tables: the same for the page, the CSV, the report and the API's reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from sipar.board.rollup import Line, Standing
from sipar.board.selectors import Board, Names
from sipar.board.trends import Movement

type Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """`heads` in the active language, `header` the same columns as stable names for programs."""

    key: str
    caption: str
    header: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


LINE_HEADER = ("code", "name", "asked", "answered", "coverage", "meet_target", "share_meeting", "mean", "floor", "gaps")


def words(text: Mapping[str, str]) -> str:
    """The text in the active language, else in English."""
    language = (get_language() or "en").split("-")[0]
    return text.get(language) or text["en"]


def line_heads(first: str) -> tuple[str, ...]:
    return (
        _("Code"), first, _("Asked"), _("Answered"), _("Answered, share"), _("Meet their target"),
        _("Meet their target, share"), _("Mean level"), _("Weakest group, mean"), _("Gaps each"),
    )  # fmt: skip


def lines_table(key: str, caption: str, first: str, lines: Sequence[Line], names: Names) -> Table:
    """One row for each line; what is hidden is empty."""
    rows = tuple(
        (
            names[line.key][0], words(names[line.key][1]), line.asked, line.answered, _short(line.coverage), line.meets,
            _short(line.share_meeting), _short(line.mean), _short(line.floor), _short(line.gaps),
        )
        for line in lines
    )  # fmt: skip
    return Table(key, caption, LINE_HEADER, line_heads(first), rows)


def sectors(board: Board) -> Table:
    return lines_table("sectors", _("By sector"), _("Sector"), board.sectors, board.sector_names)


def provinces(board: Board) -> Table:
    return lines_table("provinces", _("By province"), _("Province"), board.provinces, board.province_names)


def tiers(board: Board) -> Table:
    return lines_table("tiers", _("By criticality tier"), _("Tier"), board.tiers, tier_names())


def teams(board: Board, names: Names) -> Table:
    return lines_table("certs", _("By CERT that leads"), _("CERT"), board.teams(names), with_nobody(names))


def tier_names() -> Names:
    return {tier: (str(tier), {"en": _("Tier %(tier)s") % {"tier": tier}}) for tier in (1, 2, 3, 4)}


def with_nobody(names: Names) -> Names:
    """The CERTs, and the line of organisations that no single CERT leads."""
    return {**names, 0: ("", {"en": _("No single lead")})}


# Not applicable and not answered stand after the levels, and are none.
OFF_SCALE = 2


def level_words(board: Board) -> tuple[str, ...]:
    """The names of the levels, then not applicable, then unanswered."""
    scale = (words(step.title) for step in board.framework.catalogue.scale)
    return (*scale, _("Not applicable"), _("Not answered"))


def standings_table(
    key: str, caption: str, first: str, board: Board, standings: Sequence[Standing], titles: Mapping[str, str]
) -> Table:
    levels = level_words(board)
    header = ("code", "name", "mean", "gap", "share_at_target", *(f"level_{place}" for place in range(len(levels) - 2)),
              "not_applicable", "unanswered")  # fmt: skip
    rows = tuple(
        (
            each.key, titles[each.key], _short(each.mean), _short(each.gap), _short(each.share_at_target), *each.counts,
        )
        for each in standings
    )  # fmt: skip
    heads = (_("Code"), first, _("Mean level"), _("Levels to target"), _("At target, share"), *levels)
    return Table(key, caption, header, heads, rows)


def groups(board: Board) -> Table:
    return standings_table("groups", _("By framework group"), _("Group"), board, board.groups, group_titles(board))


def requirements(board: Board) -> Table:
    titles = {requirement.id: words(requirement.title) for requirement in board.framework.requirements}
    return standings_table("requirements", _("By requirement"), _("Requirement"), board, board.requirements, titles)


def group_titles(board: Board) -> dict[str, str]:
    """The top-level groups of the framework by identifier, in order."""
    return {key: words(board.framework.groups[key].title) for key in board.framework.rules.top_groups}


def heat(board: Board) -> Table:
    """Mean level per sector and top-level group."""
    titles = group_titles(board)
    rows = tuple(
        (
            board.sector_names[line.key][0], words(board.sector_names[line.key][1]),
            *(None if np.isnan(value) else round(float(value), 4) for value in values),
        )
        for line, values in zip(board.sectors, board.heat, strict=True)
    )  # fmt: skip
    return Table("heat", _("Mean level by sector and group"), ("code", "name", *titles),
                 (_("Code"), _("Sector"), *titles.values()), rows)  # fmt: skip


def trend(found: Movement) -> Table:
    names = {place: (campaign.code, campaign.name) for place, campaign in enumerate(found.campaigns)}
    lines = [_keyed(line, place) for place, line in enumerate(found.lines)]
    return lines_table("trend", _("Campaign by campaign"), _("Campaign"), lines, names)


def _keyed(line: Line, key: int) -> Line:
    return Line(
        key, line.asked, line.answered, line.accepted, line.meets, line.mean, line.floor, line.gaps, line.hidden
    )


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
