"""Numbers of cases, made to be read out over the telephone, and the numbers that addresses and forms name."""

from __future__ import annotations

import secrets
from datetime import datetime

# Crockford's alphabet without I, L, O and U: nothing that is mistaken for something else.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


# The largest number of a row, and the largest that an integer column holds.
LARGEST_KEY, LARGEST_INTEGER = 2**63 - 1, 2**31 - 1


def case_number(now: datetime, *, prefix: str = "") -> str:
    """A random number such as "26-7F3K-9QTD": the year and 40 random bits."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{prefix}{now:%y}-{letters[:4]}-{letters[4:]}"


def whole_number(text: str | None, *, most: int = LARGEST_INTEGER) -> int | None:
    """The whole number that a form or an address names; None where it is none, negative, or above `most`.

    The digits are those of ASCII: whoever writes a number otherwise has not followed a link or a form of Sipar.
    """
    if not text or not (text.isascii() and text.isdigit()) or len(text) > len(str(most)):
        return None
    number = int(text)
    return number if number <= most else None
