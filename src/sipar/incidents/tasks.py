"""What the worker finds of this noun: procrastinate looks for a module of this name."""

from __future__ import annotations

from sipar.incidents import content_tasks, mail_tasks, rollup_tasks

__all__ = ["content_tasks", "mail_tasks", "rollup_tasks"]
