"""An incident on its way: reported from a phone, taken on by its CERT, late in one deadline; and help that arrives."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Route, expect

from tests.browser.visitors import POWER_DUTY, Visitor

PHONE = {"width": 360, "height": 740}
THREE_MINUTES = timedelta(minutes=3)
ZONE = ZoneInfo("Asia/Karachi")


def in_picker(moment: datetime) -> str:
    """A moment as the browser's picker holds it, in the nation's time."""
    return moment.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")


def report(reporter: Visitor, *, severity: str = "high") -> str:
    """Report an incident that was noticed an hour ago, from the first press to the receipt; returns its number."""
    page = reporter.page
    page.goto("/report/")
    page.locator("form[action$='/report/new/'] button").first.click()
    page.locator("[name=summary]").fill("Screens of the control room are locked. The grid runs by hand.")
    page.locator("[name=aware_at]").fill(in_picker(datetime.now(UTC) - timedelta(hours=1)))
    page.locator("[name=contact]").fill("Control room, +92 000 9100001")
    page.locator("#report button[name=then][value=next]").click()
    page.wait_for_url(re.compile(r"step=more"))
    field = page.locator("[name=severity]")
    if field.first.evaluate("field => field.tagName") == "SELECT":
        field.select_option(severity)
    else:
        page.locator(f"[name=severity][value={severity}]").check()
    page.locator("#report button[name=then][value=next]").click()
    page.locator("#send form button[type=submit]").click()
    page.wait_for_url(re.compile(r"/receipt/1/$"))
    return page.locator(".sp-report-number bdi").inner_text()


def test_a_reporter_on_a_phone_has_a_receipt_within_three_minutes(visitor: Visitor) -> None:
    visitor.page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    visitor.sign_in_as("reporter")
    page, begun = visitor.page, datetime.now(UTC)
    # Where somebody in trouble begins: the way to report is on every page.
    page.goto("/")
    expect(page.locator("a[href='/report/']").first).to_be_attached()
    number = report(visitor)
    assert datetime.now(UTC) - begun < THREE_MINUTES
    assert re.fullmatch(r"\d\d-[0-9A-Z]{4}-[0-9A-Z]{4}", number)
    # Nothing of it has to be pushed sideways, and the clocks of the law run.
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    expect(page.locator("[aria-labelledby=clocks] time").first).to_be_visible()
    page.goto("/report/")
    expect(page.locator(f"[aria-labelledby=sent] a[href='/report/{number}/']")).to_be_visible()


def test_saving_moves_nothing_away_from_under_a_finger(visitor: Visitor) -> None:
    visitor.page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    visitor.sign_in_as("reporter")
    page = visitor.page
    page.goto("/report/")
    page.locator("form[action$='/report/new/'] button").first.click()
    onward = page.locator("#report button[name=then][value=next]")
    place = "button => button.getBoundingClientRect().top + scrollY"
    before = onward.evaluate(place)
    page.locator("[name=contact]").fill("Control room, +92 000 9100001")
    expect(page.locator("#report-status")).not_to_be_empty()
    assert onward.evaluate(place) == before


def test_what_is_written_before_the_scripts_have_come_is_saved_too(visitor: Visitor) -> None:
    visitor.sign_in_as("reporter")
    page = visitor.page
    page.goto("/report/")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    script = re.compile(r"/autosave[^/]*\.js")
    page.route(script, hold)
    with page.expect_request(script):
        page.locator("form[action$='/report/new/'] button").first.click(no_wait_after=True)
    page.locator("[name=contact]").fill("Control room, +92 000 9100001")
    assert page.locator("#report-status").inner_text() == ""
    assert held
    for route in held:
        route.continue_()
    expect(page.locator("#report-status")).not_to_be_empty()
    page.unroute_all()
    page.reload()
    expect(page.locator("[name=contact]")).to_have_value("Control room, +92 000 9100001")


def test_the_duty_officer_accepts_scores_and_hands_over(visitor: Visitor, another: Visitor) -> None:
    reporter, officer = visitor, another
    reporter.sign_in_as("reporter")
    number = report(reporter)
    officer.sign_in_as("duty_officer", number=POWER_DUTY)
    page = officer.page
    page.goto("/duty/")
    page.locator(f"main a[href='/cases/{number}/']").first.click()
    page.locator("form[action$='/accept/'] button").click()
    expect(page.locator("form[action$='/accept/']")).to_have_count(0)
    page.keyboard.press("s")
    page.wait_for_url(re.compile(r"/score/$"))
    for category, option in (
        ("functional_impact", "significant_critical"),
        ("observed_activity", "effect"),
        ("location", "critical_management"),
        ("potential_impact", "high"),
    ):
        choose(officer, category, option)
    page.locator("main form button[type=submit]").last.click()
    expect(page.locator(".sp-severity").first).to_be_visible()
    page.locator(f"a[href='/cases/{number}/hand-over/']").click()
    page.locator("[name=team]").select_option("pk-national")
    page.locator("[name=reason]").fill("Other grids use the same control system.")
    page.locator("main form button[type=submit]").last.click()
    expect(page.locator("form[action$='/withdraw/']")).to_be_visible()

    # The organisation reads that its case is offered further, and why.
    reporter.page.goto(f"/cases/{number}/")
    expect(reporter.page.locator("main")).to_contain_text("Other grids use the same control system.")


def choose(visitor: Visitor, name: str, value: str) -> None:
    field = visitor.page.locator(f"select[name={name}]")
    if field.count():
        field.select_option(value)
    else:
        visitor.page.locator(f"[name={name}][value={value}]").check()


def test_a_sectoral_cert_sends_help_and_the_organisation_sees_it_come(visitor: Visitor, another: Visitor) -> None:
    ciso, officer = visitor, another
    ciso.sign_in_as("ciso")
    page = ciso.page
    page.goto("/support/new/")
    page.locator("[name=title]").fill("Somebody who has restored a control server")
    page.locator("[name=urgency][value=hours]").check()
    page.locator("[name=needs]").fill("The server starts and stops again. We have tried the last copy.")
    page.locator("[name=phone]").fill("+92 000 9100001")
    page.locator("[name=contact]").fill("Control room")
    # What can follow is folded away: somebody in trouble asks in five answers.
    page.locator("main form details summary").first.click()
    page.locator("[name=mode][value=on_site]").check()
    page.locator("[name=place]").fill("Head office")
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(re.compile(r"/support/H[\w-]+/$"))
    address = page.url

    officer.sign_in_as("duty_officer", number=POWER_DUTY)
    officer.page.goto(address)
    officer.page.locator("[name=eta]").fill(in_picker(datetime.now(UTC) + timedelta(hours=2)))
    officer.page.locator("form[action$='/accept/'] button").click()
    officer.page.locator("[name=account]").select_option(index=1)
    officer.page.locator("[name=mode]").select_option("on_site")
    officer.page.locator("[name=task]").fill("Restore of the control server")
    officer.page.locator("form[action$='/dispatch/'] button").click()
    expect(officer.page.locator("form[action*='/release/']")).to_have_count(1)

    page.goto(address)
    expect(page.locator(".sp-note-good")).to_be_visible()
    expect(page.locator("main aside")).to_contain_text("Restore of the control server")
    officer.page.locator("form[action$='/arrive/'] button").click()
    officer.page.locator("[name=report]").fill("The disk was full. It has room now and is watched.")
    officer.page.locator("form[action$='/finish/'] button").click()
    page.goto(address)
    expect(page.locator("main")).to_contain_text("The disk was full.")
    page.locator("[name=rating][value='5']").check()
    page.locator("form[action$='/feedback/'] button").click()
    expect(page.locator("form[action$='/feedback/']")).to_have_count(0)


def test_a_deadline_that_passed_shows_its_breach_for_ever(visitor: Visitor) -> None:
    visitor.sign_in_as("ciso")
    number = report(visitor)
    visitor.installation.run("tests.browser.time_machine", number, "notification")
    page = visitor.page
    page.goto(f"/cases/{number}/")
    missed = page.locator("[aria-labelledby=case-clocks-title] li", has=page.locator(".sp-badge-bad"))
    expect(missed).to_have_count(1)
    missed.get_by_role("link").first.click()
    expect(page.locator(".sp-note-bad time").first).to_be_visible()
    page.goto("/duties/?state=late")
    late = page.locator("#my-duties tbody tr", has_text=number)
    expect(late.locator(".sp-badge-bad")).to_be_visible()
