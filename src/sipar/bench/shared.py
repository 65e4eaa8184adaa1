"""Reference data that does not ship with Sipar: a folder that the person who measures has."""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]


def shared_data() -> Path | None:
    """`data` in the folder that SIPAR_SHARED names, else in `shared` beside the checkout; None where neither is."""
    named = os.environ.get("SIPAR_SHARED")
    folder = (Path(named) if named else CHECKOUT.parent / "shared") / "data"
    return folder if folder.is_dir() else None
