"""Duties in words, for the pages that show them."""

from __future__ import annotations

from django import template

from sipar.obligations import words

register = template.Library()
register.filter("stage_words", words.stage_words)
register.filter("law_words", words.law_words)
register.filter("duty_number", words.subject_number)
register.filter("moment_words", words.moment_words)


@register.filter
def clock_words(clock: str) -> str:
    """Why no deadline runs."""
    return str(words.CLOCKS.get(clock, clock))


@register.filter
def change_words(what: str) -> str:
    """What a recomputation did."""
    return str(words.CHANGES.get(what, what))


@register.filter
def law_status(status: str) -> str:
    """Whether a regime is law at all."""
    return str(words.STATUSES.get(status, status))


@register.filter
def addressee(role: str) -> str:
    """Whom a report goes to."""
    return str(words.ADDRESSEES.get(role, role.replace("_", " ")))
