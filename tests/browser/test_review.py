"""The responsible CERT returns an answer with its reason, and the organisation reads it; another one is accepted."""

from __future__ import annotations

import re
import secrets

from playwright.sync_api import expect

from tests.browser.visitors import CAMPAIGN, POWER_CERT, Visitor, make_reviewable


def test_what_the_reviewer_returns_reaches_the_organisation_with_its_reason(visitor: Visitor, another: Visitor) -> None:
    ciso, analyst, mark = visitor, another, secrets.token_hex(4)
    make_reviewable(ciso=ciso)
    analyst.sign_in_as("analyst", number=POWER_CERT)
    analyst.find_for_review()
    page = analyst.page
    returned = page.locator("article h2 code, article h2 bdi, article h2 .sp-code").first.inner_text()
    page.keyboard.press("r")
    reason = f"Which systems does this cover? ({mark})"
    page.locator("#return_reason").fill(reason)
    page.locator("form", has=page.locator("#return_reason")).locator("button[type=submit]").click()
    # The next undecided answer stands there at once.
    expect(page).to_have_url(re.compile(r"\?at="))
    assert returned not in page.url
    # An answer that was returned stands in the way of accepting the whole.
    expect(page.locator("#accept-whole")).to_have_count(0)
    analyst.return_whole(f"One question is left. ({mark})")

    ciso.page.goto("/")
    expect(ciso.page.locator("main li a[href*='/assessments/']").first).to_be_visible()
    ciso.open_assessment()
    remarks = ciso.page.locator("[aria-labelledby=remarks-title]")
    expect(remarks).to_contain_text(reason)
    expect(remarks).to_contain_text(returned)
    expect(remarks).to_contain_text(f"One question is left. ({mark})")


def test_a_submission_is_accepted_as_it_stands(visitor: Visitor) -> None:
    visitor.sign_in_as("analyst")
    page = visitor.page
    page.goto(f"/reviews/?state=submitted&campaign={CAMPAIGN}")
    entry = page.locator("#review-queue tbody th a").filter(has_not_text=visitor.organisation).first
    name, address = entry.inner_text(), entry.get_attribute("href")
    entry.click()
    page.wait_for_url(re.compile(r"/reviews/\d+/$"))
    page.keyboard.press("a")
    expect(page).to_have_url(re.compile(r"\?at="))
    page.locator("[popovertarget=accept-whole]").first.click()
    page.locator("#accept-whole button[type=submit]").click()
    expect(page).to_have_url(re.compile("/reviews/$"))
    page.goto(f"/reviews/?state=accepted&campaign={CAMPAIGN}")
    expect(page.locator("#review-queue tbody th a", has_text=name).first).to_be_visible()
    page.goto(str(address))
    expect(page.locator("#accept-whole")).to_have_count(0)
    expect(page.locator("#reopen")).to_have_count(1)
