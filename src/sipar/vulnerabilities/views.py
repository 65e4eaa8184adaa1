"""Pages of vulnerabilities: the list, one CVE, what affects a constituency, names that mean the same."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid
from sipar.people.roles import TEAM_ROLES
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column
from sipar.vulnerabilities import dismissal_actions, selectors
from sipar.vulnerabilities.forms import AliasForm
from sipar.vulnerabilities.gates import READERS, STAFF
from sipar.vulnerabilities.words import reasons

ROWS = 50
COLUMNS = (
    Column("cve", gettext_lazy("CVE")),
    Column("product", gettext_lazy("Product")),
    Column("cvss", gettext_lazy("CVSS"), numeric=True),
    Column("epss", gettext_lazy("EPSS"), numeric=True),
    Column("known", gettext_lazy("Exploited")),
    Column("published", gettext_lazy("Published")),
)
AFFECTING_COLUMNS = (
    Column("cve", gettext_lazy("CVE")),
    Column("organisations", gettext_lazy("Organisations"), numeric=True),
    Column("components", gettext_lazy("Products"), numeric=True),
    Column("cvss", gettext_lazy("CVSS"), numeric=True),
    Column("epss", gettext_lazy("EPSS"), numeric=True),
    Column("known", gettext_lazy("Exploited")),
)
AFFECTED_COLUMNS = (
    Column("organisation", gettext_lazy("Organisation")),
    Column("product", gettext_lazy("Product")),
    Column("why", gettext_lazy("Why")),
    Column("state", gettext_lazy("State")),
)
ALIAS_COLUMNS = (
    Column("name", gettext_lazy("Inventories call it")),
    Column("means", gettext_lazy("The lists call it")),
    Column("note", gettext_lazy("How we know")),
    Column("end", gettext_lazy("Remove")),
)
ONLY = [
    ("", gettext_lazy("All")),
    ("mine", gettext_lazy("Affecting what I see")),
    ("kev", gettext_lazy("Known to be exploited")),
    ("ransomware", gettext_lazy("Used for ransomware")),
    ("active", gettext_lazy("SSVC: exploitation active")),
]


@gate(READERS)
@require_safe
def vulnerability_list(request: ActorRequest) -> HttpResponse:
    """The vulnerabilities that the lists name: search, filter, and whether they affect what I see."""
    query, only = request.GET.get("q", "")[:200], request.GET.get("only", "")
    chosen = only if only in dict(ONLY) else ""
    rows = selectors.vulnerabilities(query=query, only=chosen)
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "columns": COLUMNS,
        "query": query,
        "only": chosen,
        "onlies": ONLY,
        "imports": selectors.newest_imports(5),
        "ranges": selectors.ranges_in_use(),
        "staff": request.actor.holds(*TEAM_ROLES),
    }
    return render(request, "vulnerabilities/list.html", context)


@gate(READERS)
@require_safe
def vulnerability(request: ActorRequest, cve: str) -> HttpResponse:
    """One CVE: what it is, what the lists say, and who of mine is affected, with the reasons."""
    found = selectors.access_vulnerability(cve)
    page = Paginator(selectors.affected_by(found), ROWS).get_page(request.GET.get("page"))
    affected = [{"match": row, "why": reasons(row.why, version=row.component.version)} for row in page]
    context = {
        "vulnerability": found,
        "page": page,
        "affected": affected,
        "columns": AFFECTED_COLUMNS,
        "trail": trail(),
    }
    return render(request, "vulnerabilities/vulnerability.html", context)


@gate(STAFF)
@require_safe
def constituency(request: ActorRequest) -> HttpResponse:
    """What affects the most organisations of the constituency, with the marks that decide what goes first."""
    context = {
        "rows": selectors.most_affecting(),
        "standing": selectors.standing(),
        "columns": AFFECTING_COLUMNS,
        "trail": trail(),
    }
    return render(request, "vulnerabilities/constituency.html", context)


@gate(STAFF)
@require_http_methods(["GET", "POST"])
def alias_list(request: ActorRequest) -> HttpResponse:
    """The names that mean the same product."""
    form = AliasForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            dismissal_actions.name_alias(request.actor, **form.cleaned_data, now=timezone.now())
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, _("Saved. The next matching uses it."))
            return redirect("vulnerability_aliases")
    context = {"form": form, "aliases": selectors.aliases(), "columns": ALIAS_COLUMNS, "trail": trail()}
    return render(request, "vulnerabilities/aliases.html", context, status=422 if form.errors else 200)


@gate(STAFF)
@require_POST
def alias_end(request: ActorRequest, alias: int) -> HttpResponse:
    dismissal_actions.forget_alias(request.actor, selectors.access_alias(alias))
    messages.success(request, _("Removed. The next matching does without it."))
    return redirect("vulnerability_aliases")


def trail(*more: tuple[str, str]) -> list[dict[str, Any]]:
    """The way back to the list, and to pages between."""
    first = [(reverse("vulnerabilities"), _("Vulnerabilities"))]
    return [{"url": url, "label": label} for url, label in (*first, *more)]
