"""The `extra` of observations: JSON objects written by columns, without a dictionary for any row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from sipar.feeds.kernels.casts import Json
from sipar.routing.columns import text_buffers, text_column

# Letters that are looked at together stay in the processor's cache.
_PIECE = 256 * 1024
_CONTROLS = [chr(code) for code in range(0x20)]
_SPECIAL = ['"', "\\", *_CONTROLS]
_ESCAPED = ['\\"', "\\\\", *(json.dumps(letter)[1:-1] for letter in _CONTROLS)]


@dataclass(frozen=True, slots=True)
class Member:
    """One key of the objects. Its value is a column of the table, or what an expression makes of the frame.

    `free`: the text may hold anything.
    """

    key: str
    source: str | pl.Expr
    kind: Json = "text"
    free: bool = False


def objects(
    members: Sequence[Member],
    table: pa.Table,
    frame: pl.DataFrame,
    constants: Mapping[str, str],
    *,
    ready: pa.Array | None = None,
) -> pa.StringArray:
    """The JSON object of each row out of its members, for the same rows of text and of cast values; null where empty.

    `constants` begin every object; `ready` is a column of whole objects, whose members come first.
    """
    from sipar.feeds.kernels.joining import Piece, braced

    pieces: list[Piece] = []
    if ready is not None:
        inner = pc.binary_slice(ready.cast(pa.binary()), 1, -1).cast(pa.string())
        pieces.append(Piece(b",", pa.chunked_array([pc.if_else(pc.equal(inner, ""), None, inner)])))
    made = {place: found.source for place, found in enumerate(members) if not isinstance(found.source, str)}
    values = frame.select(source.cast(pl.String).alias(f"{place}") for place, source in made.items())
    for place, member in enumerate(members):
        texts = text_column(values[f"{place}"]) if place in made else table[member.source]
        name, quote = json.dumps(member.key), '"' if member.kind == "text" else ""
        escaped = _escaped(texts) if member.free else texts
        pieces.append(Piece(f",{name}:{quote}".encode(), escaped, quote.encode()))
    head = json.dumps(constants, separators=(",", ":"))[:-1] if constants else ""
    return braced(pieces, table.num_rows, head=head.encode())


def _escaped(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """The texts as they stand between quotation marks in JSON."""
    if not any(_special(chunk) for chunk in texts.chunks):
        return texts
    return text_column(pl.Series(texts, dtype=pl.String).str.replace_many(_SPECIAL, _ESCAPED))


def _special(texts: pa.StringArray) -> bool:
    """Whether a text may have a quotation mark, a backslash or a control character."""
    letters, _ = text_buffers(texts)
    pieces = (letters[at : at + _PIECE] for at in range(0, len(letters), _PIECE))
    return any(piece.min() < 0x20 or (piece == 0x22).any() or (piece == 0x5C).any() for piece in pieces)
