"""The law pages: every regime in plain words beside its data, and the drafts of ministries."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.files import download
from sipar.core.gates import Gate, gate
from sipar.core.http import ActorRequest
from sipar.core.numbers import whole_number
from sipar.core.problems import Conflict, Invalid, not_open
from sipar.obligations import law_words, policy
from sipar.obligations.law_actions import BLANK, MAX_TEXT, draft_text, problems_of_draft, save_draft
from sipar.obligations.law_forms import DraftForm, SwitchForm
from sipar.obligations.law_selectors import access_regime, difference_of, regimes_listed, versions_of
from sipar.obligations.models import DRAFTING_ROLES, Regime
from sipar.obligations.regimes import DRAFT_STATUS, compiled_of, switch_regime
from sipar.obligations.replay_words import in_words
from sipar.obligations.words import STATUSES
from sipar.people.gates import EVERYONE
from sipar.ui.tables import Column

DRAFTERS = Gate("drafters", frozenset(DRAFTING_ROLES))
SWITCHERS = Gate("switchers", frozenset({"authority_policy", "team_head"}))
COLUMNS = (
    Column("title", gettext_lazy("Regime")),
    Column("status", gettext_lazy("What it is")),
    Column("jurisdiction", gettext_lazy("Where")),
    Column("effective", gettext_lazy("In effect from")),
    Column("binds", gettext_lazy("Puts duties on cases")),
)


@gate(EVERYONE)
@require_GET
def show_all(request: ActorRequest) -> HttpResponse:
    """The regimes of this installation, and the drafts that the reader may see."""
    rows = [(row, *_marked(row)) for row in regimes_listed()]
    context = {
        "regimes": [row for row in rows if not row[0].is_draft],
        "drafts": [row for row in rows if row[0].is_draft],
        "columns": COLUMNS,
        "drafts_laws": policy.drafts_laws(request.actor),
    }
    return render(request, "obligations/law/list.html", context)


@gate(EVERYONE)
@require_GET
def show(request: ActorRequest, code: str) -> HttpResponse:
    """One version of a regime: whom it binds, what sets it off, each duty with its clock, what is empty and why."""
    row = access_regime(request.actor, code, _version(request))
    compiled = compiled_of(row)
    status, tone, icon = _marked(row)
    regime = compiled.regime if compiled is not None else None
    context: dict[str, object] = {
        "row": row,
        "regime": regime,
        "status": status,
        "tone": tone,
        "icon": icon,
        "trail": _trail(),
        "versions": versions_of(row.code),
        "may_edit": policy.may_edit_draft(request.actor, row),
        "drafts_laws": policy.drafts_laws(request.actor),
        "switches": not row.is_draft and policy.switches_regimes(request.actor) and row.status != DRAFT_STATUS,
        "form": SwitchForm(),
    }
    if regime is not None:
        context |= {
            "duties": law_words.duties_in_words(regime),
            "penalties": [(each, law_words.penalty_in_words(each)) for each in regime.penalties],
            "keeping": [(each, law_words.keeping_in_words(each)) for each in regime.keep],
            "routes": [
                (each, law_words.ADDRESSEES.get(each.from_, each.from_), law_words.ADDRESSEES.get(each.to, each.to))
                for each in regime.routing
            ],
        }
    return render(request, "obligations/law/show.html", context)


@gate(EVERYONE)
@require_GET
def text(request: ActorRequest, code: str) -> HttpResponse:
    """The file itself, to keep or to give to `sipar law replay`."""
    row = access_regime(request.actor, code, _version(request))
    return download(row.text, name=f"{row.code}-{row.version}.yaml", media_type="application/yaml; charset=utf-8")


@gate(SWITCHERS)
@require_POST
def switch(request: ActorRequest, code: str) -> HttpResponse:
    """Let a regime put duties on cases from now on, or no longer, with the reason."""
    row = access_regime(request.actor, code)
    form = SwitchForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    enabled = request.POST.get("enabled") == "yes"
    switch_regime(request.actor, row.code, enabled=enabled, reason=reason, now=timezone.now())
    return redirect("law_regime", row.code)


@gate(DRAFTERS)
@require_http_methods(["GET", "HEAD", "POST"])
def write(request: ActorRequest, code: str = "") -> HttpResponse:
    """Write a new draft, from blank or from a regime (`?from=`), or the next version of one's own draft."""
    policy.require_drafts_laws(request.actor)
    row = access_regime(request.actor, code) if code else None
    if row is not None:
        policy.require_may_edit_draft(request.actor, row)
    if request.method == "POST":
        return _save(request, row)
    form = DraftForm(initial={"text": _beginning(request, row), "base": row.version if row else None})
    return render(request, "obligations/law/write.html", _writing(row, form))


@gate(DRAFTERS)
@require_POST
def check(request: ActorRequest) -> HttpResponse:
    """What is wrong with a text while it is being written; nothing is kept."""
    written = request.POST.get("text", "")[: MAX_TEXT + 1]
    return render(request, "obligations/law/problems.html", {"problems": problems_of_draft(written), "checked": True})


@gate(EVERYONE)
@require_GET
def compare(request: ActorRequest, code: str) -> HttpResponse:
    """What changed between two versions: the newest and the one before, unless others are chosen."""
    versions = versions_of(access_regime(request.actor, code).code)
    chosen = [whole_number(request.GET.get(name)) for name in ("before", "after")]
    after = chosen[1] or versions[0].version
    before = chosen[0] or max(1, after - 1)
    old, new = access_regime(request.actor, code, before), access_regime(request.actor, code, after)
    context = {
        "old": old,
        "new": new,
        "versions": versions,
        "lines": difference_of(old.text, new.text),
        "trail": [*_trail(), {"url": reverse("law_regime", args=[code]), "label": in_words(new.title)}],
    }
    return render(request, "obligations/law/compare.html", context)


def _save(request: ActorRequest, row: Regime | None) -> HttpResponse:
    form = DraftForm(request.POST)
    if not form.is_valid():
        return render(request, "obligations/law/write.html", _writing(row, form), status=422)
    cleaned = form.cleaned_data
    try:
        kept = save_draft(
            request.actor,
            cleaned["text"],
            code=row.code if row else "",
            base=cleaned["base"],
            now=timezone.now(),
        )
    except Invalid as problem:
        form.add_error("text", problem.sentence)
        context = _writing(row, form) | {"problems": problems_of_draft(request.POST["text"]), "checked": True}
        return render(request, "obligations/law/write.html", context, status=422)
    except Conflict as problem:
        form.add_error(None, problem.sentence)
        context = _writing(row, form) | {"newest": row.version if row else None}
        return render(request, "obligations/law/write.html", context, status=409)
    return redirect("law_regime", kept.code)


def _writing(row: Regime | None, form: DraftForm) -> dict[str, object]:
    return {"row": row, "form": form, "trail": _trail(), "problems": (), "checked": False}


def _beginning(request: ActorRequest, row: Regime | None) -> str:
    if row is not None:
        return row.text
    copied = request.GET.get("from", "")
    return draft_text(access_regime(request.actor, copied, _version(request))) if copied else BLANK


def _marked(row: Regime) -> tuple[str, str, str]:
    """The word for what a regime is worth as law, with the tone and the icon of its mark."""
    tone, icon = law_words.MARKS.get(row.status, ("warn", "alert"))
    return str(STATUSES.get(row.status, row.status)), tone, icon


def _version(request: ActorRequest) -> int | None:
    asked = request.GET.get("version", "")
    number = whole_number(asked)
    if asked and number is None:
        raise not_open("regime")
    return number


def _trail() -> list[dict[str, str]]:
    return [{"url": reverse("law"), "label": _("Laws")}]
