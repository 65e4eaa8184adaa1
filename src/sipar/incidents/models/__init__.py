"""The tables of a case (`case`), what hangs on it (`contents`), its report (`report`), and roll-ups (`rollup`)."""

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
from sipar.incidents.models.report import EmergencyReport, InboundMail, MailboxTrouble, Report
from sipar.incidents.models.rollup import RollUp, RollUpPeriod, RollUpReceipt

__all__ = [
    "Access", "AffectedRequirement", "Artefact", "BreakGlass", "Campaign", "CaseLink", "Custody", "EmergencyReport",
    "Entry", "Extract", "Handover", "InboundMail", "Incident", "Indicator", "Look", "MailboxTrouble", "Playbook",
    "Report", "RollUp", "RollUpPeriod", "RollUpReceipt", "SeverityScore", "Task",
]  # fmt: skip
