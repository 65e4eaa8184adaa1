"""Domain names as claims and as host names: one spelling, and the longest claimed suffix on label boundaries."""

from __future__ import annotations

from typing import Final

import idna
import polars as pl

MAX_NAME: Final = 253  # RFC 1035 section 2.3.4, without the final dot


def ascii_names(names: pl.Series) -> pl.Series:
    """Names in lower-case ASCII without their final dot; one that cannot be spelled so (UTS 46) becomes empty."""
    plain = names.fill_null("").str.strip_suffix(".").str.to_lowercase().alias("name")
    foreign = plain.filter(plain.str.contains(r"[^\x00-\x7f]")).unique()
    if foreign.is_empty():
        return plain
    return plain.replace(foreign, pl.Series([ascii_name(name) for name in foreign], dtype=pl.String))


def ascii_name(name: str) -> str:
    """One name in lower-case ASCII (IDNA 2008 with UTS 46 mapping), empty where that cannot be."""
    if len(name) > MAX_NAME:
        return ""
    try:
        return idna.encode(name.rstrip("."), uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        return ""
