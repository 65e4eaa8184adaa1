from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils.translation import override

from sipar.ui.templatetags import sipar_ui

NOW = datetime(2026, 3, 3, 6, 18, tzinfo=UTC)


def test_a_number_keeps_latin_digits_and_separators_in_every_language() -> None:
    with override("ur"):
        assert sipar_ui.number(1234567) == '<bdi class="sp-number">1,234,567</bdi>'
        assert sipar_ui.number(1.26, 1) == '<bdi class="sp-number">1.3</bdi>'


def test_an_unknown_number_is_read_out_as_not_known() -> None:
    assert "not known" in sipar_ui.number(None)
    assert "not known" in sipar_ui.percent(None)


def test_zero_is_a_number_and_not_unknown() -> None:
    assert sipar_ui.number(0) == '<bdi class="sp-number">0</bdi>'
    assert sipar_ui.percent(0) == '<bdi class="sp-number" dir="ltr">0%</bdi>'


def test_a_text_comes_in_the_active_language() -> None:
    with override("ur"):
        assert sipar_ui.in_language({"en": "Health", "ur": "صحت"}) == "صحت"


def test_a_text_without_the_active_language_is_marked_as_english() -> None:
    with override("ur"):
        assert sipar_ui.in_language({"en": "Health"}) == '<span lang="en" dir="ltr">Health</span>'


def test_a_hostile_text_is_escaped_in_every_branch() -> None:
    hostile = "<script>alert(1)</script>"
    texts = [
        sipar_ui.in_language(hostile),
        sipar_ui.in_language({"en": hostile}),
        sipar_ui.in_language({"ur": hostile}),
        sipar_ui.code(hostile),
        sipar_ui.spec_script({"title": hostile}, "key"),
    ]
    assert all("<script>alert" not in text for text in texts)


def test_an_icon_without_a_label_is_hidden_from_screen_readers() -> None:
    assert 'aria-hidden="true"' in sipar_ui.icon("clock")
    assert 'aria-label="Late"' in sipar_ui.icon("clock", "Late")


@pytest.mark.parametrize(("label", "name"), [("CLEAR", "clear"), ("amber+strict", "amber"), ("TLP:GREEN", "green")])
def test_a_tlp_label_wears_the_colour_of_the_standard(label: str, name: str) -> None:
    assert sipar_ui.tlp_class(label) == f"sp-tlp-{name}"


def test_an_unknown_tlp_label_is_shown_as_the_strictest() -> None:
    assert sipar_ui.tlp_class("white-ish") == "sp-tlp-red"


def test_a_deadline_tag_shows_words_tone_and_exact_time() -> None:
    context = Context({"now": NOW, "zone": ZoneInfo("Asia/Karachi"), "due": NOW + timedelta(hours=1)})
    html = Template("{% load sipar_ui %}{% deadline due %}").render(context)
    assert 'class="sp-clock sp-clock-calm"' in html
    assert 'title="2026-03-03 07:18:00 UTC"' in html
    assert "in 1 h 0 min (Tue 12:18 PKT)" in html


def test_sorting_again_turns_the_order_keeps_filters_and_returns_to_the_first_page() -> None:
    request = RequestFactory().get("/", {"sort": "name", "page": "4", "sector": "health"})
    context = Context({"request": request})
    template = Template("{% load sipar_ui %}{% sort_address 'name' as link %}{{ link|safe }} {% sorted_by 'name' %}")
    assert template.render(context) == "?sort=-name&sector=health ascending"


def test_a_step_is_unknown_only_where_the_value_is() -> None:
    assert sipar_ui.step(0, "4") == "sp-step-0"
    assert sipar_ui.step(4, 4) == "sp-step-10"
    assert sipar_ui.step(None, 4) == "sp-step-unknown"
