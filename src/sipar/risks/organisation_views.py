"""The risk of one organisation: its curve, its gaps with their price, its sector, and what the numbers rest on."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from sipar.assessments.gap_selectors import live_items
from sipar.assessments.roadmap_views import today_of
from sipar.assessments.work_tabs import text_of
from sipar.core.files import download_table
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Conflict, Invalid, Problem, not_open
from sipar.orgs.models import Organisation, Province, Sector
from sipar.orgs.selectors import OrganisationFilter, organisations, organisations_of_actor
from sipar.people.roles import TEAM_ROLES
from sipar.risks.national_sub import sub_navigation
from sipar.risks.organisation_actions import MOST_POINTS, remove_dependency, set_appetite, state_dependency
from sipar.risks.organisation_pictures import exceedance_chart, scenarios_chart
from sipar.risks.organisation_selectors import (
    Standing,
    access_dependency,
    access_watched,
    loss_within,
    losses_by_organisation,
    providers_known,
    rests_on,
    standing_of,
)
from sipar.risks.organisation_words import (
    BAD_YEAR,
    PROVIDER_KINDS,
    QUALITIES,
    appetite_sentence,
    chance_in_words,
    sentences_of,
    words,
)
from sipar.risks.policy import ORGANISATION_GATE
from sipar.risks.selectors import assumptions_in_use, latest_run
from sipar.risks.treatment_forms import AppetiteForm, DependencyForm
from sipar.risks.treatment_models import Appetite
from sipar.risks.treatment_policy import KEEPERS, may_keep, may_sign
from sipar.risks.treatment_selectors import (
    appetite_of,
    appetites_of,
    counts_of,
    endings,
    lines_of,
    open_risks_by_organisation,
    risks_of,
)
from sipar.ui.context import nation
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column

ROWS = 50
SHOWN_GAPS, SHOWN_RISKS = 200, 5
GAP_HEADER = (
    "requirement",
    "title",
    "level",
    "target",
    "saved_in_a_mean_year",
    "saved_in_the_nations_worst_years",
    "currency",
)


@gate(ORGANISATION_GATE)
@require_GET
def organisation_risk(request: ActorRequest) -> HttpResponse:
    """Our own risk; for staff of CERTs the list of their constituency."""
    if request.actor.holds(*TEAM_ROLES):
        return _constituency_page(request)
    own = list(organisations_of_actor(request.actor))
    if not own:
        raise not_open("organisation")
    if len(own) > 1:
        return render(request, "risks/organisation_choose.html", {"organisations": own})
    return _organisation_page(request, own[0])


@gate(ORGANISATION_GATE)
@require_GET
def organisation_risk_of(request: ActorRequest, identifier: str) -> HttpResponse:
    """The same page about any organisation that the reader watches; `?format=csv` gives its gaps as a table."""
    return _organisation_page(request, access_watched(request.actor, identifier))


@gate(KEEPERS)
@require_POST
def organisation_rests_on(request: ActorRequest, identifier: str) -> HttpResponse:
    """Say that we rest on a provider."""
    organisation = access_watched(request.actor, identifier)
    form = DependencyForm(request.POST, providers=_provider_choices(request))
    back = f"{reverse('organisation_risk_of', args=[identifier])}#providers"
    if not form.is_valid():
        messages.error(request, _("Choose a provider from the list."))
        return redirect(back)
    try:
        state_dependency(request.actor, organisation, now=timezone.now(), **form.cleaned_data)
    except (Invalid, Conflict) as problem:
        messages.error(request, _said(problem))
    else:
        messages.success(request, _("Noted. The next run of the model counts it."))
    return redirect(back)


@gate(KEEPERS)
@require_POST
def organisation_rests_no_more(request: ActorRequest, identifier: str, dependency: int) -> HttpResponse:
    """Take back that we rest on a provider."""
    organisation = access_watched(request.actor, identifier)
    remove_dependency(request.actor, access_dependency(request.actor, organisation, dependency))
    messages.success(request, _("Removed. The next run of the model no longer counts it."))
    return redirect(f"{reverse('organisation_risk_of', args=[identifier])}#providers")


@gate(ORGANISATION_GATE)
def organisation_appetite(request: ActorRequest, identifier: str) -> HttpResponse:
    """How much is too much: the line in force, the earlier ones, and the form of who may set it."""
    organisation = access_watched(request.actor, identifier)
    standing = standing_of(request.actor, organisation)
    currency = currency_of(request, standing)
    if request.method != "POST":
        return _appetite_page(
            request, organisation, standing, AppetiteForm(currency=currency, initial=_now_said(organisation))
        )
    form = AppetiteForm(request.POST, currency=currency)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            set_appetite(
                request.actor, organisation, form.points(), currency=currency, reason=reason, now=timezone.now()
            )
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, _("Saved. It is drawn into the curve."))
            return redirect("organisation_risk_of", identifier)
    return _appetite_page(request, organisation, standing, form, status=422)


def currency_of(request: ActorRequest, standing: Standing | None) -> str:
    """The currency of the numbers shown, else of the assumptions in use, else of the nation."""
    if standing is not None and standing.currency:
        return standing.currency
    used = assumptions_in_use(request.actor)
    return str(used.document.get("currency") or nation().currency) if used is not None else nation().currency


def _organisation_page(request: ActorRequest, organisation: Organisation) -> HttpResponse:
    actor, today = request.actor, today_of(timezone.now())
    standing = standing_of(actor, organisation)
    if standing is not None and request.GET.get("format") == "csv":
        return _gaps_csv(organisation, standing)
    appetite = appetite_of(organisation)
    if appetite is not None and standing is not None and appetite.currency != standing.currency:
        appetite = None
    own = organisation.pk in actor.organisations
    known = _provider_choices(request)
    stated = rests_on(actor, organisation)
    taken = {row.dependency.provider for row in stated}
    keeps = may_keep(actor, organisation.pk)
    context: dict[str, Any] = {
        "organisation": organisation,
        "own": own,
        "keeps": keeps,
        "signs": may_sign(actor, organisation.pk),
        "standing": standing,
        "appetite": appetite,
        "counts": counts_of(organisation, today=today),
        "risks": lines_of(risks_of(organisation, today=today, state="open")[:SHOWN_RISKS], today=today),
        "endings": [row for row in endings([organisation.pk], today=today) if row.until < today],
        "providers": [
            {"row": row, "kind": PROVIDER_KINDS.get(row.provider.kind, "") if row.provider else "",
             "often": _failures(row.provider.failures) if row.provider else ""}
            for row in stated
        ],
        "provider_form": DependencyForm(providers=[pair for pair in known if pair[0] not in taken]),
        "more_providers": any(key not in taken for key, _title in known),
        "sub_links": sub_navigation(actor, request.path),
    }  # fmt: skip
    if standing is not None:
        context |= _numbers(organisation, standing, appetite)
    return render(request, "risks/organisation.html", context)


def _numbers(organisation: Organisation, standing: Standing, appetite: Appetite | None) -> dict[str, Any]:
    sentences = sentences_of(standing)
    fits, within = appetite_sentence(standing.curve, appetite) if appetite is not None else ("", True)
    campaign = standing.run.campaign
    planned = live_items(organisation.pk, campaign.pk) if campaign is not None else {}
    gaps = [gap for gap in standing.gaps if gap.saved > 0]
    return {
        "currency": standing.currency,
        "sentence": " ".join(sentences),
        "bad_year": loss_within(standing.curve, BAD_YEAR),
        "chart": exceedance_chart(
            standing.curve, currency=standing.currency, sentence=sentences[-1], appetite=appetite
        ),
        "scenarios": scenarios_chart(standing.scenarios),
        "fits": fits,
        "within": within,
        "gaps": [{"gap": gap, "item": planned.get(gap.requirement)} for gap in gaps[:SHOWN_GAPS]],
        "gap_count": len(gaps),
        "gap_columns": [
            Column("requirement", _("Requirement")),
            Column("level", _("Level")),
            Column("target", _("Target")),
            Column("saved", _("Closing it saves a year"), numeric=True),
            Column("worst", _("Off the worst years of the nation"), numeric=True, optional=True),
            Column("item", _("What is done")),
        ],
        "dearest": gaps[0].saved if gaps else None,
        "sources": [
            {"share": share, "quality": QUALITIES.get(share.quality, share.quality)} for share in standing.scenarios
        ],
        "campaign": campaign,
    }


def _constituency_page(request: ActorRequest) -> HttpResponse:
    run = latest_run(request.actor)
    today = today_of(timezone.now())
    wanted = OrganisationFilter(
        text=text_of(request, "q"), sector=text_of(request, "sector"), province=text_of(request, "province"),
        tier=text_of(request, "tier"),
    )  # fmt: skip
    found: Any = losses_by_organisation(request.actor, run, wanted) if run is not None else organisations(wanted)
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    rows = [(row.organisation, row) if run is not None else (row, None) for row in page]
    risks = open_risks_by_organisation([organisation.pk for organisation, _loss in rows], today=today)
    used = run.assumptions if run is not None else None
    return render(
        request,
        "risks/organisation_list.html",
        {
            "run": run,
            "currency": str(used.document.get("currency", "")) if used is not None else "",
            "page": page,
            "rows": [
                {"organisation": organisation, "loss": loss, "open": risks.get(organisation.pk, 0)}
                for organisation, loss in rows
            ],
            "chosen": wanted,
            "clear": reverse("organisation_risk") if wanted.is_set else "",
            "sectors": [(row.code, words(row.name)) for row in Sector.objects.filter(parent=None)],
            "provinces": [(row.code, words(row.name)) for row in Province.objects.all()],
            "tiers": [(tier, tier) for tier in ("1", "2", "3", "4")],
            "columns": [
                Column("organisation", _("Organisation")),
                Column("tier", _("Tier")),
                Column("sector", _("Sector"), optional=True),
                Column("mean", _("A mean year"), numeric=True),
                Column("shortfall", _("The worst years"), numeric=True, optional=True),
                Column("open", _("Open risks"), numeric=True),
            ],
            "sub_links": sub_navigation(request.actor, request.path),
        },
    )


def _appetite_page(
    request: ActorRequest,
    organisation: Organisation,
    standing: Standing | None,
    form: AppetiteForm,
    *,
    status: int = 200,
) -> HttpResponse:
    signs = may_sign(request.actor, organisation.pk)
    pairs = [(form[f"loss_{place}"], form[f"years_{place}"]) for place in range(1, MOST_POINTS + 1)]
    return render(
        request,
        "risks/organisation_appetite.html",
        {
            "trail": [{"url": reverse("organisation_risk_of", args=[organisation.identifier]), "label": _("Our risk")}],
            "organisation": organisation,
            "form": form if signs else None,
            "pairs": pairs,
            "standing": standing,
            "sentence": sentences_of(standing)[-1] if standing is not None else "",
            "said": list(appetites_of(organisation)[:20]),
        },
        status=status,
    )


def _now_said(organisation: Organisation) -> dict[str, float]:
    said = appetite_of(organisation)
    points = said.points if said is not None else []
    return {
        f"{name}_{place}": int(value) if float(value).is_integer() else value
        for place, point in enumerate(points, start=1)
        for name, value in zip(("loss", "years"), point, strict=True)
    }


def _gaps_csv(organisation: Organisation, standing: Standing) -> HttpResponse:
    rows = [
        (gap.requirement, words(gap.title) if gap.title else "", gap.level, gap.target, round(gap.saved, 2),
         round(gap.worst_saved, 2), standing.currency)
        for gap in standing.gaps
    ]  # fmt: skip
    name = f"priced-gaps-{organisation.identifier}.csv"
    return download_table(GAP_HEADER, rows, name=name)


def _provider_choices(request: ActorRequest) -> list[tuple[str, str]]:
    return [(provider.key, words(provider.title)) for provider in providers_known(request.actor)]


def _failures(a_year: float | None) -> str:
    if not a_year:
        return ""
    if a_year < 1:
        return _("fails %(often)s") % {"often": chance_in_words(a_year)}
    return ngettext("fails about once a year", "fails about %(number)s times a year", round(a_year)) % {
        "number": round(a_year)
    }


def _said(problem: Problem) -> str:
    return " ".join([problem.sentence, *(place.sentence for place in problem.places)])
