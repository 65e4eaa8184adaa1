"""The pages of campaigns, as each person finds them."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import ANY

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.cast import Cast

from sipar.assessments.models import Assessment, Campaign, Engagement
from sipar.assessments.tests.test_campaign_launch import drafted, joined, launched
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.frameworks.models import Framework
from sipar.people.tokens import create_token

TODAY = timezone.now().date()


def filled_in(cast: Cast, framework: Framework, **changes: object) -> dict[str, object]:
    values: dict[str, object] = {
        "name_en": "Winter round",
        "name_ur": "",
        "purpose_en": "See where everyone stands.",
        "framework": framework.pk,
        "lead_team": cast.teams["national"].pk,
        "opens_on": TODAY.isoformat(),
        "closes_on": (TODAY + timedelta(days=30)).isoformat(),
        "tiers": ["1"],
    }
    return values | changes


def test_a_campaign_goes_from_the_form_to_the_launch(cast: Cast, framework: Framework) -> None:
    hamid = cast.client("hamid")
    made = hamid.post("/campaigns/new/", filled_in(cast, framework))
    assert (made.status_code, made.headers["Location"]) == (302, "/campaigns/winter-round/")
    page = hamid.get("/campaigns/winter-round/")
    assert b"This is a draft" in page.content
    assert b"2 organisations of the register" in page.content
    assert hamid.post("/campaigns/winter-round/launch/").status_code == 302
    page = hamid.get("/campaigns/winter-round/")
    assert b"is being launched" in page.content
    part = hamid.get("/campaigns/winter-round/launching/")
    assert b"hx-get" in part.content
    assert "HX-Refresh" not in part.headers


def test_the_progress_part_reloads_the_page_once_the_campaign_is_open(cast: Cast, framework: Framework) -> None:
    campaign = launched(cast, drafted(cast, framework))
    part = cast.client("hamid").get(f"/campaigns/{campaign.code}/launching/")
    assert part.headers["HX-Refresh"] == "true"


def test_a_form_with_faults_comes_back_with_what_was_typed(cast: Cast, framework: Framework) -> None:
    wrong = filled_in(cast, framework, name_en="", closes_on=(TODAY - timedelta(days=9)).isoformat())
    response = cast.client("hamid").post("/campaigns/new/", wrong)
    assert response.status_code == 422
    assert b"There is a problem" in response.content
    assert b"See where everyone stands." in response.content
    late = cast.client("hamid").post("/campaigns/new/", filled_in(cast, framework, closes_on="2020-01-01"))
    assert late.status_code == 422
    assert b"The end must come after the beginning." in late.content


def test_a_team_of_another_head_cannot_be_chosen(cast: Cast, framework: Framework) -> None:
    response = cast.client("hamid").post(
        "/campaigns/new/", filled_in(cast, framework, lead_team=cast.teams["power"].pk)
    )
    assert response.status_code == 422
    with acting(system(), reason="look"):
        assert not Campaign.objects.exists()


def test_a_profile_of_another_framework_is_refused(cast: Cast, framework: Framework) -> None:
    with acting(cast.hamid, reason="look"):
        other = Framework.objects.get(identifier="cisa-cpg-2.0")
    response = cast.client("hamid").post("/campaigns/new/", filled_in(cast, framework, profile_1=f"{other.pk}/tier-1"))
    assert response.status_code == 422
    assert b"belongs to another framework" in response.content


def test_a_draft_is_changed_on_the_same_form(cast: Cast, framework: Framework) -> None:
    campaign = drafted(cast, framework)
    hamid = cast.client("hamid")
    assert b"Nationwide assessment 2027" in hamid.get(f"/campaigns/{campaign.code}/edit/").content
    changed = hamid.post(f"/campaigns/{campaign.code}/edit/", filled_in(cast, framework, excluded="PK-T-0002"))
    assert changed.status_code == 302
    assert b"1 organisation of the register" in hamid.get(f"/campaigns/{campaign.code}/").content
    assert b"PK-T-0002" in hamid.get(f"/campaigns/{campaign.code}/edit/").content


def test_the_size_of_the_cohort_is_counted_while_it_is_chosen(cast: Cast, framework: Framework) -> None:
    hamid = cast.client("hamid")
    both = hamid.post("/campaigns/cohort/", {"lead_team": cast.teams["national"].pk, "tiers": ["1"]})
    assert b"2 organisations" in both.content
    fewer = {"lead_team": cast.teams["national"].pk, "tiers": ["1"], "sectors": ["energy"]}
    assert b"1 organisation<" in hamid.post("/campaigns/cohort/", fewer).content
    odd = hamid.post("/campaigns/cohort/", {"lead_team": cast.teams["national"].pk, "excluded": "no spaces here"})
    assert b"One of these is not an identifier." in odd.content


@pytest.mark.parametrize("person", ["ayesha", "bilal", "parveen", "nadia", "kamran", "mina", "chand", "omar", "adil"])
def test_pages_that_change_a_campaign_are_closed_to_everyone_but_heads(
    cast: Cast, framework: Framework, person: str
) -> None:
    campaign = launched(cast, drafted(cast, framework))
    client = cast.client(person)
    for address in ("new/", "cohort/", *(f"{campaign.code}/{page}/" for page in (
        "edit", "launch", "close", "reopen", "joiners", "engagements"
    ))):  # fmt: skip
        assert client.post(f"/campaigns/{address}").status_code == 403, address
    with acting(system(), reason="look"):
        assert Campaign.objects.get().state == "open"


def test_each_reader_sees_their_part_of_the_progress(cast: Cast, campaign: Campaign) -> None:
    with acting(system(), reason="submit"):
        Assessment.objects.filter(organisation=cast.organisations["beta"]).update(state="submitted", submissions=1)
    national = cast.client("nadia").get(f"/campaigns/{campaign.code}/")
    sectoral = cast.client("parveen").get(f"/campaigns/{campaign.code}/")
    council = cast.client("kamran").get(f"/campaigns/{campaign.code}/")
    assert national.context["progress"].asked == 4
    assert national.context["progress"].submitted == 1
    assert (sectoral.context["progress"].asked, sectoral.context["progress"].submitted) == (1, 0)
    assert council.context["progress"].asked == 4
    assert council.context["sectors"] == []
    assert b"Alpha Power" not in council.content
    assert cast.client("ayesha").get(f"/campaigns/{campaign.code}/").status_code == 403


def test_a_draft_is_not_there_for_the_council(cast: Cast, framework: Framework) -> None:
    campaign = drafted(cast, framework)
    assert cast.client("kamran").get(f"/campaigns/{campaign.code}/").status_code == 404
    assert b"2027" not in cast.client("kamran").get("/campaigns/").content
    assert b"2027" in cast.client("nadia").get("/campaigns/").content


def test_who_has_not_answered_is_listed_filtered_and_exported(cast: Cast, campaign: Campaign) -> None:
    with acting(system(), reason="answer"):
        Assessment.objects.filter(organisation=cast.organisations["beta"]).update(state="submitted", submissions=1)
        Assessment.objects.filter(organisation=cast.organisations["gamma"]).update(answered=3)
    nadia = cast.client("nadia")
    everyone = nadia.get(f"/campaigns/{campaign.code}/outstanding/")
    assert b"Alpha Power" in everyone.content
    assert b"Beta Bank" not in everyone.content
    begun = nadia.get(f"/campaigns/{campaign.code}/outstanding/?progress=started")
    assert [row.organisation.identifier for row in begun.context["page"]] == ["PK-T-0003"]
    by_sector = nadia.get(f"/campaigns/{campaign.code}/outstanding/?sector=energy&tier=1&search=alpha")
    assert [row.organisation.identifier for row in by_sector.context["page"]] == ["PK-T-0001"]
    export = nadia.get(f"/campaigns/{campaign.code}/outstanding.csv?province=PK-PB")
    lines = export.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("identifier,name,sector")
    assert [line[:9] for line in lines[1:]] == ["PK-T-0001", "PK-T-0003"]


def test_reminders_hold_only_the_own_constituency_and_are_closed_to_others(cast: Cast, campaign: Campaign) -> None:
    own = cast.client("parveen").get(f"/campaigns/{campaign.code}/outstanding.csv").content.decode("utf-8-sig")
    assert "PK-T-0001" in own
    assert "PK-T-0002" not in own
    for person in ("ayesha", "kamran", "chand", "mina"):
        assert cast.client(person).get(f"/campaigns/{campaign.code}/outstanding.csv").status_code == 403


def test_late_joiners_are_offered_and_asked(cast: Cast, framework: Framework) -> None:
    campaign = launched(cast, drafted(cast, framework))
    hamid = cast.client("hamid")
    assert b"organisation" not in hamid.get(f"/campaigns/{campaign.code}/joiners/").content
    joined(cast)
    assert b"1 organisation joined the register" in hamid.get(f"/campaigns/{campaign.code}/joiners/").content
    assert hamid.post(f"/campaigns/{campaign.code}/joiners/").status_code == 302
    with acting(system(), reason="look"):
        assert Assessment.objects.filter(campaign=campaign).count() == 5


def test_a_campaign_is_closed_and_reopened_on_its_page(cast: Cast, framework: Framework) -> None:
    campaign = launched(cast, drafted(cast, framework))
    hamid = cast.client("hamid")
    assert hamid.post(f"/campaigns/{campaign.code}/close/").status_code == 302
    assert b"Reopen" in hamid.get(f"/campaigns/{campaign.code}/").content
    assert hamid.post(f"/campaigns/{campaign.code}/reopen/", {"closes_on": "soon"}).status_code == 422
    later = (TODAY + timedelta(days=90)).isoformat()
    assert hamid.post(f"/campaigns/{campaign.code}/reopen/", {"closes_on": later}).status_code == 302
    with acting(system(), reason="look"):
        assert Campaign.objects.get(pk=campaign.pk).state == "open"


def test_a_consultant_is_engaged_and_the_engagement_ended_on_the_page(cast: Cast, campaign: Campaign) -> None:
    hamid = cast.client("hamid")
    engaged = hamid.post(
        f"/campaigns/{campaign.code}/engagements/",
        {
            "email": "chand@test.example",
            "firm": "Second Opinion (fictional)",
            "valid_from": TODAY.isoformat(),
            "valid_until": (TODAY + timedelta(days=5)).isoformat(),
            "organisations": "PK-T-0003\nPK-T-0004",
        },
    )
    assert engaged.status_code == 302
    page = hamid.get(f"/campaigns/{campaign.code}/engagements/")
    assert b"Second Opinion" in page.content
    with acting(cast.hamid, reason="look"):
        engagement = Engagement.objects.get(firm__startswith="Second")
    other = launched(cast, drafted(cast, campaign.framework))
    assert hamid.post(f"/campaigns/{other.code}/engagements/{engagement.pk}/end/").status_code == 404
    assert hamid.post(f"/campaigns/{campaign.code}/engagements/{engagement.pk}/end/").status_code == 302
    assert hamid.post(f"/campaigns/{campaign.code}/engagements/{engagement.pk}/end/").status_code == 409


def test_an_engagement_with_faults_names_them(cast: Cast, campaign: Campaign) -> None:
    refused = cast.client("hamid").post(
        f"/campaigns/{campaign.code}/engagements/",
        {
            "email": "bilal@test.example",
            "firm": "Own House (fictional)",
            "valid_from": TODAY.isoformat(),
            "valid_until": TODAY.isoformat(),
            "organisations": "PK-T-0001 \n PK-T-9999",
        },
    )
    assert refused.status_code == 422
    assert b"No consultant or auditor has this address." in refused.content
    assert b"PK-T-9999: not asked in this campaign." in refused.content


def test_the_list_makes_the_same_number_of_queries_however_many_there_are(cast: Cast, framework: Framework) -> None:
    client = cast.client("hamid")
    counts = []
    for _round in range(2):
        drafted(cast, framework)
        client.get("/campaigns/")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/campaigns/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def token_of(cast: Cast, person: str, *scopes: str) -> str:
    actor = cast.actors[person]
    with acting(actor, reason="token"):
        _token, text = create_token(actor, name="test", scopes=scopes, lifetime=timedelta(days=1), now=timezone.now())
    return text


def test_the_api_lists_campaigns_and_their_progress(cast: Cast, campaign: Campaign) -> None:
    client = cast.client("nadia")
    found = client.get("/api/campaigns/").json()
    assert [row["code"] for row in found] == [campaign.code]
    progress = client.get(f"/api/campaigns/{campaign.code}/progress").json()
    assert progress | {"asked": 4, "delivered": 0} == progress
    assert cast.client("ayesha").get("/api/campaigns/").status_code == 403
    assert Client().get("/api/campaigns/").status_code == 401
    assert client.get("/api/campaigns/none/progress").status_code == 404


def test_the_api_launches_only_with_the_scope_and_the_role(cast: Cast, framework: Framework) -> None:
    campaign = drafted(cast, framework)
    address = f"/api/campaigns/{campaign.code}/launch"
    reading = token_of(cast, "hamid", "read")
    launching = token_of(cast, "hamid", "review")
    analyst = token_of(cast, "nadia", "review")
    assert Client().post(address, headers={"Authorization": f"Bearer {reading}"}).status_code == 403
    assert Client().post(address, headers={"Authorization": f"Bearer {analyst}"}).status_code == 403
    done = Client().post(address, headers={"Authorization": f"Bearer {launching}"})
    assert (done.status_code, done.json()) == (202, {"run": ANY, "state": "waiting"})
    assert Client().post(address, headers={"Authorization": f"Bearer {launching}"}).status_code == 409
