"""Pages of what an organisation runs, and of what of it is affected."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sipar.core import jobs
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid, not_open
from sipar.formats.inventory import LIMITS
from sipar.formats.problems import FormatProblem
from sipar.orgs.models import Organisation
from sipar.orgs.policy import is_national
from sipar.orgs.selectors import access_organisation
from sipar.people.roles import TEAM_ROLES
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column
from sipar.vulnerabilities import dismissal_actions, inventory_actions, selectors
from sipar.vulnerabilities.forms import DismissForm, UploadForm
from sipar.vulnerabilities.gates import READERS
from sipar.vulnerabilities.models import Match, Upload
from sipar.vulnerabilities.tasks import match_organisation
from sipar.vulnerabilities.views import trail
from sipar.vulnerabilities.words import justification_in_words, reasons, verdict_in_words

ROWS = 50
INVENTORY_COLUMNS = (
    Column("name", gettext_lazy("System")),
    Column("components", gettext_lazy("Products"), numeric=True),
)
COMPONENT_COLUMNS = (
    Column("name", gettext_lazy("Product")),
    Column("version", gettext_lazy("Version")),
    Column("affected", gettext_lazy("Affected by"), numeric=True),
    Column("exploited", gettext_lazy("Exploited"), numeric=True),
    Column("unsure", gettext_lazy("What is missing")),
)
MATCH_COLUMNS = (
    Column("cve", gettext_lazy("CVE")),
    Column("product", gettext_lazy("Product")),
    Column("cvss", gettext_lazy("CVSS"), numeric=True),
    Column("epss", gettext_lazy("EPSS"), numeric=True),
    Column("known", gettext_lazy("Exploited")),
    Column("state", gettext_lazy("State")),
)
UPLOAD_COLUMNS = (
    Column("when", gettext_lazy("Handed in")),
    Column("system", gettext_lazy("System")),
    Column("components", gettext_lazy("Products"), numeric=True),
    Column("added", gettext_lazy("New"), numeric=True),
    Column("removed", gettext_lazy("Gone"), numeric=True),
)
ONLY = [("", gettext_lazy("All")), ("kev", gettext_lazy("Known to be exploited"))]


@gate(READERS)
@require_safe
def inventory_mine(request: ActorRequest) -> HttpResponse:
    """My organisation's inventory; staff of a CERT are sent to what affects their constituency."""
    own = selectors.own_organisation(request.actor)
    return redirect("inventory", own.identifier) if own else redirect("vulnerability_constituency")


@gate(READERS)
@require_http_methods(["GET", "POST"])
def inventory(request: ActorRequest, identifier: str) -> HttpResponse:
    """What an organisation runs, system by system, and the upload of a bill of materials."""
    organisation = _watched(request, identifier)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            upload = _upload(request, organisation, form)
        except Invalid as problem:
            add_problem(form, problem)
        except FormatProblem as problem:
            form.add_error("file", str(problem))
        else:
            messages.success(
                request,
                _("%(added)s products are new and %(removed)s gone. What is affected is being worked out.")
                % {"added": upload.added, "removed": upload.removed},
            )
            return redirect("inventory", organisation.identifier)
    context = {
        "organisation": organisation,
        "form": form,
        "inventories": selectors.inventories_of(organisation),
        "uploads": selectors.uploads_of(organisation)[:10],
        "inventory_columns": INVENTORY_COLUMNS,
        "upload_columns": UPLOAD_COLUMNS,
        "trail": trail(),
    }
    return render(request, "vulnerabilities/inventory.html", context, status=422 if form.errors else 200)


@gate(READERS)
@require_safe
def inventory_system(request: ActorRequest, inventory: int) -> HttpResponse:
    """The products of one system: what cannot be compared, and what is affected."""
    found = selectors.access_inventory(inventory)
    page = Paginator(selectors.components_of(found), ROWS).get_page(request.GET.get("page"))
    back = (reverse("inventory", args=[found.organisation.identifier]), _("Inventory"))
    context = {"inventory": found, "page": page, "columns": COMPONENT_COLUMNS, "trail": trail(back)}
    return render(request, "vulnerabilities/system.html", context)


@gate(READERS)
@require_POST
def inventory_remove(request: ActorRequest, inventory: int) -> HttpResponse:
    found = selectors.access_inventory(inventory)
    inventory_actions.remove_inventory(request.actor, found, now=timezone.now())
    _work_out(request, found.organisation)
    messages.success(request, _("The products of this system are gone."))
    return redirect("inventory", found.organisation.identifier)


@gate(READERS)
@require_safe
def match_list(request: ActorRequest) -> HttpResponse:
    """What is affected, of my organisation or of all that I watch: what is exploited first."""
    state, only = request.GET.get("state", "open"), request.GET.get("only", "")
    identifier = request.GET.get("organisation", "").replace("\x00", "")[:40]
    chosen_state = state if state in Match.STATES else "open"
    chosen_only = only if only in dict(ONLY) else ""
    organisation = _watched(request, identifier) if identifier else None
    rows = selectors.matches_of(organisation, state=chosen_state, only=chosen_only)
    context = {
        "page": Paginator(rows, ROWS).get_page(request.GET.get("page")),
        "columns": MATCH_COLUMNS,
        "states": list(Match.STATES.items()),
        "state": chosen_state,
        "onlies": ONLY,
        "only": chosen_only,
        "organisation": organisation,
        "staff": request.actor.holds(*TEAM_ROLES),
        "trail": trail(),
    }
    return render(request, "vulnerabilities/matches.html", context)


@gate(READERS)
@require_http_methods(["GET", "POST"])
def match(request: ActorRequest, match: int) -> HttpResponse:
    """One match: every reason in words, and saying that it does not count."""
    found = selectors.access_match(match, for_update=request.method == "POST")
    nationally = is_national(request.actor)
    form = DismissForm(request.POST or None, nationally=nationally)
    if request.method == "POST" and form.is_valid():
        said = dismissal_actions.Dismissing(**form.cleaned_data)
        try:
            dismissal_actions.dismiss(request.actor, found, said, now=timezone.now())
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, _("It counts no more, until the day that you chose."))
            return redirect("vulnerability_match", found.pk)
    back = (f"{reverse('vulnerability_matches')}?organisation={found.organisation.identifier}", _("What is affected"))
    context = {
        "match": found,
        "why": reasons(found.why, version=found.component.version),
        "verdict": verdict_in_words(found.verdict, found.why),
        "form": form,
        "dismissals": [
            {"row": row, "justification": justification_in_words(row.justification)}
            for row in selectors.dismissals_for(found)
        ],
        "nationally": nationally,
        "today": timezone.now().date(),
        "trail": trail(back),
    }
    return render(request, "vulnerabilities/match.html", context, status=422 if form.errors else 200)


@gate(READERS)
@require_POST
def dismissal_end(request: ActorRequest, dismissal: int) -> HttpResponse:
    found = selectors.access_dismissal(dismissal)
    dismissal_actions.end_dismissal(request.actor, found, now=timezone.now())
    messages.success(request, _("It counts again."))
    return redirect("vulnerability_matches")


def _upload(request: ActorRequest, organisation: Organisation, form: UploadForm) -> Upload:
    file = form.cleaned_data["file"]
    if file.size > LIMITS.max_bytes:
        raise FormatProblem("file.size", _("the file is larger than 64 MB"))
    upload = inventory_actions.upload_inventory(
        request.actor, organisation, file.read(), file_name=file.name, inventory=form.cleaned_data["inventory"],
        now=timezone.now(),
    )  # fmt: skip
    _work_out(request, organisation)
    return upload


def _work_out(request: ActorRequest, organisation: Organisation) -> None:
    run = jobs.start_run(
        request.actor, kind="vulnerability.match", subject=organisation.identifier, total=1, now=timezone.now()
    )
    match_organisation.defer(organisation=organisation.pk, run=run.pk)


def _watched(request: ActorRequest, identifier: str) -> Organisation:
    """An organisation whose exposure the actor sees: seeing it in the register is not enough."""
    organisation = access_organisation(request.actor, identifier)
    if not selectors.watches(organisation):
        raise not_open("organisation")
    return organisation
