from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.cast import NOW, Cast, open_campaign

from sipar.assessments.gap_selectors import constituency_gaps, gaps_of, next_stages, reason_in_words
from sipar.assessments.models import Assessment, Campaign, Engagement
from sipar.assessments.tests.review_stage import submitted
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.formats.oscal_check import check
from sipar.frameworks.models import Framework
from sipar.frameworks.selectors import loaded
from sipar.posture.gaps import rank_requirements
from sipar.posture.levels import UNANSWERED


@pytest.fixture
def alpha(cast: Cast, campaign: Campaign) -> Assessment:
    return submitted(cast, campaign, "alpha")


def test_a_gap_says_in_words_why_it_stands_where_it_stands() -> None:
    assert reason_in_words(tier=1, weight=3.0, distance=2, unanswered=False) == (
        "Tier 1 organisation; weighs 3.0; 2 levels below the target"
    )
    assert reason_in_words(tier=4, weight=0.5, distance=1, unanswered=True) == (
        "Tier 4 organisation; weighs 0.5; 1 level below the target; not answered"
    )


def test_gaps_are_ranked_by_weight_and_distance_and_counted_as_on_the_assessment(
    cast: Cast, campaign: Campaign, alpha: Assessment
) -> None:
    with acting(cast.ayesha, reason="gaps"):
        found = gaps_of(alpha, loaded(campaign.framework_id))
    assert len(found) == alpha.gaps
    assert [gap.rank for gap in found] == list(range(1, len(found) + 1))
    assert [gap.priority for gap in found] == sorted((gap.priority for gap in found), reverse=True)
    assert all(gap.priority == pytest.approx(4.0 * gap.weight * gap.distance) for gap in found)
    assert {gap.position for gap in found if gap.level is None} == {0, 1}


def test_the_gaps_of_a_constituency_are_those_of_its_organisations_and_no_others(
    cast: Cast, campaign: Campaign, alpha: Assessment
) -> None:
    levels = np.full(campaign.framework.requirement_count, 1, dtype=np.uint8)
    levels[3] = UNANSWERED
    submitted(cast, campaign, "gamma", levels)
    with acting(cast.nadia, reason="gaps"):
        framework = loaded(campaign.framework_id)
        found = constituency_gaps(campaign, framework)
        one = constituency_gaps(campaign, framework, sector="health")
        none = constituency_gaps(campaign, framework, sector="education", tier=3)
        matrix = np.stack([np.frombuffer(bytes(alpha.standing or b""), dtype=np.uint8), levels])
        target = np.stack([framework.target("tier-1"), framework.target("tier-2")])
        expected = rank_requirements(matrix, target, framework.rules.weights, np.array([4.0, 3.0]))
    assert (found.organisations, found.waiting) == (2, 2)
    assert [line.requirement.id for line in found.lines] == [
        framework.requirements[int(place)].id for place in expected.order
    ]
    assert [line.short for line in found.lines] == [int(expected.short[place]) for place in expected.order]
    assert one.organisations == 1
    assert (none.organisations, none.lines) == (0, ())
    with acting(cast.parveen, reason="gaps"):
        assert constituency_gaps(campaign, framework).organisations == 1


def test_the_next_stage_is_named_for_frameworks_with_gated_levels(cast: Cast, framework: Framework) -> None:
    with acting(cast.nadia, reason="look"):
        model = Framework.objects.get(identifier="cisa-ztmm-2.0")
    campaign = open_campaign(cast, model, code="zero-trust")
    levels = np.full(model.requirement_count, 1, dtype=np.uint8)
    row = submitted(cast, campaign, "alpha", levels)
    with acting(cast.ayesha, reason="stages"):
        stages = next_stages(row, loaded(model.pk))
    assert stages
    assert all((stage.level, stage.next_level) == (1, 2) for stage in stages)
    assert sum(len(stage.asks) for stage in stages) == model.requirement_count
    page = cast.client("ayesha").get(reverse("assessment_gaps", args=[row.pk]))
    assert "What the next stage asks" in page.text


@pytest.mark.parametrize(("person", "status"), [("ayesha", 200), ("parveen", 200), ("nadia", 200), ("chand", 200)])
def test_who_may_see_the_assessment_sees_its_gaps(cast: Cast, alpha: Assessment, person: str, status: int) -> None:
    page = cast.client(person).get(reverse("assessment_gaps", args=[alpha.pk]))
    assert page.status_code == status
    assert "Tier 1 organisation" in page.text
    assert ("Put gaps on the roadmap" in page.text) == (person == "ayesha")


@pytest.mark.parametrize(("person", "status"), [("bushra", 404), ("kamran", 403), ("mina", 403), ("omar", 403)])
def test_nobody_else_sees_them(cast: Cast, alpha: Assessment, person: str, status: int) -> None:
    client = cast.client(person)
    for name in ("assessment_gaps", "oscal_plan", "oscal_results", "oscal_poam"):
        assert client.get(reverse(name, args=[alpha.pk])).status_code == status
    for kind in ("gaps", "oscal/results"):
        assert client.get(f"/api/assessments/{alpha.pk}/{kind}").status_code == status


def test_the_first_page_leads_each_role_to_its_gaps(cast: Cast, campaign: Campaign, alpha: Assessment) -> None:
    own = reverse("assessment_gaps", args=[alpha.pk])
    assert cast.client("ayesha").get(reverse("gaps"))["Location"] == own
    assert cast.client("chand").get(reverse("gaps"))["Location"] == own
    page = cast.client("nadia").get(reverse("gaps"), {"tier": "1", "sector": "energy"})
    assert "The heaviest gap is" in page.text
    assert cast.client("nadia").get(reverse("gaps"), {"sector": "none\x00"}).status_code == 400


def test_before_the_submission_only_the_organisation_sees_its_draft(cast: Cast, campaign: Campaign) -> None:
    with acting(cast.ayesha, reason="look"):
        row = Assessment.objects.get(campaign=campaign)
    assert "Draft." in cast.client("ayesha").get(reverse("assessment_gaps", args=[row.pk])).text
    assert cast.client("parveen").get(reverse("assessment_gaps", args=[row.pk])).status_code == 409
    assert cast.client("parveen").get(f"/api/assessments/{row.pk}/gaps").status_code == 409
    link, page = reverse("assessment_gaps", args=[row.pk]), reverse("assessment", args=[row.pk])
    assert link in cast.client("ayesha").get(page).text
    for person in ("parveen", "chand"):
        assert link not in cast.client(person).get(page).text
    assert cast.client("chand").get(reverse("gaps")).status_code == 200


def test_a_consultant_is_led_to_no_campaign_but_the_own(cast: Cast, framework: Framework, alpha: Assessment) -> None:
    other = submitted(cast, open_campaign(cast, framework, code="energy-2026"), "alpha")
    with acting(system(), reason="end an engagement"):
        Engagement.objects.filter(campaign=other.campaign).update(ended_at=NOW)
    mine, others = (reverse("assessment_gaps", args=[row.pk]) for row in (alpha, other))
    assert others in cast.client("ayesha").get(mine).text
    assert others not in cast.client("chand").get(mine).text


def test_the_table_has_its_csv(cast: Cast, alpha: Assessment) -> None:
    for name, person, arguments in (("assessment_gaps", "ayesha", [alpha.pk]), ("gaps", "nadia", [])):
        answer = cast.client(person).get(reverse(name, args=arguments), {"format": "csv"})
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert len(rows) == alpha.gaps
        assert rows[0]["rank"] == "1"


def test_the_documents_are_sound_files_for_who_may_see_the_assessment(cast: Cast, alpha: Assessment) -> None:
    for name in ("oscal_plan", "oscal_results", "oscal_poam"):
        answer = cast.client("chand").get(reverse(name, args=[alpha.pk]))
        assert "attachment" in answer["Content-Disposition"]
        assert check(answer.content).ok


def test_the_api_tells_the_same_gaps(cast: Cast, campaign: Campaign, alpha: Assessment) -> None:
    answer = cast.client("ayesha").get(f"/api/assessments/{alpha.pk}/gaps").json()
    assert len(answer["gaps"]) == alpha.gaps
    assert answer["gaps"][0]["rank"] == 1
    nation = cast.client("nadia").get(f"/api/campaigns/{campaign.code}/gaps").json()
    assert (nation["organisations"], nation["waiting"]) == (1, 3)
    assert cast.client("ayesha").get(f"/api/campaigns/{campaign.code}/gaps").status_code == 403


def test_the_constituency_page_asks_as_often_for_four_as_for_one(
    cast: Cast, campaign: Campaign, alpha: Assessment
) -> None:
    client = cast.client("nadia")
    client.get(reverse("gaps"))
    with CaptureQueriesContext(connection) as one:
        client.get(reverse("gaps"))
    for key in ("beta", "gamma", "delta"):
        submitted(cast, campaign, key)
    with CaptureQueriesContext(connection) as four:
        client.get(reverse("gaps"))
    assert len(four) == len(one)
