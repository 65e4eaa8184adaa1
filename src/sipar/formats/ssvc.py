"""SSVC decision points as CISA publishes them, in one spelling: sources write them in mixed case.

Decision points and their values: Stakeholder-Specific Vulnerability Categorization, CERT/CC, and CISA's guide to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

EXPLOITATION = ("none", "poc", "active")
AUTOMATABLE = ("no", "yes")
TECHNICAL_IMPACT = ("partial", "total")
_OTHER_NAMES = {"public poc": "poc", "proof of concept": "poc", "publicpoc": "poc"}


@dataclass(frozen=True, slots=True)
class Ssvc:
    """Values in lower case, empty where the source does not say; `at` is the source's time stamp as text."""

    exploitation: str = ""
    automatable: str = ""
    technical_impact: str = ""
    at: str = ""

    def __bool__(self) -> bool:
        return bool(self.exploitation or self.automatable or self.technical_impact)


def read_ssvc(content: Any) -> Ssvc:
    """SSVC values of a `metrics/other` container of a CVE record, or of any flat mapping of decision points.

    A decision point or a value that the published tables do not know is left empty.
    """
    if not isinstance(content, dict):
        return Ssvc()
    options = content.get("options")
    pairs: dict[str, str] = {}
    for option in options if isinstance(options, list) else [content]:
        if isinstance(option, dict):
            pairs |= {_plain(name): _plain(value) for name, value in option.items() if isinstance(value, str)}
    at = content.get("timestamp") or content.get("ts") or ""
    return Ssvc(
        exploitation=_known(pairs.get("exploitation", ""), EXPLOITATION),
        automatable=_known(pairs.get("automatable", ""), AUTOMATABLE),
        technical_impact=_known(pairs.get("technical impact", ""), TECHNICAL_IMPACT),
        at=at[:40] if isinstance(at, str) else "",
    )


def _plain(text: str) -> str:
    return " ".join(text[:60].replace("_", " ").casefold().split())


def _known(value: str, allowed: tuple[str, ...]) -> str:
    found = _OTHER_NAMES.get(value, value)
    return found if found in allowed else ""
