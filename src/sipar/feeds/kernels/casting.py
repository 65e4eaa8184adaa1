"""The casts of all fields of one table: fast for all values, careful for the rest, and what to do about bad cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from sipar.feeds.kernels.casts import CASTS, Cast
from sipar.feeds.kernels.fields import Field
from sipar.feeds.reading import MAX_LISTED, BadRow, DriftSeen, excerpt
from sipar.routing.columns import text_column, whole

# Where more than half of at least this many cells cannot be cast, the column has changed, not the rows.
_DRIFT_CELLS = 20
_DRIFT_SHARE = 0.5
# Different words of a column whose casts are remembered.
_FEW = 100


@dataclass(slots=True)
class Casting:
    """The cast values of `fields` (`value`), the rows that are refused, and texts that are kept for `extra`.

    `frame` has the columns of `table` that a cast or a column of READ asks for, and what came of them.
    """

    table: pa.Table
    frame: pl.DataFrame
    fields: Sequence[Field]
    lines: npt.NDArray[np.int64]
    refused: npt.NDArray[np.bool_]
    kept: dict[int, str] = field(default_factory=dict)
    bad: list[BadRow] = field(default_factory=list)
    drifts: list[DriftSeen] = field(default_factory=list)
    more_bad: int = 0

    @classmethod
    def run(cls, table: pa.Table, fields: Sequence[Field], lines: npt.NDArray[np.int64]) -> Casting:
        """Casts every field of the table, whose columns are text."""
        asked = set().union(*(found.columns for found in fields if not (found.plain and found.extra)))
        # In one piece: where columns lie in several, polars brings them into line again at every step.
        columns = [pl.Series(name, whole(table[name]), dtype=pl.String) for name in sorted(asked)]
        frame = pl.DataFrame(height=table.num_rows).hstack(columns)
        casting = cls(table, frame, fields, lines, np.zeros(table.num_rows, dtype=np.bool_))
        casting._cast()
        return casting

    def value(self, place: int) -> pl.Expr:
        """The values of a field, to be selected from `frame`."""
        if self.fields[place].plain:
            return pl.col(self.fields[place].column)
        finish = CASTS[self.fields[place].cast].finish
        values = pl.col(_name(place))
        return finish(values) if finish else values

    def empty(self, place: int) -> bool:
        """Whether no row has a value."""
        found = self.fields[place]
        nulls = self.table[found.column].null_count if found.plain else self.frame.get_column(_name(place)).null_count()
        return bool(nulls == self.table.num_rows)

    def missing(self, values: Sequence[pl.Expr]) -> npt.NDArray[np.bool_]:
        """Which rows have none of the values."""
        missing = np.ones(self.table.num_rows, dtype=np.bool_)
        for value in values:
            found = self.frame.select(value.alias("value")).to_series()
            if not found.null_count():
                return np.zeros(self.table.num_rows, dtype=np.bool_)
            missing &= found.is_null().to_numpy()
        return missing

    def refuse(self, rows: npt.NDArray[np.bool_], column: str, code: str) -> None:
        """Refuses the rows of the mask that are not refused yet."""
        places = np.flatnonzero(rows & ~self.refused)
        if not places.size:
            return
        self.refused |= rows
        room = max(0, MAX_LISTED - len(self.bad))
        for place in places[:room].tolist():
            self.bad.append(BadRow(int(self.lines[place]), column, code, self._excerpt(place, column)))
        self.more_bad += max(0, places.size - room)

    def _excerpt(self, place: int, column: str) -> str:
        row = {name: cell for name, cell in self.table.slice(place, 1).to_pylist()[0].items() if cell is not None}
        return excerpt(row[column] if column in row else ",".join(row.values()))

    def _cast(self) -> None:
        wanted = [place for place in range(len(self.fields)) if not self.fields[place].plain]
        self.frame = self.frame.with_columns(
            [self._fast(place).alias(_name(place)) for place in wanted if not CASTS[self.fields[place].cast].by_value]
        )
        for place in wanted:
            cast = CASTS[self.fields[place].cast]
            if cast.by_value:
                self._cast_values(place)
            if cast.fails:
                self._settle(place, cast)

    def _source(self, place: int) -> pl.Expr:
        found = self.fields[place]
        return pl.col(found.column) if found.text is None else found.text

    def _fast(self, place: int) -> pl.Expr:
        cast = CASTS[self.fields[place].cast]
        return cast.fast(_without_empty(self._source(place), cast))

    def _cast_values(self, place: int) -> None:
        """Casts each different text once."""
        found = self.fields[place]
        made = None if found.text is None else self.frame.select(found.text).to_series()
        coded = whole(self.table[found.column] if made is None else text_column(made)).dictionary_encode()
        words = tuple(coded.dictionary.to_pylist())
        # Chunk after chunk has the same few words.
        values = _cast_words(found.cast, words) if len(words) <= _FEW else _cast_words.__wrapped__(found.cast, words)
        self.frame.insert_column(self.frame.width, values.gather(pl.Series(coded.indices)).alias(_name(place)))

    def _settle(self, place: int, cast: Cast) -> None:
        """Sees to the cells that the fast expression left null though they hold something."""
        found = self.fields[place]
        values = self.frame.get_column(_name(place))
        if found.text is None and values.null_count() == self.frame.get_column(found.column).null_count():
            return
        texts = self.frame.select(_without_empty(self._source(place), cast).alias("text")).to_series()
        open_cells = texts.is_not_null() & values.is_null()
        if cast.slow is not None and open_cells.any():
            each = texts.filter(open_cells).unique()
            settled = pl.Series("value", [cast.slow(text) for text in each.to_list()], dtype=cast.dtype, strict=False)
            careful = texts.replace_strict(each, settled, default=None, return_dtype=cast.dtype)
            values = values.zip_with(~open_cells, careful).alias(_name(place))
            self.frame = self.frame.with_columns(values)
            open_cells = open_cells & values.is_null()
        if open_cells.any() and not found.quiet:
            self._blame(place, cast, texts, open_cells)

    def _blame(self, place: int, cast: Cast, texts: pl.Series, cells: pl.Series) -> None:
        found = self.fields[place]
        count, full = int(cells.sum()), len(texts) - texts.null_count()
        changed = full >= _DRIFT_CELLS and count > full * _DRIFT_SHARE
        if changed and cast.code:
            self.drifts.append(DriftSeen("type", found.column, f"{cast.code}: {count} of {full}"))
        if found.needed or (cast.hard and not changed):
            self.refuse(cells.to_numpy(), found.column, cast.code or found.cast)
            return
        name = f"text:{place}"
        self.frame = self.frame.with_columns(texts.set(~cells, None).alias(name))
        self.kept[place] = name


@lru_cache(maxsize=256)
def _cast_words(name: str, words: tuple[str, ...]) -> pl.Series:
    cast, texts = CASTS[name], pl.DataFrame({"text": pl.Series(words, dtype=pl.String)})
    return texts.select(cast.fast(_without_empty(pl.col("text"), cast)).alias("value")).to_series().cast(cast.dtype)


def _without_empty(text: pl.Expr, cast: Cast) -> pl.Expr:
    return pl.when(~text.str.to_lowercase().is_in(cast.empty)).then(text) if cast.empty else text


def _name(place: int) -> str:
    return f"value:{place}"
