"""The pages of answering, through a browser's eyes: what they show, keep, merge and refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.cast import NOW, Cast

from sipar.assessments.answer_changes import Answer, Change
from sipar.assessments.models import Assessment, Campaign, Evidence, Review, SectionDelegation
from sipar.assessments.tests.answering import alpha, assessment_of, carry, fill, save
from sipar.core.acting import acting
from sipar.core.jobs import system

# Positions 0 to 4 of NIST CSF 2.0 stand in its first category.
SECTION = "GV.OC"


@pytest.fixture(autouse=True)
def at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


def address(assessment: Assessment, rest: str = "") -> str:
    return f"/assessments/{assessment.pk}/{rest}"


def section(assessment: Assessment) -> str:
    return address(assessment, f"sections/{SECTION}/")


def put(client: Client, assessment: Assessment, **fields: str) -> tuple[int, dict[str, object]]:
    answer = client.post(
        address(assessment, "save/"), {name.replace("_", "-"): value for name, value in fields.items()}
    )
    return answer.status_code, json.loads(answer.content)


def fields_of(client: Client, assessment: Assessment) -> dict[str, str]:
    """The fields of the section page as a browser without script would send them."""
    page = client.get(section(assessment))
    found = {"version": str(page.context["assessment"].version)}
    for question in page.context["questions"]:
        found[f"was-{question.position}"] = question.mark
        found[f"comment-{question.position}"] = question.answer.comment
        found[f"reason-{question.position}"] = question.answer.reason
        if question.answer.level < 10:
            found[f"level-{question.position}"] = str(question.answer.level)
    return found


def test_the_section_shows_each_level_as_a_sentence_with_the_target_marked(cast: Cast, campaign: Campaign) -> None:
    page = cast.client("ayesha").get(section(alpha(campaign)))
    text = page.content.decode()
    assert page.status_code == 200
    assert [question.position for question in page.context["questions"]] == [0, 1, 2, 3, 4]
    assert "GV.OC-01" in text
    assert "Nothing is in place, or nobody can show that anything is." in text
    assert ">Target<" in text
    assert "5 answers are still open in this section." in text


def test_autosave_keeps_a_field_and_says_how_far_one_is(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    status, answer = put(cast.client("ayesha"), assessment, version="0", level_0="2", comment_0="Since March")
    assert status == 200
    assert (answer["saved"], answer["version"], answer["written"]) == (True, 1, [0])
    assert answer["progress"]["settled"] == 1  # type: ignore[index]
    assert answer["progress"]["sections"][SECTION]["settled"] == 1  # type: ignore[index]


def test_json_is_taken_like_a_form(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    client = cast.client("ayesha")
    body = {"version": 0, "changes": [{"position": 0, "level": "na", "reason": "None."}, {"position": 1, "level": 3}]}
    answer = client.post(address(assessment, "save/"), json.dumps(body), content_type="application/json")
    assert json.loads(answer.content)["written"] == [0, 1]
    cleared = client.post(
        address(assessment, "save/"),
        json.dumps({"version": 1, "changes": [{"position": 1, "level": None}]}),
        content_type="application/json",
    )
    assert json.loads(cleared.content)["progress"]["settled"] == 1


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{",
        "{}",
        '{"version": "x", "changes": []}',
        '{"version": 0, "changes": {}}',
        '{"version": 0, "changes": [1]}',
        '{"version": 0, "changes": [{"position": -1, "level": 1}]}',
        '{"version": 0, "changes": [{"position": true, "level": 1}]}',
        '{"version": 0, "changes": [{"position": 1, "level": 9}]}',
        '{"version": 0, "changes": [{"position": 1, "level": true}]}',
        '{"version": 0, "changes": [{"position": 1, "level": 1.5}]}',
        '{"version": 0, "changes": [{"position": 1, "comment": "\\u0000"}]}',
        '{"version": 0, "changes": [{"position": 1, "comment": 5}]}',
        '{"version": 0, "changes": [{"position": 1, "organisation": 5}]}',
    ],
)
def test_a_malformed_save_is_refused_and_changes_nothing(cast: Cast, campaign: Campaign, body: str) -> None:
    assessment = alpha(campaign)
    answer = cast.client("ayesha").post(address(assessment, "save/"), body, content_type="application/json")
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert alpha(campaign).version == 0


def test_a_stale_save_is_merged_where_it_can_be_and_shows_what_others_wrote(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    save(cast.bilal, assessment, Change(1, level=3, comment="Mine."))
    status, answer = put(cast.client("ayesha"), assessment, version="0", level_0="2")
    assert status == 200
    assert answer["changed"] == [
        {"position": 1, "requirement": "GV.OC-02", "level": 3, "comment": "Mine.", "reason": ""}
    ]
    assert "level-1" in answer["stale"]  # type: ignore[operator]


def test_a_lost_update_is_refused_by_name_with_what_stands_there(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    save(cast.bilal, assessment, Change(0, level=3))
    status, answer = put(cast.client("ayesha"), assessment, version="0", level_0="1")
    assert (status, answer["code"], answer["version"]) == (409, "answer.conflict", 1)
    assert answer["errors"] == [{"where": "level-0", "detail": "GV.OC-01 now stands at level 3."}]
    bases = json.dumps({"level-0": 0})
    status, answer = put(cast.client("ayesha"), assessment, version="1", level_0="1", bases=bases)
    assert status == 409
    assert bytes(alpha(campaign).levels or b"")[0] == 3


def test_not_applicable_without_a_reason_is_refused_at_its_field(cast: Cast, campaign: Campaign) -> None:
    status, answer = put(cast.client("ayesha"), alpha(campaign), version="0", level_0="na", reason_0=" ")
    assert (status, answer["errors"][0]["where"]) == (422, "reason-0")  # type: ignore[index]


def test_without_script_only_what_was_changed_is_sent_on(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    client = cast.client("ayesha")
    fields = fields_of(client, assessment)
    save(cast.bilal, assessment, Change(1, level=3))
    answer = client.post(section(assessment), fields | {"level-0": "2", "then": "next"})
    assert answer.status_code == 302
    assert answer["Location"] == address(assessment, "sections/GV.RM/")
    assert list(bytes(alpha(campaign).levels or b"")[:2]) == [2, 3]


def test_without_script_a_conflict_comes_back_with_everything_that_was_typed(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    client = cast.client("ayesha")
    fields = fields_of(client, assessment) | {"level-0": "1", "comment-2": "Typed"}
    save(cast.bilal, assessment, Change(0, level=3))
    page = client.post(section(assessment), fields)
    assert page.status_code == 409
    text = page.content.decode()
    assert "GV.OC-01 now stands at level 3." in text
    assert "Typed" in text
    assert page.context["questions"][0].answer.level == 1
    again = fields | {"version": "1", "was-0": page.context["questions"][0].mark}
    assert client.post(section(assessment), again).status_code == 302
    assert bytes(alpha(campaign).levels or b"")[0] == 1


def test_a_carried_answer_stays_marked_until_it_is_confirmed(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    carry(assessment, {0: 2, 1: 1})
    client = cast.client("ayesha")
    assert client.post(section(assessment), fields_of(client, assessment)).status_code == 302
    page = client.get(section(assessment))
    assert [question.carried for question in page.context["questions"]] == [True, True, False, False, False]
    assert page.context["questions"][0].last_year == Answer(level=2)
    assert put(client, assessment, version="0", confirm_0="yes")[0] == 200
    assert client.post(address(assessment, f"sections/{SECTION}/confirm/"), {"version": "1"}).status_code == 302
    assert not any(question.carried for question in client.get(section(assessment)).context["questions"])


def test_next_leads_to_what_is_open_and_then_to_the_check(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    client = cast.client("ayesha")
    assert client.get(address(assessment, "next/?after=0"))["Location"].endswith(f"{SECTION}/#q-1")
    fill(cast.ayesha, assessment)
    assert client.get(address(assessment, "next/"))["Location"] == address(assessment, "check/")


def test_evidence_is_added_downloaded_and_removed_with_the_answers_kept(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    client = cast.client("ayesha")
    file = SimpleUploadedFile("policy.pdf", b"%PDF-1.7\n%%EOF\n", content_type="text/html")
    fields = fields_of(client, assessment) | {"level-0": "2", "evidence": "add-0", "file-0": file}
    answer = client.post(section(assessment), fields)
    assert answer["Location"] == f"{section(assessment)}#q-0"
    with acting(cast.ayesha, reason="look"):
        piece = Evidence.objects.get(assessment=assessment)
    download = client.get(address(assessment, f"evidence/{piece.pk}/"))
    assert (download.status_code, download["Content-Type"]) == (200, "application/pdf")
    assert download["Content-Disposition"].startswith("attachment")
    assert b"policy.pdf" in client.get(section(assessment)).content
    assert cast.client("parveen").get(address(assessment, f"evidence/{piece.pk}/")).status_code == 200
    for stranger, status in (("bushra", 404), ("mina", 403), ("kamran", 403)):
        assert cast.client(stranger).get(address(assessment, f"evidence/{piece.pk}/")).status_code == status
    beta = assessment_of(campaign, "PK-T-0002")
    assert cast.client("nadia").get(address(beta, f"evidence/{piece.pk}/")).status_code == 404
    assert client.post(section(assessment), fields_of(client, assessment) | {"evidence": f"remove-{piece.pk}"})
    assert b"policy.pdf" not in client.get(section(assessment)).content
    assert bytes(alpha(campaign).levels or b"")[0] == 2


def test_a_wrong_file_comes_back_as_a_problem_beside_the_requirement(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    client = cast.client("ayesha")
    file = SimpleUploadedFile("tool.exe", b"MZ\x90\x00\x03")
    fields = fields_of(client, assessment) | {"comment-0": "Kept", "evidence": "add-0", "file-0": file}
    page = client.post(section(assessment), fields)
    assert page.status_code == 422
    assert page.context["questions"][0].problems
    assert b"Kept" in page.content


def test_a_section_is_delegated_on_the_page_and_stands_on_the_colleagues_list(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    asks, answers = cast.client("bilal"), cast.client("ayesha")
    place = address(assessment, f"sections/{SECTION}/")
    asks.post(f"{place}delegate/", {"account": str(cast.ayesha.account), "note": "You know this"})
    assert b"You know this" in answers.get("/assessments/").content
    assert answers.post(f"{place}done/").status_code == 302
    assert b"You know this" not in answers.get("/assessments/").content
    assert asks.post(f"{place}delegate/", {"account": str(cast.bushra.account)}).status_code == 422
    assert asks.post(f"{place}delegate/", {"account": "x"}).status_code == 422
    assert asks.post(f"{place}withdraw/").status_code == 302
    with acting(cast.bilal, reason="look"):
        assert not SectionDelegation.objects.exists()


def test_the_reviewers_question_stands_beside_its_requirement(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment)
    with acting(system(), reason="as if returned"):
        Assessment.objects.filter(pk=assessment.pk).update(state="submitted", submissions=1)
        Assessment.objects.filter(pk=assessment.pk).update(state="returned")
        Review.objects.create(
            assessment=assessment, organisation_id=assessment.organisation_id, submission_number=1, position=0,
            decision="return", reason="Show the minutes.", reviewer=cast.accounts["parveen"], reviewed_at=NOW,
        )  # fmt: skip
    client = cast.client("ayesha")
    assert b"Show the minutes." in client.get(section(assessment)).content
    assert b"Show the minutes." in client.get(address(assessment)).content
    assert b"Read the reviewers" in client.get("/assessments/").content


@pytest.mark.parametrize(
    ("person", "status"),
    [("bilal", {200, 302}), ("parveen", {200, 302}), ("nadia", {200, 302}), ("chand", {200, 302}), ("bushra", {404}),
     ("kamran", {403}), ("mina", {403}), ("omar", {403}), ("adil", {403})],
)  # fmt: skip
def test_each_page_is_open_to_its_readers_only(cast: Cast, campaign: Campaign, person: str, status: set[int]) -> None:
    client, assessment = cast.client(person), alpha(campaign)
    places = ("", f"sections/{SECTION}/", "check/", "versions/", "next/", "workbook/")
    assert {client.get(address(assessment, place)).status_code for place in places} <= status


@pytest.mark.parametrize("person", ["parveen", "nadia", "chand", "bushra", "kamran"])
def test_nobody_else_writes(cast: Cast, campaign: Campaign, person: str) -> None:
    client, assessment = cast.client(person), alpha(campaign)
    here = f"sections/{SECTION}/"
    places = ("save/", "submit/", "import/", "import/apply/", here, f"{here}confirm/", f"{here}delegate/",
              f"{here}done/", f"{here}withdraw/")  # fmt: skip
    fields = {"version": "0", "level-0": "1", "account": str(cast.ayesha.account), "statement": "yes"}
    assert {client.post(address(assessment, place), fields).status_code for place in places} <= {403, 404}
    assert alpha(campaign).version == 0


def test_after_the_window_the_page_reads_only_and_a_save_says_so(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    with acting(system(), reason="close"):
        Campaign.objects.filter(pk=campaign.pk).update(closes_at=NOW - timedelta(days=1))
    client = cast.client("ayesha")
    page = client.get(section(assessment))
    assert not page.context["editable"]
    assert b"data-autosave" not in page.content
    status, answer = put(client, assessment, version="0", level_0="2")
    assert (status, answer["code"]) == (409, "assessment.closed")
    assert client.post(section(assessment), {"version": "0", "level-0": "2"}).status_code == 409


def test_my_list_names_the_one_next_step(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    client = cast.client("bilal")
    assert b"Start answering" in client.get("/assessments/").content
    fill(cast.ayesha, assessment)
    assert b"Check and sign" in client.get("/assessments/").content
    assert b"Check your answers" in cast.client("ayesha").get("/assessments/").content


def test_the_queue_is_filtered_searched_and_sorted(cast: Cast, campaign: Campaign) -> None:
    client = cast.client("nadia")
    assert client.get("/assessments/").context["page"].paginator.count == 4
    assert client.get("/assessments/?q=Beta&state=open").context["page"].paginator.count == 1
    assert client.get("/assessments/?state=accepted").context["page"].paginator.count == 0
    assert client.get("/assessments/?state=x&sort=secret&page=z&campaign=9x").status_code == 200
    names = [row.organisation.name for row in client.get("/assessments/?sort=-organisation").context["page"]]
    assert names == sorted(names, reverse=True)
    assert cast.client("parveen").get("/assessments/").context["page"].paginator.count == 1
    assert cast.client("chand").get("/assessments/").context["page"].paginator.count == 1


def test_the_number_of_queries_does_not_grow_with_the_answers(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    client = cast.client("ayesha")
    client.get(section(assessment))

    def queries(place: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(place).status_code == 200
        return len(captured)

    places = [section(assessment), address(assessment), address(assessment, "check/"), "/assessments/"]
    few = [queries(place) for place in places]
    save(
        cast.ayesha, assessment,
        *(Change(position, level=2, comment=f"Comment {position}") for position in range(106)),
    )  # fmt: skip
    assert [queries(place) for place in places] == few
    assert max(few) < 30


def test_urdu_pages_run_right_to_left(cast: Cast, campaign: Campaign) -> None:
    client = cast.client("ayesha")
    client.cookies["django_language"] = "ur"
    text = client.get(section(alpha(campaign))).content.decode()
    assert 'dir="rtl"' in text
    assert "کوئی انتظام موجود نہیں" in text
