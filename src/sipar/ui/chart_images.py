"""Charts as SVG pictures, for reports on paper and for readers without scripts.

The renderer and the font tools are loaded only when something is drawn: they take most of a second of CPU.
"""

from __future__ import annotations

import copy
import tempfile
from functools import cache
from pathlib import Path

from sipar.ui.charts import WIDTH, Spec

FONTS = Path(__file__).resolve().parent / "static" / "vendor" / "fonts"
VEGA_LITE = "6.4"
PRINT_SCALE = 3


def to_svg(spec: Spec, *, width: int = WIDTH) -> str:
    """The specification drawn as SVG, `width` pixels wide, in the light theme, with its sentence as the title.

    Nothing is fetched: a specification that names an address is refused with ValueError.
    """
    import vl_convert

    _register_fonts()
    drawn = copy.deepcopy(spec) | {"width": width, "autosize": {"type": "pad"}}
    return str(vl_convert.vegalite_to_svg(drawn, vl_version=VEGA_LITE, allowed_base_urls=[]))


def svg_to_png(svg: str) -> bytes:
    """A drawn chart as a PNG picture, fine enough for print; its letters are joined as their script asks."""
    import vl_convert

    _register_fonts()
    return bytes(vl_convert.svg_to_png(svg, scale=PRINT_SCALE))


@cache
def _register_fonts() -> None:
    """The renderer reads TrueType only, so the web fonts are unpacked once per process.

    Letters and figures of a face come as two files, for the browser's sake; the renderer would take the figures of an
    Urdu sentence from any face of the machine, or draw none, so the two are put together again.
    """
    import vl_convert
    from fontTools.merge import Merger  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    folder = Path(tempfile.mkdtemp(prefix="sipar-fonts-"))
    with tempfile.TemporaryDirectory() as parts:
        for face in sorted(FONTS.glob("*[0-9].woff2")):
            found = [part for part in (face, face.with_name(f"{face.stem}-latin.woff2")) if part.exists()]
            unpacked = [_unpacked(part, Path(parts)) for part in found]
            font = Merger().merge(unpacked) if len(unpacked) > 1 else TTFont(unpacked[0])
            font.save(folder / f"{face.stem}.ttf")
    vl_convert.register_font_directory(str(folder))


def _unpacked(face: Path, folder: Path) -> str:
    from fontTools.ttLib import TTFont

    font = TTFont(face)
    font.flavor = None
    target = folder / f"{face.stem}.ttf"
    font.save(target)
    return str(target)
