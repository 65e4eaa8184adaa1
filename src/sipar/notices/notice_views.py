"""Pages of notices for those who signed in: the list, one notice, answering it, and what the CERT has to settle."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid, NotFound
from sipar.notices import selectors
from sipar.notices.actions import settle_ownership
from sipar.notices.answering import DONE, KINDS, Page, page_of, say
from sipar.notices.exposure_sub import sub_navigation
from sipar.notices.exposure_words import severity_word
from sipar.notices.forms import ChannelForm, InhibitionForm, SettleForm
from sipar.notices.models import Channel, Decision, Notice
from sipar.notices.policy import may_accept_risk, may_answer, may_work
from sipar.notices.sending import settle_doubt
from sipar.notices.telling_actions import Wish, choose_channel, end_inhibition, inhibit, may_choose_channel
from sipar.orgs.models import Organisation
from sipar.orgs.selectors import access_organisation
from sipar.people.gates import ORGANISATION_OR_TEAM, TEAM
from sipar.people.roles import TEAM_ROLES
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column

ROWS = 50
COLUMNS = (
    Column("number", gettext_lazy("Notice")),
    Column("organisation", gettext_lazy("Organisation")),
    Column("severity", gettext_lazy("Severity")),
    Column("findings", gettext_lazy("Findings"), numeric=True),
    Column("state", gettext_lazy("State")),
    Column("made", gettext_lazy("Made")),
)
STATES = [
    ("waiting", gettext_lazy("Not answered")),
    ("troubled", gettext_lazy("In doubt or failed")),
    *Notice.STATES.items(),
]


@gate(ORGANISATION_OR_TEAM)
@require_GET
def notice_list(request: ActorRequest) -> HttpResponse:
    """The notices that I see: what went wrong first, then the latest."""
    state = request.GET.get("state", "")
    chosen = state if state in dict(STATES) else ""
    rows = selectors.notices_open_to(request.actor, state=chosen)
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "lines": [(row, row.severity + 1, severity_word(row.severity)) for row in page],
        "columns": COLUMNS,
        "states": STATES,
        "state": chosen,
        "works": request.actor.holds(*TEAM_ROLES),
        "questions": selectors.open_questions().count() if request.actor.holds(*TEAM_ROLES) else 0,
        "sub_links": sub_navigation(request.actor, request.path),
        "own": list(Organisation.objects.filter(pk__in=request.actor.organisations)[:10]),
    }
    return render(request, "notices/list.html", context)


@gate(ORGANISATION_OR_TEAM)
@require_GET
def notice(request: ActorRequest, notice_number: str) -> HttpResponse:
    """One notice: its findings, what was said, what became of its mail, and what came back."""
    found = selectors.access_notice(request.actor, notice_number)
    return _shown(request, found, page_of(found, kinds=_kinds(request, found)))


@gate(ORGANISATION_OR_TEAM)
@require_POST
def notice_answer(request: ActorRequest, notice_number: str) -> HttpResponse:
    """Say what became of findings: first what it means, then the confirmation."""
    found = selectors.access_notice(request.actor, notice_number)
    page = say(request.actor, found, request.POST, kinds=_kinds(request, found), now=timezone.now())
    if page.saying is None:
        return _shown(request, found, page)
    if page.saying.done:
        messages.success(request, str(DONE[page.saying.kind]))
        return redirect("notice", found.number)
    context = {
        "notice": found,
        "page": page,
        "saying": page.saying,
        "action": reverse("notice_answer", args=[found.number]),
        "back": reverse("notice", args=[found.number]),
        "trail": _trail((found.number, reverse("notice", args=[found.number]))),
    }
    return render(request, "notices/say.html", context, status=page.status)


@gate(TEAM)
@require_POST
def notice_settle(request: ActorRequest, notice_number: str) -> HttpResponse:
    """The mail arrived, or it is to be sent again."""
    found = selectors.access_notice(request.actor, notice_number)
    arrived = request.POST.get("arrived") == "yes"
    settle_doubt(request.actor, found, arrived=arrived, now=timezone.now())
    messages.success(request, _("Kept: it arrived.") if arrived else _("It is sent again within a minute."))
    return redirect("notice", found.number)


@gate(TEAM)
@require_GET
def notice_questions(request: ActorRequest) -> HttpResponse:
    """Findings of which an organisation says that they are not its own."""
    return _questions(request)


@gate(TEAM)
@require_POST
def notice_question(request: ActorRequest, question: int) -> HttpResponse:
    """Whose it is, with the reason."""
    found = selectors.access_question(question)
    form = SettleForm(request.POST)
    if form.is_valid():
        theirs = request.POST.get("theirs") == "yes"
        try:
            settle_ownership(
                request.actor, found, theirs=theirs, answer=form.cleaned_data["answer"], now=timezone.now()
            )
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, _("They are told again.") if theirs else _("Closed for this organisation."))
            return redirect("notice_questions")
    return _questions(request, bound={found.pk: form}, status=422)


@gate(TEAM)
@require_http_methods(["GET", "POST"])
def notice_inhibitions(request: ActorRequest) -> HttpResponse:
    """What nobody is told of, why, and until when."""
    form = InhibitionForm(request.POST if request.method == "POST" else None)
    teams = selectors.teams_of_rules(request.actor)
    if request.method == "POST" and form.is_valid() and teams:
        said = form.cleaned_data
        try:
            identifier = said.pop("organisation")
            organisation = access_organisation(request.actor, identifier) if identifier else None
            inhibit(request.actor, teams[0], organisation=organisation, **said, now=timezone.now())
        except NotFound as problem:
            form.add_error("organisation", problem.sentence)
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, _("Kept. It ends by itself on its day."))
            return redirect("notice_inhibitions")
    context = {"form": form, "rows": list(selectors.inhibitions_open_to()[:500]), "trail": _trail()}
    return render(request, "notices/inhibitions.html", context, status=422 if form.is_bound else 200)


@gate(TEAM)
@require_POST
def notice_inhibition_end(request: ActorRequest, inhibition: int) -> HttpResponse:
    """Tell of it again."""
    end_inhibition(request.actor, selectors.access_inhibition(inhibition), now=timezone.now())
    messages.success(request, _("Ended. The next bundle tells of it again."))
    return redirect("notice_inhibitions")


@gate(ORGANISATION_OR_TEAM)
@require_http_methods(["GET", "POST"])
def notice_channel(request: ActorRequest, identifier: str) -> HttpResponse:
    """How an organisation wants to be told."""
    organisation = access_organisation(request.actor, identifier)
    form = ChannelForm(request.POST if request.method == "POST" else None, initial=_initial(organisation))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        addresses = tuple(line.strip() for line in said.pop("addresses").splitlines() if line.strip())
        try:
            choose_channel(request.actor, organisation, Wish(addresses=addresses, **said), now=timezone.now())
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, _("Kept. The next notice goes this way."))
            return redirect("notice_channel", organisation.identifier)
    context = {
        "organisation": organisation,
        "form": form,
        "may_choose": may_choose_channel(request.actor, organisation.pk),
        "trail": _trail(),
    }
    return render(request, "notices/channel.html", context, status=422 if form.is_bound else 200)


def _kinds(request: ActorRequest, found: Notice) -> tuple[str, ...]:
    """What this person may say about the findings of a notice."""
    if not may_answer(request.actor, found.organisation_id):
        return ()
    kinds = [kind for kind in KINDS if kind != Decision.Kind.ACCEPTED]
    if may_accept_risk(request.actor, found.organisation_id):
        kinds.insert(2, Decision.Kind.ACCEPTED)
    return tuple(kinds)


def _shown(request: ActorRequest, found: Notice, page: Page) -> HttpResponse:
    works = may_work(request.actor, found.team_id) and request.actor.holds(*TEAM_ROLES)
    context = {
        "notice": found,
        "page": page,
        "action": reverse("notice_answer", args=[found.number]),
        "works": works,
        "deliveries": selectors.deliveries_of(found),
        "replies": selectors.replies_of(found),
        "state_in_words": Notice.STATES[found.state],
        "trail": _trail(),
    }
    return render(request, "notices/notice.html", context, status=page.status)


def _questions(request: ActorRequest, *, bound: dict[int, SettleForm] | None = None, status: int = 200) -> HttpResponse:
    rows = [
        (row, (bound or {}).get(row.pk) or SettleForm(auto_id=f"id_{row.pk}_%s"))
        for row in selectors.open_questions()[:200]
    ]
    return render(request, "notices/questions.html", {"rows": rows, "trail": _trail()}, status=status)


def _initial(organisation: Organisation) -> dict[str, object]:
    chosen = selectors.channel_of(organisation)
    if chosen is None:
        return {"kind": Channel.Kind.MAIL, "language": "en", "encryption": ""}
    names = ("kind", "language", "quiet_from", "quiet_until", "encryption", "public_key")
    return {name: getattr(chosen, name) for name in names} | {"addresses": "\n".join(chosen.addresses)}


def _trail(*more: tuple[str, str]) -> list[dict[str, str]]:
    return [
        {"url": reverse("notice_list"), "label": _("Notices")},
        *({"url": url, "label": label} for label, url in more),
    ]
