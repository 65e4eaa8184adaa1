"""The parts that every page wears: templates without inline code, words in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import RequestFactory

from sipar.core.acting import Actor, Grant
from sipar.ui import navigation, views
from sipar.ui.context import theme_of
from sipar.ui.templatetags.sipar_ui import severity_icon

UI = Path(__file__).resolve().parents[1]
SOURCE = UI.parent
TEMPLATES = sorted(SOURCE.rglob("templates/**/*.html"))
# A document that is downloaded and printed, never served as a page: its style travels with it.
DOCUMENTS = {
    SOURCE / "board" / "templates" / "board" / "report" / "document.html",
    SOURCE / "obligations" / "templates" / "obligations" / "law" / "replay_document.html",
    SOURCE / "risks" / "templates" / "risks" / "report_document.html",
}


@pytest.mark.parametrize("path", sorted(set(TEMPLATES) - DOCUMENTS), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_template_holds_no_inline_script_style_or_handler(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\b(?:src=|type=\"application/json\"))", text)
    assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=|hx-on|javascript:", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_template_names_no_foreign_address_to_load(path: Path) -> None:
    assert not re.search(r"(?:src|srcset)=[\"'](?:https?:)?//", path.read_text("utf-8"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_attribute_of_a_component_has_a_filter_outside_braces(path: Path) -> None:
    """`:count="rows|length"` is neither variable nor template: django-cotton drops it, and the default holds."""
    assert not re.search(r'\s:[a-z_-]+="[^"{]*\|[^"{]*"', path.read_text("utf-8"))


def test_the_style_sheets_use_logical_directions_only() -> None:
    for sheet in (UI / "static" / "sipar").glob("*.css"):
        found = re.search(
            r"(?:margin|padding|border)-(?:left|right)|(?<![-\w])(?:left|right)\s*:", sheet.read_text("utf-8")
        )
        assert found is None, f"{sheet.name}: {found}"


def test_every_icon_that_a_template_or_a_line_of_the_desk_names_is_in_the_sprite() -> None:
    symbols = set(re.findall(r'symbol id="([^"]+)"', (UI / "static" / "sipar" / "icons.svg").read_text("utf-8")))
    named = {
        name
        for path in (*TEMPLATES, *(SOURCE / "desk").glob("*.py"))
        for name in re.findall(r'(?:{% icon |icon=)"([a-z-]+)"', path.read_text("utf-8"))
    } | {section.icon for section in navigation.SECTIONS} | {severity_icon(step) for step in range(1, 6)}  # fmt: skip
    assert named <= symbols


def test_no_role_sees_more_than_seven_sections_and_each_place_once() -> None:
    roles = {role for section in navigation.SECTIONS for role in section.roles}
    for role in roles:
        found = navigation.entries(Actor(1, "A", (Grant(role),)), "/")
        assert 1 < len(found) <= 7, role
        assert len({entry.url for entry in found}) == len(found)


def test_the_section_of_the_page_is_marked() -> None:
    found = navigation.entries(Actor(1, "A", (Grant("analyst"),)), "/organisations/7/")
    assert [entry.url for entry in found if entry.active] == ["/organisations/"]


def test_what_does_not_fit_beside_the_page_stands_on_the_page_more() -> None:
    head = Actor(1, "A", (Grant("team_head"),))
    shown, rest = navigation.entries(head, "/teams/pk-national/"), navigation.more_entries(head)
    assert shown[-1].url == "/more/"
    assert [entry.url for entry in shown if entry.active] == ["/more/"]
    every = {section.url for section in navigation.SECTIONS if not section.roles or "team_head" in section.roles}
    assert {entry.url for entry in (*shown[:-1], *rest)} == every


def test_a_role_with_few_sections_needs_no_page_more() -> None:
    member = Actor(1, "A", (Grant("council_member"),))
    assert "/more/" not in {entry.url for entry in navigation.entries(member, "/")}
    assert navigation.more_entries(member) == []


def test_a_page_belongs_to_one_section_only() -> None:
    analyst = Actor(1, "A", (Grant("analyst"),))
    assert [entry.url for entry in navigation.entries(analyst, "/cases/26-AAAA-BBBB/") if entry.active] == ["/cases/"]
    assert [entry.url for entry in navigation.entries(analyst, "/cases/playbooks/") if entry.active] == ["/more/"]
    assert [entry.url for entry in navigation.entries(analyst, "/more/") if entry.active] == ["/more/"]
    assert [entry.url for entry in navigation.entries(analyst, "/me/") if entry.active] == []
    assert [entry.url for entry in navigation.entries(analyst, "/feeds/") if entry.active] == ["/exposure/"]
    assert [entry.url for entry in navigation.entries(analyst, "/") if entry.active] == ["/"]


def test_an_organisation_reports_and_asks_for_help_and_sees_no_board() -> None:
    found = [entry.url for entry in navigation.entries(Actor(1, "A", (Grant("ciso", organisation=7),)), "/")]
    assert found == ["/", "/report/", "/cases/", "/exposure/", "/support/", "/assessments/", "/more/"]


def test_nobody_has_no_navigation() -> None:
    assert navigation.entries(None, "/") == []
    assert navigation.more_entries(None) == []


def test_a_theme_is_kept_and_the_way_back_stays_on_this_server() -> None:
    response = views.set_theme(RequestFactory().post("/theme/", {"theme": "dark", "next": "https://evil.example/"}))
    assert response.cookies["sipar_theme"].value == "dark"
    assert response["Location"] == "/"


def test_an_invented_theme_is_ignored() -> None:
    request = RequestFactory().get("/")
    request.COOKIES["sipar_theme"] = "<script>"
    assert theme_of(request) == "system"
    assert "sipar_theme" not in views.set_theme(RequestFactory().post("/theme/", {"theme": "neon"})).cookies
