"""Numbers of cases: random, so that they tell nothing of how many there are, and easy to say on the telephone."""

from __future__ import annotations

import secrets

# Without letters and digits that are taken for one another (0 O, 1 I L, 2 Z, 5 S, 8 B, U V).
ALPHABET = "34679ACDEFGHJKMNPQRTWXY"


def fresh_number() -> str:
    """A new number such as `K7M3-9QXD-4T`: ten letters of 23, so that two alike are not to be expected in a nation."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(10))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"
