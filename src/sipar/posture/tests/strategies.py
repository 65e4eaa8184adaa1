"""Random rules and levels for the property tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED, Levels
from sipar.posture.scoring import ScoringRules


@st.composite
def rules(draw: st.DrawFn, *, min_requirements: int = 1) -> ScoringRules:
    requirements = draw(st.integers(min_requirements, 9))
    top_groups = draw(st.integers(1, 3))
    leaf_groups = top_groups * 2
    leaf = draw(st.lists(st.integers(0, leaf_groups - 1), min_size=requirements, max_size=requirements))
    weight = st.one_of(st.sampled_from([0.1, 0.3, 1.0, 1 / 3]), st.floats(0.001, 100.0))
    return ScoringRules(
        weights=np.array(draw(st.lists(weight, min_size=requirements, max_size=requirements))),
        top_group=np.array(leaf, dtype=np.intp) // 2,
        leaf_group=np.array(leaf, dtype=np.intp),
        top_groups=tuple(f"P{index}" for index in range(top_groups)),
        leaf_groups=tuple(f"P{index // 2}.{index % 2}" for index in range(leaf_groups)),
        top_level=draw(st.integers(1, 9)),
        method=draw(st.sampled_from(["gated", "mean"])),
        gate=draw(st.sampled_from([1.0, 0.8, 0.5, 1 / 3])),
        unanswered=draw(st.sampled_from(["zero", "exclude"])),
        rollup=draw(st.sampled_from(["requirements", "groups"])),
    )


@st.composite
def levels_for(draw: st.DrawFn, requirements: int, top_level: int, *, max_rows: int = 4, min_rows: int = 1) -> Levels:
    rows = draw(st.integers(min_rows, max_rows))
    value = st.one_of(st.integers(0, top_level), st.sampled_from([NOT_APPLICABLE, UNANSWERED]))
    cells = draw(st.lists(value, min_size=rows * requirements, max_size=rows * requirements))
    return np.array(cells, dtype=np.uint8).reshape(rows, requirements)


@st.composite
def scored(draw: st.DrawFn, *, min_requirements: int = 1) -> tuple[ScoringRules, Levels]:
    drawn = draw(rules(min_requirements=min_requirements))
    return drawn, draw(levels_for(drawn.requirements, drawn.top_level))
