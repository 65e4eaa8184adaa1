"""Where procrastinate looks for the background work of this noun."""

from __future__ import annotations

from sipar.notices import exposure_tasks, folding_tasks, priority_tasks, rule_tasks, sending_tasks

__all__ = ["exposure_tasks", "folding_tasks", "priority_tasks", "rule_tasks", "sending_tasks"]
