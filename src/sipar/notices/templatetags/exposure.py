"""Filters of the pages of exposure."""

from __future__ import annotations

from django import template

from sipar.notices import exposure_words

register = template.Library()


@register.filter
def kind_word(kind: str) -> str:
    """What a kind of finding is called."""
    return exposure_words.kind_word(kind)
