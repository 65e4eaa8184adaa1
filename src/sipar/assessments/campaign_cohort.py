"""Who is asked in a campaign: a rule over the register, within the constituency of the team that leads.

The rule is the one of `sipar.nations.constituency`; here it becomes a query, so that counting a cohort while somebody
chooses it, and finding who joined later, cost one statement.
"""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from sipar.assessments.models import Assessment, Campaign
from sipar.nations.constituency import Clause, ConstituencyRule
from sipar.orgs.models import Organisation
from sipar.teams.models import Team

LOOKUP_OF_COLUMN = {
    "sector": "sector__code__in",
    "subsector": "subsector__code__in",
    "province": "province__code__in",
    "ministry": "ministry__code__in",
    "tier": "tier__in",
    "ownership": "ownership__in",
    "identifier": "identifier__in",
}


def matching(rule: ConstituencyRule) -> Q:
    """The condition on `Organisation` that `rule` states: in any include clause and in no exclude clause."""
    included = Q()
    for clause in rule.include:
        included |= _condition(clause)
    if any(not list(clause.criteria()) for clause in rule.include):
        included = Q()
    for clause in rule.exclude:
        included &= ~_condition(clause)
    return included


def cohort(rule: ConstituencyRule, lead_team: Team) -> QuerySet[Organisation]:
    """The active organisations that the rule names and the team is responsible for, as far as the actor sees them."""
    found = Organisation.objects.filter(matching(rule), is_active=True)
    return found if lead_team.covers_all else found.filter(memberships__team=lead_team)


def cohort_of(campaign: Campaign) -> QuerySet[Organisation]:
    """The cohort of a campaign as the register is now."""
    return cohort(ConstituencyRule.model_validate(campaign.cohort), campaign.lead_team)


def late_joiners(campaign: Campaign) -> QuerySet[Organisation]:
    """Organisations that belong to the cohort now but were not there when the campaign was launched."""
    asked = Assessment.objects.filter(campaign=campaign, organisation=OuterRef("pk"))
    return cohort_of(campaign).filter(~Exists(asked))


def _condition(clause: Clause) -> Q:
    condition = Q()
    for column, accepted in clause.criteria():
        condition &= Q((LOOKUP_OF_COLUMN[column], list(accepted)))
    return condition
