"""What the world sees of one organisation, and one finding: for its own people and the staff of its CERTs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from sipar.core.acting import Actor
from sipar.core.files import download_table
from sipar.core.gates import gate
from sipar.core.http import ActorRequest
from sipar.core.numbers import LARGEST_KEY, whole_number
from sipar.core.problems import Invalid, Problem, not_open
from sipar.formats.table_writing import Cell
from sipar.notices import exposure_selectors as selectors
from sipar.notices.actions import Answer, answer
from sipar.notices.exposure_pictures import SPANS, course_chart, kinds_chart
from sipar.notices.exposure_policy import EXPOSURE, require_watches
from sipar.notices.exposure_selectors import OrganisationExposure
from sipar.notices.exposure_sub import sub_navigation
from sipar.notices.exposure_words import days_in_words, kind_word, reasons_in_words, severity_word
from sipar.notices.models import Decision, Finding
from sipar.notices.policy import may_accept_risk, may_answer
from sipar.orgs.models import Organisation
from sipar.orgs.selectors import access_organisation
from sipar.people.roles import TEAM_ROLES

ROWS, OWN_ROWS = 50, 20
MOST_DECIDED = 200
CSV_HEADER = (
    "number", "kind", "severity", "asset", "cves", "priority", "reasons", "first_seen", "last_seen", "due_on", "state",
    "closed_at", "closed_by", "source",
)  # fmt: skip


@gate(EXPOSURE)
@require_GET
def exposure(request: ActorRequest) -> HttpResponse:
    """Our own exposure; for staff of CERTs their constituency's."""
    from sipar.notices.exposure_cert_views import constituency_page

    if request.actor.holds(*TEAM_ROLES):
        return constituency_page(request)
    own = list(Organisation.objects.filter(pk__in=request.actor.organisations).order_by("name"))
    if not own:
        raise not_open("organisation")
    if len(own) > 1:
        return render(request, "notices/exposure_choose.html", {"organisations": own})
    return _organisation_page(request, own[0])


@gate(EXPOSURE)
@require_GET
def exposure_organisation(request: ActorRequest, identifier: str) -> HttpResponse:
    """The same page about any organisation that the reader watches."""
    organisation = access_organisation(request.actor, identifier)
    require_watches(organisation)
    return _organisation_page(request, organisation)


@gate(EXPOSURE)
@require_GET
def exposure_organisation_csv(request: ActorRequest, identifier: str, name: str) -> HttpResponse:
    """A table of the organisation's page: findings (open), closed, kinds, or course (open findings by day)."""
    organisation = access_organisation(request.actor, identifier)
    require_watches(organisation)
    now = timezone.now()
    found = selectors.organisation_exposure(organisation, now=now)
    header: tuple[str, ...] = CSV_HEADER
    rows: list[tuple[Cell, ...]]
    if name == "kinds":
        header = ("kind", "severity", "open", "oldest")
        rows = [(line.kind, line.severity, line.live, line.oldest) for line in found.kinds]
    elif name == "course":
        header, rows = ("day", "open"), course_rows(found.course, now=now)
    elif name == "closed":
        closed = Finding.objects.filter(organisation=organisation, state="closed").order_by("-state_at", "-pk")
        rows = [finding_row(row) for row in closed[:100_000]]
    elif name in ("findings", "sectors"):
        rows = [finding_row(row) for row in selectors.open_findings(organisation)[:100_000]]
    else:
        raise not_open("table")
    return download_table(header, rows, name=f"exposure-{organisation.identifier}-{name}.csv")


@gate(EXPOSURE)
@require_GET
def exposure_finding(request: ActorRequest, finding: int) -> HttpResponse:
    """One finding: what it is, why it comes first, its evidence, what was said about it."""
    return finding_page(request, selectors.access_finding(finding))


@gate(EXPOSURE)
@require_GET
def exposure_sightings(request: ActorRequest, finding: int) -> HttpResponse:
    """Its latest observations from the lake: a fragment for htmx, a whole page for everybody else."""
    found = selectors.access_finding(finding)
    sightings, older = selectors.sightings_of(found, before=_day(request.GET.get("before", "")))
    context = {"finding": found, "sightings": sightings, "older": older, "kind": kind_word(found.kind)}
    part = "notices/exposure_sightings.html"
    return render(request, part if request.htmx else "notices/exposure_sightings_page.html", context | {"part": part})


@gate(EXPOSURE)
@require_POST
def exposure_decide(request: ActorRequest) -> HttpResponse:
    """Say of the chosen findings that they are fixed, not ours, accepted until a day, or that we need help."""
    ticked = request.POST.getlist("finding")[: MOST_DECIDED + 1]
    chosen = [whole_number(value, most=LARGEST_KEY) or 0 for value in ticked]
    back = _way_back(request)
    if not 0 < len(chosen) <= MOST_DECIDED:
        messages.error(request, _("Choose at least one finding, and at most %(most)s.") % {"most": MOST_DECIDED})
        return redirect(back)
    try:
        said = _decide(request, chosen)
    except Problem as problem:
        messages.error(request, " ".join([problem.sentence, *(place.sentence for place in problem.places)]))
    else:
        messages.success(request, said)
    return redirect(back)


def _decide(request: ActorRequest, chosen: list[int]) -> str:
    said = Answer(
        kind=request.POST.get("kind", ""),
        note=request.POST.get("note", "").strip(),
        until=_day(request.POST.get("until", "")),
        contact=request.actor.name,
        phone=request.POST.get("phone", "").strip(),
    )
    rows = [selectors.access_finding(number) for number in dict.fromkeys(chosen)]
    answer(request.actor, rows, said, now=timezone.now())
    return ngettext("Thank you: noted for one finding.", "Thank you: noted for %(number)s findings.", len(rows)) % {
        "number": len(rows)
    }


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("A day is written as year, month and day, such as 2026-12-31.") from None


def _way_back(request: ActorRequest) -> str:
    """The page that the form stood on; only pages of ours."""
    back = request.POST.get("back", "")
    return back if back.startswith("/exposure/") and "//" not in back[1:] else reverse("exposure")


def _organisation_page(request: ActorRequest, organisation: Organisation) -> HttpResponse:
    now = timezone.now()
    found = selectors.organisation_exposure(organisation, now=now)
    rows = selectors.open_findings(organisation)
    kind = request.GET.get("kind", "").replace("\x00", "")[:80]
    wanted = whole_number(request.GET.get("page")) or 1
    page = selectors.page_of(rows.filter(kind=kind) if kind else rows, wanted, size=OWN_ROWS)
    own = organisation.pk in request.actor.organisations
    days = 30 if request.GET.get("days") == "30" else 90
    context: dict[str, Any] = {
        "organisation": organisation,
        "own": own,
        "staff": request.actor.holds(*TEAM_ROLES),
        "may_decide": may_answer(request.actor, organisation.pk),
        "sentence": _sentence(found, own=own),
        "counts": found.counts,
        "repair": days_in_words(found.repair_days),
        "lines": lines_of(page.rows),
        "page": page,
        "kind": kind,
        "kind_options": [(line.kind, f"{kind_word(line.kind)} ({line.live:,})") for line in found.kinds],
        "here": request.get_full_path(),
        "address": reverse("exposure_organisation", args=[organisation.identifier]),
        "decisions": decisions_open_to(request.actor, organisation.pk),
        "today": now.date(),
        "closed": [],
        "sub_links": sub_navigation(request.actor, request.path),
    }
    if not found.counts["live"] and not found.closed:
        return render(request, "notices/exposure_organisation.html", context)
    context |= {
        "course": course_chart(found.course, now=now, days=days),
        "days": days,
        "spans": SPANS,
        "kinds": kinds_chart([(line.kind, line.live) for line in found.kinds]) if found.kinds else None,
        "benchmarks": found.benchmarks,
        "closed": [{"finding": row, "kind": kind_word(row.kind), "took": (row.state_at - row.first_seen).days}
                   for row in found.closed],
    }  # fmt: skip
    return render(request, "notices/exposure_organisation.html", context)


def finding_page(request: ActorRequest, finding: Finding) -> HttpResponse:
    history = selectors.history_of(finding)
    names = selectors.names_of_accounts(row.account_id for row in history)
    organisation = finding.organisation
    context = {
        "finding": finding,
        "kind": kind_word(finding.kind),
        "severity": severity_word(finding.severity),
        "step": finding.severity + 1,
        "reasons": reasons_in_words(finding.reasons, severity=finding.severity),
        "organisation": organisation,
        "own": organisation is not None and organisation.pk in request.actor.organisations,
        "may_decide": may_answer(request.actor, finding.organisation_id) and finding.state != "closed",
        "vulnerabilities": vulnerabilities_of(finding),
        "evidence": evidence_of(finding),
        "history": [{"decision": row, "who": names.get(row.account_id or 0, "")} for row in history],
        "here": request.get_full_path(),
        "decisions": decisions_open_to(request.actor, finding.organisation_id),
        "took": (finding.state_at - finding.first_seen).days if finding.state == "closed" else None,
    }
    return render(request, "notices/exposure_finding.html", context)


def decisions_open_to(actor: Actor, organisation: int | None) -> list[tuple[str, str]]:
    """What this person may say about a finding of this organisation: a risk is accepted by who answers for it."""
    accepting = may_accept_risk(actor, organisation)
    return [(kind.value, str(kind.label)) for kind in Decision.Kind if accepting or kind != Decision.Kind.ACCEPTED]


def vulnerabilities_of(finding: Finding) -> list[dict[str, Any]]:
    """What is known of the CVEs of a finding: the identifier, and of those that Sipar knows CVSS, EPSS and KEV."""
    if not finding.cves:
        return []
    from sipar.vulnerabilities.selectors import known

    rows = {row["cve"]: row for row in known(finding.cves).to_dicts()}
    return [rows.get(cve, {"cve": cve}) for cve in finding.cves]


def evidence_of(finding: Finding) -> list[tuple[str, str]]:
    """What the source said last, as it said it."""
    return [
        (str(name), str(value))
        for name, value in finding.evidence.items()
        if value not in (None, "", [], {}) and name != "raw"
    ][:40]


def lines_of(findings: list[Finding]) -> list[dict[str, Any]]:
    """Findings as lines of a list, with what was said about them last."""
    said = selectors.decisions_of(findings)
    return [
        {
            "finding": row,
            "kind": kind_word(row.kind),
            "severity": severity_word(row.severity),
            "step": row.severity + 1,
            "reasons": reasons_in_words(row.reasons, severity=row.severity),
            "said": said.get(row.pk),
        }
        for row in findings
    ]


def finding_row(row: Finding) -> tuple[Cell, ...]:
    """A finding as a line of a CSV file, in the order of `CSV_HEADER`."""
    return (
        row.pk, row.kind, row.severity, row.asset, " ".join(row.cves), row.priority,
        "; ".join(reasons_in_words(row.reasons, severity=row.severity)), row.first_seen, row.last_seen, row.due_on,
        row.state, row.state_at if row.state == "closed" else None, row.closed_by, row.source,
    )  # fmt: skip


def course_rows(course: list[int] | tuple[int, ...], *, now: datetime) -> list[tuple[Cell, ...]]:
    """(day, open findings at its end), the oldest first."""
    first = now.date().toordinal() - len(course) + 1
    return [(date.fromordinal(first + place), number) for place, number in enumerate(course)]


def _sentence(found: OrganisationExposure, *, own: bool) -> str:
    live, critical = found.counts["live"], found.counts["critical"]
    if not live:
        return _("The world sees nothing open here that should not be.")
    said = ngettext("The world sees one thing to fix", "The world sees %(number)s things to fix", live) % {
        "number": f"{live:,}"
    }
    if not critical:
        return _("%(said)s, none of them critical.") % {"said": said}
    if critical == live == 1:
        return _("%(said)s, and it is critical.") % {"said": said}
    return ngettext("%(said)s, one of them critical.", "%(said)s, %(critical)s of them critical.", critical) % {
        "said": said, "critical": f"{critical:,}",
    }  # fmt: skip
