"""What a recomputation changed, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sipar.law.compiling import CompiledRegime
from sipar.law.evaluate import Submission, assess
from sipar.law.history import Change, changes
from sipar.law.tests.small_regimes import compiled, duty

T0 = datetime(2026, 6, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
DUTIES = [duty(), duty(stage="final", due={"after": "submitted(notification)", "hours": 72})]


def act(**more: object) -> CompiledRegime:
    return compiled(duties=DUTIES, **more)


def test_nothing_changed_when_the_same_is_computed_again() -> None:
    incident = {"severe_disruption": True, "aware_at": T0}
    assert changes(assess([act()], incident), assess([act()], incident)) == ()


def test_a_corrected_anchor_moves_the_limit_and_is_named_as_the_reason() -> None:
    before = assess([act()], {"severe_disruption": True, "aware_at": T0, "summary": "a"})
    after = assess([act()], {"severe_disruption": True, "aware_at": T0 - 5 * HOUR, "summary": "b"})
    assert changes(before, after) == (
        Change(
            regime="test-act",
            stage="notification",
            movement="moved",
            applies_before=True,
            applies_after=True,
            due_before=T0 + 24 * HOUR,
            due_after=T0 + 19 * HOUR,
            reasons=("aware_at",),
        ),
    )


def test_reclassification_down_withdraws_a_duty_and_up_brings_it_back() -> None:
    up = assess([act()], {"severe_disruption": True, "aware_at": T0})
    down = assess([act()], {"severe_disruption": False, "aware_at": T0})
    [withdrawn, _] = changes(up, down)
    assert (withdrawn.movement, withdrawn.due_before, withdrawn.due_after) == ("withdrawn", T0 + 24 * HOUR, None)
    assert (withdrawn.applies_before, withdrawn.applies_after) == (True, False)
    assert withdrawn.reasons == ("severe_disruption",)
    [appeared, _] = changes(down, up)
    assert (appeared.movement, appeared.due_after) == ("appeared", T0 + 24 * HOUR)


def test_an_answer_settles_what_was_undetermined() -> None:
    open_ = assess([act()], {"aware_at": T0})
    settled = assess([act()], {"severe_disruption": True, "aware_at": T0})
    assert [change.movement for change in changes(open_, settled)] == ["settled", "settled"]
    assert [change.movement for change in changes(settled, open_)] == ["unsettled", "unsettled"]


def test_a_submission_starts_the_next_clock_and_is_named_as_the_reason() -> None:
    incident = {"severe_disruption": True, "aware_at": T0}
    sent = [Submission("test-act", "notification", T0 + HOUR)]
    [change] = changes(assess([act()], incident), assess([act()], incident, submissions=sent))
    assert (change.stage, change.movement, change.due_after) == ("final", "started", T0 + 73 * HOUR)
    assert change.reasons == ("test-act/submitted(notification)",)


def test_a_new_draft_is_itself_the_reason() -> None:
    incident = {"severe_disruption": True, "aware_at": T0}
    shorter = compiled(version=2, duties=[duty(due={"after": "aware_at", "hours": 6}), DUTIES[1]])
    [change] = changes(assess([act()], incident), assess([shorter], incident))
    assert (change.movement, change.due_after, change.reasons) == ("moved", T0 + 6 * HOUR, ("regime",))
