"""The `extra` of observations: JSON objects written a column at a time, without a dictionary for any row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from sipar.feeds.kernels.casts import Json

# Letters that are looked at together stay in the processor's cache.
_PIECE = 256 * 1024
_CONTROLS = [chr(code) for code in range(0x20)]
_SPECIAL = ['"', "\\", *_CONTROLS]
_ESCAPED = ['\\"', "\\\\", *(json.dumps(letter)[1:-1] for letter in _CONTROLS)]


def has_special(table: pa.Table) -> bool:
    """Whether any text in the table has a quotation mark, a backslash or a control character."""
    for column in table.columns:
        for chunk in column.chunks:
            data = chunk.buffers()[-1] if pa.types.is_string(chunk.type) else None
            if data is None or not data.size:
                continue
            letters = np.frombuffer(data, dtype=np.uint8)
            if any(_special(letters[at : at + _PIECE]) for at in range(0, len(letters), _PIECE)):
                return True
    return False


def _special(letters: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> bool:
    return bool(letters.min() < 0x20 or (letters == 0x22).any() or (letters == 0x5C).any())


@dataclass(frozen=True, slots=True)
class Member:
    """One key of the objects and the expression of its value. `full`: no row is without it."""

    key: str
    value: pl.Expr
    kind: Json
    escape: bool
    full: bool = False

    def pieces(self) -> list[pl.Expr]:
        """`,"key":value` in pieces to be put together; one piece, null where the value is, unless it is `full`."""
        name = "," + json.dumps(self.key) + ":"
        if self.kind != "text":
            parts = [pl.lit(name), self.value.cast(pl.String)]
        else:
            text = self.value.str.replace_many(_SPECIAL, _ESCAPED) if self.escape else self.value
            parts = [pl.lit(name + '"'), text, pl.lit('"')]
        return parts if self.full else [pl.concat_str(parts)]


def objects(members: Sequence[Member], constants: Mapping[str, str], *, ready: pl.Expr | None = None) -> pl.Expr:
    """The JSON object of each row out of its members; null where it would be empty.

    `constants` begin every object; `ready` is a column of whole objects, whose members come first.
    """
    pieces = [piece for member in members for piece in member.pieces()]
    if ready is not None:
        inner = ready.str.slice(1, ready.str.len_chars() - 2)
        pieces.insert(0, pl.when(inner != "").then(pl.lit(",") + inner))
    if constants:
        begun = json.dumps(constants, separators=(",", ":"))[:-1]
        return pl.concat_str([pl.lit(begun), *pieces, pl.lit("}")], ignore_nulls=True)
    if not pieces:
        return pl.lit(None, dtype=pl.String)
    body = pl.concat_str(pieces, ignore_nulls=True)
    return pl.when(body != "").then(pl.concat_str([pl.lit("{"), body.str.slice(1), pl.lit("}")]))
