"""One risk with everything that was decided about it, and the places to decide, to sign, to review and to close."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sipar.assessments.roadmap_views import today_of
from sipar.assessments.signing import factors_of, shown_for, shown_lately
from sipar.assessments.submissions import canonical
from sipar.core.files import download
from sipar.core.gates import gate
from sipar.core.http import ActorRequest, version_of
from sipar.core.ledger import proof_for
from sipar.core.problems import Conflict, Forbidden, Invalid, Problem, not_open
from sipar.people.models import Account
from sipar.people.roles import ROLES
from sipar.risks.organisation_selectors import (
    Standing,
    loss_of,
    providers_known,
    scenarios_known,
    standing_of,
)
from sipar.risks.organisation_views import currency_of
from sipar.risks.organisation_words import DONE, STATES, words
from sipar.risks.policy import ORGANISATION_GATE
from sipar.risks.treatment_actions import (
    Acceptance,
    Plan,
    accept_risk,
    close_risk,
    end_treatment,
    reopen_risk,
    review_risk,
    treat_risk,
)
from sipar.risks.treatment_forms import (
    AcceptForm,
    AvoidForm,
    MitigateForm,
    NoteForm,
    ReviewForm,
    TransferForm,
)
from sipar.risks.treatment_models import Risk
from sipar.risks.treatment_policy import KEEPERS, may_keep, may_sign
from sipar.risks.treatment_register_views import NEXT_REVIEW, step_of
from sipar.risks.treatment_selectors import (
    access_risk,
    access_treatment,
    items_to_mitigate,
    ledger_event_of,
    lines_of,
    reviews_of,
    treatments_of,
)
from sipar.ui.forms import add_problem

type Forms = dict[str, forms.Form]


@gate(ORGANISATION_GATE)
@require_GET
def risk_page(request: ActorRequest, risk: int) -> HttpResponse:
    """A risk: what it costs, what is done about it, everything that was decided before, and its reviews."""
    return _risk_page(request, access_risk(request.actor, risk))


@gate(KEEPERS)
@require_POST
def risk_treat(request: ActorRequest, risk: int, way: str) -> HttpResponse:
    """Mitigate, transfer or avoid."""
    found = access_risk(request.actor, risk)
    standing = standing_of(request.actor, found.organisation)
    given = _forms(request, found, standing, way=way)
    if way not in given or way in ("accept", "review", "close"):
        raise not_open("treatment")
    currency = currency_of(request, standing)

    def treat(said: dict[str, Any]) -> None:
        plan = Plan(kind=way, currency=currency, **said)
        treat_risk(request.actor, found, plan, version=version_of(request), now=timezone.now())

    return _done_by(request, found, given, way, treat, _("Noted. The risk counts as treated."))


@gate(KEEPERS)
@require_POST
def risk_accept(request: ActorRequest, risk: int) -> HttpResponse:
    """Sign that we live with a risk until a day."""
    now = timezone.now()
    found = access_risk(request.actor, risk)
    standing = standing_of(request.actor, found.organisation)
    currency = currency_of(request, standing)

    def sign(said: dict[str, Any]) -> None:
        if "statement" not in request.POST:
            raise Invalid(_("Say that you answer for it before you sign."), code="risk.statement")
        signs = may_sign(request.actor, found.organisation_id)
        unsigned = _("The acceptance was not signed.")
        factor = shown_for(request, now=now, unsigned=unsigned) if signs else shown_lately(request, now=now)
        shown = Acceptance(
            **said,
            loss=loss_of(found, standing, currency=currency),
            currency=currency,
            run=standing.run.pk if standing is not None else None,
        )
        accept_risk(request.actor, found, shown, version=version_of(request), second_factor=factor, now=now)

    given = _forms(request, found, standing, way="accept")
    return _done_by(request, found, given, "accept", sign, _("Signed. It is on your desk again before it ends."))


@gate(KEEPERS)
@require_POST
def risk_review(request: ActorRequest, risk: int) -> HttpResponse:
    """Say how a risk stands, and when it is looked at next."""
    found = access_risk(request.actor, risk)
    given = _forms(request, found, standing_of(request.actor, found.organisation), way="review")
    return _done_by(
        request,
        found,
        given,
        "review",
        lambda said: review_risk(request.actor, found, version=version_of(request), now=timezone.now(), **said),
        _("The review is noted."),
    )


@gate(KEEPERS)
@require_POST
def risk_close(request: ActorRequest, risk: int) -> HttpResponse:
    """The risk is no more."""
    found = access_risk(request.actor, risk)
    given = _forms(request, found, standing_of(request.actor, found.organisation), way="close")
    return _done_by(
        request,
        found,
        given,
        "close",
        lambda said: close_risk(request.actor, found, version=version_of(request), now=timezone.now(), **said),
        _("The risk is closed."),
    )


@gate(KEEPERS)
@require_POST
def risk_reopen(request: ActorRequest, risk: int) -> HttpResponse:
    """The risk is there again."""
    found = access_risk(request.actor, risk)
    reopen_risk(request.actor, found, version=version_of(request), now=timezone.now())
    messages.success(request, _("The risk is open again."))
    return redirect("risk", found.pk)


@gate(KEEPERS)
@require_POST
def treatment_end(request: ActorRequest, treatment: int) -> HttpResponse:
    """Take back what was decided about a risk."""
    found = access_treatment(request.actor, treatment)
    try:
        end_treatment(request.actor, found, note=request.POST.get("note", "")[:5_000], now=timezone.now())
    except (Invalid, Conflict) as problem:
        messages.error(request, " ".join([problem.sentence, *(place.sentence for place in problem.places)]))
    else:
        messages.success(request, _("Taken back."))
    return redirect("risk", found.risk_id)


@gate(ORGANISATION_GATE)
@require_GET
def treatment_signed(request: ActorRequest, treatment: int) -> HttpResponse:
    """What was signed, byte for byte as its digest was taken."""
    found = access_treatment(request.actor, treatment)
    if not found.document:
        raise not_open("signature")
    name = f"sipar-risk-{found.risk_id}-acceptance-{found.pk}.json"
    return download(canonical(found.document), name=name, media_type="application/json")


@gate(ORGANISATION_GATE)
@require_GET
def treatment_proof(request: ActorRequest, treatment: int) -> HttpResponse:
    """The proof that a decision stands in the ledger, to be checked without Sipar."""
    found = access_treatment(request.actor, treatment)
    event = ledger_event_of(found)
    if event is None:
        raise not_open("ledger event")
    document = {"digest": found.digest, **proof_for(event)}
    name = f"sipar-risk-treatment-{found.pk}-proof.json"
    return download(json.dumps(document, indent=1), name=name, media_type="application/json")


def _done_by(
    request: ActorRequest,
    found: Risk,
    given: Forms,
    way: str,
    do: Callable[[dict[str, Any]], object],
    sentence: str,
) -> HttpResponse:
    """Do what a form of the page asks for; where it is refused, the page with everything that was typed."""
    form = given[way]
    if not form.is_valid():
        return _risk_page(request, found, given=given, way=way, status=422)
    try:
        do(form.cleaned_data)
    except Invalid as problem:
        add_problem(form, problem)
        return _risk_page(request, found, given=given, way=way, problem=problem, status=422)
    except Conflict as problem:
        return _risk_page(request, found, given=given, way=way, problem=problem, status=409)
    except Forbidden as problem:
        if problem.code != "second_factor":
            raise
        return _risk_page(request, found, given=given, way=way, problem=problem, status=403)
    messages.success(request, sentence)
    return redirect("risk", found.pk)


def _risk_page(
    request: ActorRequest,
    found: Risk,
    *,
    given: Forms | None = None,
    way: str = "",
    problem: Problem | None = None,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    today = today_of(now)
    organisation = found.organisation
    standing = standing_of(request.actor, organisation)
    currency = currency_of(request, standing)
    keeps = may_keep(request.actor, organisation.pk) and found.closed_at is None
    signs = may_sign(request.actor, organisation.pk)
    history = treatments_of(found, today=today)
    reviews = reviews_of(found)
    people = [row.treatment.decided_by_id for row in history] + [row.reviewed_by_id for row in reviews]
    names = dict(Account.objects.filter(pk__in=people).values_list("pk", "name"))
    factors = factors_of(request.actor.account) if keeps and signs else set()
    return render(
        request,
        "risks/treatment_risk.html",
        {
            "trail": [
                step_of(request, organisation),
                {"url": reverse("risk_register", args=[organisation.identifier]), "label": _("Register of risks")},
            ],
            "risk": found,
            "line": lines_of([found], today=today)[0],
            "states": STATES,
            "about": _about(request, found),
            "loss": loss_of(found, standing, currency=currency),
            "stated": float(found.stated_loss) if found.stated_loss is not None else None,
            "currency": currency,
            "standing": standing,
            "keeps": keeps,
            "reopens": may_keep(request.actor, organisation.pk) and found.closed_at is not None,
            "signs": signs,
            "own": organisation.pk in request.actor.organisations,
            "forms": given or _forms(request, found, standing),
            "way": way,
            "problem": problem,
            "items": len(items_to_mitigate(found)) if keeps else 0,
            "history": [
                {"row": row.treatment, "holds": row.holds, "word": STATES[row.state], "done": DONE[row.treatment.kind],
                 "amount": float(row.treatment.amount) if row.treatment.amount is not None else None,
                 "who": names.get(row.treatment.decided_by_id, ""),
                 "role": ROLES[row.treatment.decided_as].title if row.treatment.decided_as in ROLES else ""}
                for row in history
            ],
            "reviews": [{"row": row, "who": names.get(row.reviewed_by_id, "")} for row in reviews],
            "factors": factors,
            "shown": shown_lately(request, now=now) if factors else None,
            "passkey": "webauthn" in factors,
            "code": bool(factors & {"totp", "recovery_codes"}),
        },
        status=status,
    )  # fmt: skip


def _forms(request: ActorRequest, found: Risk, standing: Standing | None, *, way: str = "") -> Forms:
    """The forms of the page; the one that was sent, `way`, holds what was typed."""

    def data(name: str) -> Any:
        return request.POST if name == way else None

    return {
        "mitigate": MitigateForm(data("mitigate"), items=items_to_mitigate(found), auto_id="mitigate_%s"),
        "transfer": TransferForm(data("transfer"), currency=currency_of(request, standing), auto_id="transfer_%s"),
        "avoid": AvoidForm(data("avoid"), auto_id="avoid_%s"),
        "accept": AcceptForm(data("accept"), auto_id="accept_%s"),
        "review": ReviewForm(
            data("review"),
            initial={"next_on": today_of(timezone.now()) + NEXT_REVIEW},
            auto_id="review_%s",
        ),
        "close": NoteForm(data("close"), auto_id="close_%s"),
    }


def _about(request: ActorRequest, found: Risk) -> list[tuple[str, str]]:
    """What of the model a risk is about, in words: (what it is, its title)."""
    scenarios = {key: words(title) for key, title in scenarios_known(request.actor)}
    providers = {row.key: words(row.title) for row in providers_known(request.actor)}
    about = [
        (_("Scenario"), scenarios.get(found.scenario, found.scenario)),
        (_("Requirement"), found.requirement),
        (_("Provider"), providers.get(found.provider, found.provider)),
    ]
    return [(what, title) for what, title in about if title]
