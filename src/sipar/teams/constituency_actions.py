"""Changing whom a team serves: draft, preview, apply; and settling what two teams, or none, claim."""

from __future__ import annotations

from datetime import datetime

from pydantic import ValidationError

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict, Invalid, Place
from sipar.nations.constituency import ConstituencyRule
from sipar.teams.actions import resolve_constituencies
from sipar.teams.models import ConstituencyDispute, ConstituencyDraft, Team
from sipar.teams.policy import require_leads_nation, require_may_draft, require_may_recommend
from sipar.teams.rules import covers_everyone, excluding, including
from sipar.teams.selectors import disputed


@action("team.draft_rule")
def draft_rule(actor: Actor, team: Team, rule: dict[str, object], *, reason: str, now: datetime) -> ConstituencyDraft:
    """Keep a new rule beside the present one. Nothing changes until the National CERT applies it."""
    require_may_draft(actor, team)
    checked = _checked(rule)
    _keep_national_whole(team, checked)
    if not reason.strip():
        raise Invalid("Say why the constituency changes.", code="team.reason", places=[Place("reason", "Say why.")])
    return ConstituencyDraft.objects.create(
        team=team,
        rule=checked.model_dump(mode="json", exclude_none=True),
        reason=reason[:2_000],
        drafted_by_id=actor.account,
        drafted_at=now,
    )


@action("team.apply_rule")
def apply_rule(actor: Actor, draft: ConstituencyDraft, *, now: datetime) -> None:
    """Put the drafted rule in force and resolve every constituency by it."""
    require_leads_nation(actor)
    _decide(actor, draft, "applied", now=now)
    rule = _checked(draft.rule)
    _keep_national_whole(draft.team, rule)
    _put(draft.team, rule)
    resolve_constituencies(actor, now=now)


@action("team.discard_rule")
def discard_rule(actor: Actor, draft: ConstituencyDraft, *, now: datetime) -> None:
    """Drop a draft; it stays in the history."""
    require_may_draft(actor, draft.team)
    _decide(actor, draft, "discarded", now=now)


@action("team.recommend")
def recommend(actor: Actor, dispute: ConstituencyDispute, team: Team, *, reason: str, now: datetime) -> None:
    """Record which team the Council recommends as the lead, and why."""
    require_may_recommend(actor)
    if not reason.strip():
        raise Invalid("Say why the Council decides so.", code="team.reason", places=[Place("reason", "Say why.")])
    if not team.rule.get("lead"):
        raise Invalid(
            "This team only supports others: choose one that leads.",
            code="team.lead",
            places=[Place("team", "Choose a team that leads.")],
        )
    changed = ConstituencyDispute.objects.filter(pk=dispute.pk, settled_at=None).update(
        settled_team=team, reason=reason[:2_000], recommended_by_id=actor.account, recommended_at=now
    )
    if not changed:
        raise Conflict("This conflict is settled already.", code="team.settled")


@action("team.settle")
def settle(actor: Actor, dispute: ConstituencyDispute, *, now: datetime) -> None:
    """Put the Council's recommendation into the rules: the team includes the organisation, other leads exclude it."""
    require_leads_nation(actor)
    if dispute.settled_at is not None or dispute.settled_team is None:
        raise Conflict("There is no open recommendation of the Council on this.", code="team.no_recommendation")
    case, leader = disputed([dispute.pk])[dispute.pk], dispute.settled_team
    _put(leader, including(_checked(leader.rule), case.identifier))
    for other in Team.objects.filter(pk__in=case.leads).exclude(pk=leader.pk):
        _put(other, excluding(_checked(other.rule), case.identifier))
    resolve_constituencies(actor, now=now)
    if ConstituencyDispute.objects.filter(pk=dispute.pk, settled_at=None).exists():
        raise Conflict(
            "The rule of this team excludes the organisation for another reason: change the rule first.",
            code="team.still_excluded",
        )


def _checked(rule: object) -> ConstituencyRule:
    try:
        return ConstituencyRule.model_validate(rule)
    except ValidationError as error:
        places = [Place("/".join(str(part) for part in item["loc"]), item["msg"]) for item in error.errors()]
        raise Invalid("The constituency rule is not complete.", code="team.rule", places=places) from error


def _keep_national_whole(team: Team, rule: ConstituencyRule) -> None:
    # The National CERT sees what it covers: without everyone in it, nobody could ever repair the rule again.
    if team.tier == Team.Tier.NATIONAL and not covers_everyone(rule):
        raise Invalid("The National CERT covers everyone.", code="team.national")


def _put(team: Team, rule: ConstituencyRule) -> None:
    Team.objects.filter(pk=team.pk).update(rule=rule.model_dump(mode="json", exclude_none=True))


def _decide(actor: Actor, draft: ConstituencyDraft, state: str, *, now: datetime) -> None:
    decided = ConstituencyDraft.objects.filter(pk=draft.pk, state="drafted").update(
        state=state, decided_by_id=actor.account, decided_at=now
    )
    if not decided:
        raise Conflict("This draft was decided in the meantime.", code="team.decided")
