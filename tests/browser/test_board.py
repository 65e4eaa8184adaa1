"""The national board: one sentence, pictures with their tables, a way down, and the report."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.visitors import Visitor


@pytest.fixture
def analyst(visitor: Visitor) -> Visitor:
    visitor.sign_in_as("analyst")
    visitor.page.goto("/board/")
    return visitor


def test_the_board_says_where_the_nation_stands_and_leads_down(analyst: Visitor) -> None:
    page = analyst.page
    expect(page.locator(".sp-purpose")).to_contain_text(re.compile(r"\d+ (of|میں سے)|\d"))
    expect(page.locator(".sp-map path")).not_to_have_count(0)
    expect(page.locator(".sp-heatmap td")).not_to_have_count(0)
    asked = page.locator(".sp-stat-sentence").first.inner_text()

    page.locator(".sp-map a.sp-region[href*='province=PK-PB']").click()
    expect(page).to_have_url(re.compile("province=PK-PB"))
    expect(page.locator("[name=province]")).to_have_value("PK-PB")
    smaller = page.locator(".sp-stat-sentence").first.inner_text()
    assert smaller != asked

    page.locator("[name=sector]").select_option(index=1)
    expect(page).to_have_url(re.compile("sector=.*province=|province=.*sector="))
    heading = page.locator("h1").inner_text()
    page.reload()
    expect(page.locator("h1")).to_have_text(heading)
    expect(page.locator("[name=province]")).to_have_value("PK-PB")
    expect(page.locator("[name=sector]")).not_to_have_value("")


def test_every_picture_has_its_table_and_its_data_beside_it(analyst: Visitor) -> None:
    page = analyst.page
    page.locator("section[hx-get*='/distribution/']").scroll_into_view_if_needed()
    chart = page.locator("figure.sp-chart").first
    expect(chart.locator("svg.marks")).to_be_visible()
    expect(chart.locator("table")).to_be_hidden()
    chart.locator("summary").click()
    expect(chart.locator("tbody tr").first).to_be_visible()
    for picture in (chart, page.locator("figure.sp-map"), page.locator("figure.sp-heatmap")):
        with page.expect_download() as download:
            picture.locator("a[download]").click()
        head, *rows = download.value.path().read_text(encoding="utf-8-sig").splitlines()
        assert "," in head
        assert len(rows) > 4


def test_the_national_report_is_drawn_and_downloaded_in_both_languages(analyst: Visitor) -> None:
    page = analyst.page
    page.locator("a.btn-primary[href*='/report/']").click()
    page.locator("main form button.btn-primary").click()
    ready = page.locator("section.card").first.locator("a[href$='/pdf-en/']")
    expect(ready).to_be_visible(timeout=90_000)
    for kind, beginning in (("pdf-en", b"%PDF"), ("pdf-ur", b"%PDF"), ("html-ur", b"<!doctype html>"), ("csv", b"")):
        with page.expect_download() as download:
            page.locator(f"section.card a[href$='/{kind}/']").first.click()
        content = download.value.path().read_bytes()
        assert content.lower().startswith(beginning.lower())
        assert len(content) > 2_000


def test_a_council_member_reads_the_nation_without_the_name_of_any_organisation(
    visitor: Visitor, another: Visitor
) -> None:
    another.sign_in_as("analyst")
    another.page.goto("/board/organisations/")
    names = another.page.locator("main tbody th a").all_inner_texts()
    assert len(names) == 50

    page = visitor.page
    visitor.sign_in_as("council_member")
    page.goto("/board/")
    expect(page.locator(".sp-map path")).not_to_have_count(0)
    expect(page.locator(".sp-heatmap td")).not_to_have_count(0)
    expect(page.locator("a[href*='/board/organisations/']")).to_have_count(0)
    page.locator("section[hx-get*='/unanswered/']").scroll_into_view_if_needed()
    expect(page.locator("section[hx-get*='/unanswered/'] table")).to_be_visible()
    expect(page.locator("main a[href*='/organisations/']")).to_have_count(0)
    text = page.locator("main").inner_text()
    assert [name for name in names if name in text] == []
    response = page.goto("/board/organisations/")
    assert response is not None
    assert response.status in {403, 404}
