from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from tests.cast import NOW, Cast

from sipar.assessments.models import Assessment, Campaign, Review, RoadmapItem
from sipar.assessments.oscal_selectors import PLAN, POAM, RESULTS, WRITERS, oscal_document, record_of
from sipar.assessments.tests.review_stage import some_levels, submitted, with_evidence
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict
from sipar.formats.oscal_check import check
from sipar.formats.oscal_results import FILE_NAMES, control_id, read_results
from sipar.frameworks.selectors import loaded
from sipar.posture.levels import NOT_APPLICABLE

TRESTLE = """
import pathlib, sys
from trestle.oscal.assessment_plan import AssessmentPlan
from trestle.oscal.assessment_results import AssessmentResults
from trestle.oscal.poam import PlanOfActionAndMilestones
for name, model in zip(sys.argv[1:], (AssessmentPlan, AssessmentResults, PlanOfActionAndMilestones)):
    assert model.oscal_read(pathlib.Path(name)) is not None, name
"""


@pytest.fixture
def full(cast: Cast, campaign: Campaign) -> Assessment:
    """Alpha's assessment with notes, evidence, an adjustment, a verified answer, and a roadmap of two items."""
    levels = some_levels(campaign.framework.requirement_count)
    levels[5] = NOT_APPLICABLE
    assessment = submitted(cast, campaign, "alpha", levels)
    with_evidence(assessment, 3)
    with acting(system(), reason="fill for a test"):
        common = {"assessment": assessment, "organisation": assessment.organisation, "submission_number": 1}
        word = {"reviewer": cast.accounts["nadia"], "reviewed_at": NOW, "reason": "Two sites lack it."}
        Review.objects.create(**common, **word, position=4, decision="adjust", from_level=2, to_level=1)
        Review.objects.create(**common, **word, position=6, decision="accept", on_site=True)
        Review.objects.create(**common, **word, position=7, decision="return", recommendation=True)
        requirement = loaded(campaign.framework_id).requirements[4].id
        place = {"organisation": assessment.organisation, "campaign": campaign, "target_level": 3, "created_at": NOW}
        first = RoadmapItem.objects.create(
            **place, requirement=requirement, title="Buy it", due_on=NOW.date(), cost=Decimal("120000.50")
        )
        RoadmapItem.objects.create(
            **place, requirement=requirement, title="Roll it out", due_on=NOW.date(), depends_on=first, owner_name="IT"
        )
    return assessment


def test_an_assessment_as_oscal_has_no_fault_and_reads_back_the_same(cast: Cast, full: Assessment) -> None:
    with acting(cast.nadia, reason="export"):
        framework = loaded(full.campaign.framework_id)
        record = record_of(full, now=NOW)
        documents = {model: oscal_document(full, model, now=NOW) for model in WRITERS}
    controls = {control_id(item.id) for item in framework.requirements}
    assert {model: check(data, catalogs=[controls]).faults for model, data in documents.items()} == dict.fromkeys(
        (PLAN, RESULTS, POAM), ()
    )
    assert read_results(documents[RESULTS]) == record
    assert record.levels == bytes(full.standing or b"")
    assert [note.requirement for note in record.notes] == [framework.requirements[place].id for place in (3, 4, 6)]
    assert record.notes[1].adjustments[0].reason == "Two sites lack it."
    assert len(record.gaps) == full.gaps
    assert record.roadmap[1].depends_on == record.roadmap[0].identifier


def test_compliance_trestle_accepts_what_we_export(cast: Cast, full: Assessment, tmp_path: Path) -> None:
    paths = []
    with acting(cast.bilal, reason="export"):
        for model in (PLAN, RESULTS, POAM):
            path = tmp_path / FILE_NAMES[model]
            path.write_bytes(oscal_document(full, model, now=NOW))
            paths.append(str(path))
    run = subprocess.run(  # noqa: S603 - our own interpreter with a constant program
        [sys.executable, "-W", "ignore", "-c", TRESTLE, *paths], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr


def test_before_the_first_submission_there_is_a_plan_but_no_result(cast: Cast, campaign: Campaign) -> None:
    with acting(cast.ayesha, reason="export"):
        row = Assessment.objects.select_related("campaign", "organisation").get(campaign=campaign)
        assert check(oscal_document(row, PLAN, now=NOW)).ok
        with pytest.raises(Conflict) as refused:
            oscal_document(row, RESULTS, now=NOW)
    assert refused.value.code == "oscal.nothing_submitted"


def test_who_meets_the_target_has_nothing_to_plan(cast: Cast, campaign: Campaign) -> None:
    levels = np.full(campaign.framework.requirement_count, 4, dtype=np.uint8)
    row = submitted(cast, campaign, "alpha", levels)
    with acting(cast.ayesha, reason="export"), pytest.raises(Conflict) as refused:
        oscal_document(row, POAM, now=NOW)
    assert refused.value.code == "oscal.nothing_to_plan"


def test_the_number_of_queries_does_not_grow_with_the_evidence(cast: Cast, full: Assessment) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with acting(cast.nadia, reason="count"):
        record_of(full, now=NOW)
        with CaptureQueriesContext(connection) as before:
            record_of(full, now=NOW)
    for place in range(10, 40):
        with_evidence(full, place)
    with acting(cast.nadia, reason="count"), CaptureQueriesContext(connection) as after:
        record_of(full, now=NOW)
    assert len(after) == len(before) <= 8
