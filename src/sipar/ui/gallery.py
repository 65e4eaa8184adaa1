"""Every component on one page, with invented figures: for whoever builds pages, and for the tests that look at them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from sipar.core.gates import PUBLIC, gate
from sipar.nations import profile
from sipar.nations.outlines import load_map
from sipar.ui import charts, heatmap
from sipar.ui import map as nation_map
from sipar.ui.context import nation
from sipar.ui.navigation import Entry
from sipar.ui.tables import Column

SCALE_WORDS = ("Traditional", "Initial", "Advanced", "Optimal")


class GalleryForm(forms.Form):
    name = forms.CharField(
        label="Name of the organisation", help_text="As it stands in the notification.", max_length=80
    )
    sector = forms.ChoiceField(label="Sector", choices=[("", "Choose one"), ("health", "Health"), ("energy", "Energy")])
    level = forms.ChoiceField(
        label="How far are you?",
        help_text="Choose the highest sentence that is wholly true.",
        widget=forms.RadioSelect,
        choices=[("1", "Accounts are handled by hand."), ("2", "Accounts are handled in one directory.")],
    )
    comment = forms.CharField(label="Comment", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    agreed = forms.BooleanField(label="I checked the answers with the people who run the systems")


@gate(PUBLIC)
def show(request: HttpRequest) -> HttpResponse:
    """The gallery; there is none outside demonstration mode."""
    if not settings.DEMONSTRATION:
        raise Http404
    return render(request, "ui/gallery.html", gallery_context())


def gallery_context() -> dict[str, Any]:
    language = (get_language() or "en").split("-")[0]
    now = timezone.now()
    form = GalleryForm({"name": "", "level": "2"})
    return {
        "navigation": [
            Entry("/", _("My desk"), "desk", active=False),
            Entry("/organisations/", _("Organisations"), "organisation", active=False),
            Entry("/gallery/", _("Gallery"), "table", active=True),
        ],
        "trail": [{"url": "/", "label": _("My desk")}],
        "form": form,
        "columns": [
            Column("name", _("Organisation"), sortable=True),
            Column("sector", _("Sector"), optional=True),
            Column("level", _("Level"), sortable=True),
            Column("due", _("Due")),
            Column("gaps", _("Gaps"), sortable=True, numeric=True, optional=True),
        ],
        "organisations": _organisations(now),
        "tabs": [
            {"url": "#standing", "label": _("Standing"), "active": True, "count": None},
            {"url": "#gaps", "label": _("Gaps"), "active": False, "count": 1240},
        ],
        "page": Paginator(range(1240), 50).page(2),
        "sectors": [("health", "Health"), ("energy", "Energy")],
        "text": {"en": "An English sentence that has no Urdu yet."},
        "both": {"en": "Multi-factor sign-in", "ur": "کثیر عاملی سائن اِن"},
        "day_ago": now - timedelta(days=1),
        "charts": _charts(language),
        "heatmap": _heatmap(),
        "map": _map(language),
    }


def _organisations(now: datetime) -> list[dict[str, Any]]:
    names = ("Demo Grid Company", "Sample Teaching Hospital", "Example Port Trust", "Model Municipal Water")
    dues = ((30, -10), (3, 72), (-2, 48), (200, 20))
    return [
        {
            "name": name,
            "sector": ("Energy", "Health", "Transport", "Water")[index],
            "level": (3, 1, None, 2)[index],
            "word": ("Advanced", "Traditional", "", "Initial")[index],
            "due": now + timedelta(hours=dues[index][0], minutes=12),
            "started": now - timedelta(hours=abs(dues[index][1])),
            "gaps": (12, 41, None, 1024)[index],
        }
        for index, name in enumerate(names)
    ]


def _charts(language: str) -> list[charts.Chart]:
    urdu = language == "ur"
    words = ("روایتی", "ابتدائی", "ترقی یافتہ", "بہترین") if urdu else SCALE_WORDS
    sectors = ("صحت", "توانائی", "بینکاری") if urdu else ("Health", "Energy", "Banking")
    heads = ("سطح", "ادارے") if urdu else ("Level", "Organisations")
    titles = (
        (
            "ہر دس میں سے چار ادارے ابتدائی سطح پر ہیں",
            "آلات سب سے کمزور ستون ہیں",
            "اوسط تین مہموں میں 1.2 سے 2.1 ہوئی",
            "صحت کا شعبہ سب سے پیچھے ہے",
        )
        if urdu
        else (
            "Four in ten organisations stand at Initial",
            "Devices are the weakest pillar",
            "The mean rose from 1.2 to 2.1 over three campaigns",
            "Health is furthest behind",
        )
    )
    shares = ((40, 30, 20, 4), (20, 40, 30, 10), (5, 20, 45, 30))
    pillars = ("شناخت", "آلات", "نیٹ ورک") if urdu else ("Identity", "Devices", "Networks")
    counts = (210, 480, 390, 120)
    return [
        charts.distribution(
            "levels", [charts.Bar(word, count) for word, count in zip(words, counts, strict=True)],
            sentence=titles[0], heads=heads, language=language,
        ),
        charts.bars(
            "pillars", [charts.Bar(pillar, value) for pillar, value in zip(pillars, (2.6, 1.4, 2.1), strict=True)],
            sentence=titles[1], heads=heads, language=language,
        ),
        charts.trend(
            "trend", [charts.Point(when, value) for when, value in (("2024", 1.2), ("2025", 1.7), ("2026", 2.1))],
            sentence=titles[2], heads=heads, language=language,
        ),
        charts.grouped_share(
            "sectors",
            [charts.Group(name, share) for name, share in zip(sectors, shares, strict=True)],
            levels=words, sentence=titles[3], heads=(heads[0], *words), language=language,
        ),
    ]  # fmt: skip


def _heatmap() -> heatmap.HeatMap:
    return heatmap.heat_map(
        [[2.6, 1.4, 2.1, 1.9], [3.1, 2.2, 2.8, 2.4], [3.6, 3.0, None, 3.3], [0.9, 0.4, 1.2, 0.8]],
        sentence=_("The weakest pillar is Devices in Water"),
        corner=_("Sector"),
        rows=("Health", "Energy", "Banking", "Water"),
        columns=("Identity", "Devices", "Networks", "Data"),
        lowest=0,
        highest=4,
        words=(_("0 lowest"), _("4 highest"), _("not known or too few to show")),
        cell_url=lambda row, column: f"?sector={row}&pillar={column}",
    )


def _map(language: str) -> nation_map.Choropleth:
    served = nation()
    outlines = load_map(Path(profile.SHIPPED) / served.identifier / "map.json", served)
    codes = [province.code for province in served.provinces]
    values = {code: None if index == 4 else 0.6 + index * 0.4 for index, code in enumerate(codes)}
    return nation_map.choropleth(
        outlines,
        values,
        sentence=_("Mean level by province"),
        heads=(_("Province"), _("Mean")),
        language=language,
        lowest=0,
        highest=4,
        words=(_("0 lowest"), _("4 highest"), _("not known or too few to show")),
        url=lambda code: f"?province={code}",
    )
