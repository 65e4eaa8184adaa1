"""Filters of the pages of reporting."""

from __future__ import annotations

from django import template

from sipar.incidents.report_forms import words
from sipar.law.facts import Text

register = template.Library()


@register.filter
def fact_words(text: Text | None) -> str:
    """A text of the vocabulary of facts in the active language."""
    return words(text)
