"""What never changes is rendered once, and shows nothing but what it was given."""

from __future__ import annotations

from typing import Any

import pytest
from django.template import Context, Engine, TemplateSyntaxError
from django.utils import translation

ENGINE = Engine(libraries={"unchanging": "sipar.ui.templatetags.unchanging"}, builtins=["django.templatetags.i18n"])


def rendered(source: str, *pages: dict[str, Any]) -> list[str]:
    template = ENGINE.from_string("{% load unchanging %}" + source)
    return [template.render(Context(page)) for page in pages]


def test_a_key_that_was_seen_is_not_rendered_again() -> None:
    source = "{% unchanging key with word=word %}{{ word }}{% endunchanging %}"
    assert rendered(source, {"key": 1, "word": "a"}, {"key": 1, "word": "b"}, {"key": 2, "word": "b"}) == [
        "a",
        "a",
        "b",
    ]


def test_each_language_has_its_own() -> None:
    template = ENGINE.from_string('{% load unchanging %}{% unchanging 1 %}{% translate "Search" %}{% endunchanging %}')
    words = []
    for language in ("en", "ur", "en"):
        with translation.override(language):
            words.append(template.render(Context()))
    assert words[0] == words[2] == "Search"
    assert words[1] != "Search"


def test_nothing_else_of_the_page_is_seen_inside() -> None:
    source = "{% unchanging key with word=word %}{{ word }}{{ secret }}{% endunchanging %}"
    assert rendered(source, {"key": 1, "word": "a", "secret": "of alpha"}) == ["a"]


def test_values_are_escaped_as_anywhere() -> None:
    source = "{% unchanging key with word=word %}{{ word }}{% endunchanging %}"
    assert rendered(source, {"key": 1, "word": "<b>"}) == ["&lt;b&gt;"]


def test_a_block_without_a_key_is_refused() -> None:
    with pytest.raises(TemplateSyntaxError, match="key"):
        rendered("{% unchanging with word=word %}{% endunchanging %}", {})
