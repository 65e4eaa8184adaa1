"""Reporting duties as data: regimes in files, conditions of three values, statutory clocks.

Pure: tables and records in, tables and records out. No Django, no database, no network, no clock of its own; whoever
asks passes the facts and the instants. One set of compiled expressions serves a single incident and a nation's table.
"""

from __future__ import annotations
