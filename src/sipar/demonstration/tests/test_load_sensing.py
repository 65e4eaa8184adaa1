"""A month of invented reports: fictional throughout, through the real pipeline, with something for every desk."""

from __future__ import annotations

import ipaddress
from collections import Counter

from tests.cast import NOW

from sipar.claims.models import Conflict
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.demonstration.ground import Ground
from sipar.demonstration.recipe import recipe
from sipar.demonstration.register import draw_register
from sipar.demonstration.sensing_reports import reports
from sipar.demonstration.tests.conftest import SIZE
from sipar.demonstration.tests.test_load_demonstration import ALLOWED
from sipar.eventstore import lake
from sipar.feeds.models import Batch, Drift, Feed, QuarantinedRow, RawFile
from sipar.nations.profile import shipped
from sipar.notices.models import Decision, DryRun, Finding, Notice, OwnershipQuestion, RuleSet
from sipar.orgs.models import Organisation
from sipar.people.models import Account
from sipar.people.selectors import actor_of
from sipar.vulnerabilities.models import Match

POWER = "PK-D-000001"


def ground(seed: int = 1) -> Ground:
    nation, words = shipped("pk"), recipe("pk")
    register = draw_register(nation, words, organisations=SIZE, seed=seed)
    return Ground(nation=nation, recipe=words, register=register, seed=seed, now=NOW)


def test_the_same_seed_makes_the_same_reports_to_the_byte() -> None:
    assert reports(ground()) == reports(ground())
    assert reports(ground()) != reports(ground(seed=2))


def test_every_observation_is_of_a_documentation_address_or_an_example_name(nation: None) -> None:
    with acting(system(), reason="look"):
        days = lake().days()
        seen = lake().observations(days[0], days[-1], columns=("ip", "hostname", "organisation"))
        fictional = set(Organisation.objects.filter(is_fictional=True).values_list("pk", flat=True))
    addresses = {ipaddress.ip_address(text) for text in seen["ip"].drop_null().to_pylist()}
    assert addresses
    assert all(any(one in block for block in ALLOWED if one.version == block.version) for one in addresses)
    assert all(name.endswith(".example") for name in seen["hostname"].drop_null().to_pylist())
    assert set(seen["organisation"].drop_null().to_pylist()) <= fictional
    assert 1_000 < seen.num_rows < 6_000


def test_feeds_are_healthy_but_for_what_an_analyst_must_decide(nation: None) -> None:
    with acting(system(), reason="look"):
        assert not Feed.objects.exclude(name__endswith="(fictional)").exists()
        assert set(RawFile.objects.values_list("door", flat=True)) == {"demonstration"}
        states = Counter(Batch.objects.values_list("state", flat=True))
        held = Batch.objects.get(state="held")
        drift = Drift.objects.get()
        refused = set(QuarantinedRow.objects.values_list("code", flat=True))
    assert set(states) == {"done", "held"}
    assert held.code == "shrunk"
    assert (drift.kind, drift.column, drift.detail) == ("renamed", "malware", "malware_family")
    assert refused == {"address", "port"}


def test_findings_are_open_closed_stale_and_seen_again_and_accuse_nobody_behind_shared_addresses(nation: None) -> None:
    with acting(system(), reason="look"):
        states = set(Finding.objects.values_list("state", flat=True))
        own = {(row.kind, row.state) for row in Finding.objects.filter(organisation__identifier=POWER)}
        shared = dict(Finding.objects.exclude(shared="").values_list("asset", "shared"))
        unclaimed = set(Finding.objects.filter(organisation=None).values_list("team__code", flat=True))
    assert states == {"open", "closed", "stale", "reopened"}
    assert {("accessible-rdp", "reopened"), ("accessible-telnet", "closed"), ("vulnerable-vpn", "open")} <= own
    assert shared == {"203.0.113.128/27": "nat", "203.0.113.160/28": "cloud"}
    assert unclaimed == {"pk-national", "demo-health"}


def test_one_conflict_waits_and_one_is_settled(nation: None) -> None:
    with acting(system(), reason="look"):
        assert sorted(Conflict.objects.values_list("state", flat=True)) == ["open", "settled"]


def test_notices_were_told_and_answered_and_some_wait(nation: None) -> None:
    with acting(system(), reason="look"):
        states = set(Notice.objects.values_list("state", flat=True))
        said = set(Decision.objects.values_list("kind", flat=True))
        questions = sorted(OwnershipQuestion.objects.values_list("state", flat=True))
        rules = sorted(RuleSet.objects.values_list("state", flat=True))
        tried = DryRun.objects.get()
    assert {"sent", "shown", "answered", "pending"} <= states
    assert said == {"fixed", "not_mine", "accepted", "need_help"}
    assert questions == ["open", "refused"]
    assert rules == ["active", "draft"]
    assert tried.result["sums"]["old"]["bundles"] > tried.result["sums"]["new"]["bundles"]


def test_what_two_organisations_run_is_matched_with_real_vulnerabilities(nation: None) -> None:
    with acting(system(), reason="look"):
        affected = set(Match.objects.values_list("vulnerability__cve", flat=True))
    assert affected == {"CVE-2024-3400", "CVE-2024-4577"}


def test_council_members_and_ministries_see_no_finding(nation: None) -> None:
    for key in ("council", "ministry", "policy"):
        actor = actor_of(Account.objects.get(email=f"{key}@demo.example"), now=NOW)
        with acting(actor, reason="look"):
            assert not Finding.objects.exists()
            assert not Notice.objects.exists()
