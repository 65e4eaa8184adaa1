"""Sipar: the working platform of a national cybersecurity authority and its network of CERTs."""

from __future__ import annotations

__version__ = "0.1.0"
