"""Posture: scores, gaps, roll-ups and what of them may be shown. Pure functions on numpy arrays."""

from __future__ import annotations
