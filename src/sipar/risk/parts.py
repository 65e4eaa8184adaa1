"""Years of loss as a kernel for any executor: a table of years in, the same rows with their losses out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sipar.risk.portfolio import Portfolio
from sipar.risk.simulate import simulate_numbered

YEARS = pa.schema([pa.field("year", pa.int64(), nullable=False)])


@dataclass(frozen=True)
class LossOfYears:
    """A picklable kernel: adds the column `loss` to a table with the column `year`, each row by itself."""

    asked: Portfolio
    seed: int

    def __call__(self, table: pa.Table) -> pa.Table:
        numbers = table.column("year").to_numpy().astype(np.int64)
        return table.append_column("loss", pa.array(simulate_numbered(self.asked, numbers, seed=self.seed)))
