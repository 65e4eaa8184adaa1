"""The clocks that a report meets: which stages are late or nearly so, before and after it was first sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sipar.incidents.models import Incident
from sipar.obligations.models import Duty


def late_stages(incident: Incident, facts: Mapping[str, Any], *, now: datetime) -> list[str]:
    """The stages whose deadline has passed without a report, in order of deadline."""
    rows = Duty.objects.filter(
        incident=incident, kind=Duty.Kind.STATUTORY, state__in=("running", "breached"), due_at__lt=now
    )
    return list(dict.fromkeys(rows.order_by("due_at").values_list("stage", flat=True)))
