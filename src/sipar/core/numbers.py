"""Numbers that people read out over the telephone, and that tell nothing about how many there are."""

from __future__ import annotations

import secrets
from datetime import datetime

# Crockford's alphabet without I, L, O and U: nothing that is mistaken for something else.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def case_number(now: datetime, *, prefix: str = "") -> str:
    """A random number such as "26-7F3K-9QTD": the year and 40 random bits."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{prefix}{now:%y}-{letters[:4]}-{letters[4:]}"
