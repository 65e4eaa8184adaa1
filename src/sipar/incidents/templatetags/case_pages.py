"""Filters of the pages of cases."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

from sipar.incidents.case_forms import PROJECTION_WORDS
from sipar.incidents.projections import Projection

register = template.Library()


@register.filter
def shows(projection: Projection, part: str) -> bool:
    """Whether this audience sees a part of the case."""
    return projection.shows(part)


@register.filter
def projection_words(name: str) -> str:
    """What a projection shows, in words."""
    return str(PROJECTION_WORDS.get(name, name))


@register.filter
def named(names: Mapping[int, str], account: int) -> str:
    """The name of an account among those that were looked up; Sipar's own has none."""
    return names.get(account, "Sipar")
