"""Every text of the product has its translation, with the same blanks, and the compiled files are up to date."""

from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest
from django.utils.translation import override

import sipar
from sipar.core.problems import Forbidden, Invalid, Place, not_open

SOURCE = Path(sipar.__file__).parent
CATALOGUES = sorted(SOURCE.rglob("locale/*/LC_MESSAGES/*.po"))
BLANK = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")

each_catalogue = pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: str(path.relative_to(SOURCE)))


def translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def words(messages: polib.POFile | polib.MOFile) -> dict[tuple[str | None, str], list[str]]:
    return {(entry.msgctxt, entry.msgid): translations(entry) for entry in messages}


def test_there_are_catalogues_to_look_at() -> None:
    assert SOURCE / "locale" / "ur" / "LC_MESSAGES" / "django.po" in CATALOGUES


@each_catalogue
def test_every_text_is_translated_and_none_is_guessed(path: Path) -> None:
    messages = polib.pofile(str(path))
    assert [entry.msgid for entry in messages if not all(translations(entry))] == []
    assert [entry.msgid for entry in messages.fuzzy_entries()] == []


@each_catalogue
def test_every_translation_keeps_the_blanks_of_its_text(path: Path) -> None:
    for entry in polib.pofile(str(path)):
        texts = [entry.msgid, entry.msgid_plural] if entry.msgid_plural else [entry.msgid]
        for text, translation in zip(texts, translations(entry), strict=True):
            assert set(BLANK.findall(text)) == set(BLANK.findall(translation)), entry.msgid


@each_catalogue
def test_the_compiled_words_are_those_of_the_source(path: Path) -> None:
    assert words(polib.mofile(str(path.with_suffix(".mo")))) == words(polib.pofile(str(path)))


def test_a_text_that_stands_in_two_catalogues_has_one_translation() -> None:
    found: dict[tuple[str | None, str], list[str]] = {}
    for path in CATALOGUES:
        for key, texts in words(polib.pofile(str(path))).items():
            assert found.setdefault(key, texts) == texts, key[1]


def test_a_refusal_is_said_in_the_language_of_the_request() -> None:
    with override("ur"):
        forbidden = Forbidden("This page is not part of your role.")
        invalid = Invalid("Say why the constituency changes.", places=[Place("reason", "Say why.")])
        missing = not_open("organisation")
    assert forbidden.sentence == "یہ صفحہ آپ کے کردار کا حصہ نہیں۔"
    assert invalid.places[0].sentence == "وجہ بتائیں۔"
    assert "ادارہ" in missing.sentence
    assert not_open("organisation").sentence == "No organisation with this address is open to you."
    assert Forbidden("A sentence that no catalogue has.").sentence == "A sentence that no catalogue has."
