"""A field of a source: which column fills what, and through which cast."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

_HOST = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:@\[\]]+)"
_FOUR = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([0-9.]+)(?:[:/?#]|$)"
_SIX = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?\[([0-9A-Fa-f:.]+)\]"
_DOMAIN = r"@([^@\s]+)$"


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the source and what it fills: a column of READ, or `extra.KEY`.

    Several fields may fill one column: the first value counts, but parts of a product are joined and CVEs put together.
    `needed`: a cell that is not what it should be refuses the row even if the whole column is so; `quiet`: it is
    nothing, and is kept nowhere. `text` stands for the column where a value is made out of others.
    """

    column: str
    target: str
    cast: str = "text"
    needed: bool = False
    quiet: bool = False
    text: pl.Expr | None = field(default=None, compare=False)

    @property
    def extra(self) -> str:
        """The key in `extra`; empty for a column of READ."""
        return self.target.removeprefix("extra.") if self.target.startswith("extra.") else ""

    @property
    def plain(self) -> bool:
        """Whether the text of the column is the value."""
        return self.cast == "text" and self.text is None

    @property
    def columns(self) -> set[str]:
        """The columns without which it has no value."""
        return {self.column} if self.text is None else {self.column, *self.text.meta.root_names()}


def url_fields(column: str, text: pl.Expr | None = None) -> tuple[Field, ...]:
    """A URL that is the asset: itself, and the host name or address in it."""
    whole = pl.col(column) if text is None else text
    return (
        Field(column, "url", "url", text=whole),
        Field(column, "ip", "address", quiet=True, text=pl.coalesce(whole.str.extract(_FOUR), whole.str.extract(_SIX))),
        Field(column, "hostname", "hostname", quiet=True, text=whole.str.extract(_HOST)),
    )


def mail_field(column: str) -> Field:
    """The domain of a mail address, as the name that somebody answers for."""
    return Field(column, "hostname", "hostname", quiet=True, text=pl.col(column).str.extract(_DOMAIN))


def name_field(column: str) -> Field:
    """A host name, alone or in a URL, as the asset."""
    text = pl.col(column)
    return Field(column, "hostname", "hostname", quiet=True, text=pl.coalesce(text.str.extract(_HOST), text))
