"""Whatever is told in whatever order: computing again changes nothing, and history and breaches are kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.obligations.actions import recompute
from sipar.obligations.models import Breach, Duty, Recomputation
from sipar.obligations.scan import scan
from sipar.obligations.tests.cases import BOUND, draft_of, submitted, tell

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)

AWARE = st.integers(-48, 48).map(lambda hours: {"aware_at": NOW + hours * HOUR})
SORTS = st.sampled_from(["none", "data_breach", "denial_of_service"]).map(lambda value: {"certin_type": value})
SEVERE = st.booleans().map(lambda value: {"severe_disruption": value, "ongoing": value})
TOLD = st.lists(st.tuples(st.integers(0, 30), st.one_of(AWARE, SORTS, SEVERE)), min_size=1, max_size=6)


def rows(model: Any, *fields: str) -> list[Any]:
    return list(model.objects.order_by("pk").values_list(*fields))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=TOLD, reported=st.none() | st.integers(0, 60))
def test_history_only_grows_and_computing_again_changes_nothing(
    cast: Cast, told: list[tuple[int, dict[str, Any]]], reported: int | None
) -> None:
    incident = tell(draft_of(cast), **BOUND)
    now: datetime = NOW
    seen: list[Any] = []
    for wait, facts in told:
        now += wait * HOUR
        scan(now=now)
        tell(incident, **facts)
        with acting(cast.bilal, reason="compute"):
            recompute(cast.bilal, incident, reason="told", now=now, facts=sorted(facts))
            assert recompute(cast.bilal, incident, reason="again", now=now) == []
        with acting(system(), reason="read"):
            history = rows(Recomputation, "pk", "what", "before", "after", "at")
            breaches = rows(Breach, "pk", "duty", "due_at")
        assert history[: len(seen)] == seen
        seen = history
        kept = breaches
    if reported is not None:
        now += reported * HOUR
        submitted(incident, "notification", at=now)
        with acting(cast.bilal, reason="compute"):
            recompute(cast.bilal, incident, reason="reported", now=now)
    scan(now=now)
    with acting(system(), reason="read"):
        assert rows(Breach, "pk", "duty", "due_at")[: len(kept)] == kept
        missed = set(Breach.objects.values_list("duty", flat=True))
        late = set(Duty.objects.filter(state__in=("breached", "met_late")).values_list("pk", flat=True))
        assert missed == late
        overdue = Duty.objects.filter(state="running", due_at__lt=now)
        assert not overdue.exists()
