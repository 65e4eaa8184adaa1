"""Duties follow the facts, and their history is kept."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.problems import Conflict, Forbidden, Invalid
from sipar.incidents.models import Incident
from sipar.obligations.actions import decide_not_to_report, recompute
from sipar.obligations.models import Breach, Duty, Recomputation
from sipar.obligations.selectors import duties_of
from sipar.obligations.tests.cases import BOUND, SERIOUS, draft_of, submitted, tell

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def computed(cast: Cast, incident: Incident, *, at: datetime = NOW, **facts: object) -> dict[str, Duty]:
    """Duties by regime and stage after telling facts and computing as the CISO."""
    tell(incident, **facts)
    with acting(cast.bilal, reason="compute"):
        incident.refresh_from_db()
        recompute(cast.bilal, incident, reason="facts", now=at, facts=sorted(facts))
        return {f"{duty.code} {duty.stage}": duty for duty in duties_of(incident)}


def history(cast: Cast, duty: Duty) -> list[str]:
    with acting(cast.bilal, reason="read"):
        return list(duty.recomputations.order_by("pk").values_list("what", flat=True))


def test_a_law_of_the_nation_asks_without_a_number_of_hours(cast: Cast) -> None:
    duty = computed(cast, draft_of(cast), aware_at=NOW)["pk-cert-rules-2023 notification"]
    assert (duty.state, duty.clock, duty.due_at, duty.next_at) == ("waiting", "unknown_period", None, None)


def test_a_foreign_law_binds_nobody_of_whom_the_register_does_not_say_so(cast: Cast) -> None:
    duties = computed(cast, draft_of(cast), aware_at=NOW, **SERIOUS)
    assert {duty.regime.jurisdiction for duty in duties.values() if duty.regime} == {"PK"}


def test_every_law_that_binds_starts_its_own_clock_at_the_same_awareness(cast: Cast) -> None:
    duties = computed(cast, draft_of(cast), aware_at=NOW, **BOUND, **SERIOUS)
    assert duties["eu-nis2 early_warning"].due_at == NOW + 24 * HOUR
    assert duties["in-certin-2022 notification"].due_at == NOW + 6 * HOUR
    assert duties["in-certin-2022 notification"].next_at == NOW + 4.5 * HOUR
    assert duties["eu-nis2 final"].clock == "not_started"


def test_computing_twice_changes_nothing(cast: Cast) -> None:
    incident = draft_of(cast)
    computed(cast, incident, aware_at=NOW, **BOUND, **SERIOUS)
    with acting(cast.bilal, reason="again"):
        before = list(Duty.objects.order_by("pk").values())
        assert recompute(cast.bilal, incident, reason="again", now=NOW + HOUR) == []
        assert list(Duty.objects.order_by("pk").values()) == before


def test_a_corrected_awareness_moves_the_limit_with_the_reason_and_rings_again(cast: Cast) -> None:
    incident = draft_of(cast)
    computed(cast, incident, aware_at=NOW, **BOUND, **SERIOUS)
    duty = computed(cast, incident, aware_at=NOW - HOUR)["in-certin-2022 notification"]
    assert duty.due_at == NOW + 5 * HOUR
    with acting(cast.bilal, reason="read"):
        moved = Recomputation.objects.get(duty=duty, what="moved")
    assert (moved.before, moved.after) == (NOW + 6 * HOUR, NOW + 5 * HOUR)
    assert (moved.facts, moved.reason, moved.by_id) == (["aware_at"], "facts", cast.bilal.account)


def test_a_duty_goes_when_the_law_no_longer_asks_and_returns_with_it(cast: Cast) -> None:
    incident = draft_of(cast)
    computed(cast, incident, aware_at=NOW, **BOUND, **SERIOUS)
    assert computed(cast, incident, certin_type="none")["in-certin-2022 notification"].state == "withdrawn"
    duty = computed(cast, incident, **SERIOUS)["in-certin-2022 notification"]
    assert (duty.state, duty.due_at) == ("running", NOW + 6 * HOUR)
    assert history(cast, duty) == ["appeared", "withdrawn", "returned"]


def test_a_report_in_time_serves_every_law_that_asks_for_its_stage(cast: Cast) -> None:
    incident = tell(draft_of(cast), aware_at=NOW, **BOUND, **SERIOUS)
    submitted(incident, "notification", at=NOW + 2 * HOUR)
    duties = computed(cast, incident, at=NOW + 2 * HOUR)
    served = ("eu-nis2 early_warning", "eu-nis2 notification", "in-certin-2022 notification")
    assert {duties[name].state for name in served} == {"met"}
    assert duties["eu-nis2 final"].state == "running"


def test_what_was_reported_late_is_done_late_and_its_breach_stands(cast: Cast) -> None:
    incident = tell(draft_of(cast), aware_at=NOW, **BOUND, **SERIOUS)
    submitted(incident, "notification", at=NOW + 7 * HOUR)
    duty = computed(cast, incident, at=NOW + 7 * HOUR)["in-certin-2022 notification"]
    assert duty.state == "met_late"
    with acting(cast.bilal, reason="read"):
        assert Breach.objects.get(duty=duty).due_at == NOW + 6 * HOUR


def test_a_deadline_that_has_passed_cannot_be_corrected_away(cast: Cast) -> None:
    incident = draft_of(cast)
    computed(cast, incident, aware_at=NOW, **BOUND, **SERIOUS)
    duty = computed(cast, incident, at=NOW + 7 * HOUR, aware_at=NOW + 3 * HOUR)["in-certin-2022 notification"]
    assert (duty.state, duty.due_at) == ("breached", NOW + 9 * HOUR)
    with acting(cast.bilal, reason="read"):
        assert [breach.due_at for breach in Breach.objects.filter(duty=duty)] == [NOW + 6 * HOUR]


def test_a_decision_not_to_report_waives_the_law_until_somebody_reports(cast: Cast) -> None:
    incident = draft_of(cast)
    computed(cast, incident, aware_at=NOW, **BOUND, **SERIOUS)
    with acting(cast.bilal, reason="decide"):
        decide_not_to_report(cast.bilal, incident, code="in-certin-2022", reason="No system in India.", now=NOW)
    assert computed(cast, incident, at=NOW + HOUR)["in-certin-2022 notification"].state == "waived"
    submitted(incident, "notification", at=NOW + 2 * HOUR)
    assert computed(cast, incident, at=NOW + 2 * HOUR)["in-certin-2022 notification"].state == "met"


def test_only_the_ciso_or_head_decides_and_only_with_a_reason(cast: Cast) -> None:
    incident = draft_of(cast)
    computed(cast, incident, aware_at=NOW, **BOUND, **SERIOUS)
    with acting(cast.ayesha, reason="decide"), pytest.raises(Forbidden):
        decide_not_to_report(cast.ayesha, incident, code="eu-nis2", reason="Because.", now=NOW)
    with acting(cast.bilal, reason="decide"):
        with pytest.raises(Invalid):
            decide_not_to_report(cast.bilal, incident, code="eu-nis2", reason="  ", now=NOW)
        with pytest.raises(Conflict):
            decide_not_to_report(cast.bilal, incident, code="eu-cra", reason="Because.", now=NOW)


def test_what_was_missed_is_not_waived_by_a_later_decision(cast: Cast) -> None:
    incident = draft_of(cast)
    computed(cast, incident, aware_at=NOW, **BOUND, **SERIOUS)
    with acting(cast.bilal, reason="decide"):
        decide_not_to_report(cast.bilal, incident, code="in-certin-2022", reason="Too late anyway.", now=NOW + 7 * HOUR)
    assert computed(cast, incident, at=NOW + 7 * HOUR)["in-certin-2022 notification"].state == "breached"
