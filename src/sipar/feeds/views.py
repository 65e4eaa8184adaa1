"""Pages of feeds: how each does, a report from the drop to its rows, and what a person decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sipar.core.files import bytes_response, keep_bytes
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.problems import Invalid
from sipar.feeds import actions, selectors
from sipar.feeds.doors import LARGEST_UPLOAD
from sipar.feeds.forms import DropForm, FeedForm
from sipar.feeds.gates import FEED_READERS, FEED_STAFF
from sipar.feeds.models import Batch, Feed, RawFile
from sipar.feeds.policy import may_read_rows, may_work, require_may_work
from sipar.feeds.words import MARKS, OWNERS, REASONS, STEPS, TONES, failure_in_words, refusal_in_words
from sipar.notices.exposure_sub import sub_navigation
from sipar.ui.forms import add_problem
from sipar.ui.tables import Column

ROWS = 50
SHOWN = 100
FEED_COLUMNS = (
    Column("name", gettext_lazy("Feed")),
    Column("received", gettext_lazy("Last report")),
    Column("rows", gettext_lazy("Rows"), numeric=True),
    Column("refused", gettext_lazy("Refused"), numeric=True),
    Column("next", gettext_lazy("Next step")),
)
REPORT_COLUMNS = (
    Column("file", gettext_lazy("Report")),
    Column("received", gettext_lazy("Received")),
    Column("rows", gettext_lazy("Rows"), numeric=True),
    Column("routed", gettext_lazy("With an owner"), numeric=True),
    Column("refused", gettext_lazy("Refused"), numeric=True),
    Column("state", gettext_lazy("State")),
)
ROW_COLUMNS = (
    Column("line", gettext_lazy("Line"), numeric=True),
    Column("place", gettext_lazy("Where")),
    Column("kind", gettext_lazy("What")),
    Column("owner", gettext_lazy("Whose")),
    Column("reason", gettext_lazy("Why")),
)
REFUSED_COLUMNS = (
    Column("line", gettext_lazy("Line"), numeric=True),
    Column("column", gettext_lazy("Column")),
    Column("reason", gettext_lazy("Reason")),
    Column("excerpt", gettext_lazy("How it begins")),
)


@gate(FEED_READERS)
@require_GET
def feed_list(request: ActorRequest) -> HttpResponse:
    """Every feed that I reach, what needs somebody first."""
    found = [_shown(one) for one in selectors.health(now=timezone.now())]
    own = {team.pk for team in selectors.own_teams(request.actor)}
    context = {
        "feeds": found,
        "columns": FEED_COLUMNS,
        "may_add": bool(own),
        "sub_links": sub_navigation(request.actor, request.path),
    }
    return render(request, "feeds/list.html", context)


@gate(FEED_STAFF)
@require_http_methods(["GET", "POST"])
def feed_new(request: ActorRequest) -> HttpResponse:
    """Set up a feed."""
    return _feed_form(request, None)


@gate(FEED_STAFF)
@require_http_methods(["GET", "POST"])
def feed_edit(request: ActorRequest, feed_code: str) -> HttpResponse:
    """Change a feed."""
    return _feed_form(request, selectors.access_feed(request.actor, feed_code, for_update=request.method == "POST"))


@gate(FEED_READERS)
@require_GET
def feed_detail(request: ActorRequest, feed_code: str) -> HttpResponse:
    """One feed: what it needs, its drifts, its reports."""
    feed = selectors.access_feed(request.actor, feed_code)
    (one,) = [found for found in selectors.health(now=timezone.now()) if found.feed.pk == feed.pk]
    reads = may_read_rows(request.actor)
    page = Paginator(selectors.reports_of(feed), ROWS).get_page(request.GET.get("page")) if reads else None
    context = {
        **_shown(one),
        "feed": feed,
        "page": page,
        "columns": REPORT_COLUMNS,
        "drifts": selectors.open_drifts(feed),
        "may_work": may_work(request.actor, feed.team_id),
        "form": DropForm(feeds=[feed]),
        "trail": _trail(),
    }
    return render(request, "feeds/feed.html", context)


@gate(FEED_STAFF)
@require_http_methods(["GET", "POST"])
def feed_drop(request: ActorRequest) -> HttpResponse:
    """Drop a report, and go on to watch its rows find their owners."""
    own = [feed for feed in Feed.objects.filter(enabled=True) if may_work(request.actor, feed.team_id)]
    chosen = [feed for feed in own if feed.code == request.GET.get("feed")]
    form = DropForm(request.POST or None, request.FILES or None, feeds=chosen or own)
    if request.method == "POST" and form.is_valid():
        feed = selectors.access_feed(request.actor, form.cleaned_data["feed"])
        file = form.cleaned_data["file"]
        try:
            stored = keep_bytes(file.chunks(), largest=LARGEST_UPLOAD)
            received = actions.receive_file(
                request.actor, feed, stored, name=file.name, door=RawFile.Door.PAGE, tlp=form.cleaned_data["tlp"],
                now=timezone.now(),
            )  # fmt: skip
        except Invalid as problem:
            add_problem(form, problem)
        else:
            _begin(received)
            if not received.new:
                messages.info(request, _("This file is here already: nothing is counted twice."))
            return redirect("feed_report", received.batch.pk)
    context = {"form": form, "feeds": own, "trail": _trail()}
    return render(request, "feeds/drop.html", context, status=422 if form.is_bound else 200)


@gate(FEED_STAFF)
@require_GET
def feed_report(request: ActorRequest, report_id: int) -> HttpResponse:
    """One report: its rows with owner and reason, what was refused, and what a person must decide."""
    return render(request, "feeds/report.html", _report(request, selectors.access_batch(request.actor, report_id)))


@gate(FEED_STAFF)
@require_GET
def feed_report_progress(request: ActorRequest, report_id: int) -> HttpResponse:
    """How far reading is; once it has ended the page comes anew."""
    batch = selectors.access_batch(request.actor, report_id)
    response = render(request, "feeds/progress.html", {"batch": batch})
    if batch.state not in ("received", "running"):
        response["HX-Refresh"] = "true"
    return response


@gate(FEED_STAFF)
@require_GET
def feed_report_refused(request: ActorRequest, report_id: int) -> HttpResponse:
    """The rows that could not be read."""
    batch = selectors.access_batch(request.actor, report_id)
    page = Paginator(selectors.refused_rows(batch), ROWS).get_page(request.GET.get("page"))
    rows = [(row, refusal_in_words(row.code)) for row in page]
    context = {
        "batch": batch,
        "page": page,
        "rows": rows,
        "columns": REFUSED_COLUMNS,
        "trail": _trail(batch.feed, batch),
    }
    return render(request, "feeds/refused.html", context)


@gate(FEED_STAFF)
@require_GET
def feed_report_file(request: ActorRequest, report_id: int) -> HttpResponseBase:
    """The raw file as it came."""
    batch = selectors.access_batch(request.actor, report_id)
    return bytes_response(batch.raw_file.sha256, name=batch.raw_file.name)


@gate(FEED_STAFF)
@require_POST
def feed_report_accept(request: ActorRequest, report_id: int) -> HttpResponse:
    return _decide(
        request, report_id, lambda batch: actions.accept_batch(request.actor, batch), _("It is taken in now.")
    )


@gate(FEED_STAFF)
@require_POST
def feed_report_retry(request: ActorRequest, report_id: int) -> HttpResponse:
    return _decide(
        request, report_id, lambda batch: actions.retry_batch(request.actor, batch), _("It is read again now.")
    )


@gate(FEED_STAFF)
@require_POST
def feed_report_discard(request: ActorRequest, report_id: int) -> HttpResponse:
    now = timezone.now()
    said = _("Nothing of it counts. The file itself is kept.")
    return _decide(request, report_id, lambda batch: actions.discard_batch(request.actor, batch, now=now), said)


@gate(FEED_STAFF)
@require_POST
def feed_drift_settle(request: ActorRequest, drift_id: int) -> HttpResponse:
    drift = actions.settle_drift(request.actor, selectors.access_drift(request.actor, drift_id), now=timezone.now())
    return redirect("feed_detail", drift.feed.code)


def _decide(request: ActorRequest, report: int, deed: Callable[[Batch], Batch], said: str) -> HttpResponse:
    batch = deed(selectors.access_batch(request.actor, report, for_update=True))
    if batch.state == "received":
        _begin(actions.Received(batch=batch, new=True))
    messages.success(request, said)
    return redirect("feed_report", batch.pk)


def _begin(received: actions.Received) -> None:
    from sipar.feeds.door_actions import begin_soon

    begin_soon(received)


def _feed_form(request: ActorRequest, feed: Feed | None) -> HttpResponse:
    if feed is not None:
        require_may_work(request.actor, feed.team_id)
    form = FeedForm(request.POST or None, teams=selectors.own_teams(request.actor), feed=feed)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.save_feed(request.actor, form.facts(), feed=feed, now=timezone.now())
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, _("Saved."))
            return redirect("feed_detail", made.code)
    context = {"form": form, "feed": feed, "trail": _trail(feed)}
    return render(request, "feeds/form.html", context, status=422 if form.is_bound else 200)


def _report(request: ActorRequest, batch: Batch) -> dict[str, Any]:
    asked = {name: request.GET.get(name, "").replace("\x00", "")[:200] for name in ("owner", "reason", "q")}
    owner = asked["owner"] if asked["owner"] in OWNERS else ""
    reason = asked["reason"] if asked["reason"] in REASONS else ""
    rows = None
    if batch.state == "done":
        rows = selectors.rows_of(batch, owner=owner, reason=reason, text=asked["q"], most=SHOWN)
    return {
        "batch": batch,
        "may_work": may_work(request.actor, batch.team_id),
        "problem": failure_in_words(batch.code, batch.sentence),
        "rows": rows,
        "sample": [(row, REASONS[row.reason], MARKS.get(row.shared, "")) for row in rows.sample] if rows else [],
        "reasons": [(REASONS[name], count) for name, count in rows.reasons.items()] if rows else [],
        "columns": ROW_COLUMNS,
        "owner": owner,
        "reason": reason,
        "q": asked["q"],
        "owner_options": list(OWNERS.items()),
        "reason_options": [(name, words) for name, words in REASONS.items() if name],
        "trail": _trail(batch.feed),
    }


def _shown(one: selectors.FeedHealth) -> dict[str, Any]:
    """A feed's health with its next step in words, and where that is done."""
    code = one.feed.code
    address = reverse("feed_detail", args=[code])
    if one.step in ("held", "failed") and one.batch is not None:
        address = reverse("feed_report", args=[one.batch])
    elif one.step == "first":
        address = f"{reverse('feed_drop')}?feed={code}"
    elif one.step == "unreachable":
        address = reverse("feed_edit", args=[code])
    return {"health": one, "step": STEPS[one.step], "tone": TONES.get(one.step, ""), "address": address}


def _trail(feed: Feed | None = None, batch: Batch | None = None) -> list[dict[str, str]]:
    """The way to a page below the feed, and below the report where one is given."""
    steps = [{"label": _("Feeds"), "url": reverse("feed_list")}]
    if feed is not None:
        steps.append({"label": feed.name, "url": reverse("feed_detail", args=[feed.code])})
    if batch is not None:
        steps.append({"label": batch.raw_file.name, "url": reverse("feed_report", args=[batch.pk])})
    return steps
