from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sipar.formats.oscal_bench import synthetic_results
from sipar.formats.oscal_check import check
from sipar.formats.oscal_results import (
    FILE_NAMES,
    control_id,
    read_results,
    requirement_id,
    write_plan,
    write_poam,
    write_results,
)
from sipar.formats.oscal_results_records import (
    NO_TARGET,
    NOT_APPLICABLE,
    ROADMAP_STATES,
    UNANSWERED,
    Adjustment,
    AssessmentRecord,
    Campaign,
    CatalogueIdentity,
    Evidence,
    Gap,
    Note,
    Party,
    Requirement,
    RoadmapItem,
)
from sipar.formats.problems import FormatProblem

TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")
KARACHI = timezone(timedelta(hours=5))


def example() -> AssessmentRecord:
    """An invented utility: one requirement met, one below, one not applicable, one open, one without target."""
    return AssessmentRecord(
        title="Gap assessment of Indus Example Power",
        version="2",
        language="ur",
        now=datetime(2026, 3, 1, 14, 30, 0, 250_000, tzinfo=KARACHI),
        organisation=Party(identifier="org-7", name="Indus Example Power"),
        team=Party(identifier="cert-energy", name="Example Energy CERT"),
        reviewers=(Party(identifier="rev-1", name="A Reviewer"), Party(identifier="rev-2", name="B Reviewer")),
        campaign=Campaign(
            identifier="nation-2026",
            title="The nation, assessed",
            opens=datetime(2026, 1, 1, tzinfo=UTC),
            closes=datetime(2026, 2, 28, 19, tzinfo=UTC),
        ),
        catalogue=CatalogueIdentity(identifier="example-csf", version="1.0", title="An example catalogue"),
        requirements=(
            Requirement(identifier="GV.OC-01", title="Mission is known", weight=2.5),
            Requirement(identifier="1.A", title="Assets are listed"),
            Requirement(identifier="ac-2(1)", title="Accounts are managed by machine"),
            Requirement(identifier="RS.MA-01", title="Incidents are handled"),
            Requirement(identifier="RC.RP-01", title="بحالی کا منصوبہ"),
        ),
        levels=bytes([3, 1, NOT_APPLICABLE, UNANSWERED, 2]),
        targets=bytes([3, 3, 2, 2, NO_TARGET]),
        notes=(
            Note(requirement="ac-2(1)", not_applicable_reason="No such system.\nChecked in May."),
            Note(
                requirement="1.A",
                comment="Only the head office.\n\nThe grid stations come next.",
                verified=True,
                evidence=(
                    Evidence(title="Register", href="evidence/register.xlsx", sha256="ab" * 32, media_type="text/csv"),
                    Evidence(title="Intranet page", href="https://example.org/assets#top"),
                ),
                adjustments=(
                    Adjustment(from_level=2, to_level=1, reason="Two sites missing", reviewer="rev-1", on_site=True),
                ),
            ),
        ),
        gaps=(
            Gap(requirement="1.A", rank=1, reason="Two steps below the target."),
            Gap(requirement="RS.MA-01", rank=2, reason="Nothing was answered."),
        ),
        roadmap=(
            RoadmapItem(
                identifier="12",
                requirement="1.A",
                target_level=3,
                title="List the grid stations",
                due_on=date(2026, 9, 30),
                starts_on=date(2026, 4, 1),
                owner="Head of operations",
                cost=Decimal("1250000.50"),
                depends_on="11",
                state="doing",
            ),
            RoadmapItem(
                identifier="11",
                requirement="GV.OC-01",
                target_level=3,
                title="Name an owner",
                due_on=date(2026, 2, 1),
                state="done",
                closing_note="Named by the board.",
                closing_evidence=Evidence(title="Board minutes", href="evidence/minutes.pdf"),
            ),
        ),
    )


WRITERS = {
    "assessment-plan": write_plan,
    "assessment-results": write_results,
    "plan-of-action-and-milestones": write_poam,
}


@pytest.mark.parametrize("model", WRITERS)
def test_each_document_passes_our_own_check_against_its_catalogue(model: str) -> None:
    record = example()
    controls = {control_id(requirement.identifier) for requirement in record.requirements}
    report = check(WRITERS[model](record), catalogs=[controls])
    assert report.faults == ()
    assert report.model == model


_TRESTLE = """
import pathlib, sys
from trestle.oscal.assessment_plan import AssessmentPlan
from trestle.oscal.assessment_results import AssessmentResults
from trestle.oscal.poam import PlanOfActionAndMilestones
for name, model in zip(sys.argv[1:], (AssessmentPlan, AssessmentResults, PlanOfActionAndMilestones)):
    document = model.oscal_read(pathlib.Path(name))
    assert document is not None, name
    print(document.uuid)
"""


def test_trestle_accepts_all_three_documents(tmp_path: Path) -> None:
    paths = []
    for model, write in WRITERS.items():
        path = tmp_path / FILE_NAMES[model]
        path.write_bytes(write(example()))
        paths.append(str(path))
    run = subprocess.run(  # noqa: S603 - our own interpreter with a constant program
        [sys.executable, "-W", "ignore", "-c", _TRESTLE, *paths], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    assert len(set(run.stdout.split())) == 3


def test_the_results_read_back_are_the_record_they_were_written_from() -> None:
    record = example()
    again = read_results(write_results(record))
    assert again == record
    assert write_results(again) == write_results(record)
    assert write_poam(again) == write_poam(record)


def test_the_order_in_which_notes_and_measures_were_given_changes_nothing() -> None:
    record = example()
    turned = replace(
        record,
        notes=(*reversed(record.notes), Note(requirement="RC.RP-01")),
        gaps=record.gaps[::-1],
        roadmap=record.roadmap[::-1],
    )
    assert turned == record
    assert write_results(turned) == write_results(record)


def results_of(record: AssessmentRecord) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(write_results(record))["assessment-results"]["results"][0]
    return result


def test_a_finding_says_for_each_target_whether_it_is_met() -> None:
    states = {
        finding["target"]["target-id"]: (finding["target"]["status"]["state"], finding["target"]["status"]["reason"])
        for finding in results_of(example())["findings"]
    }
    assert states == {
        "GV.OC-01_obj": ("satisfied", "pass"),
        "_1.A_obj": ("not-satisfied", "fail"),
        "ac-2_x28_1_x29__obj": ("satisfied", "other"),
        "RS.MA-01_obj": ("not-satisfied", "other"),
    }


def test_findings_lead_to_their_observation_and_their_risk() -> None:
    result = results_of(example())
    observations = {node["uuid"]: node for node in result["observations"]}
    risks = {node["uuid"]: node for node in result["risks"]}
    finding = next(node for node in result["findings"] if node["title"] == "Assets are listed")
    observation = observations[finding["related-observations"][0]["observation-uuid"]]
    assert observation["methods"] == ["INTERVIEW", "EXAMINE", "TEST"]
    assert [item["description"] for item in observation["relevant-evidence"]] == ["Register", "Intranet page"]
    risk = risks[finding["related-risks"][0]["risk-uuid"]]
    assert (risk["status"], risk["deadline"]) == ("remediating", "2026-09-30T00:00:00+00:00")
    assert {node["title"]: node["status"] for node in risks.values()} == {
        "Assets are listed": "remediating",
        "Incidents are handled": "open",
        "Mission is known": "closed",
    }


def test_the_plan_of_action_has_an_item_for_each_measure_and_each_gap_without_one() -> None:
    poam = json.loads(write_poam(example()))["plan-of-action-and-milestones"]
    assert [item["title"] for item in poam["poam-items"]] == [
        "Name an owner",
        "List the grid stations",
        "Incidents are handled",
    ]
    assert all(item["related-risks"] for item in poam["poam-items"])


def test_an_assessment_without_gap_and_measure_has_no_plan_of_action() -> None:
    with pytest.raises(FormatProblem) as caught:
        write_poam(replace(example(), gaps=(), roadmap=()))
    assert caught.value.code == "oscal.nothing-to-plan"


@given(st.text(min_size=1))
def test_every_requirement_identifier_becomes_a_token_and_comes_back(identifier: str) -> None:
    token = control_id(identifier)
    assert TOKEN.fullmatch(token)
    assert requirement_id(token) == identifier


@pytest.mark.parametrize(
    ("identifier", "token"),
    [("GV.OC-01", "GV.OC-01"), ("1.A", "_1.A"), ("ac-2(1)", "ac-2_x28_1_x29_"), ("a_b", "a_x5f_b"), (".x", "_x2e_x")],
)
def test_plain_identifiers_stay_as_they_are(identifier: str, token: str) -> None:
    assert control_id(identifier) == token


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"title": "two\nlines"}, "oscal.line"),
        ({"title": ""}, "oscal.line"),
        ({"now": datetime(2026, 3, 1)}, "oscal.time"),  # noqa: DTZ001 - the missing zone is what is refused
        ({"requirements": (), "levels": b"", "targets": b""}, "oscal.empty"),
        ({"levels": b"\x01"}, "oscal.levels"),
        ({"levels": bytes([3, 1, NOT_APPLICABLE, 10, 2])}, "oscal.levels"),
        ({"targets": bytes([3, 3, 2, 2, NOT_APPLICABLE])}, "oscal.levels"),
        ({"gaps": (Gap(requirement="XX-1", rank=1, reason=""),)}, "oscal.requirement"),
        ({"notes": (Note(requirement="1.A", not_applicable_reason="why"),)}, "oscal.reason"),
        ({"notes": (Note(requirement="1.A", evidence=(Evidence(title="x", href="a b"),)),)}, "oscal.href"),
        ({"notes": (Note(requirement="1.A", evidence=(Evidence(title="x", href="a", sha256="q"),)),)}, "oscal.hash"),
        ({"reviewers": (Party(identifier="r", name="A"), Party(identifier="r", name="B"))}, "oscal.duplicate"),
    ],
)
def test_a_record_that_oscal_could_not_carry_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(FormatProblem) as caught:
        replace(example(), **change)
    assert caught.value.code == code


def test_half_a_character_in_a_comment_is_refused_and_not_written() -> None:
    record = replace(example(), notes=(Note(requirement="1.A", comment="broken \ud83d"),))
    with pytest.raises(FormatProblem) as caught:
        write_results(record)
    assert caught.value.code == "oscal.text"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{", "oscal.fault"),
        (write_plan(example()), "oscal.model"),
        (synthetic_results(3), "oscal.foreign"),
        (write_results(example()).replace(b'"value":"doing"', b'"value":"going"'), "oscal.foreign"),
        (write_results(example()).replace(b'"value":"2.5"', b'"value":"much"'), "oscal.foreign"),
        (write_results(example()).replace(b'/identifier","id"', b'/something","id"'), "oscal.foreign"),
        (write_results(example()).replace(b'"value":"2.5"', b'"value":"nan"'), "oscal.weight"),
    ],
)
def test_what_sipar_did_not_write_is_refused_with_a_reason(data: bytes, code: str) -> None:
    with pytest.raises(FormatProblem) as caught:
        read_results(data)
    assert caught.value.code == code


def places(node: Any) -> list[tuple[Any, Any]]:
    inner = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    return [(node, key) for key, _ in inner] + [place for _, value in inner for place in places(value)]


def test_whatever_is_taken_out_or_changed_ends_in_a_record_or_a_plain_refusal() -> None:
    document = json.loads(write_results(example()))
    read = refused = 0
    for holder, key in places(document):
        kept = holder[key]
        wrong: tuple[Any, ...] = ("x", [], {}, [kept])
        for value in wrong:
            holder[key] = value
            try:
                read_results(json.dumps(document).encode())
                read += 1
            except FormatProblem:
                refused += 1
        holder[key] = kept
    assert min(read, refused // 20) > 50


texts = st.text(max_size=30)
lines = st.text(min_size=1, max_size=12).filter(lambda value: value.splitlines() == [value] and value.strip() == value)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from([UTC, KARACHI]))  # noqa: DTZ001
days = st.dates(date(2000, 1, 1), date(2100, 1, 1))
parties = st.builds(Party, identifier=lines, name=lines)
evidence = st.builds(
    Evidence,
    title=lines,
    href=st.from_regex(r"[a-z]{1,5}/[a-z0-9]{1,5}", fullmatch=True),
    sha256=st.sampled_from(["", "0f" * 32]),
    media_type=st.sampled_from(["", "application/pdf"]),
)
ends = st.none() | st.integers(0, 9)
adjustments = st.builds(
    Adjustment, from_level=ends, to_level=ends, reason=texts, reviewer=st.just("") | lines, on_site=st.booleans()
)


@st.composite
def records(draw: st.DrawFn) -> AssessmentRecord:
    identifiers = draw(st.lists(lines, min_size=1, max_size=4, unique=True))
    levels = [draw(st.sampled_from([0, 2, 9, NOT_APPLICABLE, UNANSWERED])) for _ in identifiers]
    chosen = st.sets(st.sampled_from(identifiers)).map(sorted)
    measures = draw(st.lists(lines, max_size=3, unique=True))
    opens, closes = draw(st.tuples(moments, moments))
    return AssessmentRecord(
        title=draw(lines),
        version=draw(lines),
        language=draw(lines),
        now=draw(moments),
        organisation=draw(parties),
        team=draw(parties),
        reviewers=tuple(draw(st.lists(parties, max_size=2, unique_by=lambda party: party.identifier))),
        campaign=Campaign(identifier=draw(lines), title=draw(lines), opens=opens, closes=closes),
        catalogue=draw(st.builds(CatalogueIdentity, identifier=lines, version=lines, title=lines)),
        requirements=tuple(
            Requirement(identifier=name, title=draw(lines), weight=draw(st.floats(1e-9, 1e9))) for name in identifiers
        ),
        levels=bytes(levels),
        targets=bytes(draw(st.sampled_from([0, 3, NO_TARGET])) for _ in identifiers),
        notes=tuple(
            Note(
                requirement=name,
                comment=draw(texts),
                not_applicable_reason=draw(texts) if levels[identifiers.index(name)] == NOT_APPLICABLE else "",
                verified=draw(st.booleans()),
                evidence=tuple(draw(st.lists(evidence, max_size=2))),
                adjustments=tuple(draw(st.lists(adjustments, max_size=2))),
            )
            for name in draw(chosen)
        ),
        gaps=tuple(Gap(requirement=name, rank=draw(st.integers(1, 99)), reason=draw(texts)) for name in draw(chosen)),
        roadmap=tuple(
            RoadmapItem(
                identifier=name,
                requirement=draw(st.sampled_from(identifiers)),
                target_level=draw(st.integers(0, 9)),
                title=draw(lines),
                due_on=draw(days),
                owner=draw(st.just("") | lines),
                starts_on=draw(st.none() | days),
                cost=draw(st.none() | st.decimals(0, 10**12, places=2)),
                depends_on=draw(st.sampled_from(["", *measures])),
                state=draw(st.sampled_from(ROADMAP_STATES)),
                closing_note=draw(texts),
                closing_evidence=draw(st.none() | evidence),
            )
            for name in measures
        ),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(records())
def test_any_record_comes_back_the_same_and_has_no_fault(record: AssessmentRecord) -> None:
    data = write_results(record)
    assert read_results(data) == record
    assert check(write_plan(record)).faults == ()
    if record.gaps or record.roadmap:
        assert check(write_poam(record)).faults == ()
