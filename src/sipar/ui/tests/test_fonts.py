"""The faces of Urdu: its own letters come as small files, every other Arabic letter with the whole face."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
FACE = re.compile(r'@font-face \{[^}]*url\("\.\./vendor/fonts/([\w-]+)\.woff2"\)[^}]*unicode-range: ([^;]+);')
ARABIC = re.compile("[\u0600-\u06ff]")


def letters(ranges: str) -> set[int]:
    found: set[int] = set()
    for part in ranges.replace(" ", "").split(","):
        first, _, last = part.removeprefix("U+").partition("-")
        found |= set(range(int(first, 16), int(last or first, 16) + 1))
    return found


def faces() -> dict[str, set[int]]:
    sheet = (SOURCE / "ui" / "static" / "sipar" / "tokens.css").read_text("utf-8")
    return {name: letters(ranges) for name, ranges in FACE.findall(sheet)}


def test_the_small_face_and_the_whole_one_share_no_letter() -> None:
    found = faces()
    small = [name for name in found if name.endswith("-urdu")]
    assert len(small) == 3
    for name in small:
        assert not found[name] & found[name.removesuffix("-urdu")]


def test_every_urdu_text_of_sipar_is_written_with_the_small_face() -> None:
    texts = "".join(path.read_text("utf-8") for path in SOURCE.rglob("locale/ur/LC_MESSAGES/*.po"))
    assert {ord(letter) for letter in ARABIC.findall(texts)} <= faces()["noto-naskh-arabic-400-urdu"]


def test_the_style_sheet_names_the_letters_that_the_faces_were_cut_to() -> None:
    script = SOURCE.parents[1] / "scripts" / "assets.py"
    if not script.exists():
        pytest.skip("scripts/assets.py is not here: this is an installed Sipar")
    spec = spec_from_file_location("assets", script)
    assert spec is not None
    assert spec.loader is not None
    assets = module_from_spec(spec)
    spec.loader.exec_module(assets)
    found = faces()
    assert {f"{face}-urdu" for face in assets.URDU_FACES} <= found.keys()
    assert all(found[f"{face}-urdu"] == letters(assets.URDU) for face in assets.URDU_FACES)
