"""The ledger: what was done, by whom and why; verify it, and take a proof home."""

from __future__ import annotations

import json

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from sipar.core.files import download
from sipar.core.gates import Gate, gate
from sipar.core.http import ActorRequest
from sipar.core.numbers import LARGEST_KEY, whole_number
from sipar.ledger.actions import VERIFIERS, may_verify, start_verification
from sipar.ledger.selectors import (
    access_event,
    access_verification,
    content_of,
    entry_for,
    latest_seal,
    may_read_content,
    page_of_events,
    proof_with_entry,
)
from sipar.ledger.words import NOUNS, OPERATIONS
from sipar.people.gates import LEDGER_READERS
from sipar.ui.tables import Column

LEDGER_VERIFIERS = Gate("ledger_verifiers", frozenset(VERIFIERS))
COLUMNS = (
    Column("at", _("When")),
    Column("who", _("Who")),
    Column("what", _("What")),
    Column("organisation", _("Organisation")),
    Column("why", _("Why"), optional=True),
)
FILTERS = ("noun", "operation", "record")


@gate(LEDGER_READERS)
@require_GET
def show(request: ActorRequest) -> HttpResponse:
    """The latest checkpoint, and the events that the reader may see, by number and not by page."""
    filters = {name: request.GET.get(name, "")[:120] for name in FILTERS}
    before = whole_number(request.GET.get("before"), most=LARGEST_KEY)
    context = {
        "page": page_of_events(request.actor, filters, before=before),
        "filters": filters,
        "filtered": any(filters.values()),
        "seal": latest_seal(),
        "columns": COLUMNS,
        "nouns": list(NOUNS.items()),
        "operations": list(OPERATIONS.items()),
        "may_verify": may_verify(request.actor),
    }
    return render(request, "ledger/ledger.html", context)


@gate(LEDGER_READERS)
@require_GET
def event(request: ActorRequest, number: int) -> HttpResponse:
    """One event: who, when, why, and what changed where the reader may see the content."""
    found = access_event(request.actor, number)
    context = {
        "entry": entry_for(found),
        "event": found,
        "fields": content_of(request.actor, found),
        "readable": may_read_content(request.actor, found),
        "operation": OPERATIONS.get(found.operation, found.operation),
    }
    return render(request, "ledger/event.html", context)


@gate(LEDGER_READERS)
@require_GET
def proof(request: ActorRequest, number: int) -> HttpResponse:
    """The proof of inclusion as a file to keep."""
    document = proof_with_entry(request.actor, access_event(request.actor, number))
    text = json.dumps(document, indent=1, ensure_ascii=False)
    return download(text, name=f"sipar-proof-{number}.json", media_type="application/json")


@gate(LEDGER_VERIFIERS)
@require_POST
def verify(request: ActorRequest) -> HttpResponse:
    """Begin a verification and show how far it is."""
    run = start_verification(request.actor, now=timezone.now())
    return redirect("ledger_verification", run=run.pk)


@gate(LEDGER_VERIFIERS)
@require_GET
def verification(request: ActorRequest, run: int) -> HttpResponse:
    """How far a verification is, and its verdict; the part that changes is asked for again until it ends."""
    context = {"run": access_verification(request.actor, run)}
    return render(request, "ledger/verdict.html" if request.htmx else "ledger/verification.html", context)
