"""Who may write a report, who may send it, and what a signature needs."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from sipar.assessments.submit_actions import SECOND_FACTOR_LASTS, SecondFactor
from sipar.core.acting import Actor
from sipar.core.problems import Forbidden
from sipar.incidents.models import Incident, Report
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES

SCOPE = "report"
SIGNING_ROLES = ("ciso", "head")


def may_open(actor: Actor, organisation: int) -> bool:
    """The organisation's own people; a token needs the scope `report`."""
    return _carries(actor) and actor.holds_at(organisation, *ORGANISATION_ROLES)


def may_enter_for_callers(actor: Actor, team: int) -> bool:
    """The staff of a CERT, in person: they write down what a caller says."""
    return actor.scopes is None and actor.holds_in_team(team, *TEAM_ROLES)


def may_write(actor: Actor, incident: Incident, report: Report) -> bool:
    """The organisation's own people, and the team that entered it for a caller; Sipar for the doors without account."""
    if actor.holds("system"):
        return True
    if incident.organisation_id is not None and may_open(actor, incident.organisation_id):
        return True
    return report.entered_by_team_id is not None and may_enter_for_callers(actor, report.entered_by_team_id)


def require_may_write(actor: Actor, incident: Incident, report: Report) -> None:
    if not may_write(actor, incident, report):
        raise Forbidden(_("Only the people of the organisation write its report."), code="report.write")


def needs_signature(actor: Actor, incident: Incident, *, first: bool) -> bool:
    """Whether a stage must be signed in person.

    The first stage never waits for a signature: the law's first clock is the shortest. What a caller or a mail says,
    and what a program of the CISO sends with a token, is recorded as unsigned.
    """
    return not first and actor.scopes is None and _is_own(actor, incident)


def may_sign(actor: Actor, incident: Incident) -> bool:
    """The chief information security officer or the head, in person; a delegate holds the role for a time."""
    return (
        actor.scopes is None
        and incident.organisation_id is not None
        and actor.holds_at(incident.organisation_id, *SIGNING_ROLES)
    )


def require_may_submit(
    actor: Actor, incident: Incident, report: Report, *, first: bool, signature: SecondFactor | None, now: datetime
) -> None:
    """Raise Forbidden unless the actor may send this stage with this signature."""
    require_may_write(actor, incident, report)
    signs_by_role = incident.organisation_id is not None and actor.holds_at(incident.organisation_id, *SIGNING_ROLES)
    if signature is not None and not may_sign(actor, incident):
        raise Forbidden(_("The chief information security officer or the head of the organisation signs."), code="sign")
    if signature is not None and not timedelta(0) <= now - signature.shown_at <= SECOND_FACTOR_LASTS:
        raise Forbidden(_("Show your second factor again to sign."), code="second_factor")
    if first or not _is_own(actor, incident):
        return
    if not signs_by_role:
        raise Forbidden(
            _("The first report is sent. The chief information security officer or the head signs what follows."),
            code="report.sign",
        )
    if signature is None and needs_signature(actor, incident, first=first):
        raise Forbidden(_("Show your second factor to sign."), code="second_factor")


def _is_own(actor: Actor, incident: Incident) -> bool:
    return incident.organisation_id is not None and actor.holds_at(incident.organisation_id, *ORGANISATION_ROLES)


def _carries(actor: Actor) -> bool:
    return actor.scopes is None or SCOPE in actor.scopes
