"""The price of the risk: read the nation, change an assumption and compare, plan a budget, put it on the roadmaps."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.visitors import Visitor

# The worker compiles the loops of the model at its first run.
PATIENCE_MS = 180_000
# The place of the bank's among the demonstration's chief information security officers.
BANK_CISO = 1
BANK = {"en": "Sindhara Bank", "ur": "سندھارا بینک"}


def open_when_there(page: Page, address: str, sign: str) -> None:
    """Open a page that shows this once the worker has run what the load of the demonstration asked for."""
    for _ in range(PATIENCE_MS // 1_000):
        page.goto(address)
        if page.locator(sign).count():
            return
        page.wait_for_timeout(1_000)
    raise AssertionError(f"{address} shows no {sign}")


def test_the_council_reads_what_a_bad_year_costs_and_on_whom_the_nation_rests(visitor: Visitor) -> None:
    visitor.sign_in_as("council_member")
    page = visitor.page
    open_when_there(page, "/risks/", ".sp-risk-sentences")
    expect(page.locator(".sp-risk-sentences p")).to_have_count(3)
    expect(page.locator("main")).to_contain_text(re.compile(r"USD|ڈالر"))
    # Who reads aggregates finds no organisation by name.
    expect(page.locator("main")).not_to_contain_text(BANK[visitor.language])
    page.goto("/risks/dependencies/")
    cloud = {"en": "Abrak Cloud (fictional)", "ur": "ابرک کلاؤڈ (فرضی)"}[visitor.language]
    expect(page.locator("main")).to_contain_text(cloud)


def test_an_analyst_changes_an_assumption_runs_the_model_again_and_compares(visitor: Visitor) -> None:
    visitor.sign_in_as("analyst")
    page = visitor.page
    open_when_there(page, "/risks/", ".sp-risk-sentences")
    page.goto("/risks/assumptions/")
    page.locator("[popovertarget=draft]").first.click()
    page.locator("#draft [name=title]").fill("Half as much ransomware")
    page.locator("#draft button[type=submit]").click()
    page.wait_for_url(re.compile(r"/risks/assumptions/\d+/$"))
    draft = page.url
    page.locator("a[href$='/edit/scenarios/ransomware/']").click()
    rate = page.locator("[name='frequency/mean']")
    half = f"{float(rate.input_value()) / 2:.4g}"
    # What cannot be is refused beside its field, and nothing is lost.
    rate.fill("-1")
    visitor.button("Keep in the draft").click()
    expect(rate).to_have_attribute("aria-invalid", "true")
    rate.fill(half)
    visitor.button("Keep in the draft").click()
    page.wait_for_url(draft)
    page.locator("a[href*='/risks/runs/new/']").first.click()
    visitor.button("Run").click()
    page.wait_for_url(re.compile(r"/risks/runs/\d+/$"))
    compare = page.locator("a.btn[href*='/risks/runs/compare/']")
    expect(compare).to_be_visible(timeout=PATIENCE_MS)
    compare.click()
    expect(page.locator("main")).to_contain_text(half)
    expect(page.locator("main table").first).to_be_visible()
    page.goto(draft)
    page.locator("form[action$='/use/'] [name=reason]").fill("The reports of this year say so.")
    visitor.button("Put to use").click()
    page.goto("/risks/assumptions/")
    expect(page.locator("main")).to_contain_text("Half as much ransomware")
    # The run that was made with the draft counts from now on.
    page.goto("/risks/")
    expect(page.locator(".sp-risk-sentences p")).to_have_count(3)


def test_an_analyst_plans_a_budget_reads_its_frontier_and_puts_it_on_the_roadmaps(
    visitor: Visitor, another: Visitor
) -> None:
    visitor.sign_in_as("analyst")
    page = visitor.page
    open_when_there(page, "/risks/", ".sp-risk-sentences")
    page.goto("/risks/plans/new/")
    page.locator("[name=total]").fill("30")
    page.locator("[name=years]").fill("3")
    visitor.button("Solve the plan").click()
    page.wait_for_url(re.compile(r"/risks/plans/\d+/$"))
    plan = page.url
    push = page.locator("button.btn-primary[popovertarget=push]")
    expect(push).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("main")).to_contain_text(visitor.words("Limits, and how much of each is used"))
    expect(page.locator("main figure, main .sp-chart").first).to_be_visible()
    page.goto(f"{plan}measures/")
    expect(page.locator("#measures tbody tr").first).to_be_visible()
    page.goto(plan)
    push.click()
    page.locator("#push button[type=submit]").click()
    said = page.locator("main .sp-note-good", has_text=visitor.words("On the roadmaps"))
    for _ in range(30):
        if said.count():
            break
        page.wait_for_timeout(1_000)
        page.goto(plan)
    expect(said).to_be_visible()
    another.sign_in_as("ciso", number=BANK_CISO)
    another.page.goto("/roadmap/")
    expect(another.page.locator("main a[href*='/roadmap/']").first).to_be_visible()


def test_an_organisation_reads_its_price_and_what_it_does_about_it(visitor: Visitor) -> None:
    visitor.sign_in_as("ciso", number=BANK_CISO)
    page = visitor.page
    open_when_there(page, "/risks/organisation/", ".sp-stats .sp-stat")
    expect(page.locator("#priced-gaps tbody tr").first).to_be_visible()
    expect(page.locator("#providers")).to_contain_text("Runs our mobile banking.")
    # What an insurer carries stands on the register, with who answers for it.
    visitor.link("Register of risks").first.click()
    expect(page.locator("main")).to_contain_text("Money is moved through the payment switch")
