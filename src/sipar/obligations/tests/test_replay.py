"""What would the act have asked: over generated incidents in full, over the nation's own only as sums."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from tests.cast import NOW, Cast

from sipar.board.tests.answered import more_organisations
from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.models import BackgroundRun
from sipar.core.problems import Forbidden, Invalid, NotFound
from sipar.incidents.models import Incident
from sipar.law.compiling import compile_regime
from sipar.law.regimes import shipped
from sipar.obligations.law_actions import Question, ask_for_replay, save_draft
from sipar.obligations.models import Submission
from sipar.obligations.replay_source import generated_source
from sipar.obligations.replay_tasks import replay_laws
from sipar.obligations.replaying import Law, run_replay
from sipar.obligations.tests.law import DRAFT, SHORTER, hire

pytestmark = pytest.mark.django_db
SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
BREACH = {"personal_data_breach": True, "aware_at": NOW.isoformat()}
EVERYBODY = ("cii_designated", "country = 'PK'")
SECRET = "Zebra Steel plans to pay"


def drafts(cast: Cast) -> tuple[str, list[tuple[str, int]]]:
    """A draft of Mina's in two versions."""
    with acting(cast.mina, reason="write"):
        code = save_draft(cast.mina, DRAFT.replace(*EVERYBODY), now=NOW).code
        save_draft(cast.mina, SHORTER.replace(*EVERYBODY), code=code, base=1, now=NOW)
    return code, [(code, 1), (code, 2)]


def replayed(actor: Actor, laws: Any, source: str, *, since: datetime = SINCE) -> BackgroundRun:
    """A replay that was asked for and has ended."""
    with acting(actor, reason="ask"):
        run = ask_for_replay(actor, Question(laws, source, since, UNTIL), now=NOW)
    replay_laws(run=run.pk)
    with acting(actor, reason="look"):
        return BackgroundRun.objects.get(pk=run.pk)


def happened(cast: Cast, organisation: Any, number: int, *, state: str = "open", **facts: object) -> None:
    """A case as it stands after it was reported once, an hour after awareness and 30 hours in."""
    team = cast.teams["power"]
    with acting(system(), reason="a case for a test"):
        incident = Incident.objects.create(
            number=f"T-{organisation.pk}-{number}",
            organisation=organisation,
            state="draft",
            door="web",
            title=SECRET,
            facts={**BREACH, "summary": SECRET, "contact": "Zebra", **facts},
            sector=organisation.sector,
            province=organisation.province,
            tier=organisation.tier,
            opened_by_id=system().account,
            opened_at=NOW,
        )
        if state == "draft":
            return
        Incident.objects.filter(pk=incident.pk).update(state="reported", lead_team=team, reported_at=NOW)
        Submission.objects.create(
            incident=incident, organisation_id=organisation.pk, number=1, stage="notification", facts={}, door="web",
            digest="0" * 64, submitted_at=NOW + timedelta(hours=30),
        )  # fmt: skip


def nation_with_cases(cast: Cast) -> None:
    """Forty invented organisations with two cases each, and one of Alpha Power."""
    for organisation in more_organisations(40):
        for number in range(2):
            happened(cast, organisation, number)
    happened(cast, cast.organisations["alpha"], 1)


def test_two_versions_of_a_draft_are_compared_in_one_sentence_first(cast: Cast) -> None:
    code, laws = drafts(cast)
    run = replayed(cast.mina, laws, "generated:3000:7", since=datetime(2025, 12, 1, tzinfo=UTC))
    assert (run.state, run.done) == ("done", run.total)
    client = cast.client("mina")
    page = client.get(f"/law/replay/{run.pk}/").content.decode()
    assert "asks for as many reports as" in page
    assert "These incidents are generated" in page
    assert page.index("asks for as many reports as") < page.index("<table")
    assert "sp-law-not" in page
    one, other = run.result["laws"]
    assert one["total"]["reports"] == other["total"]["reports"] > 0
    assert one["total"]["late"] < other["total"]["late"]
    assert sum(sum(row["hours"]) for row in one["load"]) > 0
    csv = client.get(f"/law/replay/{run.pk}/csv/").content.decode("utf-8-sig")
    assert csv.startswith("law,version,table,stage")
    assert f"{code},2,load" in csv
    for language in ("en", "ur"):
        assert client.get(f"/law/replay/{run.pk}/pdf-{language}/").content.startswith(b"%PDF-")


def test_the_same_question_gets_the_same_answer(cast: Cast) -> None:
    _, laws = drafts(cast)
    first, second = (replayed(cast.mina, laws, "generated:500:3").result for _ in range(2))
    assert {**first, "pdf": None} == {**second, "pdf": None}


def test_the_nations_incidents_come_out_as_rounded_sums_without_a_name(cast: Cast) -> None:
    nation_with_cases(cast)
    _, laws = drafts(cast)
    run = replayed(cast.mina, laws, "nation")
    assert run.state == "done", run.sentence
    document = run.result
    assert (document["exact"], document["generated"], document["incidents"]) == (False, False, 80)
    counts = [
        value
        for law in document["laws"]
        for row in (*law["stages"], *law["sectors"], law["total"], *law["penalties"])
        for name, value in row.items()
        if isinstance(value, int) and not name.startswith("share")
    ]
    assert counts
    assert all(count % 5 == 0 for count in counts)
    before, after = document["laws"]
    assert (before["total"]["late"], after["total"]["late"]) == (0, 80)
    written = json.dumps(document) + cast.client("mina").get(f"/law/replay/{run.pk}/").content.decode()
    for secret in (SECRET, "Zebra", "Alpha Power", "PK-R-1", "Random organisation", "T-"):
        assert secret not in written.replace("T-Mobile", "")


def test_a_sector_of_few_organisations_stands_without_a_name(cast: Cast) -> None:
    nation_with_cases(cast)
    delta = cast.organisations["delta"]
    for number in range(30):
        happened(cast, delta, number)
    _, laws = drafts(cast)
    document = replayed(cast.mina, laws, "nation").result
    shown = {row["key"] for law in document["laws"] for row in law["sectors"]}
    assert delta.sector.code not in shown
    assert {"", "energy"} <= shown


def rows_for(actor: Actor, wanted: list[str]) -> list[Any]:
    with acting(actor, reason="by force"), connection.cursor() as cursor:
        cursor.execute("select * from guard.replay_incidents(%s, %s, %s)", [SINCE, UNTIL, wanted])
        found: list[Any] = cursor.fetchall()
        return found


def test_the_wall_gives_rows_to_three_roles_and_no_free_text_to_any(cast: Cast) -> None:
    happened(cast, cast.organisations["alpha"], 1)
    happened(cast, cast.organisations["alpha"], 2, state="draft")
    for name in ("mina", "hamid"):
        [row] = rows_for(cast.actors[name], ["summary", "title", "personal_data_breach", "aware_at"])
        told = json.loads(row[9])
        assert set(told) == {"personal_data_breach", "aware_at"}
        assert cast.organisations["alpha"].pk not in row[1:]
    for name in ("nadia", "parveen", "bilal", "kamran", "omar", "adil", "chand"):
        assert rows_for(cast.actors[name], ["personal_data_breach"]) == []


def test_organisations_are_numbered_anew_at_each_call(cast: Cast) -> None:
    nation_with_cases(cast)
    seen = {tuple(row[0] for row in rows_for(cast.mina, [])) for _ in range(3)}
    assert len(seen) > 1


@pytest.mark.parametrize("name", ["nadia", "bilal", "kamran", "omar", "adil"])
def test_others_do_not_replay(cast: Cast, name: str) -> None:
    assert cast.client(name).get("/law/replay/").status_code == 403
    question = Question([("eu-gdpr", 1)], "generated:100:1", SINCE, UNTIL)
    with acting(cast.actors[name], reason="ask"), pytest.raises(Forbidden):
        ask_for_replay(cast.actors[name], question, now=NOW)


def test_the_head_of_a_sectoral_cert_replays_generated_incidents_only(cast: Cast) -> None:
    sipar = system()
    with acting(sipar, reason="promote"):
        from sipar.people.actions import grant_role
        from sipar.people.selectors import actor_of

        grant_role(
            sipar, cast.accounts["parveen"], "team_head", team=cast.teams["power"].pk, now=NOW - timedelta(days=1)
        )
        head = actor_of(cast.accounts["parveen"], now=NOW, verified=True)
    with acting(head, reason="ask"), pytest.raises(Forbidden):
        ask_for_replay(head, Question([("eu-gdpr", 1)], "nation", SINCE, UNTIL), now=NOW)
    client = cast.client("parveen")
    page = client.get("/law/replay/").content.decode()
    assert "as sums without names" not in page
    form = {"first": "eu-gdpr:1", "since": "2026-01-01", "until": "2026-02-01", "source": "nation"}
    assert client.post("/law/replay/", form).status_code == 422
    assert client.post("/law/replay/", form | {"source": "generated", "incidents": 50, "seed": 1}).status_code == 302


def test_a_draft_of_another_ministry_cannot_be_replayed(cast: Cast) -> None:
    _, laws = drafts(cast)
    other = hire(cast, "tariq", "ministry_officer", ministry="pta")
    with acting(other, reason="ask"), pytest.raises(NotFound):
        ask_for_replay(other, Question(laws, "generated:100:1", SINCE, UNTIL), now=NOW)
    form = {"first": f"{laws[0][0]}:1", "since": "2026-01-01", "until": "2026-02-01", "source": "generated"}
    assert cast.client("tariq").post("/law/replay/", form | {"incidents": 5, "seed": 1}).status_code == 422


def test_a_result_is_its_askers_alone(cast: Cast) -> None:
    _, laws = drafts(cast)
    run = replayed(cast.mina, laws[:1], "generated:200:1")
    for page in ("", "csv/", "pdf-en/"):
        assert cast.client("mina").get(f"/law/replay/{run.pk}/{page}").status_code == 200
        assert cast.client("hamid").get(f"/law/replay/{run.pk}/{page}").status_code == 404
        assert cast.client("nadia").get(f"/law/replay/{run.pk}/{page}").status_code == 403


def test_a_period_without_incidents_ends_with_a_plain_sentence(cast: Cast) -> None:
    run = replayed(cast.mina, [("eu-gdpr", 1)], "nation")
    assert run.state == "failed"
    assert "no incident was reported" in cast.client("mina").get(f"/law/replay/{run.pk}/").content.decode()


@pytest.mark.parametrize(
    ("laws", "source", "since"),
    [
        ([], "nation", SINCE),
        ([("eu-gdpr", 1)] * 2, "nation", SINCE),
        ([("eu-gdpr", 1), ("eu-nis2", 1), ("eu-dora", 1)], "nation", SINCE),
        ([("eu-gdpr", 1)], "nation", UNTIL),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(cast: Cast, laws: Any, source: str, since: datetime) -> None:
    with acting(cast.mina, reason="ask"), pytest.raises(Invalid):
        ask_for_replay(cast.mina, Question(laws, source, since, UNTIL), now=NOW)


def test_a_path_is_no_source_for_the_page(cast: Cast) -> None:
    run = replayed(cast.mina, [("eu-gdpr", 1)], "/etc/passwd")
    assert run.state == "failed"


def test_every_shipped_regime_can_be_replayed_and_adds_up() -> None:
    source = generated_source(2_000, 1, since=SINCE, until=UNTIL)
    laws = [Law(regime.regime, regime.version, compile_regime(regime)) for regime in shipped()]
    document = run_replay(laws, source, since=SINCE, until=UNTIL, time_zone="Asia/Karachi")
    for law in document["laws"]:
        by_stage = {row["stage"]: row["reports"] for row in law["stages"]}
        for table in ("sectors", "sizes"):
            assert {stage: sum(row["reports"][stage] for row in law[table]) for stage in by_stage if law[table]} in (
                {},
                by_stage,
            )
        observed = sum(row["in_time"] + row["late"] for row in law["sectors"])
        assert observed == sum(row["in_time"] + row["late"] + row["missing"] for row in law["stages"])
