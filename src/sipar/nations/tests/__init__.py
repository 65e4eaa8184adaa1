"""Behaviour of the nation profile, stated as sentences."""

from __future__ import annotations
