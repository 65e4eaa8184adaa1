"""Reading notices, rules and what waits for whom. Row-level security has decided which rows there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, IntegerField, Min, QuerySet, Value, When

from sipar.core.acting import Actor
from sipar.core.problems import not_open
from sipar.notices.addresses import secret_digest
from sipar.notices.exposure_words import kind_word, severity_word
from sipar.notices.letters import lines_of
from sipar.notices.models import (
    Channel,
    Decision,
    Delivery,
    DryRun,
    Finding,
    Inhibition,
    Notice,
    OwnershipQuestion,
    Reply,
    RuleSet,
)
from sipar.orgs.models import Organisation
from sipar.people.roles import TEAM_ROLES
from sipar.teams.models import Team

# The link in a mail opens its page for this long.
LINK_LIVES = timedelta(days=180)
WAITING = ("sent", "shown")
TROUBLED = ("in_doubt", "failed")
SEEN_BY_ORGANISATION = ("sending", "sent", "shown", "in_doubt", "failed", "answered", "closed")
REPLIES_LATELY = timedelta(days=14)


def notices_open_to(actor: Actor, *, state: str = "") -> QuerySet[Notice]:
    """The notices that the actor reaches: what went wrong first, then the latest. Organisations see what went out."""
    rows = Notice.objects.select_related("organisation", "team")
    if not actor.holds(*TEAM_ROLES, "system"):
        rows = rows.filter(state__in=SEEN_BY_ORGANISATION)
    if state == "waiting":
        rows = rows.filter(state__in=WAITING)
    elif state == "troubled":
        rows = rows.filter(state__in=TROUBLED)
    elif state:
        rows = rows.filter(state=state)
    trouble = Case(When(state__in=TROUBLED, then=Value(0)), default=Value(1), output_field=IntegerField())
    return rows.order_by(trouble, "-made_at", "-pk")


def access_notice(actor: Actor, number: str) -> Notice:
    """A notice by its number; raises NotFound for one that the actor may not know of."""
    found = notices_open_to(actor).filter(number=number.replace("\x00", "").upper()).first()
    if found is None:
        raise not_open("notice")
    return found


def notice_behind(secret: str, *, now: datetime) -> Notice | None:
    """The notice that a secret opens, while its link lives; read as Sipar itself."""
    rows = Notice.objects.select_related("organisation", "team", "rule_set")
    return rows.filter(
        secret_digest=secret_digest(secret), made_at__gt=now - LINK_LIVES, state__in=SEEN_BY_ORGANISATION
    ).first()


@dataclass(frozen=True)
class Line:
    """One finding of a notice, with the last thing that somebody said about it."""

    finding: Finding
    said: Decision | None

    @property
    def step(self) -> int:
        """Severity from 1 to 5, as the component counts."""
        return self.finding.severity + 1

    @property
    def kind(self) -> str:
        return kind_word(self.finding.kind)

    @property
    def severity(self) -> str:
        return severity_word(self.finding.severity)

    @property
    def is_open(self) -> bool:
        return self.finding.state != "closed"


def lines_with_answers(notice: Notice) -> list[Line]:
    """The findings of a notice in the order of its mail, with what was said about each."""
    findings = lines_of(notice)
    said = latest_decisions(findings)
    return [Line(finding, said.get(finding.pk)) for finding in findings]


def latest_decisions(findings: Iterable[Finding]) -> dict[int, Decision]:
    rows = Decision.objects.filter(finding__in=[finding.pk for finding in findings])
    return {row.finding_id: row for row in rows.order_by("decided_at", "pk")}


def deliveries_of(notice: Notice) -> list[Delivery]:
    return list(Delivery.objects.filter(notice=notice).order_by("-attempt"))


def replies_of(notice: Notice) -> list[Reply]:
    return list(Reply.objects.filter(notice=notice).order_by("-received_at", "-pk")[:200])


def teams_of_rules(actor: Actor) -> list[Team]:
    """The CERTs whose staff the actor is."""
    teams = {grant.team for grant in actor.grants if grant.role in TEAM_ROLES and grant.team is not None}
    return list(Team.objects.filter(pk__in=teams).order_by("code"))


def rule_sets_of(teams: Sequence[Team]) -> QuerySet[RuleSet]:
    """Every version of these CERTs' rules, in use first, then drafts, then what was replaced."""
    places = Case(
        *(When(state=state, then=Value(place)) for place, state in enumerate(("active", "draft", "retired"))),
        default=Value(3),
        output_field=IntegerField(),
    )
    return RuleSet.objects.filter(team__in=teams).select_related("team").order_by("team__code", places, "-version")


def access_rule_set(rule_set: int) -> RuleSet:
    found = RuleSet.objects.select_related("team").filter(pk=rule_set).first()
    if found is None:
        raise not_open("rule set")
    return found


def dry_runs_of(rule_set: RuleSet) -> list[DryRun]:
    return list(DryRun.objects.filter(rule_set=rule_set).order_by("-asked_at", "-pk")[:10])


def access_dry_run(dry_run: int) -> DryRun:
    found = DryRun.objects.select_related("rule_set", "team").filter(pk=dry_run).first()
    if found is None:
        raise not_open("dry run")
    return found


def inhibitions_open_to(*, ended: bool = False) -> QuerySet[Inhibition]:
    """What is not told, the next to end first."""
    rows = Inhibition.objects.select_related("team", "organisation")
    return rows.order_by("until", "pk") if ended else rows.filter(ended_at=None).order_by("until", "pk")


def access_inhibition(inhibition: int) -> Inhibition:
    found = Inhibition.objects.filter(pk=inhibition).first()
    if found is None:
        raise not_open("inhibition")
    return found


def open_questions() -> QuerySet[OwnershipQuestion]:
    """Findings of which an organisation says that they are not its own, the oldest first."""
    rows = OwnershipQuestion.objects.filter(state="open").select_related("finding", "organisation", "team")
    return rows.order_by("asked_at", "pk")


def access_question(question: int) -> OwnershipQuestion:
    found = OwnershipQuestion.objects.select_related("finding", "organisation").filter(pk=question).first()
    if found is None:
        raise not_open("question")
    return found


def channel_of(organisation: Organisation) -> Channel | None:
    return Channel.objects.filter(organisation=organisation).first()


@dataclass(frozen=True)
class Pile:
    """How much of something waits, and since when."""

    number: int
    oldest: datetime | None


def notices_waiting(organisations: Sequence[int | None]) -> Pile:
    """Notices that their organisation has not answered."""
    rows = Notice.objects.filter(organisation__in=organisations, state__in=WAITING)
    return _pile(rows.aggregate(number=Count("pk"), oldest=Min("made_at")))


def notices_troubled(teams: Sequence[int]) -> Pile:
    """Notices of which nobody knows whether they went, or that did not arrive."""
    rows = Notice.objects.filter(team__in=teams, state__in=TROUBLED)
    return _pile(rows.aggregate(number=Count("pk"), oldest=Min("made_at")))


def questions_waiting(teams: Sequence[int]) -> Pile:
    rows = OwnershipQuestion.objects.filter(team__in=teams, state="open")
    return _pile(rows.aggregate(number=Count("pk"), oldest=Min("asked_at")))


def replies_waiting(teams: Sequence[int], *, now: datetime) -> Pile:
    """Replies of the last two weeks to notices that are not closed."""
    rows = Reply.objects.filter(notice__team__in=teams, received_at__gt=now - REPLIES_LATELY)
    rows = rows.exclude(notice__state="closed")
    return _pile(rows.aggregate(number=Count("pk"), oldest=Min("received_at")))


def _pile(row: dict[str, object]) -> Pile:
    oldest = row["oldest"]
    return Pile(int(str(row["number"])), oldest if isinstance(oldest, datetime) else None)
