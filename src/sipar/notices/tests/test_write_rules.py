"""Rules between drafts and use, on their pages, and dry runs over what the lake holds."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from django.conf import settings
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.models import BackgroundRun
from sipar.core.problems import Conflict, Forbidden, Invalid
from sipar.eventstore import lake
from sipar.exposure.observations import SCHEMA
from sipar.exposure.rules import parse
from sipar.notices import rule_tasks
from sipar.notices.models import Channel, DryRun, Inhibition, RuleSet
from sipar.notices.rule_actions import activate_rules, ask_dry_run, discard_rules, draft_rules
from sipar.notices.rule_tasks import dry_run_rules
from sipar.notices.rule_words import plain_rules
from sipar.notices.starter import STARTER
from sipar.notices.tests.telling import use_rules

pytestmark = pytest.mark.django_db(transaction=False)
DAILY = "sipar-rules: 1\nrules:\n  - name: daily\n    when: {severity: {from: high}}\n"
DAYS = 10


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    wanted: list[int] = []
    monkeypatch.setattr(rule_tasks.dry_run_rules, "defer", lambda *, dry_run: wanted.append(dry_run))
    return wanted


@pytest.fixture
def observed(cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """A lake in which Alpha is seen with two things for ten days, and Beta with one."""
    monkeypatch.setattr(settings, "VAR", tmp_path)
    alpha, beta = cast.organisations["alpha"].pk, cast.organisations["beta"].pk
    for back in range(DAYS):
        moment = NOW - timedelta(days=DAYS - back)
        lines = [(alpha, b"1" * 16, 3), (alpha, b"2" * 16, 1), (beta, b"3" * 16, 4)]
        rows = [_row(owner, key, severity, moment, raw=f"{back:064}") for owner, key, severity in lines]
        lake().write("shadowserver", f"{back:064}", [pa.Table.from_pylist(rows, schema=SCHEMA)])
    return cast


def _row(owner: int, key: bytes, severity: int, moment: Any, *, raw: str) -> dict[str, Any]:
    return {
        "line": 1, "observed_at": moment, "kind": "accessible-rdp", "classification": "vulnerable-system",
        "severity": severity, "source": "shadowserver", "raw": raw, "row": key, "key": key, "organisation": owner,
        "others": [],
    }  # fmt: skip


def test_a_draft_is_written_changed_put_to_use_and_replaced(cast: Cast) -> None:
    with acting(cast.parveen, reason="write") as parveen:
        first = draft_rules(parveen, cast.teams["power"], STARTER, now=NOW)
        assert (first.version, first.state) == (1, "draft")
        draft_rules(parveen, cast.teams["power"], DAILY, rule_set=first, now=NOW)
        activate_rules(parveen, RuleSet.objects.get(), now=NOW)
        second = draft_rules(parveen, cast.teams["power"], STARTER, now=NOW)
        assert second.version == 2
        activate_rules(parveen, second, now=NOW)
        assert list(RuleSet.objects.order_by("version").values_list("state", flat=True)) == ["retired", "active"]
        for row in RuleSet.objects.all():
            with pytest.raises(Conflict):
                activate_rules(parveen, row, now=NOW)
            with pytest.raises(Conflict):
                discard_rules(parveen, row)


def test_rules_that_are_wrong_are_refused_with_their_places(cast: Cast) -> None:
    with acting(cast.parveen, reason="write") as parveen, pytest.raises(Invalid) as found:
        draft_rules(parveen, cast.teams["power"], DAILY.replace("high", "awful"), now=NOW)
    assert [place.where for place in found.value.places] == ["rules/0/when/severity"]


def test_nobody_writes_the_rules_of_another_cert(cast: Cast) -> None:
    for name in ("danish", "farah", "bilal"):
        with acting(cast.actors[name], reason="write") as actor, pytest.raises(Forbidden):
            draft_rules(actor, cast.teams["power"], DAILY, now=NOW)
    made = use_rules(cast)
    with acting(cast.farah, reason="look"):
        assert not RuleSet.objects.exists()
    assert cast.client("farah").get(f"/notices/rules/{made.pk}/").status_code == 404


def test_the_rules_to_begin_with_are_right_and_can_be_read_by_people(cast: Cast) -> None:
    plain = plain_rules(parse(STARTER))
    assert [rule.name for rule in plain][-1] == "for-information"
    said = " ".join(line for rule in plain for line in (*rule.applies, *rule.does))
    assert "severity: Critical" in said
    assert "Critical: reminded after 1, 3, 7 days." in said
    assert "at most once in a week" in said
    assert "Every finding that no rule above takes." in said


def test_a_dry_run_over_the_lake_says_what_is_different_and_sends_nothing(observed: Cast, asked: list[int]) -> None:
    cast = observed
    use_rules(cast, {"name": "everything"})
    client = cast.client("parveen")
    response = client.post("/notices/rules/new/", {"text": DAILY})
    assert response.status_code == 302
    with acting(system(), reason="look"):
        draft = RuleSet.objects.get(state="draft")
    with acting(cast.parveen, reason="ask") as parveen:
        wanted = ask_dry_run(
            parveen, draft, first_day=(NOW - timedelta(days=DAYS)).date(), last_day=NOW.date(), now=NOW
        )
    address = f"/notices/rules/dry-runs/{wanted.pk}/"
    assert b"telling nobody" in client.get(address).content
    dry_run_rules(dry_run=wanted.pk)
    with acting(system(), reason="look"):
        result = DryRun.objects.get(pk=wanted.pk).result
        assert BackgroundRun.objects.get(pk=wanted.run_id or 0).state == "done"
    assert result["sums"] == {
        "new": {"bundles": 1, "findings": 1}, "old": {"bundles": 1, "findings": 2},
        "same": {"bundles": 0, "findings": 0},
    }  # fmt: skip
    assert result["episodes"] == 2
    assert [row["organisation"] for row in result["organisations"]] == [cast.organisations["alpha"].pk]
    body = client.get(address).content.decode()
    assert "1 only here, 1 only there" in body
    assert "Alpha Power" in body
    assert "Beta" not in body


def test_a_dry_run_of_days_to_come_or_too_many_is_refused(cast: Cast, asked: list[int]) -> None:
    with acting(cast.parveen, reason="ask") as parveen:
        draft = draft_rules(parveen, cast.teams["power"], DAILY, now=NOW)
        today = NOW.date()
        for first, last in (
            (today, today + timedelta(days=1)),
            (today, today - timedelta(days=1)),
            (today - timedelta(days=500), today),
        ):
            with pytest.raises(Invalid):
                ask_dry_run(parveen, draft, first_day=first, last_day=last, now=NOW)
    client = cast.client("parveen")
    page = f"/notices/rules/{draft.pk}/dry-run/"
    assert client.post(page, {"first_day": "x", "last_day": ""}).status_code == 422
    assert asked == []


def test_the_pages_check_the_text_while_it_is_written(cast: Cast) -> None:
    client = cast.client("parveen")
    assert client.get("/notices/rules/").status_code == 200
    assert client.get("/notices/rules/new/").status_code == 200
    body = client.post("/notices/rules/check/", {"text": DAILY.replace("daily", "No")}).content.decode()
    assert "rules/0/name" in body
    response = client.post("/notices/rules/new/", {"text": "rules: 1"})
    assert response.status_code == 422
    assert "sipar-rules" in response.content.decode()


def test_an_organisation_chooses_how_it_is_told(cast: Cast) -> None:
    page = f"/notices/channel/{cast.organisations['alpha'].identifier}/"
    said = {
        "kind": "mail", "addresses": "soc@alpha.example\nciso@alpha.example", "language": "ur", "quiet_from": "22:00",
        "quiet_until": "06:00", "encryption": "", "public_key": "",
    }  # fmt: skip
    client = cast.client("bilal")
    assert client.post(page, said).status_code == 302
    with acting(system(), reason="look"):
        kept = Channel.objects.get()
    assert (kept.addresses, kept.language) == (["soc@alpha.example", "ciso@alpha.example"], "ur")
    for wrong in (
        {"addresses": "no address"},
        {"quiet_until": ""},
        {"encryption": "pgp", "public_key": "-----BEGIN PGP PRIVATE KEY BLOCK-----"},
        {"encryption": "smime", "public_key": "rubbish"},
        {"language": "fr"},
    ):
        assert client.post(page, said | wrong).status_code == 422, wrong
    assert cast.client("ayesha").post(page, said).status_code == 403
    assert cast.client("bushra").get(page).status_code == 404


def test_what_is_not_told_has_a_reason_and_an_end_and_can_be_ended(cast: Cast) -> None:
    client = cast.client("parveen")
    from django.utils import timezone

    until = f"{(timezone.now() + timedelta(days=30)).date()}"
    said = {"organisation": cast.organisations["alpha"].identifier, "reason": "Known.", "until": until}
    assert client.post("/notices/inhibitions/", said | {"reason": ""}).status_code == 422
    assert client.post("/notices/inhibitions/", said | {"until": "2020-01-01"}).status_code == 422
    beta = {"organisation": cast.organisations["beta"].identifier}
    assert client.post("/notices/inhibitions/", said | beta).status_code == 422
    assert client.post("/notices/inhibitions/", said).status_code == 302
    with acting(system(), reason="look"):
        kept = Inhibition.objects.get()
    assert "Known." in client.get("/notices/inhibitions/").content.decode()
    assert cast.client("farah").post(f"/notices/inhibitions/{kept.pk}/end/").status_code == 404
    assert client.post(f"/notices/inhibitions/{kept.pk}/end/").status_code == 302
    assert "Known." not in client.get("/notices/inhibitions/").content.decode()
