"""The demonstration nation in the database: marked, on documentation addresses, consistent, and loaded once."""

from __future__ import annotations

import ipaddress
from collections import Counter

import numpy as np
import pytest
from django.contrib.auth import authenticate
from tests.cast import NOW

from sipar import demonstration
from sipar.assessments.models import Assessment, Review, RoadmapItem, Submission
from sipar.assessments.scoring import rescored
from sipar.assessments.selectors import evidence_of, notes_of
from sipar.assessments.submissions import digest_of, document_of
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.models import BackgroundRun, Event
from sipar.demonstration import loading
from sipar.demonstration.people import PASSWORD, PEOPLE
from sipar.demonstration.tests.conftest import SIZE, quiet
from sipar.formats.asset_values import normalise_asset
from sipar.frameworks.selectors import loaded
from sipar.orgs.models import Asset, Contact, Designation, Organisation
from sipar.people.demonstration import current_code
from sipar.people.models import Account
from sipar.people.selectors import actor_of
from sipar.posture.levels import UNANSWERED
from sipar.teams.models import ConstituencyDispute, DutyShift, MaturitySelfAssessment

ALLOWED = [
    ipaddress.ip_network(block) for block in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]


def load(*, organisations: int = SIZE, seed: int = 1) -> bool:
    return demonstration.load(organisations=organisations, seed=seed, now=NOW, progress=quiet)


def test_every_organisation_contact_and_asset_is_invented_and_says_so(nation: None) -> None:
    with acting(system(), reason="look"):
        assert Organisation.objects.count() == SIZE
        assert not Organisation.objects.exclude(is_fictional=True).exists()
        assert not Organisation.objects.exclude(name__endswith="(fictional)").exists()
        assert not Organisation.objects.exclude(registration_number__startswith="DEMO-").exists()
        assert not Contact.objects.exclude(email__endswith=".example").exists()
        assets = list(Asset.objects.values_list("kind", "value"))
    networks = [ipaddress.ip_network(value) for kind, value in assets if kind == "prefix"]
    assert networks
    assert all(any(net.version == block.version and net.subnet_of(block) for block in ALLOWED) for net in networks)  # type: ignore[arg-type]
    assert all(64496 <= int(value.removeprefix("AS")) <= 64511 for kind, value in assets if kind == "asn")
    assert all(value.endswith(".example") for kind, value in assets if kind == "domain")
    assert all(normalise_asset(kind, value) == value for kind, value in assets)


def test_loading_twice_changes_nothing(nation: None) -> None:
    with acting(system(), reason="count"):
        before = Event.objects.count()
    assert demonstration.is_loaded()
    assert not load(organisations=SIZE * 2, seed=5)
    with acting(system(), reason="count"):
        assert Event.objects.count() == before


def test_scores_kept_beside_answers_are_those_of_the_answers(nation: None) -> None:
    with acting(system(), reason="look"):
        for assessment in Assessment.objects.filter(standing__isnull=False).select_related("campaign")[::7]:
            framework = loaded(assessment.campaign.framework_id)
            standing = np.frombuffer(bytes(assessment.standing or b""), dtype=np.uint8)
            kept = {name: getattr(assessment, name) for name in ("answered", "gaps", "meets_target")}
            computed = rescored(assessment, standing, framework)
            assert kept == {name: computed[name] for name in kept}  # type: ignore[literal-required]
            assert assessment.mean == pytest.approx(computed["mean"])


def test_a_signature_covers_what_the_organisation_wrote(nation: None) -> None:
    with acting(system(), reason="look"):
        for submission in Submission.objects.select_related("assessment__campaign", "assessment__organisation")[::23]:
            framework = loaded(submission.assessment.campaign.framework_id)
            document = document_of(
                submission.assessment,
                framework,
                number=1,
                levels=np.frombuffer(bytes(submission.levels), dtype=np.uint8),
                notes=notes_of(submission.assessment),
                evidence=evidence_of(submission.assessment),
            )
            assert submission.snapshot == document
            assert submission.digest == digest_of(document)


def test_this_years_campaign_shows_every_state_and_carries_last_years_answers(nation: None) -> None:
    with acting(system(), reason="look"):
        states = Counter(Assessment.objects.filter(campaign__code="nation-2026").values_list("state", flat=True))
        first = Assessment.objects.get(campaign__code="nation-2026", organisation__identifier="PK-D-000001")
        half = Assessment.objects.get(campaign__code="nation-2026", organisation__identifier="PK-D-000004")
        adjusted = Review.objects.filter(decision="adjust")
        assert adjusted.exists()
        assert all(review.to_level == (review.from_level or 0) - 1 and review.reason for review in adjusted)
    assert set(states) == {"open", "submitted", "returned", "accepted"}
    assert 0.5 < states["accepted"] / SIZE < 0.6
    assert first.state == "open"
    assert first.levels is None
    assert first.carried is not None
    assert UNANSWERED not in bytes(first.carried)
    assert half.state == "open"
    assert half.levels is not None
    assert half.submissions == 0


def test_conflicts_of_responsibility_of_both_kinds_wait_for_the_council(nation: None) -> None:
    with acting(system(), reason="look"):
        kinds = set(ConstituencyDispute.objects.filter(settled_at=None).values_list("kind", flat=True))
    assert kinds == {"without_team", "several_leads"}


def test_invented_rosters_and_maturity_belong_to_fictional_teams_only(nation: None) -> None:
    with acting(system(), reason="look"):
        teams = {row.team for row in MaturitySelfAssessment.objects.all()} | {
            row.team for row in DutyShift.objects.all()
        }
        on_duty = DutyShift.objects.get(starts_at__lte=NOW, ends_at__gt=NOW)
    assert teams
    assert all("(fictional)" in team.name["en"] for team in teams)
    assert on_duty.account.email == "duty@demo.example"


def test_designations_are_marked_and_kept_by_two_people(nation: None) -> None:
    with acting(system(), reason="look"):
        rows = list(Designation.objects.all())
    assert {row.state for row in rows} >= {"listed", "graded", "designated"}
    assert all(row.gazette_reference.startswith("DEMO-") for row in rows if row.state == "designated")
    assert all(row.listed_by_id != row.graded_by_id for row in rows)


def test_some_of_the_roadmap_is_late_and_some_is_done(nation: None) -> None:
    with acting(system(), reason="look"):
        items = list(RoadmapItem.objects.all())
    assert any(item.state == "done" and item.closing_note for item in items)
    assert any(item.state in ("planned", "doing") and item.due_on < NOW.date() for item in items)


def test_every_role_has_an_account_that_can_sign_in(nation: None) -> None:
    for person in PEOPLE:
        account = Account.objects.get(email=person.email)
        actor = actor_of(account, now=NOW)
        assert {grant.role for grant in actor.grants} == {role for role, _, _ in person.grants}
    analyst = Account.objects.get(email="analyst@demo.example")
    assert authenticate(None, email=analyst.email, password=PASSWORD) == analyst
    assert len(current_code(analyst)) == 6


def test_people_of_the_background_cannot_sign_in(nation: None) -> None:
    background = Account.objects.filter(email__startswith="signer")
    assert background.exists()
    assert not background.filter(is_active=True).exists()


def test_a_reloaded_nation_profile_gets_its_conflicts_back(nation: None) -> None:
    from sipar.nations.profile import shipped
    from sipar.teams.actions import load_teams

    with acting(system(), reason="reload"):
        load_teams(system(), shipped("pk"))
    assert not demonstration.is_loaded()
    assert load()
    assert demonstration.is_loaded()
    with acting(system(), reason="look"):
        assert BackgroundRun.objects.filter(kind=loading.KIND).count() == len(loading.STAGES)
