"""Charts as SVG pictures, for reports on paper and for readers without scripts."""

from __future__ import annotations

import copy
import tempfile
from functools import cache
from pathlib import Path

import vl_convert
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from sipar.ui.charts import WIDTH, Spec

FONTS = Path(__file__).resolve().parent / "static" / "vendor" / "fonts"
VEGA_LITE = "6.4"


def to_svg(spec: Spec, *, width: int = WIDTH) -> str:
    """The specification drawn as SVG, `width` pixels wide, in the light theme, with its sentence as the title.

    Nothing is fetched: a specification that names an address is refused with ValueError.
    """
    _register_fonts()
    drawn = copy.deepcopy(spec) | {"width": width, "autosize": {"type": "pad"}}
    return str(vl_convert.vegalite_to_svg(drawn, vl_version=VEGA_LITE, allowed_base_urls=[]))


@cache
def _register_fonts() -> None:
    """The renderer reads TrueType only, so the web fonts are unpacked once per process."""
    folder = Path(tempfile.mkdtemp(prefix="sipar-fonts-"))
    for face in sorted(FONTS.glob("*.woff2")):
        font = TTFont(face)
        font.flavor = None
        font.save(folder / f"{face.stem}.ttf")
    vl_convert.register_font_directory(str(folder))
