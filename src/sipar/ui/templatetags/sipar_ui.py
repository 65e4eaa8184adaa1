"""Filters and tags of every page: numbers, deadlines, texts in two languages, icons, sort links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import cache
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, FileInput, RadioSelect, Select
from django.forms.boundfield import BoundWidget
from django.template.context import RequestContext
from django.templatetags.static import static
from django.utils.html import escape, format_html, json_script
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from sipar.ui import scale, times

register = template.Library()

RIGHT_TO_LEFT = frozenset({"ur", "ar", "fa", "ps", "sd", "ug"})


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite; without a label it is decoration and hidden from screen readers."""
    if not label:
        return _decoration(name)
    return format_html(
        '<svg class="sp-icon{}" role="img" aria-label="{}"><use href="{}"/></svg>', *_drawing(name, label)
    )


@cache
def _decoration(name: str) -> SafeString:
    return format_html('<svg class="sp-icon{}" aria-hidden="true"><use href="{}"/></svg>', *_drawing(name))


def _drawing(name: str, *label: str) -> tuple[str, ...]:
    """The class, the label if any and the address of an icon."""
    directional = " sp-icon-directional" if name.startswith(("arrow-", "chevron-", "sign-out")) else ""
    return directional, *label, f"{static('sipar/icons.svg')}#{name}"


def _unknown() -> SafeString:
    return format_html(
        '<span class="sp-muted" aria-hidden="true">–</span><span class="sp-hidden">{}</span>', _("not known")
    )


@register.filter
def number(value: float | Decimal | str | None, decimals: int = 0) -> SafeString:
    """Latin digits with thousands separators, isolated from the text around; a dash where it is not known."""
    if value is None or value == "":
        return _unknown()
    return format_html('<bdi class="sp-number">{}</bdi>', f"{Decimal(str(value)):,.{decimals}f}")


@register.filter
def percent(share: float | Decimal | str | None, decimals: int = 0) -> SafeString:
    """A share between 0 and 1 as a percentage."""
    if share is None or share == "":
        return _unknown()
    return format_html('<bdi class="sp-number" dir="ltr">{}%</bdi>', f"{Decimal(str(share)) * 100:.{decimals}f}")


@register.filter
def code(value: object) -> SafeString:
    """An identifier (requirement number, address, CVE): monospaced, left to right inside any line."""
    return format_html('<bdi class="sp-code" dir="ltr">{}</bdi>', value)


@register.filter
def called(organisation: object) -> str:
    """What an organisation is called in the active language; in English where it has no Urdu name. Empty for None."""
    urdu = str(getattr(organisation, "name_ur", "") or "")
    name = str(getattr(organisation, "name", "") or "")
    return urdu if urdu and (get_language() or "").split("-")[0] == "ur" else name


@register.filter
def in_language(text: Mapping[str, str] | str | None, language: str = "") -> SafeString:
    """The text in the active language out of a {tag: text} mapping; English, marked as English, where it is missing."""
    if not text:
        return SafeString("")
    if isinstance(text, str):
        return escape(text)
    wanted = language or get_language() or "en"
    if text.get(wanted):
        return escape(text[wanted])
    found = "en" if text.get("en") else next((tag for tag, words in text.items() if words), "")
    if not found:
        return SafeString("")
    direction = "rtl" if found.split("-")[0] in RIGHT_TO_LEFT else "ltr"
    return format_html('<span lang="{}" dir="{}">{}</span>', found, direction, text[found])


@register.simple_tag(takes_context=True)
def deadline(
    context: RequestContext,
    due: datetime | None,
    started: datetime | None = None,
    done: datetime | None = None,
    now: datetime | None = None,
    zone: tzinfo | None = None,
) -> SafeString:
    """A deadline in words with its tone; `now` and `zone` come from the frame unless given."""
    if not due:
        return format_html('<span class="sp-muted">{}</span>', _("no deadline"))
    reading = times.deadline(
        due, now=now or context["now"], zone=zone or _zone(context), started=started or None, done=done or None
    )
    return format_html(
        '<time class="sp-clock sp-clock-{}" datetime="{}" title="{}">{}<span>{}</span></time>',
        reading.tone,
        reading.iso,
        reading.utc,
        icon({"done": "check", "late": "alert"}.get(reading.tone, "clock")),
        reading.words,
    )


@register.simple_tag(takes_context=True)
def moment(context: RequestContext, when: datetime | None) -> SafeString:
    """A past or future moment on the local clock, with the exact UTC in the title."""
    if not when:
        return _unknown()
    reading = times.deadline(when, now=context["now"], zone=_zone(context))
    words = times.moment_in_words(when, now=context["now"], zone=_zone(context))
    return format_html('<time datetime="{}" title="{}">{}</time>', reading.iso, reading.utc, words)


def _zone(context: RequestContext) -> tzinfo:
    zone = context.get("zone")
    return zone if isinstance(zone, tzinfo) else get_current_timezone()


@register.filter
def step(value: float | str | None, highest: float | str = 1.0) -> str:
    """The class of the sequential scale for a value between 0 and `highest`; `sp-step-unknown` where not known."""
    if value is None or value == "":
        return "sp-step-unknown"
    found = scale.scale_step(float(value), 0.0, float(highest))
    return "sp-step-unknown" if found is None else f"sp-step-{found}"


@register.filter
def control(field: BoundField) -> SafeString:
    """The widget of a form field with the classes that its kind wears; hint and error are tied by Django."""
    widget = field.field.widget
    name = "form-control"
    if isinstance(widget, (CheckboxInput, RadioSelect, CheckboxSelectMultiple)):
        name = "form-check-input"
    elif isinstance(widget, Select):
        name = "form-select"
    elif isinstance(widget, FileInput):
        name = "form-control sp-file"
    own = widget.attrs.get("class", "")
    invalid = " is-invalid" if field.errors else ""
    return field.as_widget(attrs={"class": f"{name}{invalid} {own}".strip()})


@register.filter
def kind(field: BoundField) -> str:
    """How a field is laid out: `check` (one box), `choices` (a group of boxes or radios), else `control`."""
    widget = field.field.widget
    if isinstance(widget, CheckboxInput):
        return "check"
    return "choices" if isinstance(widget, (RadioSelect, CheckboxSelectMultiple)) else "control"


@register.simple_tag(takes_context=True)
def sort_address(context: RequestContext, key: str) -> str:
    """The address of this page sorted by `key`: ascending first, then descending; back to the first page."""
    query = context["request"].GET.copy()
    query["sort"] = f"-{key}" if query.get("sort") == key else key
    query.pop("page", None)
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def sorted_by(context: RequestContext, key: str) -> str:
    """`ascending`, `descending`, or empty: how this page is sorted by `key`."""
    chosen = context["request"].GET.get("sort", "")
    return {key: "ascending", f"-{key}": "descending"}.get(chosen, "")


@register.simple_tag(takes_context=True)
def page_address(context: RequestContext, page: int) -> str:
    """The address of another page of this list, filters and order kept."""
    query = context["request"].GET.copy()
    query["page"] = str(page)
    return f"?{query.urlencode()}"


@register.filter
def plain(value: object) -> str:
    """A number for an attribute: never with separators, whatever the language."""
    return str(value)


TLP_LABELS = frozenset({"red", "amber", "amber+strict", "green", "clear"})


@register.filter
def tlp_class(label: str) -> str:
    """The class of a TLP 2.0 label (FIRST, 2022); unknown labels are shown as the strictest one."""
    name = label.lower().removeprefix("tlp:")
    return f"sp-tlp-{name.split('+')[0]}" if name in TLP_LABELS else "sp-tlp-red"


@register.filter
def severity_icon(rank: int | str) -> str:
    return f"severity-{min(max(int(rank), 1), 5)}"


@register.filter
def severity_word(rank: int | str) -> str:
    """The word of a severity step 1..5; colour and shape never stand alone."""
    words = (_("Minimal"), _("Low"), _("Medium"), _("High"), _("Critical"))
    return words[min(max(int(rank), 1), 5) - 1]


@register.filter
def choice_control(choice: BoundWidget) -> SafeString:
    """One radio button or check box of a group, with its own label."""
    choice.data["attrs"]["class"] = "form-check-input"
    return format_html(
        '{}<label class="form-check-label" for="{}">{}</label>',
        SafeString(choice.tag()),
        choice.id_for_label,
        choice.choice_label,
    )


@register.filter
def counted(rows: int | Sized | None) -> int | None:
    """How many rows a table has: said as a number, or counted where the rows themselves are given; None: not known.

    A text is refused: it stands where the page has nothing by the name that the table was given.
    """
    if isinstance(rows, str):
        raise TypeError("a table is told its count, its rows, or None; this page has nothing by the name that it gives")
    return rows if rows is None or isinstance(rows, int) else len(rows)


@register.filter
def has_optional(columns: Iterable[Any]) -> bool:
    """Whether any column of a table may be hidden by the reader."""
    return any(column["optional"] if isinstance(column, Mapping) else column.optional for column in columns)


@register.filter
def spec_script(spec: Mapping[str, Any], key: str) -> SafeString:
    """A chart's specification as a JSON block, escaped so that no data can end the block."""
    return json_script(spec, f"{key}-spec")
