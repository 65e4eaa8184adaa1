"""The desk of one person: their needs in order, and what others did since yesterday."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sipar.core.acting import Actor
from sipar.desk import incident_needs, nation_needs, notice_needs, organisation_needs, risk_needs, team_needs
from sipar.desk.needs import Moment, Need
from sipar.orgs.models import Organisation
from sipar.people.models import Account
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES

SINCE = timedelta(days=1)
# What is looked through at most, so that a night of bulk work costs the desk nothing.
LATEST_EVENTS = 400
EVENTS_BACK = 20_000
MOST_CHANGES = 8

# What is worth a line on the desk; the ledger has the rest.
DONE: dict[str, str | Promise] = {
    "assessment.submit": _("handed in an assessment"),
    "assessment.delegate": _("asked a colleague to answer a section"),
    "assessment.finish_delegation": _("finished a section they were asked to answer"),
    "review.accept": _("accepted an assessment"),
    "review.return": _("returned an assessment with questions"),
    "review.decide": _("reviewed answers"),
    "review.sample": _("drew answers to verify on site"),
    "risk.accept": _("signed for a risk"),
    "risk.set_appetite": _("said how much may be lost"),
    "roadmap.add": _("put gaps on the roadmap"),
    "roadmap.close": _("closed a roadmap item"),
    "roadmap.reschedule": _("moved the date of a roadmap item"),
    "campaign.launch": _("launched a campaign"),
    "campaign.open": _("opened a campaign"),
    "campaign.close": _("closed a campaign"),
    "campaign.extend_cohort": _("asked more organisations"),
    "designation.list": _("listed a candidate for critical infrastructure"),
    "designation.grade": _("graded a candidate"),
    "designation.designate": _("designated critical infrastructure"),
    "designation.confirm_review": _("confirmed a designation"),
    "designation.withdraw": _("withdrew a designation"),
    "account.grant": _("gave a role"),
    "account.approve_request": _("approved a role"),
    "account.revoke_grant": _("ended a role"),
    "engagement.begin": _("began an engagement"),
    "engagement.end": _("ended an engagement"),
    "register.apply": _("imported into the register"),
    "incident.accept": _("accepted a case"),
    "incident.hand_over": _("offered a case to another CERT"),
    "incident.return": _("returned a case"),
    "incident.set_state": _("changed how a case stands"),
    "incident.score": _("scored the severity of a case"),
    "report.submit": _("sent a report"),
    "notice.answer": _("answered a notice of exposed systems"),
    "rules.activate": _("put rules of telling to use"),
    "rollup.send": _("sent a roll-up to the National CERT"),
}

_CHANGES = """
    select action, actor_id, count(distinct organisation_id), max(organisation_id), max(at)
    from (
        select id, at, action, actor_id, organisation_id from core_event
        where id > (select coalesce(max(id), 0) from core_event) - %(back)s and at >= %(since)s
            and actor_id is distinct from %(me)s {where}
        order by id desc limit %(latest)s
    ) seen
    where action = any(%(actions)s)
    group by action, actor_id order by max(id) desc limit %(most)s
"""


@dataclass(frozen=True)
class Change:
    """What somebody did since yesterday: at one organisation (named), or at several."""

    who: str
    what: str | Promise
    at: datetime
    organisation: str
    organisations: int


def needs_of(actor: Actor, moment: Moment) -> list[Need]:
    """What needs this person now, what hurts first on top. The number of queries depends on the roles only."""
    found = [
        *incident_needs.needs(actor, moment),
        *notice_needs.needs(actor, moment),
        *organisation_needs.needs(actor, moment),
        *risk_needs.needs(actor, moment),
        *team_needs.needs(actor, moment),
        *nation_needs.needs(actor, moment),
    ]
    return sorted(found, key=lambda need: need.hurts_at)


def changes_since_yesterday(actor: Actor, moment: Moment) -> list[Change]:
    """What others did at the actor's organisation or in their constituency, newest first."""
    if not actor.holds(*ORGANISATION_ROLES, *TEAM_ROLES):
        return []
    own = [grant.organisation for grant in actor.grants if grant.role in ORGANISATION_ROLES]
    with connection.cursor() as cursor:
        cursor.execute(
            _CHANGES.format(where="and organisation_id = any(%(own)s)" if own else ""),
            {
                "back": EVENTS_BACK, "since": moment.now - SINCE, "me": actor.account, "own": own,
                "latest": LATEST_EVENTS, "actions": list(DONE), "most": MOST_CHANGES,
            },
        )  # fmt: skip
        rows = cursor.fetchall()
    people = dict(Account.objects.filter(pk__in={row[1] for row in rows}).values_list("pk", "name"))
    names = dict(Organisation.objects.filter(pk__in={row[3] for row in rows if row[2] == 1}).values_list("pk", "name"))
    return [
        Change(
            who=people.get(account, "Sipar"),
            what=DONE[action],
            at=at,
            organisation=names.get(last, "") if count == 1 and not own else "",
            organisations=count,
        )
        for action, account, count, last, at in rows
    ]
