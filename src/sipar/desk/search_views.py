"""The search box on top: everything that the actor may see, by name, number, address, domain or identifier."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.http import require_GET

from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.frameworks.selectors import frameworks_in_use, loaded, search_requirements
from sipar.incidents.case_policy import may_break_glass
from sipar.incidents.case_selectors import looks_like_a_number, search_cases
from sipar.notices.exposure_selectors import search_findings
from sipar.notices.exposure_views import lines_of
from sipar.orgs.selectors import search_organisations
from sipar.people.gates import EVERYONE
from sipar.people.roles import ORGANISATION_ROLES, TEAM_ROLES
from sipar.teams.selectors import search_teams

MOST = 20
LONGEST = 200


@gate(EVERYONE)
@require_GET
def search(request: ActorRequest) -> HttpResponse:
    """Cases, findings and organisations that the actor may see, CERTs, and requirements of every framework in use."""
    words = request.GET.get("q", "").strip()[:LONGEST]
    organisations = search_organisations(request.actor, words, limit=MOST)
    teams = search_teams(words)[:MOST]
    requirements = [
        (framework, found.requirement)
        for framework in frameworks_in_use()
        for found in search_requirements(loaded(framework.pk), words, translation.get_language() or "en", most=MOST)
    ][:MOST]
    now = timezone.now()
    cases = search_cases(request.actor, words, now=now) if request.actor.holds(*ORGANISATION_ROLES, *TEAM_ROLES) else []
    may_see_findings = request.actor.holds(*ORGANISATION_ROLES, *TEAM_ROLES)
    findings = lines_of(search_findings(words, most=MOST)) if may_see_findings else []
    context = {
        "search_query": words,
        "findings": findings,
        "cases": cases,
        # The same words whether such a case exists or not.
        "behind_glass": not cases and may_break_glass(request.actor) and looks_like_a_number(words),
        "organisations": organisations,
        "teams": teams,
        "requirements": requirements,
        "nothing": not (cases or findings or organisations or teams or requirements),
        "most": MOST,
    }
    return render(request, "desk/search.html", context)
