"""What no text of a person may hold."""

from __future__ import annotations

import re

_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def turns_direction(text: str) -> bool:
    """Whether the text holds embeddings, overrides or isolates of direction, with which one name can be made to read
    as another. Joiners and the plain direction marks, which Urdu needs, are none of them. Source: UAX #9, section 2."""
    return _TURNS.search(text) is not None
