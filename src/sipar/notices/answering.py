"""Answering a notice in two steps, the same with and without signing in: choose and say, then confirm.

The first step shows what will be said and asks for what belongs to it; only the second one changes anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sipar.core.acting import Actor
from sipar.core.numbers import LARGEST_KEY, whole_number
from sipar.core.problems import Invalid
from sipar.notices.actions import Answer, answer
from sipar.notices.forms import SayForm
from sipar.notices.models import Decision, Finding, Notice
from sipar.notices.selectors import Line, lines_with_answers
from sipar.ui.forms import add_problem

SHOWN = 200
KINDS = dict(Decision.Kind.choices)
BY_LINK = (Decision.Kind.FIXED, Decision.Kind.NOT_MINE, Decision.Kind.NEED_HELP)
MEANING: Mapping[str, str | Promise] = {
    Decision.Kind.FIXED: gettext_lazy("It stays open until it is not seen any more. If it is, you are told again."),
    Decision.Kind.NOT_MINE: gettext_lazy("Your CERT looks at who answers for the address, and says so."),
    Decision.Kind.ACCEPTED: gettext_lazy("You are not told of it until that day. Your name stands with the decision."),
    Decision.Kind.NEED_HELP: gettext_lazy("Your CERT gets a request for help at once and calls you."),
}
DONE: Mapping[str, str | Promise] = {
    Decision.Kind.FIXED: gettext_lazy("Thank you. We look whether it is seen again."),
    Decision.Kind.NOT_MINE: gettext_lazy("Thank you. Your CERT looks at who answers for these systems."),
    Decision.Kind.ACCEPTED: gettext_lazy("Kept. You are told again after that day."),
    Decision.Kind.NEED_HELP: gettext_lazy("Your CERT has your request and calls you."),
}


@dataclass
class Saying:
    """What somebody is about to say about a notice; `form` asks for the rest, `done` where it was said."""

    kind: str
    findings: list[Finding]
    rest: bool
    form: SayForm
    done: bool = False
    status: int = 200

    @property
    def title(self) -> str:
        return str(KINDS[self.kind])

    @property
    def meaning(self) -> str:
        return str(MEANING[self.kind])


@dataclass
class Page:
    """The findings of a notice as its page shows them."""

    lines: list[Line]
    problem: str = ""
    saying: Saying | None = None
    status: int = 200
    kinds: list[tuple[str, str]] = field(default_factory=list)

    @property
    def shown(self) -> list[Line]:
        return self.lines[:SHOWN]

    @property
    def more(self) -> int:
        return max(len(self.lines) - SHOWN, 0)

    @property
    def is_answerable(self) -> bool:
        return any(line.is_open for line in self.lines)


def page_of(notice: Notice, *, kinds: tuple[str, ...] = BY_LINK) -> Page:
    return Page(lines_with_answers(notice), kinds=[(kind, str(KINDS[kind])) for kind in kinds])


def say(actor: Actor, notice: Notice, posted: QueryDict, *, kinds: tuple[str, ...], now: datetime) -> Page:
    """One step of answering. Call inside `acting`; what is refused stands on the page, and nothing is changed."""
    page = page_of(notice, kinds=kinds)
    kind = posted.get("kind", "")
    chosen = _chosen(page.lines, posted)
    if kind not in kinds or not chosen:
        page.problem = _("Choose at least one finding, and say what became of it.")
        page.status = 422
        return page
    confirmed = posted.get("step") == "confirm"
    saying = Saying(kind, chosen, "rest" in posted, SayForm(posted if confirmed else None, kind=kind))
    page.saying = saying
    if not confirmed:
        return page
    page.status = 422
    if not saying.form.is_valid():
        return page
    values: dict[str, Any] = saying.form.cleaned_data
    try:
        answer(actor, chosen, Answer(kind=kind, **values), notice=notice, now=now)
    except Invalid as problem:
        add_problem(saying.form, problem)
        return page
    saying.done, page.status = True, 200
    return page


def _chosen(lines: list[Line], posted: QueryDict) -> list[Finding]:
    """The open findings that were ticked; `rest` stands for those that the page does not list."""
    ticked = {whole_number(value, most=LARGEST_KEY) for value in posted.getlist("finding")}
    found = [line.finding for line in lines[:SHOWN] if line.is_open and line.finding.pk in ticked]
    if "rest" in posted:
        found += [line.finding for line in lines[SHOWN:] if line.is_open]
    return found
