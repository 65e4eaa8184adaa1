"""The tables of a case: the case and who may see it (`case`), what hangs on it (`contents`), the report (`report`)."""

from __future__ import annotations

from sipar.incidents.models.case import (
    Access,
    BreakGlass,
    Campaign,
    CaseLink,
    Extract,
    Handover,
    Incident,
    Look,
    SeverityScore,
)
from sipar.incidents.models.contents import (
    AffectedRequirement,
    Artefact,
    Custody,
    Entry,
    Indicator,
    Playbook,
    Task,
)
from sipar.incidents.models.report import EmergencyReport, InboundMail, Report

__all__ = [
    "Access", "AffectedRequirement", "Artefact", "BreakGlass", "Campaign", "CaseLink", "Custody", "EmergencyReport",
    "Entry", "Extract", "Handover", "InboundMail", "Incident", "Indicator", "Look", "Playbook", "Report",
    "SeverityScore", "Task",
]  # fmt: skip
