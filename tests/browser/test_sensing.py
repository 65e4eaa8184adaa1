"""From a report to a repair: dropped, routed with reasons, told under new rules, answered by the organisation."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from sipar.demonstration.stage_claims import CLAIMED_TWICE, NAT_RANGE, NOBODYS_HEALTH
from tests.browser.visitors import Visitor

# The worker compiles the loops of routing at its first report.
PATIENCE_MS = 120_000
SETTINGS = {
    "columns": {"seen_at": "observed_at", "address": "ip", "port": "port"},
    "constants": {
        "kind": "accessible-plc", "classification": "potentially-unwanted-accessible", "severity": "critical",
        "protocol": "tcp",
    },
}  # fmt: skip
ENGLISH = pytest.mark.parametrize("language", ["en"], indirect=True)


def of(network: str, host: int) -> str:
    first, _slash, _length = network.partition("/")
    head, _dot, last = first.rpartition(".")
    return f"{head}.{int(last) + host}"


def drop_report(analyst: Visitor) -> None:
    """Set up a feed, drop a report of four rows and a broken one into it, and wait until it is taken in."""
    page, code = analyst.page, f"journey-{uuid4().hex[:8]}"
    page.goto("/feeds/new/")
    page.locator("[name=code]").fill(code)
    page.locator("[name=name]").fill("Scan of controllers (fictional)")
    page.locator("[name=reader]").select_option("table")
    page.locator("main form details", has=page.locator("[name=settings]")).locator("summary").click()
    page.locator("[name=settings]").fill(json.dumps(SETTINGS))
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(re.compile(f"/feeds/{code}/"))
    page.goto("/feeds/drop/")
    moment, port = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", 1_024 + int(code[-3:], 16)
    rows = [("192.0.2.4", port), (of(NAT_RANGE, 5), port), (of(NOBODYS_HEALTH, 9), port), ("192.0.2.999", port)]
    text = "seen_at,address,port\n" + "".join(f"{moment},{address},{number}\n" for address, number in rows)
    page.locator("[name=feed]").select_option(code)
    page.locator("[name=file]").set_input_files(
        {"name": f"{code}.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(re.compile(r"/feeds/reports/\d+/$"))
    expect(page.locator("#rows tbody tr")).to_have_count(3, timeout=PATIENCE_MS)


def test_an_analyst_drops_a_report_and_sees_the_owner_of_every_row_and_why(visitor: Visitor) -> None:
    visitor.sign_in_as("analyst")
    drop_report(visitor)
    rows = visitor.page.locator("#rows tbody tr")
    own = rows.filter(has_text="192.0.2.4:")
    expect(own.locator("a[href='/organisations/PK-D-000001/']")).to_be_visible()
    expect(own).to_contain_text(visitor.words("The closest network around the address is claimed"))
    # Behind a shared address stands nobody in particular, and what nobody claims goes to its CERT.
    expect(rows.filter(has_text=of(NAT_RANGE, 5)).locator(".sp-badge")).to_be_visible()
    expect(rows.filter(has_text=of(NOBODYS_HEALTH, 9)).locator("a")).to_have_count(0)
    visitor.page.locator("a[href$='/refused/']").first.click()
    expect(visitor.page.locator("main")).to_contain_text("192.0.2.999")


def test_an_analyst_settles_a_conflict_and_takes_the_decision_back(visitor: Visitor) -> None:
    visitor.sign_in_as("analyst")
    page = visitor.page
    page.goto("/routing/conflicts/")
    page.get_by_role("link", name=CLAIMED_TWICE).click()
    page.locator("[name=winner]").first.check()
    page.locator("[name=reason]").fill("The operator's letter of this spring names them.")
    visitor.button("Settle").click()
    said = page.locator("main .sp-note-good", has_text="The operator's letter of this spring names them.")
    expect(said).to_be_visible()
    page.locator("main details summary").click()
    page.locator("main details [name=reason]").fill("The other one has shown a later letter.")
    visitor.button("Take back").click()
    expect(page.locator("[name=winner]").first).to_be_visible()


@ENGLISH
def test_an_analyst_tries_rules_on_the_past_puts_them_to_use_and_the_organisation_is_told(visitor: Visitor) -> None:
    visitor.sign_in_as("analyst")
    drop_report(visitor)
    page = visitor.page
    page.goto("/notices/rules/new/")
    visitor.button("Keep the draft").click()
    page.wait_for_url(re.compile(r"/notices/rules/\d+/$"))
    draft = page.url
    visitor.button("Try them on these days").click()
    page.wait_for_url(re.compile(r"/dry-runs/\d+/$"))
    expect(page.locator("#dry-run .sp-stats")).to_be_visible(timeout=PATIENCE_MS)
    page.goto(draft)
    page.locator("[popovertarget=activate]").first.click()
    page.locator("#activate button[type=submit]").click()
    page.goto("/notices/rules/")
    expect(page.locator("main .sp-badge-good").first).to_be_visible()
    visitor.installation.run("tests.browser.telling")
    page.goto("/notices/?state=sent")
    page.locator("#notices tbody tr", has_text=visitor.organisation).first.get_by_role("link").first.click()
    expect(page.locator("main")).to_contain_text("192.0.2.")
    expect(page.locator("main")).to_contain_text(visitor.words("Taken by the mail server"))


def test_an_organisation_sees_itself_marks_a_repair_and_asks_for_help(visitor: Visitor) -> None:
    visitor.sign_in_as("ciso")
    page = visitor.page
    page.goto("/exposure/")
    expect(page.locator("main")).to_contain_text("192.0.2.")
    choose(visitor, 0)
    page.locator("button[name=kind][value=fixed]").click()
    expect(page.locator(".sp-finding").first).to_contain_text(visitor.words("Fixed"))
    choose(visitor, 1)
    page.locator("[name=note]").fill("The maker's update fails. Please look at it with us.")
    page.locator("button[name=kind][value=need_help]").click()
    expect(page.locator(".sp-finding").nth(1)).to_contain_text(visitor.words("Need help"))
    page.goto("/support/")
    page.locator("main a[href*='/support/H']").first.click()
    expect(page.locator("main")).to_contain_text("The maker's update fails.")


def choose(visitor: Visitor, place: int) -> None:
    visitor.page.locator(".sp-finding").nth(place).locator("[name=finding]").check()
