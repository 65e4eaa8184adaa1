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
DOCUMENTS = {SOURCE / "board" / "templates" / "board" / "report" / "document.html"}


@pytest.mark.parametrize("path", sorted(set(TEMPLATES) - DOCUMENTS), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_template_holds_no_inline_script_style_or_handler(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\b(?:src=|type=\"application/json\"))", text)
    assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=|hx-on|javascript:", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_template_names_no_foreign_address_to_load(path: Path) -> None:
    assert not re.search(r"(?:src|srcset)=[\"'](?:https?:)?//", path.read_text("utf-8"))


def test_the_style_sheets_use_logical_directions_only() -> None:
    for sheet in (UI / "static" / "sipar").glob("*.css"):
        found = re.search(
            r"(?:margin|padding|border)-(?:left|right)|(?<![-\w])(?:left|right)\s*:", sheet.read_text("utf-8")
        )
        assert found is None, f"{sheet.name}: {found}"


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    symbols = set(re.findall(r'symbol id="([^"]+)"', (UI / "static" / "sipar" / "icons.svg").read_text("utf-8")))
    named = {
        name for path in TEMPLATES for name in re.findall(r'{% icon "([^"]+)"', path.read_text("utf-8"))
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


def test_nobody_has_no_navigation() -> None:
    assert navigation.entries(None, "/") == []


def test_a_theme_is_kept_and_the_way_back_stays_on_this_server() -> None:
    response = views.set_theme(RequestFactory().post("/theme/", {"theme": "dark", "next": "https://evil.example/"}))
    assert response.cookies["sipar_theme"].value == "dark"
    assert response["Location"] == "/"


def test_an_invented_theme_is_ignored() -> None:
    request = RequestFactory().get("/")
    request.COOKIES["sipar_theme"] = "<script>"
    assert theme_of(request) == "system"
    assert "sipar_theme" not in views.set_theme(RequestFactory().post("/theme/", {"theme": "neon"})).cookies
