"""What every page of the board reads from its address, and the addresses it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from sipar.assessments.models import Campaign
from sipar.board import selectors
from sipar.board.policy import sees_exact_numbers
from sipar.board.reading import Scope
from sipar.board.tables import Table, tier_names, words
from sipar.core.files import download_table
from sipar.core.http import ActorRequest
from sipar.core.problems import not_open

FILTERS = ("sector", "province", "tier", "cert")


@dataclass(frozen=True)
class Question:
    """What an address asks: which campaign, and which part of it. `values` are the filters that are set."""

    campaign: Campaign
    scope: Scope
    values: dict[str, str]

    def address(
        self, name: str = "board", *, args: tuple[str, ...] = (), changes: Mapping[str, str] | None = None
    ) -> str:
        """The address of a page of the board with these filters, changed; an empty change drops a filter."""
        values = {"campaign": self.campaign.code, **self.values, **(changes or {})}
        return f"{reverse(name, args=args)}?{urlencode({key: value for key, value in values.items() if value})}"


def question_of(request: ActorRequest) -> Question | None:
    """The question of a request; None where no campaign was launched yet. Raises NotFound for unknown names."""
    code = request.GET.get("campaign", "")
    campaign = selectors.access_campaign(request.actor, code) if code else selectors.latest_campaign(request.actor)
    if campaign is None:
        return None
    values = {name: request.GET[name] for name in FILTERS if request.GET.get(name)}
    return Question(campaign, selectors.scope_from(values), values)


def required_question(request: ActorRequest) -> Question:
    found = question_of(request)
    if found is None:
        raise not_open("campaign")
    return found


def filters(request: ActorRequest, question: Question) -> dict[str, Any]:
    """The variables of the filter form."""
    crossing = sees_exact_numbers(request.actor)
    return {
        "campaigns": [(each.code, words(each.name)) for each in selectors.campaigns_shown()[:20]],
        "sector_options": [(code, words(name)) for code, name in selectors.sector_names().values()],
        "province_options": [(code, words(name)) for code, name in selectors.province_names().values()],
        "tier_options": [(code, words(name)) for code, name in tier_names().values()],
        "cert_options": [(code, words(name)) for code, name in selectors.team_names().values()],
        "chosen": question.values,
        "campaign": question.campaign,
        "exact": crossing,
        "clear": question.address(changes=dict.fromkeys(FILTERS, "")) if question.values else "",
    }


def csv_response(table: Table, question: Question) -> HttpResponse:
    """A table as a download, with stable column names."""
    name = "-".join((question.campaign.code, table.key, *question.values.values()))
    return download_table(table.header, table.rows, name=f"{name}.csv")
