"""Where an assumption comes from, and how far it may be off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sipar.risk.assumptions_reading import choice, fields, number, text
from sipar.risk.scenario import Quality, Source

# A number of this quality may be so many times smaller or larger. A convention of ours, to be changed in the document.
DOUBTS: Mapping[str, float] = {"measured": 1.1, "published": 1.5, "expert": 2.0, "assumed": 3.0}
QUALITIES = {quality.value: quality for quality in Quality}
LONGEST_TITLE = 200


@dataclass(frozen=True)
class Sourced:
    """A source, and the factor by which what it says may be too large or too small."""

    source: Source
    doubt: float


UNSOURCED = Sourced(Source("", Quality.ASSUMED), DOUBTS["assumed"])


def doubts_of(value: object) -> dict[str, float]:
    """How far a number of each quality may be off: the conventions, replaced where the document says otherwise."""
    given = fields(value or {}, DOUBTS, "doubts")
    return {name: number(given.get(name), f"doubts/{name}", default=usual, low=1.0) for name, usual in DOUBTS.items()}


def sourced(value: object, where: str, doubts: Mapping[str, float]) -> Sourced:
    """A source with its quality; its own `doubt` where it states one, else that of its quality."""
    entry = fields(value, ("text", "quality", "doubt"), where, needed=("text", "quality"))
    quality = choice(entry["quality"], QUALITIES, f"{where}/quality")
    doubt = number(entry.get("doubt"), f"{where}/doubt", default=doubts[quality.value], low=1.0, high=1_000.0)
    return Sourced(Source(text(entry["text"], f"{where}/text"), quality), doubt)


def title_of(value: object, where: str) -> dict[str, str]:
    """A title in English and, where there is one, Urdu."""
    entry = fields(value, ("en", "ur"), where, needed=("en",))
    return {
        "en": text(entry["en"], f"{where}/en", longest=LONGEST_TITLE),
        "ur": text(entry.get("ur"), f"{where}/ur", longest=LONGEST_TITLE, empty=True),
    }
