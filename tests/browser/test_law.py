"""A ministry writes a draft of an act, is told at once what is wrong in it, and sees what it would have asked."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.visitors import Visitor

DRAFT = "pk-csa-draft"
OPEN_PERIOD = "due: {none: period_not_known}"
REPLAYED_WITHIN_MS = 60_000


def test_a_ministry_edits_a_draft_and_replays_it(visitor: Visitor) -> None:
    visitor.sign_in_as("ministry_officer")
    page = visitor.page
    page.goto("/law/")
    page.locator(f"main a[href^='/law/{DRAFT}/']").first.click()
    # The shipped draft has no numbers and is nobody's own: a ministry writes on from it.
    page.locator("a[href*='/law/drafts/new/'], a[href$='/write/']").first.click()
    text = page.locator("textarea[name=text]")
    shipped = text.input_value()
    assert OPEN_PERIOD in shipped
    expect(page.locator("#problems .sp-note-bad")).to_have_count(0)
    text.fill(shipped.replace(OPEN_PERIOD, "due: {after: nobody_knows_at, hours: 24}"))
    expect(page.locator("#problems")).to_contain_text("nobody_knows_at")
    text.fill(shipped.replace(OPEN_PERIOD, "due: {after: aware_at, hours: 24}"))
    expect(page.locator("#problems")).not_to_contain_text("nobody_knows_at")
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(re.compile(r"/law/[\w-]+/(\?.*)?$"))

    page.locator("a[href*='/law/replay/']").first.click()
    page.locator("[name=source][value=generated]").check()
    page.locator("[name=incidents]").fill("3000")
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(re.compile(r"/law/replay/\d+/$"))
    expect(page.locator(".sp-stats").first).to_be_visible(timeout=REPLAYED_WITHIN_MS)
    # It is generated, it is not law, and it can be taken away as a table.
    expect(page.locator(".sp-law-not").first).to_be_visible()
    expect(page.locator("main .sp-note-warn").first).to_be_visible()
    expect(page.locator("a[href$='/csv/']")).to_be_visible()
    expect(page.locator("table tbody tr").first).to_be_visible()
