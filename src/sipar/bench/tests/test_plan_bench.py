from __future__ import annotations

from sipar.bench import plan


def test_the_plan_bench_gives_its_figures_from_twenty_constraints() -> None:
    said: list[str] = []
    figures = {figure.name: figure for figure in plan.run(said.append, measures=1_000)}
    assert list(figures) == ["plan_s", "plan_gap", "replan_s", "replan_gap"]
    assert len(said) == plan.STEPS
    assert "20 constraints" in figures["plan_s"].note
    assert figures["plan_gap"].ok
    assert figures["replan_gap"].ok
