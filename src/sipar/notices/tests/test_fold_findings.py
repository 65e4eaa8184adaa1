"""Observations become findings in PostgreSQL: opened, seen again, closed, moved, and never counted twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cast import Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict
from sipar.eventstore import lake
from sipar.exposure.folding import fold
from sipar.exposure.tests.observed import observed
from sipar.feeds.models import Batch, Feed, RawFile
from sipar.notices.folding_actions import Complete, Folded, age_findings, fold_batch, refold
from sipar.notices.models import Finding
from sipar.orgs.models import Asset

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
FIRST = datetime(2026, 10, 1, 4, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def own_lake(tmp_path: Path) -> Iterator[None]:
    with override_settings(VAR=tmp_path):
        yield


class Desk:
    """Takes reports in as the pipeline does: into the lake, into findings, and into the manifest."""

    def __init__(self, cast: Cast) -> None:
        self.alpha, self.beta = (cast.organisations[name].pk for name in ("alpha", "beta"))
        self.team = cast.teams["national"]
        self.files = 0

    def report(
        self, day: int, *rows: dict[str, Any], source: str = "sensor", report: str = "scan_rdp", complete: bool = False
    ) -> Folded:
        """A report of the n-th day that holds these rows, seen at Alpha on that day where they say nothing else."""
        self.files += 1
        raw = sha256(f"{self.files}".encode()).hexdigest()
        moment = FIRST + (day - 1) * DAY
        usual = {"observed_at": moment, "organisation": self.alpha, "team": self.team.pk, "tag": raw[:8]}
        table = observed([usual | row for row in rows], source=source, raw=raw)
        lake().write(source, raw, [table])
        with acting(system(), reason="take in"):
            self._manifest(source, raw, report, moment.date(), complete=complete)
            closes = Complete(source, report, moment.date()) if complete else None
            return fold_batch(fold(table), raw, complete=closes, now=NOW)

    def _manifest(self, source: str, raw: str, report: str, day: date, *, complete: bool) -> None:
        feed, _ = Feed.objects.get_or_create(
            code=source, defaults={"name": source, "reader": "table", "team": self.team, "made_at": NOW}
        )
        file = RawFile.objects.create(
            feed=feed, team=self.team, sha256=raw, size=1, name="r.csv", tlp="amber", door="command", received_at=NOW
        )
        Batch.objects.create(
            raw_file=file, feed=feed, team=self.team, state="done", report_type=report, first_day=day, last_day=day,
            complete=complete, received_at=NOW,
        )  # fmt: skip


@pytest.fixture
def desk(cast: Cast) -> Desk:
    return Desk(cast)


def findings(**chosen: Any) -> list[Finding]:
    with acting(system(), reason="look"):
        return list(Finding.objects.filter(**chosen).order_by("asset", "first_seen", "pk"))


def the_finding(**chosen: Any) -> Finding:
    (found,) = findings(**chosen)
    return found


def rows_of(found: Sequence[Finding]) -> list[tuple[Any, ...]]:
    return [
        (f.pk, f.key, f.organisation_id, f.state, f.state_at, f.closed_by, f.first_seen, f.last_seen, f.count, f.days,
         f.severity, f.cves, f.asset, f.source, f.evidence, f.reopened)
        for f in found
    ]  # fmt: skip


def test_what_is_seen_first_opens_a_finding(desk: Desk) -> None:
    assert desk.report(1, {"cves": "CVE-2019-0708", "product": "Windows", "claim": 7}) == Folded(new=1)
    found = the_finding()
    assert (found.organisation_id, found.team_id, found.kind, found.classification) == (
        desk.alpha, desk.team.pk, "accessible-rdp", "potentially-unwanted-accessible",
    )  # fmt: skip
    assert (found.asset, found.state, found.state_at, found.severity) == ("192.0.2.7:3389/tcp", "open", FIRST, 2)
    assert (found.first_seen, found.last_seen, found.count, found.days) == (FIRST, FIRST, 1, 1)
    assert (found.cves, found.claim_id, found.source, found.shared) == (["CVE-2019-0708"], 7, "sensor", "")
    assert found.evidence == {
        "raw": sha256(b"1").hexdigest(), "line": 2, "product": "Windows", "tag": sha256(b"1").hexdigest()[:8],
    }  # fmt: skip
    (row,) = lake().observations(FIRST.date(), FIRST.date())["key"].to_pylist()
    assert found.key.bytes == row


def test_what_is_seen_again_persists(desk: Desk) -> None:
    desk.report(1, {"severity": 3, "cves": "CVE-2019-0708"})
    assert desk.report(2, {"severity": 1, "cves": "CVE-2014-3566"}, {"severity": 1, "tag": "again"}) == Folded(seen=1)
    found = the_finding()
    assert (found.first_seen, found.last_seen, found.count, found.days) == (FIRST, FIRST + DAY, 3, 2)
    assert (found.severity, found.cves, found.state) == (3, ["CVE-2014-3566", "CVE-2019-0708"], "open")


def test_hostile_text_is_kept_as_text(desk: Desk) -> None:
    tag = 'none\x00,"quoted"\n\\N {a,b} \'; drop table notices_finding; --'
    desk.report(1, {"ip": None, "hostname": 'a",b\\.example', "tag": tag, "kind": "none", "cves": "}{, x"})
    found = the_finding()
    assert (found.asset, found.kind, found.cves) == ('a",b\\.example:3389/tcp', "none", [])
    assert found.evidence["tag"] == tag.replace("\x00", "")


def test_a_late_report_never_moves_the_last_sight_back(desk: Desk) -> None:
    desk.report(5, {"product": "new"})
    desk.report(3, {"product": "old"})
    found = the_finding()
    assert (found.first_seen, found.last_seen, found.count, found.days) == (FIRST + 2 * DAY, FIRST + 4 * DAY, 2, 2)
    assert found.evidence["product"] == "new"


def test_days_between_are_counted_once_also_where_two_reports_have_them(desk: Desk) -> None:
    for day in (1, 9, 4, 4, 6, 1, 9):
        desk.report(day, {}, source=f"s{desk.files % 2}")
    found = the_finding()
    assert (found.count, found.days) == (7, 4)


def test_absence_from_a_complete_report_closes(desk: Desk) -> None:
    desk.report(1, {}, {"port": 3390}, complete=True)
    assert desk.report(3, {"port": 3390}, complete=True) == Folded(seen=1, absent=1)
    gone, stays = findings()
    assert (gone.state, gone.closed_by, gone.state_at) == ("closed", "absent", datetime(2026, 10, 4, tzinfo=UTC))
    assert gone.state_at - gone.first_seen == timedelta(days=2, hours=20)
    assert stays.state == "open"


def test_an_empty_complete_report_closes_everything_it_would_hold(desk: Desk) -> None:
    desk.report(1, {})
    assert desk.report(2, complete=True) == Folded(absent=1)


def test_absence_says_nothing_where_the_report_would_not_hold_it(desk: Desk) -> None:
    desk.report(1, {}, complete=True)
    assert desk.report(2, complete=False).absent == 0
    assert desk.report(2, complete=True, report="scan_vnc").absent == 0
    assert desk.report(2, complete=True, source="other").absent == 0
    assert desk.report(1, complete=True).absent == 0
    assert the_finding().state == "open"


def test_the_source_that_saw_it_last_says_when_it_is_gone(desk: Desk) -> None:
    desk.report(1, {}, complete=True)
    desk.report(2, {}, source="other", complete=True)
    assert desk.report(3, complete=True).absent == 0
    assert desk.report(3, source="other", complete=True).absent == 1


def test_a_late_complete_report_tells_that_it_was_gone_earlier(desk: Desk) -> None:
    desk.report(1, {}, complete=True)
    desk.report(6, complete=True)
    desk.report(3, complete=True)
    assert the_finding().state_at == datetime(2026, 10, 4, tzinfo=UTC)


def test_a_report_of_a_day_that_has_not_ended_closes_now(desk: Desk) -> None:
    desk.report(19, {}, complete=True)
    desk.report(20, complete=True)
    assert the_finding().state_at == NOW


def test_what_is_seen_after_its_end_is_opened_again(desk: Desk) -> None:
    desk.report(1, {}, complete=True)
    desk.report(2, complete=True)
    desk.report(5, {}, complete=True)
    found = the_finding()
    assert (found.state, found.state_at, found.closed_by, found.reopened) == ("reopened", FIRST + 4 * DAY, "", 1)
    desk.report(6, complete=True)
    assert (the_finding().state, the_finding().reopened) == ("closed", 1)


def test_what_comes_late_from_before_the_end_opens_nothing(desk: Desk) -> None:
    desk.report(1, {}, complete=True)
    desk.report(5, complete=True)
    desk.report(3, {}, source="other")
    found = the_finding()
    assert (found.state, found.last_seen, found.count) == ("closed", FIRST + 2 * DAY, 2)


def test_another_owner_closes_it_here_and_opens_it_there(desk: Desk) -> None:
    desk.report(1, {})
    assert desk.report(4, {"organisation": desk.beta}) == Folded(new=1, moved=1)
    here, there = the_finding(organisation=desk.alpha), the_finding(organisation=desk.beta)
    assert (here.state, here.closed_by, here.state_at) == ("closed", "moved", FIRST + 3 * DAY)
    assert (there.state, there.first_seen) == ("open", FIRST + 3 * DAY)
    desk.report(6, {})
    assert the_finding(organisation=desk.alpha).state == "reopened"
    assert the_finding(organisation=desk.beta).closed_by == "moved"


def test_an_unclaimed_address_that_is_claimed_moves_to_its_owner(desk: Desk) -> None:
    desk.report(1, {"organisation": None}, {"organisation": None, "tag": "twice"})
    unowned = the_finding()
    assert (unowned.organisation_id, unowned.team_id, unowned.count) == (None, desk.team.pk, 2)
    desk.report(2, {})
    assert the_finding(organisation=None).closed_by == "moved"


def test_two_owners_on_one_day_share_an_address_and_neither_moved(desk: Desk) -> None:
    assert desk.report(1, {}, {"organisation": desk.beta}).moved == 0
    assert desk.report(1, {"organisation": desk.beta}).moved == 0
    assert {found.state for found in findings()} == {"open"}


def test_a_late_report_from_before_the_move_stays_with_the_old_owner_and_closed(desk: Desk) -> None:
    desk.report(4, {"organisation": desk.beta})
    desk.report(2, {})
    assert (the_finding(organisation=desk.alpha).closed_by, the_finding(organisation=desk.beta).state) == (
        "moved",
        "open",
    )


def test_shared_addresses_are_named_by_their_claim(desk: Desk) -> None:
    with acting(system(), reason="claim"):
        claim = Asset.objects.create(organisation_id=desk.alpha, kind="prefix", value="192.0.2.0/24", mark="nat")
    desk.report(1, {"shared": "nat", "claim": claim.pk}, {"ip": "192.0.2.9", "shared": "nat", "claim": claim.pk})
    found = the_finding()
    assert (found.asset, found.shared, found.count) == ("192.0.2.0/24", "nat", 2)


def test_what_nobody_sees_grows_stale_then_old_and_opens_when_seen(desk: Desk) -> None:
    desk.report(1, {})
    with acting(system(), reason="age"):
        assert age_findings(now=FIRST + 13 * DAY) == (0, 0)
        assert age_findings(now=FIRST + 15 * DAY) == (1, 0)
    assert the_finding().state == "stale"
    desk.report(16, {})
    assert (the_finding().state, the_finding().state_at) == ("open", FIRST + 15 * DAY)
    with acting(system(), reason="age"):
        assert age_findings(now=FIRST + 110 * DAY) == (0, 1)
    assert (the_finding().state, the_finding().closed_by) == ("closed", "old")


def test_a_transaction_that_fails_leaves_findings_as_they_were(desk: Desk) -> None:
    desk.report(1, {})
    before = rows_of(findings())
    table = observed([{"organisation": desk.alpha}], raw="f" * 64)

    def fails() -> None:
        with acting(system(), reason="take in"):
            fold_batch(fold(table), "f" * 64, complete=None, now=NOW)
            raise OSError("the power")

    with pytest.raises(OSError, match="the power"):
        fails()
    assert rows_of(findings()) == before


@pytest.mark.parametrize("gone", [{"organisation": -5}, {"organisation": None, "team": -5}])
def test_an_owner_who_has_left_the_register_since_gets_no_finding(desk: Desk, gone: dict[str, int]) -> None:
    with pytest.raises(Conflict, match="left the register"):
        desk.report(1, {}, {"port": 1} | gone)
    assert findings() == []
    assert desk.report(1, {"organisation": None, "team": None}) == Folded(new=1)


def busy(desk: Desk) -> None:
    """Five reports in which something persists, ends, moves, and is nobody's."""
    desk.report(1, {}, {"port": 1}, {"port": 2}, {"organisation": None, "ip": "203.0.113.1"}, complete=True)
    desk.report(2, {"severity": 4}, {"port": 2}, {"port": 3, "cves": "CVE-2019-0708"}, complete=True)
    desk.report(
        3, {}, {"port": 2, "organisation": desk.beta}, {"organisation": None, "ip": "203.0.113.2"}, complete=True
    )
    desk.report(3, {"port": 2, "organisation": desk.beta}, source="other")
    desk.report(4, {}, {"port": 1}, {"shared": "nat", "claim": 99}, complete=True)


def test_folding_again_changes_nothing(desk: Desk) -> None:
    busy(desk)
    before = rows_of(findings())
    for _ in range(2):
        with acting(system(), reason="again"):
            assert refold(date(2026, 10, 1), date(2026, 10, 30), now=NOW) == Folded()
        assert rows_of(findings()) == before


def test_findings_are_made_from_the_lake_alone_as_they_were_from_the_reports(desk: Desk) -> None:
    busy(desk)
    kept = (
        "key",
        "organisation_id",
        "state",
        "first_seen",
        "last_seen",
        "count",
        "days",
        "severity",
        "cves",
        "evidence",
    )

    def said() -> list[Any]:
        return sorted(([getattr(f, name) for name in kept if f.reopened == 0] for f in findings()), key=str)

    before = said()
    for day in range(1, 5):
        lake().compact(date(2026, 10, day))
    with acting(system(), reason="rebuild"):
        Finding.objects.filter(reopened=0)._raw_delete("default")
        refold(date(2026, 10, 1), date(2026, 10, 30), now=NOW)
    assert said() == before


def test_a_window_is_folded_with_all_that_the_lake_knows_of_its_findings(desk: Desk) -> None:
    busy(desk)
    before = rows_of(findings())
    with acting(system(), reason="spoil"):
        Finding.objects.update(count=99)
        refold(date(2026, 10, 3), date(2026, 10, 3), now=NOW)
    after = rows_of(findings())
    told = [row for row in after if row[8] != 99]
    # Port 3389 at Alpha, port 2 at Beta, and an address of nobody were seen on that day.
    assert len(told) == 3
    assert all(row in before for row in told)


def test_what_left_the_lake_still_counts(desk: Desk) -> None:
    desk.report(1, {})
    desk.report(2, {})
    desk.report(3, {})
    lake().retire("sensor", date(2026, 10, 3))
    before = rows_of(findings())
    with acting(system(), reason="again"):
        assert refold(date(2026, 10, 1), date(2026, 10, 30), now=NOW) == Folded()
    assert rows_of(findings()) == before


REPORTS = st.lists(
    st.tuples(st.integers(1, 12), st.lists(st.tuples(st.integers(1, 3), st.sampled_from("ab")), max_size=4)),
    min_size=1,
    max_size=5,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(REPORTS, st.randoms(use_true_random=False))
def test_the_order_of_batches_does_not_matter(desk: Desk, reports: list[Any], random: Any) -> None:
    """Nor does folding all of it again: first, last, count and days are what the lake says."""

    def after(order: list[Any]) -> list[Any]:
        with acting(system(), reason="begin anew"):
            Finding.objects.all()._raw_delete("default")
        store = lake()
        for source in ("one", "two"):
            store.retire(source, date(2027, 1, 1))
        for day, rows in order:
            owned = [{"port": port, "organisation": desk.alpha if owner == "a" else desk.beta} for port, owner in rows]
            desk.report(day, *owned, source="one" if day % 2 else "two")
        return sorted((f.key, f.organisation_id, f.first_seen, f.last_seen, f.count, f.days) for f in findings())

    first = after(reports)
    assert after(random.sample(reports, len(reports))) == first
    with acting(system(), reason="again"):
        refold(date(2026, 10, 1), date(2026, 10, 30), now=NOW)
    assert sorted((f.key, f.organisation_id, f.first_seen, f.last_seen, f.count, f.days) for f in findings()) == first
