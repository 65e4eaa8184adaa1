"""A month of reports through the real pipeline: claims, feeds, findings, notices, and what people answered.

Reports come day by day. Between them the rules in use make notices, these are sent (the demonstration's mail goes to
its own folder), and people decide, each step at the time at which it happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sipar.core.files import keep_bytes
from sipar.demonstration.ground import Ground
from sipar.demonstration.rules import IN_USE, PROPOSED
from sipar.demonstration.sensing_reports import Report, day_of, feeds, reports
from sipar.demonstration.sightings import DAYS
from sipar.demonstration.stage_claims import BANK, MOBILE, POWER, tell_claims
from sipar.demonstration.stage_vulnerabilities import tell_vulnerabilities
from sipar.demonstration.telling import Teller
from sipar.feeds.actions import receive_file, save_feed
from sipar.feeds.models import Feed
from sipar.feeds.working import work_off
from sipar.notices.actions import Answer, answer, close_fixed, close_notices, settle_ownership
from sipar.notices.bundle_actions import make_bundles
from sipar.notices.exposure_counting import count_exposure
from sipar.notices.folding_actions import age_findings
from sipar.notices.models import Finding, Notice, OwnershipQuestion
from sipar.notices.priority_actions import rank_findings
from sipar.notices.rule_actions import activate_rules, ask_dry_run, draft_rules
from sipar.notices.rule_tasks import dry_run_rules
from sipar.notices.sending import send_due
from sipar.notices.telling_actions import Wish, choose_channel, inhibit

NATIONAL = "pk-national"
# Days after which the rules in use are asked what to tell; weekly bundles are due on these.
TOLD_ON = (9, 17, 25, DAYS - 1)


def begin(ground: Ground) -> None:
    """Claims, lists of vulnerabilities, feeds, rules in use, and how some want to be told. Outside `acting`."""
    teller = Teller(ground)
    tell_claims(teller)
    tell_vulnerabilities(teller)
    _set_up(teller)


def go_on(ground: Ground, *, until: int) -> None:
    """The reports up to a day of `TOLD_ON` since the one before it, what was told of them, and what people said."""
    teller = Teller(ground)
    before = TOLD_ON[TOLD_ON.index(until) - 1] if until != TOLD_ON[0] else -1
    _take_in(teller, [report for report in reports(ground) if before < report.day <= until])
    moment = _evening(teller, until)
    make_bundles(now=moment)
    # What was made last waits for the worker, which sends it when Sipar runs.
    if until != TOLD_ON[-1]:
        send_due(now=moment + timedelta(hours=12))
        _decide(teller, until)


def end(ground: Ground) -> None:
    """Age and close what time has decided, count for the pages, and try other rules on the month."""
    _end(Teller(ground))


def _set_up(teller: Teller) -> None:
    team = teller.team_number(NATIONAL)
    with teller.as_person("analyst") as actor:
        begun = day_of(teller.ground, 0)
        for facts in feeds(team):
            save_feed(actor, facts, now=begun)
        draft = draft_rules(actor, teller.team(NATIONAL), IN_USE, now=begun)
        activate_rules(actor, draft, now=begun)
    for person, place, language in (("ciso", POWER, "en"), ("bank-ciso", BANK, "ur")):
        with teller.as_person(person) as actor:
            organisation = teller.organisation(place)
            addresses = tuple(organisation.contacts.order_by("pk").values_list("email", flat=True)[:1])
            wish = Wish(kind="mail", addresses=addresses, language=language)
            choose_channel(actor, organisation, wish, now=begun)
    with teller.as_person("telecom-ciso") as actor:
        choose_channel(actor, teller.organisation(MOBILE), Wish(kind="portal"), now=begun)


def _take_in(teller: Teller, waiting: Sequence[Report]) -> None:
    """What came in these days: received by the National CERT, read by Sipar as it reads every report."""
    with teller.as_person("analyst") as actor:
        known = {feed.code: feed for feed in Feed.objects.all()}
        for report in waiting:
            received = day_of(teller.ground, report.day) + timedelta(hours=6)
            stored = keep_bytes(report.data)
            receive_file(actor, known[report.feed], stored, name=report.name, door="demonstration", now=received)
    for feed in known.values():
        work_off(feed.pk)


def _decide(teller: Teller, day: int) -> None:
    """What people said after the notices of a day."""
    now = _evening(teller, day) + timedelta(hours=15)
    if day == 9:
        note = "Part of the yearly renewal; the old certificate serves an inner page only."
        until = (teller.now + timedelta(days=60)).date()
        _say(teller, "ciso", POWER, "expired-certificate", Answer(kind="accepted", note=note, until=until), now=now)
        note = "This address belongs to a machine that we gave back last year."
        _say(teller, "bank-ciso", BANK, "accessible-rdp", Answer(kind="not_mine", note=note), now=now)
    if day == 17:
        _say(teller, "ciso", POWER, "open-snmp", Answer(kind="fixed", note="Closed on the border router."), now=now)
        _settle(teller, now=now + timedelta(hours=20))
    if day == 25:
        said = Answer(kind="fixed", note="Updated on Sunday night.")
        _say(teller, "ciso", POWER, "accessible-database", said, now=now)
        note = "The maker's update fails on both nodes. We need somebody who has done this."
        said = Answer(kind="need_help", note=note, contact="Network operations", phone="+92 000 9100005")
        _say(teller, "telecom-ciso", MOBILE, "vulnerable-activemq", said, now=now)
        _say(teller, "bank-ciso", BANK, "accessible-smb", Answer(kind="not_mine", note="Not in our list."), now=now)
        _hold_back(teller, now=now)


def _say(teller: Teller, person: str, place: int, kind: str, said: Answer, *, now: datetime) -> None:
    """One answer of a person, on the notice that told of it where there is one."""
    with teller.as_person(person) as actor:
        found = Finding.objects.filter(organisation=teller.organisation(place), kind=kind).exclude(state="closed")
        findings = list(found.order_by("pk")[:1])
        if not findings:
            return
        notice = Notice.objects.filter(lines__finding__in=findings).order_by("-made_at").first()
        answer(actor, findings, said, notice=notice, now=now)


def _settle(teller: Teller, *, now: datetime) -> None:
    """The National CERT looks at the register: the bank still holds the address."""
    with teller.as_person("analyst") as actor:
        question = OwnershipQuestion.objects.filter(state="open").order_by("pk").first()
        if question is not None:
            words = "The contract of the address names you until the end of next year. Please look again."
            settle_ownership(actor, question, theirs=True, answer=words, now=now)


def _hold_back(teller: Teller, *, now: datetime) -> None:
    with teller.as_person("analyst") as actor:
        reason = "Known to the operator, who replaces these modems district by district."
        until = (teller.now + timedelta(days=45)).date()
        inhibit(
            actor, teller.team(NATIONAL), organisation=teller.organisation(MOBILE), kind="infected-system", asset="",
            reason=reason, until=until, now=now,
        )  # fmt: skip


def _end(teller: Teller) -> None:
    now = teller.now
    with teller.as_sipar() as sipar:
        age_findings(now=now)
        rank_findings(sipar, now=now)
        close_fixed(sipar, now=now)
        close_notices(sipar, now=now)
        count_exposure(sipar, now=now)
    with teller.as_person("analyst") as actor:
        draft = draft_rules(actor, teller.team(NATIONAL), PROPOSED, now=teller.ago(20))
        first, last = day_of(teller.ground, 0).date(), day_of(teller.ground, DAYS - 1).date()
        asked = ask_dry_run(actor, draft, first_day=first, last_day=last, now=teller.ago(19))
    dry_run_rules(asked.pk)


def _evening(teller: Teller, day: int) -> datetime:
    return day_of(teller.ground, day) + timedelta(hours=13)
