"""An organisation answers its assessment, shows why, signs, and holds a receipt."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Response, expect

from tests.browser.visitors import Visitor, make_answerable

# In one language through the real form, in the other through the demonstration's page.
EMAIL = "ciso@demo.example"


@pytest.fixture
def ciso(visitor: Visitor, another: Visitor) -> Visitor:
    """The CISO of Indus Valley Power, signed in, with an assessment that is open."""
    make_answerable(reviewer=another, ciso=visitor)
    if visitor.language == "en":
        visitor.sign_out()
        visitor.sign_in_with_password(EMAIL)
    return visitor


def test_an_organisation_answers_signs_and_gets_a_receipt(ciso: Visitor, tmp_path: Path) -> None:
    page, mark = ciso.page, secrets.token_hex(4)
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", ciso.language)
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if ciso.language == "ur" else "ltr")
    page.locator("main li a[href*='/assessments/']").first.click()
    if not re.search(r"/assessments/\d+/$", page.url):
        ciso.open_assessment()
    page.locator("tbody th a").first.click()
    questions = page.locator("[data-question]")
    first, second, third = questions.nth(0), questions.nth(1), questions.nth(2)

    # By mouse: the whole sentence can be clicked.
    level = different_level(first, "1", "2")
    with page.expect_response(re.compile("/save/$")):
        first.locator(".sp-choice", has=page.locator(f"input[value='{level}']")).click()
    # By keyboard: a number chooses, n goes on.
    key = different_level(second, "2", "3")
    second.locator("input[type=radio]").first.focus()
    with page.expect_response(re.compile("/save/$")):
        page.keyboard.press(key)
    expect(second.locator(f"input[value='{key}']")).to_be_checked()
    was = second.get_attribute("data-question")
    page.keyboard.press("n")
    page.wait_for_function(
        "was => location.pathname.endsWith('/check/') ||"
        " document.activeElement?.closest('[data-question]')?.dataset.question > Number(was)",
        arg=was,
    )
    if page.url.endswith("/check/"):
        page.go_back()

    # Without a connection the writing goes on; it is sent as soon as the connection is back.
    page.context.set_offline(True)
    comment = third.locator("[name^=comment-]")
    comment.fill(f"Written on a bad line ({mark}).")
    lost = different_level(third, "1", "2")
    third.locator(f"input[value='{lost}']").check()
    expect(page.locator("#offline-banner")).to_be_visible()
    with page.expect_response(lambda response: response.url.endswith("/save/") and response.ok):
        page.context.set_offline(False)
    expect(page.locator("#offline-banner")).to_be_hidden()

    page.reload()
    expect(first.locator(f"input[value='{level}']")).to_be_checked()
    expect(second.locator(f"input[value='{key}']")).to_be_checked()
    expect(third.locator(f"input[value='{lost}']")).to_be_checked()
    expect(comment).to_have_value(f"Written on a bad line ({mark}).")

    # What does not apply says why. (A reason of an earlier round would count; this is the first.)
    second.locator("[name^=reason-]").evaluate("field => { field.value = '' }")
    second.locator("[data-not-applicable]").check()
    expect(second.locator("[name^=reason-]")).to_be_focused()
    with page.expect_response(lambda response: response.url.endswith("/save/") and response.ok):
        second.locator("[name^=reason-]").fill(f"We run nothing of this kind ({mark}).")

    add_link(first, f"https://policy.example/{mark}")
    expect(first.locator(f".sp-evidence a[href='https://policy.example/{mark}']")).to_be_visible()
    paper = tmp_path / f"policy-{mark}.txt"
    paper.write_text(f"Our policy, in short ({mark}).")
    add_file(first, paper)
    kept = first.locator(".sp-evidence a", has_text=paper.name)
    expect(kept).to_be_visible()
    with page.expect_download() as download:
        kept.click()
    assert download.value.path().read_text() == paper.read_text()

    ciso.open_assessment()
    ciso.settle_everything()
    page.locator("a[href$='/check/']").first.click()
    answers = page.locator(".sp-answers").first
    expect(answers).to_contain_text(f"We run nothing of this kind ({mark}).")
    expect(answers).to_contain_text(f"Written on a bad line ({mark}).")

    ciso.hand_in()
    expect(page.get_by_text(re.compile("^[0-9a-f]{64}$"))).to_be_visible()
    expect(page.locator("main")).to_contain_text("totp" if ciso.language == "en" else "demonstration")
    with page.expect_download() as signed:
        page.locator("a[href$='signed.json']").click()
    assert f"Written on a bad line ({mark})." in signed.value.path().read_text()


def test_a_level_settles_what_an_emptied_reason_left_unsaved(ciso: Visitor) -> None:
    page = ciso.page
    ciso.open_assessment()
    page.locator("tbody th a").first.click()
    question = page.locator("[data-question]").first
    reason, unsaved = question.locator("[name^=reason-]"), page.locator("#offline-banner")
    question.locator("[data-not-applicable]").check()
    with page.expect_response(lambda response: response.url.endswith("/save/") and response.ok):
        reason.fill(f"Nothing of the kind ({secrets.token_hex(4)}).")
    with page.expect_response(lambda response: response.url.endswith("/save/") and not response.ok):
        reason.fill("")
    expect(unsaved).to_be_visible()
    with page.expect_response(lambda response: saves(response, "reason-") and response.ok):
        question.locator("input[value='2']").check()
    expect(unsaved).to_be_hidden()


def saves(response: Response, field: str) -> bool:
    """Whether this answers a save that held such a field."""
    return response.url.endswith("/save/") and f'name="{field}' in (response.request.post_data or "")


def different_level(question: Locator, one: str, other: str) -> str:
    """One of two levels, whichever is not the present answer."""
    return other if question.locator(f"input[value='{one}']").is_checked() else one


def add_link(question: Locator, link: str) -> None:
    question.locator("[data-autosave-skip] summary").click()
    question.locator("[name^=link-]").fill(link)
    question.locator("button[value^=add-]").click()


def add_file(question: Locator, path: Path) -> None:
    question.locator("[data-autosave-skip] summary").click()
    question.locator("[name^=file-]").set_input_files(path)
    question.locator("button[value^=add-]").click()
