"""The law's engine, tested against the wording of the laws it serves."""

from __future__ import annotations
