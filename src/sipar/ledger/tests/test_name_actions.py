"""The ledger's pages speak in words, not in the names of functions."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cast import Cast

import sipar
from sipar.ledger.words import ACTIONS, NOUNS, action_in_words

MARK = re.compile(r'@action\("([a-z_]+\.[a-z_]+)"\)')


def test_every_action_of_a_named_noun_has_words() -> None:
    sources = Path(sipar.__file__).parent.rglob("*.py")
    marked = {name for path in sources for name in MARK.findall(path.read_text("utf-8"))}
    assert {name for name in marked if name.partition(".")[0] in NOUNS} <= ACTIONS.keys()


def test_an_action_without_words_is_called_by_its_name() -> None:
    assert action_in_words("campaign.open") == "Campaign opened"
    assert action_in_words("weather.change") == "weather.change"
    assert action_in_words("") == "Change"


def test_the_ledger_shows_words_in_its_rows_and_filters(cast: Cast) -> None:
    page = cast.client("omar").get("/ledger/").content.decode()
    assert ">Critical infrastructure</option>" in page
    assert ">designation</option>" not in page
