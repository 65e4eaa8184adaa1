"""Filters of the pages of risk."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sipar.risks import money as amounts

register = template.Library()


@register.filter
def money(amount: float | None, currency: str) -> SafeString:
    """`{{ loss|money:currency }}`: "USD 1.2 million", isolated from the text around; a dash where it is not known."""
    return format_html('<bdi class="sp-number">{}</bdi>', amounts.money(amount, currency))
