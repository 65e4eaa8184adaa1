"""Tests of the posture floor."""

from __future__ import annotations
