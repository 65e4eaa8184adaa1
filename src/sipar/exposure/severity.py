"""How severe an observation is, from information to critical; the place in the list is the number that is kept."""

from __future__ import annotations

SEVERITIES = ("info", "low", "medium", "high", "critical")
