"""Sipar: the working platform of a national cybersecurity authority and its network of CERTs."""

from __future__ import annotations

import os

# Arrow gives freed memory back after ten milliseconds, and every table of a batch then faults its pages in again.
os.environ.setdefault("MIMALLOC_PURGE_DELAY", "2000")

__version__ = "0.1.0"
