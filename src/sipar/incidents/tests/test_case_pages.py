"""What each audience reads of a case, on its page and in the API: a canary in every part, and nothing undeclared."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.incidents.case_act_views import ACTS
from sipar.incidents.models import (
    Artefact,
    BreakGlass,
    Entry,
    Handover,
    Incident,
    Indicator,
    Look,
    Task,
)
from sipar.incidents.sharing_actions import share_with_team
from sipar.incidents.tests.cases import FACTS, accepted, case_of, reported

ORGANISATION = "Alpha Power (fictional)"
SHARED = {"CANARY-technique", "CANARY-event", "CANARY-teamnote", "canary-amber.example", "CANARY-handover"}
OWN = {
    "CANARY-title", "CANARY-summary", "CANARY-contact", "CANARY-technique", "CANARY-event", "CANARY-message",
    "CANARY-asked", "CANARY-file", "canary-amber.example", "canary-red.example", "CANARY-handover", ORGANISATION,
}  # fmt: skip
EVERYTHING = OWN | {"CANARY-teamnote", "CANARY-work", "CANARY-evidence"}
EXPECTED = {
    "full": EVERYTHING,
    "coordination": SHARED | {ORGANISATION},
    "indicators": {"canary-amber.example"},
    "summary": set(),
}


def with_canaries(cast: Cast) -> str:
    """A case of Alpha Power with something to recognise in each of its parts."""
    facts = FACTS | {
        "summary": "CANARY-summary", "contact": "CANARY-contact", "technique": "CANARY-technique"
    }  # fmt: skip
    number = accepted(cast, title="CANARY-title", facts=facts)
    whose = {"organisation_id": cast.organisations["alpha"].pk}
    with acting(cast.parveen, reason="fill"):
        case = case_of(cast.parveen, number)
        made = {"incident": case, **whose}
        Handover.objects.filter(incident=case).update(reason="CANARY-handover")
        for kind, audience, body in (
            ("event", "everyone", "CANARY-event"),
            ("message", "everyone", "CANARY-message"),
            ("note", "teams", "CANARY-teamnote"),
            ("note", "team", "CANARY-ownnote"),
        ):
            Entry.objects.create(
                **made, kind=kind, audience=audience, body=body, team=cast.teams["power"], happened_at=NOW,
                written_by_id=cast.parveen.account, written_at=NOW,
            )  # fmt: skip
        for title, asked in (("CANARY-work", False), ("CANARY-asked", True)):
            Task.objects.create(
                **made, team=cast.teams["power"], title=title, for_organisation=asked,
                created_by_id=cast.parveen.account, created_at=NOW,
            )  # fmt: skip
        for name, audience in (("CANARY-file", "everyone"), ("CANARY-evidence", "teams")):
            Artefact.objects.create(
                **made, kind="evidence", audience=audience, team=cast.teams["power"], name=name,
                media_type="text/plain", size=1, sha256="0" * 64, added_by_id=cast.parveen.account, added_at=NOW,
            )  # fmt: skip
        for value, tlp in (("canary-amber.example", "amber"), ("canary-red.example", "red")):
            Indicator.objects.create(
                **made, kind="domain", value=value, tlp=tlp, added_by_id=cast.parveen.account, added_at=NOW
            )
    return number


def canaries_in(text: str) -> set[str]:
    return {canary for canary in EVERYTHING | {"CANARY-ownnote", ORGANISATION} if canary in text}


@pytest.mark.parametrize("projection", sorted(EXPECTED))
def test_another_cert_reads_exactly_what_its_projection_declares(cast: Cast, projection: str) -> None:
    number = with_canaries(cast)
    with acting(cast.parveen, reason="share"):
        share_with_team(
            cast.parveen, case_of(cast.parveen, number), team=cast.teams["bank"], projection=projection,
            reason="Look", now=NOW,
        )  # fmt: skip
    client = cast.client("farah")
    assert canaries_in(client.get(f"/cases/{number}/").content.decode()) == EXPECTED[projection]
    api = client.get(f"/api/cases/{number}")
    assert api.status_code == 200
    assert canaries_in(api.content.decode()) <= EXPECTED[projection]
    assert set(api.json()["facts"]) <= set(FACTS) | {"summary", "contact", "technique"}
    for address in ("/cases/?state=", f"/search/?q={number}", "/search/?q=canary", "/search/?q=alpha", "/api/cases"):
        shown = canaries_in(client.get(address).content.decode())
        assert shown <= EXPECTED[projection] & {"CANARY-title", ORGANISATION}


def test_the_cert_that_has_the_case_reads_everything(cast: Cast) -> None:
    number = with_canaries(cast)
    page = cast.client("parveen").get(f"/cases/{number}/").content.decode()
    assert canaries_in(page) == EVERYTHING | {"CANARY-ownnote"}


def test_the_organisation_reads_what_is_meant_for_it_and_no_word_among_teams(cast: Cast) -> None:
    number = with_canaries(cast)
    assert canaries_in(cast.client("ayesha").get(f"/cases/{number}/").content.decode()) == OWN
    assert canaries_in(cast.client("ayesha").get(f"/api/cases/{number}").content.decode()) <= OWN


def test_an_analyst_can_look_at_the_case_as_the_organisation_does(cast: Cast) -> None:
    number = with_canaries(cast)
    page = cast.client("parveen").get(f"/cases/{number}/?as=organisation").content.decode()
    assert canaries_in(page) == OWN
    assert f"/cases/{number}/score/" not in page


def test_the_toggle_opens_nothing_to_who_is_shown_a_part_only(cast: Cast) -> None:
    number = with_canaries(cast)
    with acting(cast.parveen, reason="share"):
        share_with_team(
            cast.parveen, case_of(cast.parveen, number), team=cast.teams["bank"], projection="summary",
            reason="Look", now=NOW,
        )  # fmt: skip
    assert canaries_in(cast.client("farah").get(f"/cases/{number}/?as=organisation").content.decode()) == set()


@pytest.mark.parametrize("person", ["bushra", "farah", "kamran", "mina", "chand", "omar", "adil"])
def test_everybody_else_finds_no_case_anywhere(cast: Cast, person: str) -> None:
    number = with_canaries(cast)
    client = cast.client(person)
    for address in (
        f"/cases/{number}/", "/cases/", f"/search/?q={number}", "/search/?q=canary", f"/api/cases/{number}",
        "/api/cases",
    ):  # fmt: skip
        answer = client.get(address)
        assert canaries_in(answer.content.decode()) == set(), address
    assert client.get(f"/cases/{number}/").status_code in (403, 404)


def test_a_filter_by_what_is_not_shown_finds_nothing(cast: Cast) -> None:
    number = with_canaries(cast)
    with acting(cast.parveen, reason="share"):
        share_with_team(
            cast.parveen, case_of(cast.parveen, number), team=cast.teams["bank"], projection="summary",
            reason="Look", now=NOW,
        )  # fmt: skip
    client = cast.client("farah")
    assert client.get("/api/cases").json()["total"] == 1
    for filters in ("sector=energy", "province=PK-PB", "who=late", "q=CANARY", "q=Alpha"):
        assert client.get(f"/api/cases?{filters}").json()["total"] == 0
    assert cast.client("parveen").get("/api/cases?sector=energy&province=PK-PB").json()["total"] == 1


def test_the_list_is_narrowed_to_mine_to_nobodys_and_to_what_waits(cast: Cast) -> None:
    first, second = accepted(cast), reported(cast)
    with acting(cast.parveen, reason="take"):
        Incident.objects.filter(number=first).update(assigned_to_id=cast.parveen.account)
    client = cast.client("parveen")

    def found(who: str) -> set[str]:
        return {row["number"] for row in client.get(f"/api/cases?who={who}").json()["cases"]}

    assert (found("mine"), found("unassigned"), found("waiting")) == ({first}, {second}, {second})
    assert found("late") == {second, first}


def test_an_account_at_work_through_the_api_accepts_scores_and_closes(cast: Cast) -> None:
    number = reported(cast)
    client = cast.client("danish")

    def send(verb: str, body: dict[str, object]) -> int:
        return client.post(f"/api/cases/{number}/{verb}", body, content_type="application/json").status_code

    assert send("accept", {}) == 200
    assert send("classify", {"rsit_type": "fraud/phishing", "tlp": "green", "pap": "green"}) == 200
    assert send("score", {"choices": {"actor": ["criminal"]}}) == 200
    assert send("score", {"choices": {"actor": ["nobody"]}}) == 422
    assert send("state", {"state": "closed"}) == 422
    assert send("state", {"state": "closed", "words": "Done"}) == 200
    assert send("classify", {"rsit_type": "", "tlp": "clear", "pap": "clear"}) == 409
    assert send("state", {"state": "closed", "words": "Done", "lead_team": 1, "viewers": [1]}) == 422


@pytest.mark.parametrize("person", ["ayesha", "bushra", "farah", "nadia"])
def test_nobody_else_acts_on_the_case_through_pages_or_api(cast: Cast, person: str) -> None:
    number = accepted(cast)
    client = cast.client(person)
    bodies = {
        "accept": {}, "return": {"reason": "x"}, "hand-over": {"team": "pk-finance", "reason": "x"},
        "classify": {"tlp": "clear", "pap": "clear"}, "score": {"choices": {}}, "state": {"state": "contained"},
        "shares": {"team": "pk-finance", "projection": "full", "reason": "x"},
    }  # fmt: skip
    for verb, body in bodies.items():
        answer = client.post(f"/api/cases/{number}/{verb}", body, content_type="application/json")
        assert answer.status_code in (403, 404, 409), verb
    for verb in ("accept", "withdraw", "score", "classify", "hand-over", "share", "state", "merge", "split", "correct"):
        assert client.post(f"/cases/{number}/{verb}/", {"reason": "x"}).status_code in (403, 404, 405, 409), verb
    with acting(cast.parveen, reason="unchanged"):
        case = case_of(cast.parveen, number)
        assert (case.state, case.tlp, case.lead_team) == ("open", "amber", cast.teams["power"])


def test_every_act_has_a_page_that_keeps_what_was_written_when_it_is_refused(cast: Cast) -> None:
    number = accepted(cast)
    client = cast.client("parveen")
    for name in ACTS:
        if name == "return":
            continue
        assert client.get(f"/cases/{number}/{name}/").status_code == 200, name
    refused = client.post(f"/cases/{number}/state/", {"state": "closed", "words": ""})
    assert refused.status_code == 422
    assert "Give a reason" in refused.content.decode()
    assert client.post(f"/cases/{number}/state/", {"state": "contained"}).status_code == 302
    page = client.get(f"/cases/{number}/correct/").content.decode()
    assert "Why is it corrected?" in page


def test_an_extract_for_an_organisation_nobody_knows_comes_back_with_the_input_kept(cast: Cast) -> None:
    number = accepted(cast)
    said = {"organisation": "PK-T-0002", "projection": "summary", "tlp": "amber", "words": "Look at your mails."}
    refused = cast.client("parveen").post(f"/cases/{number}/extract/", said)
    assert refused.status_code == 422
    assert "Look at your mails." in refused.content.decode()


def test_a_case_is_accepted_scored_and_handed_over_on_its_pages(cast: Cast) -> None:
    number = reported(cast)
    client = cast.client("danish")
    assert 'data-key-press="a"' in client.get(f"/cases/{number}/").content.decode()
    assert client.post(f"/cases/{number}/accept/").status_code == 302
    page = client.get(f"/cases/{number}/").content.decode()
    assert 'data-key-press="s"' in page
    assert 'data-key-press="h"' in page
    assert client.post(f"/cases/{number}/score/", {"actor": "criminal"}).status_code == 302
    team = cast.teams["national"].code
    assert client.post(f"/cases/{number}/hand-over/", {"team": team, "reason": "Spreads"}).status_code == 302
    with acting(cast.nadia, reason="look"):
        assert case_of(cast.nadia, number).offered_team == cast.teams["national"]


def test_looking_leaves_a_trace_that_the_organisation_reads_with_the_name(cast: Cast) -> None:
    number = accepted(cast)
    for _ in range(2):
        cast.client("nadia").get(f"/cases/{number}/")
        cast.client("ayesha").get(f"/cases/{number}/")
    with acting(cast.ayesha, reason="who looked"):
        assert list(Look.objects.values_list("account_id", flat=True)) == [cast.nadia.account]
    assert "Nadia" in cast.client("ayesha").get(f"/cases/{number}/").content.decode()


def test_a_number_that_is_not_open_says_the_same_whether_it_exists_or_not(cast: Cast) -> None:
    with acting(system(), reason="not critical"):
        cast.organisations["alpha"].tier = 3
        cast.organisations["alpha"].save()
    number = accepted(cast)
    client = cast.client("nadia")

    def said(wanted: str, address: str) -> tuple[int, str]:
        answer = client.get(address.format(number=wanted))
        text = answer.content.decode().replace(wanted, "NUMBER")
        return answer.status_code, text[text.index("<main") : text.index("</main>")]

    for address in ("/cases/{number}/", "/search/?q={number}", "/cases/?state=&q={number}"):
        assert said(number, address) == said("26-ZZZZ-ZZZZ", address)
    assert "break the glass" in said(number, "/search/?q={number}")[1]
    assert client.post("/cases/open/", {"number": number, "reason": ""}).status_code == 422
    assert client.post("/cases/open/", {"number": "26-ZZZZ-ZZZZ", "reason": "Warning"}).status_code == 422
    assert client.get(f"/cases/{number}/").status_code == 404
    assert client.post("/cases/open/", {"number": number, "reason": "Warning"}).status_code == 302
    assert client.get(f"/cases/{number}/").status_code == 200


def test_the_glass_closes_after_its_time_in_the_same_session(cast: Cast) -> None:
    with acting(system(), reason="not critical"):
        cast.organisations["alpha"].tier = 3
        cast.organisations["alpha"].save()
    number = accepted(cast)
    client = cast.client("nadia")
    with acting(cast.parveen, reason="find"):
        key = case_of(cast.parveen, number).pk
    long_ago = timezone.now() - timedelta(hours=8, minutes=1)
    with acting(cast.nadia, reason="long ago"):
        BreakGlass.objects.create(
            incident_id=key, organisation_id=cast.organisations["alpha"].pk, account_id=cast.nadia.account,
            reason="Yesterday", opened_at=long_ago, until=long_ago + timedelta(hours=8),
        )  # fmt: skip
    assert client.get(f"/cases/{number}/").status_code == 404
