"""What a team says of itself: RFC 2350 profile, services, contacts, maturity, duty."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Invalid, Place
from sipar.nations.reference import first_services, sim3
from sipar.people.selectors import people_of_team
from sipar.teams.maturity import encoded
from sipar.teams.models import DutyShift, MaturitySelfAssessment, Team
from sipar.teams.policy import require_may_describe, require_may_roster
from sipar.teams.rfc2350 import LONGEST_SECTION, WRITTEN

LONGEST_SHIFT = timedelta(days=7)


@action("team.describe")
def describe(actor: Actor, team: Team, *, profile: Mapping[str, str], email: str, emergency_phone: str) -> None:
    """Keep the RFC 2350 description and how the team is reached."""
    require_may_describe(actor, team)
    known = {section.number for section in WRITTEN}
    if not set(profile) <= known:
        raise Invalid("RFC 2350 has no such section.", code="team.section")
    kept = {number: words.strip()[:LONGEST_SECTION] for number, words in profile.items() if words.strip()}
    Team.objects.filter(pk=team.pk).update(profile=kept, email=email, emergency_phone=emergency_phone[:40])


@action("team.choose_services")
def choose_services(actor: Actor, team: Team, services: list[str]) -> None:
    """Keep which services of the FIRST catalogue the team offers."""
    require_may_describe(actor, team)
    known = first_services().services
    if not set(services) <= known.keys():
        raise Invalid("The FIRST catalogue has no such service.", code="team.service")
    Team.objects.filter(pk=team.pk).update(services=[service for service in known if service in set(services)])


@action("team.assess_maturity")
def assess_maturity(
    actor: Actor, team: Team, *, levels: Mapping[str, int | None], comments: Mapping[str, str], now: datetime
) -> MaturitySelfAssessment:
    """Add a SIM3 self-assessment; earlier ones stay as they were."""
    require_may_describe(actor, team)
    model = sim3()
    try:
        vector = encoded(levels, model)
    except ValueError as error:
        raise Invalid(str(error), code="team.level") from error
    if all(level is None for level in levels.values()):
        raise Invalid("Choose at least one level.", code="team.empty")
    return MaturitySelfAssessment.objects.create(
        team=team,
        model_version=model.version,
        levels=vector,
        comments={key: words[:2_000] for key, words in comments.items() if words.strip() and key in levels},
        assessed_at=now,
        assessed_by_id=actor.account,
    )


@action("team.add_shift")
def add_shift(
    actor: Actor, team: Team, account: int, *, starts_at: datetime, ends_at: datetime, now: datetime
) -> DutyShift:
    """Put one of the team's people on duty."""
    require_may_roster(actor, team)
    if not starts_at < ends_at <= starts_at + LONGEST_SHIFT:
        raise Invalid(
            "A shift lasts between a moment and seven days.",
            code="team.shift",
            places=[Place("ends_at", "The end must follow the start within seven days.")],
        )
    if not people_of_team(team.pk, now=now).filter(account_id=account).exists():
        raise Invalid(
            "Only people of this CERT stand duty for it.",
            code="team.stranger",
            places=[Place("account", "Choose somebody of this CERT.")],
        )
    return DutyShift.objects.create(team=team, account_id=account, starts_at=starts_at, ends_at=ends_at)


@action("team.remove_shift")
def remove_shift(actor: Actor, team: Team, shift: DutyShift) -> None:
    """Take a shift off the roster."""
    require_may_roster(actor, team)
    DutyShift.objects.filter(pk=shift.pk, team=team).delete()
