"""The workbook: out, filled in without a connection, and back without losing or smuggling anything."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.cast import NOW, Cast

from sipar.assessments.answer_changes import Change
from sipar.assessments.models import Assessment, Campaign
from sipar.assessments.selectors import access_assessment
from sipar.assessments.tests.answering import alpha, assessment_of, carry, fill, save
from sipar.assessments.workbook import HIDDEN, HIDDEN_HEADER, Preview, export_workbook, preview_workbook
from sipar.core.acting import Actor, acting
from sipar.core.problems import Invalid
from sipar.formats.tables import Sheet, read_table, write_xlsx
from sipar.frameworks.selectors import loaded
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED


@pytest.fixture(autouse=True)
def at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


def export(actor: Actor, assessment: Assessment, *, language: str = "en") -> bytes:
    with acting(actor, reason="take the workbook"):
        found = access_assessment(actor, assessment.pk)
        return export_workbook(found, loaded(found.campaign.framework_id), language=language)


def preview(actor: Actor, assessment: Assessment, book: bytes) -> Preview:
    with acting(actor, reason="bring it back"):
        found = access_assessment(actor, assessment.pk)
        return preview_workbook(book, "back.xlsx", found, loaded(found.campaign.framework_id))


def edited(book: bytes, cells: dict[tuple[int, str], str], *, hidden: Any = None) -> bytes:
    """The workbook with some cells of the visible sheet written over: (row from 0, column name) -> text."""
    shown, kept = read_table(book, "b.xlsx"), read_table(book, "b.xlsx", sheet=HIDDEN, hidden=True)
    rows = [list(row) for row in shown.rows.iter_rows()]
    for (row, column), text in cells.items():
        rows[row][shown.header.index(column)] = text
    secret = [list(row) for row in kept.rows.iter_rows()]
    return write_xlsx(
        [
            Sheet(name=shown.sheet, header=shown.header, rows=rows),
            Sheet(name=HIDDEN, header=HIDDEN_HEADER, rows=hidden(secret) if hidden else secret, hidden=True),
        ]
    )


def test_a_workbook_that_nobody_touched_changes_nothing(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    save(cast.ayesha, assessment, Change(0, level=2, comment="Two\nlines"), Change(1, level=254, reason="None."))
    found = preview(cast.ayesha, assessment, export(cast.ayesha, assessment))
    assert (found.proposals, found.problems, found.changed_online) == ((), (), ())


def test_it_shows_levels_as_sentences_and_the_answers_that_stand(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    carry(assessment, {1: 3})
    save(cast.ayesha, assessment, Change(0, level=2))
    table = read_table(export(cast.ayesha, assessment), "b.xlsx")
    first, second = table.rows.to_dicts()[:2]
    assert first["Requirement"] == "GV.OC-01"
    assert first["Answer"] == "2 Risk-informed"
    assert "0 Absent: Nothing is in place, or nobody can show that anything is." in first["Levels"]
    assert (second["Answer"], second["Last year"]) == ("", "3 Repeatable")


@pytest.mark.parametrize("language", ["en", "ur"])
def test_what_was_filled_in_comes_back_as_proposals(cast: Cast, campaign: Campaign, language: str) -> None:
    assessment = alpha(campaign)
    carry(assessment, {3: 1})
    book = export(cast.ayesha, assessment, language=language)
    header = read_table(book, "b.xlsx").header
    answer, comment, reason = header[4], header[5], header[6]
    filled = edited(
        book,
        {
            (0, answer): "3 anything", (0, comment): "=1+1 is a comment", (1, answer): "N/A", (1, reason): "None.",
            (2, answer): "2", (3, answer): "1",
        },
    )  # fmt: skip
    found = preview(cast.ayesha, assessment, filled)
    assert [(each.position, each.answer.level, each.conflict) for each in found.proposals] == [
        (0, 3, False), (1, NOT_APPLICABLE, False), (2, 2, False), (3, 1, False),
    ]  # fmt: skip
    assert found.proposals[0].answer.comment == "=1+1 is a comment"
    save(cast.ayesha, assessment, *(each.change for each in found.proposals))
    assert preview(cast.ayesha, assessment, filled).proposals == ()


def test_an_answer_that_was_emptied_in_the_file_is_proposed_as_no_answer(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    save(cast.ayesha, assessment, Change(0, level=2))
    (found,) = preview(cast.ayesha, assessment, edited(export(cast.ayesha, assessment), {(0, "Answer"): ""})).proposals
    assert found.answer.level == UNANSWERED


def test_what_changed_online_meanwhile_is_a_conflict_only_where_the_file_changed_it_too(
    cast: Cast, campaign: Campaign
) -> None:
    assessment = alpha(campaign)
    save(cast.ayesha, assessment, Change(0, level=1), Change(1, level=1))
    book = export(cast.ayesha, assessment)
    save(cast.bilal, assessment, Change(0, level=4), Change(1, level=4), version=1)
    found = preview(cast.ayesha, assessment, edited(book, {(0, "Answer"): "2", (2, "Answer"): "2"}))
    assert [(each.position, each.conflict, each.online.level) for each in found.proposals] == [
        (0, True, 4), (2, False, UNANSWERED),
    ]  # fmt: skip
    assert found.changed_online == (1,)


def test_every_bad_cell_is_named_with_row_column_and_reason(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    bad = {
        (0, "Answer"): "often", (1, "Answer"): "N/A", (2, "Answer"): "7", (3, "Comment"): "x" * 5_000,
        (4, "Requirement"): "XX.YY-01", (6, "Requirement"): "GV.RM-01",
    }  # fmt: skip
    found = preview(cast.ayesha, assessment, edited(export(cast.ayesha, assessment), bad))
    assert [(problem.line, problem.column) for problem in found.problems] == [
        (2, "E (Answer)"), (3, "G (Why it does not apply)"), (4, "E (Answer)"), (5, "F (Comment)"),
        (6, "A (Requirement)"), (8, "A (Requirement)"),
    ]  # fmt: skip
    assert all(problem.sentence for problem in found.problems)
    assert found.proposals == ()


def another_version(rows: list[list[str]]) -> list[list[str]]:
    return [[kind, key, "9" if (kind, key) == ("assessment", "version") else value] for kind, key, value in rows]


def another_mark(rows: list[list[str]]) -> list[list[str]]:
    return [[kind, key, "0" * 16 if kind == "mark" else value] for kind, key, value in rows]


def no_signature(rows: list[list[str]]) -> list[list[str]]:
    return [row for row in rows if row[0] != "signature"]


@pytest.mark.parametrize("tamper", [another_version, another_mark, no_signature, lambda rows: rows[:1]])
def test_a_tampered_workbook_is_refused(cast: Cast, campaign: Campaign, tamper: Any) -> None:
    assessment = alpha(campaign)
    with pytest.raises(Invalid, match="Nothing was changed"):
        preview(cast.ayesha, assessment, edited(export(cast.ayesha, assessment), {}, hidden=tamper))


def test_a_workbook_of_another_assessment_is_refused(cast: Cast, campaign: Campaign) -> None:
    beta = assessment_of(campaign, "PK-T-0002")
    with pytest.raises(Invalid) as refusal:
        preview(cast.ayesha, alpha(campaign), export(cast.bushra, beta))
    assert refusal.value.places[0].sentence == "This workbook belongs to another assessment."


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a book", b"a,b\n1,2\n", b"\xd0\xcf\x11\xe0" * 20])
def test_a_file_that_is_no_workbook_is_refused(cast: Cast, campaign: Campaign, content: bytes) -> None:
    with pytest.raises(Invalid):
        preview(cast.ayesha, alpha(campaign), content)


def test_a_workbook_without_its_answer_column_is_refused(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    book = export(cast.ayesha, assessment)
    kept = read_table(book, "b.xlsx", sheet=HIDDEN, hidden=True)
    bare = write_xlsx(
        [
            Sheet(name="Answers", header=["Requirement"], rows=[["GV.OC-01"]]),
            Sheet(name=HIDDEN, header=HIDDEN_HEADER, rows=list(kept.rows.iter_rows()), hidden=True),
        ]
    )
    with pytest.raises(Invalid) as refusal:
        preview(cast.ayesha, assessment, bare)
    assert "answer" in refusal.value.places[0].where


def test_the_pages_show_a_preview_and_keep_only_what_was_chosen(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    client = cast.client("ayesha")
    place = f"/assessments/{assessment.pk}/"
    download = client.get(f"{place}workbook/")
    assert download["Content-Disposition"].endswith('-en.xlsx"')
    filled = edited(download.content, {(0, "Answer"): "2", (1, "Answer"): "3", (2, "Answer"): "never"})
    page = client.post(f"{place}import/", {"workbook": SimpleUploadedFile("back.xlsx", filled)})
    assert page.status_code == 200
    assert b"Choose an answer of the list." in page.content
    assert alpha(campaign).version == 0
    values = [row["value"] for row in page.context["rows"]]
    answer = client.post(f"{place}import/apply/", {"version": "0", "change": values[:1]})
    assert answer.status_code == 302
    assert list(bytes(alpha(campaign).levels or b"")[:3]) == [2, UNANSWERED, UNANSWERED]
    save(cast.bilal, assessment, Change(1, level=0), version=1)
    assert client.post(f"{place}import/apply/", {"version": "1", "change": values[1:]}).status_code == 409
    assert bytes(alpha(campaign).levels or b"")[1] == 0
    for wrong in ("{", "[]", json.dumps({"position": 0, "level": 77})):
        assert client.post(f"{place}import/apply/", {"version": "2", "change": wrong}).status_code == 422
    assert client.post(f"{place}import/").status_code == 422


def test_a_closed_assessment_takes_no_workbook(cast: Cast, campaign: Campaign) -> None:
    assessment = alpha(campaign)
    fill(cast.ayesha, assessment)
    client = cast.client("bilal")
    client.post(f"/assessments/{assessment.pk}/submit/", {"version": "1", "statement": "yes"})
    assert client.get(f"/assessments/{assessment.pk}/import/").status_code == 409
    assert client.post(f"/assessments/{assessment.pk}/import/apply/", {"version": "1"}).status_code == 409
    assert client.get(f"/assessments/{assessment.pk}/workbook/").status_code == 200


def test_the_urdu_workbook_runs_right_to_left(cast: Cast, campaign: Campaign) -> None:
    import zipfile

    book = export(cast.ayesha, alpha(campaign), language="ur")
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        assert b'rightToLeft="1"' in parts.read("xl/worksheets/sheet1.xml")
    assert "0 موجود نہیں" in str(read_table(book, "b.xlsx").rows.row(0))
