"""CSV from its second line to its end, by one plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from sipar.executors.ahead import ahead
from sipar.feeds.kernels.csv_blocks import Head, TextRows, no_rows, text_rows
from sipar.feeds.kernels.plan import NOTHING_BEFORE, Before, Plan, observations
from sipar.feeds.lines import Block, blocks
from sipar.feeds.reading import Chunk, DriftSeen

# A block of short lines has far more rows than memory for its columns.
_MAX_ROWS = 500_000


def read_rows(
    stream: BinaryIO, plan: Plan, head: Head, names: Sequence[str], drifts: Sequence[DriftSeen]
) -> Iterator[Chunk]:
    """The observations of the rows after the head, whose columns are called `names`; `drifts` go with the first."""

    def parsed() -> Iterator[tuple[Block, TextRows]]:
        for block in ahead(blocks(stream, quoted=True, first_line=head.next_line)):
            yield block, text_rows(block, names, delimiter=head.delimiter)

    told = False
    # Cutting, parsing and casting each work on a block of their own.
    for block, rows in ahead(parsed()):
        before = Before(
            bad=(*block.bad, *rows.bad),
            drifts=() if told else drifts,
            more_bad=block.more_bad + rows.more_bad,
            recoded=block.recoded,
        )
        for start in range(0, max(rows.table.num_rows, 1), _MAX_ROWS):
            part = rows.table.slice(start, _MAX_ROWS)
            yield observations(plan, part, rows.lines[start : start + _MAX_ROWS], before=before)
            before = NOTHING_BEFORE
        told = True
    if drifts and not told:
        # A report without rows still has a head.
        nothing = np.array([], dtype=np.int64)
        yield observations(plan, no_rows(names), nothing, before=replace(NOTHING_BEFORE, drifts=drifts))
