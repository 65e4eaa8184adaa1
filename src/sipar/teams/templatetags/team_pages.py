"""Filters of the pages of a CERT."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def level_of(levels: Mapping[str, int | None], identifier: str) -> int | None:
    """The level of one SIM3 parameter; None where it is not answered."""
    return levels.get(identifier)
