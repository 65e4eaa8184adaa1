"""Pages of the register: the list, one organisation, our own organisation, and the export."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from sipar.core import files
from sipar.core.acting import Actor
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import not_open
from sipar.ledger.words import action_in_words
from sipar.notices.exposure_policy import watches
from sipar.notices.exposure_selectors import standing_of
from sipar.orgs import policy, selectors, standing
from sipar.orgs.export import as_csv, as_xlsx, register_file
from sipar.orgs.gates import EXPORTERS
from sipar.orgs.models import Ministry, Organisation, Province, Sector
from sipar.orgs.selectors import OrganisationFilter
from sipar.orgs.words import PLACES, REASONS, named
from sipar.people.gates import ORGANISATION, REGISTER_READERS
from sipar.people.roles import ENGAGED_ROLES, ORGANISATION_ROLES, ROLES, TEAM_ROLES
from sipar.teams.models import Team
from sipar.ui.tables import Column

PAGE = 50
COLUMNS = (
    Column("name", gettext_lazy("Organisation"), sortable=True),
    Column("identifier", gettext_lazy("Identifier"), sortable=True, optional=True),
    Column("sector", gettext_lazy("Sector"), sortable=True),
    Column("province", gettext_lazy("Province"), sortable=True, optional=True),
    Column("tier", gettext_lazy("Tier"), sortable=True, numeric=True),
    Column("lead", gettext_lazy("Lead CERT"), optional=True),
)
SHOWN_ASSETS = 12


@gate(REGISTER_READERS)
@require_safe
def organisation_list(request: ActorRequest) -> HttpResponse:
    """The organisations that the reader may see; an organisation's own people go to their own page."""
    if not request.actor.holds(*TEAM_ROLES, *ENGAGED_ROLES, "ministry_officer", "inspector"):
        return redirect("my_organisation")
    wanted = filter_from(request)
    found = selectors.organisations(wanted, sort=request.GET.get("sort", "name"))
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    leads = selectors.lead_teams(row.pk for row in page)
    for row in page:
        row.lead_name = named(leads[row.pk]) if row.pk in leads else ""  # type: ignore[attr-defined]
    context = {
        "page": page,
        "columns": COLUMNS,
        "wanted": wanted,
        "filters": _filters(wanted),
        "may_add": policy.may_add_organisation(request.actor),
        "may_export": policy.may_export(request.actor),
        "query": request.GET.urlencode(),
    }
    return render(request, "orgs/list.html", context)


@gate(REGISTER_READERS)
@require_safe
def organisation_page(request: ActorRequest, identifier: str) -> HttpResponse:
    """Who they are, who is responsible and why, where they stand, who changed and who looked."""
    return _page(request, selectors.access_organisation(request.actor, identifier))


@gate(ORGANISATION)
@require_safe
def my_organisation(request: ActorRequest) -> HttpResponse:
    """The same page about ourselves; a choice where somebody works for several."""
    own = list(selectors.organisations_of_actor(request.actor)[:PAGE])
    if not own:
        raise not_open("organisation")
    if len(own) > 1:
        return render(request, "orgs/choose.html", {"organisations": own})
    return _page(request, selectors.access_organisation(request.actor, own[0].identifier))


@gate(EXPORTERS)
@require_safe
def export_organisations(request: ActorRequest, form: str) -> HttpResponse:
    """The list as it is filtered, in the columns of the import."""
    policy.require_may_export(request.actor)
    wanted = filter_from(request)
    chosen = list(selectors.organisations(wanted).values_list("pk", flat=True)) if wanted.is_set else None
    frame = register_file(today=timezone.now().date(), wanted=chosen)
    return download(as_xlsx(frame) if form == "xlsx" else as_csv(frame), form)


def download(content: bytes, form: str) -> HttpResponse:
    """A register file as a download named by its form, csv or xlsx."""
    kinds = {
        "csv": "text/csv; charset=utf-8",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
    return files.download(content, name=f"register.{form}", media_type=kinds[form])


def filter_from(request: HttpRequest) -> OrganisationFilter:
    """The filter in the address of a list."""
    names = ("sector", "province", "tier", "ministry", "ownership", "cert")
    parts = {name: request.GET.get(name, "")[:60] for name in names}
    text = request.GET.get("q", "")[: selectors.LONGEST_SEARCH].replace("\x00", "")
    return OrganisationFilter(text=text, inactive=request.GET.get("inactive") == "1", **parts)


def organisation_address(actor: Actor, organisation: Organisation) -> str:
    """Where an organisation's page stands for this reader."""
    if actor.holds_at(organisation.pk, "reporter", "ciso", "head") and len(actor.organisations) == 1:
        return reverse("my_organisation")
    return reverse("organisation", args=[organisation.identifier])


def back_to(actor: Actor, organisation: Organisation) -> HttpResponseRedirect:
    return HttpResponseRedirect(organisation_address(actor, organisation))


def trail(actor: Actor, organisation: Organisation) -> list[dict[str, str]]:
    """The path to a page under an organisation."""
    return [
        {"url": reverse("organisations"), "label": _("Organisations")},
        {"url": organisation_address(actor, organisation), "label": organisation.name},
    ]


def _filters(wanted: OrganisationFilter) -> list[dict[str, Any]]:
    def options(rows: QuerySet[Any]) -> list[tuple[str, str]]:
        return [(row.code, named(row.name)) for row in rows]

    return [
        {"name": "sector", "label": _("Sector"), "chosen": wanted.sector,
         "options": options(Sector.objects.filter(parent=None))},
        {"name": "province", "label": _("Province"), "chosen": wanted.province,
         "options": options(Province.objects.all())},
        {"name": "tier", "label": _("Tier"), "chosen": wanted.tier, "options": [(str(n), str(n)) for n in range(1, 5)]},
        {"name": "ministry", "label": _("Ministry"), "chosen": wanted.ministry,
         "options": options(Ministry.objects.all())},
        {"name": "ownership", "label": _("Ownership"), "chosen": wanted.ownership,
         "options": Organisation.Ownership.choices},
        {"name": "cert", "label": _("CERT"), "chosen": wanted.cert,
         "options": options(Team.objects.only("code", "name"))},
        {"name": "inactive", "label": _("Shown"), "chosen": "1" if wanted.inactive else "",
         "options": [("1", _("Those that ceased to exist"))]},
    ]  # fmt: skip


def _page(request: ActorRequest, organisation: Organisation) -> HttpResponse:
    actor, now = request.actor, timezone.now()
    own = organisation.pk in actor.organisations
    standing.note_look(actor, organisation, today=now.date())
    assets = list(selectors.assets_of(organisation, today=now.date())[: SHOWN_ASSETS + 1])
    watched = actor.holds(*ORGANISATION_ROLES, *TEAM_ROLES) and watches(organisation)
    context = {
        "organisation": organisation,
        "own": own,
        "contacts": list(organisation.contacts.order_by("kind", "name", "id")),
        "assets": assets[:SHOWN_ASSETS],
        "more_assets": len(assets) > SHOWN_ASSETS,
        "responsible": [
            {"team": found.team, "lead": found.lead,
             "reasons": [{"criterion": REASONS.get(key, key), "value": value} for key, value in found.reasons]}
            for found in standing.responsible_for(organisation)
        ],
        "people": [
            {"name": row.account.name, "role": ROLES[row.role].title}
            for row in standing.people_at(organisation, now=now)
        ],
        "assessment": standing.latest_standing(organisation),
        "designations": list(
            selectors.designations().filter(organisation=organisation)[:SHOWN_ASSETS]
        ),
        "changes": [
            {"at": change.at, "who": change.who or "Sipar", "words": action_in_words(change.action),
             "rows": change.rows}
            for change in standing.recent_changes(organisation)
        ],
        "looks": [
            {"on": look.on, "who": name, "place": PLACES.get(look.place, look.place)}
            for look, name in standing.recent_looks(organisation)
        ],
        "exposure_url": reverse("exposure_organisation", args=[organisation.identifier]) if watched else "",
        "exposure": standing_of(organisation) if watched else None,
        "may_change": policy.may_change_organisation(actor, organisation),
        "may_change_assets": policy.may_change_assets(actor, organisation),
        "may_list": policy.may_list_candidate(actor, organisation),
    }  # fmt: skip
    return render(request, "orgs/organisation.html", context)
