"""The nation as data: provinces, sectors, bodies, CERT tree, Council seats, map and reference scales.

Pure: files in, frozen records and tables out. Nothing here knows a particular nation; `pk/` is one profile.
"""

from __future__ import annotations
