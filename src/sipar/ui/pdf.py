"""Documents that stand alone as PDF: Sipar's own fonts, no network, and WeasyPrint only loaded when it is needed."""

from __future__ import annotations

import base64
import re
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders

from sipar.ui.chart_images import svg_to_png

FONT_SCHEME = "sipar-font:"
FACES = (
    ("Noto Naskh Arabic", "noto-naskh-arabic", 400),
    ("Noto Naskh Arabic", "noto-naskh-arabic", 700),
    ("Noto Nastaliq Urdu", "noto-nastaliq-urdu", 400),
)
FONTS = frozenset(f"{stem}-{weight}" for _, stem, weight in FACES)
PICTURE = "data:image/png;base64,"
CHART = re.compile(r'<svg [^>]*class="marks".*?</svg>', re.DOTALL)
CHART_TEXT = re.compile(r"<text[^>]*>([^<]+)</text>")
JOINED_LETTERS = re.compile("[\u0600-\u06ff]")


def pdf_of(html: str) -> bytes:
    """The HTML of a document as PDF. Raises FatalURLFetchingError if the document names any address."""
    # Loading WeasyPrint takes over a second of CPU, which no start of the web server should pay.
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    fetcher = _own_files_only()
    # Without one configuration for style sheet and document, WeasyPrint reads the faces and forgets them.
    fonts = FontConfiguration()
    faces = "".join(
        f"@font-face {{ font-family: '{family}'; font-weight: {weight};"
        f" src: url('{FONT_SCHEME}{stem}-{weight}') format('woff2') }}"
        for family, stem, weight in FACES
    )
    document = HTML(string=CHART.sub(_joined, html), url_fetcher=fetcher)
    sheet = CSS(string=faces, url_fetcher=fetcher, font_config=fonts)
    made = document.write_pdf(stylesheets=[sheet], font_config=fonts, pdf_tags=True)
    return bytes(made)


@cache
def _own_files_only() -> Any:
    """A fetcher that gives the fonts of Sipar and pictures inside the document: no network, no other file."""
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    class OwnFilesOnly(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
            if url.startswith(PICTURE):
                picture = base64.b64decode(url.removeprefix(PICTURE))
                return URLFetcherResponse(url, picture, {"Content-Type": "image/png"})
            name = url.removeprefix(FONT_SCHEME)
            is_font = url.startswith(FONT_SCHEME) and name in FONTS
            found = finders.find(f"vendor/fonts/{name}.woff2") if is_font else None
            if not isinstance(found, str):
                raise FatalURLFetchingError(f"the document may not fetch {url}")
            return URLFetcherResponse(url, Path(found).read_bytes(), {"Content-Type": "font/woff2"})

    return OwnFilesOnly()


def _joined(chart: re.Match[str]) -> str:
    """A chart in Urdu as a picture: WeasyPrint 70 sets the text of an SVG letter by letter, which breaks the script."""
    svg = chart.group()
    if not JOINED_LETTERS.search(svg):
        return svg
    picture = base64.b64encode(svg_to_png(svg)).decode()
    words = "، ".join(CHART_TEXT.findall(svg)).replace('"', "&quot;")
    return f'<img class="chart" alt="{words}" src="{PICTURE}{picture}">'
