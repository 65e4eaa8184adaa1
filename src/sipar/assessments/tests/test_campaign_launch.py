"""Launching a campaign: at once for the person, in steps for the machine, exactly one assessment each."""

from __future__ import annotations

import json
from datetime import timedelta

import polars as pl
import pytest
from django.db import connection
from tests.cast import NOW, Cast

from sipar.assessments import tasks
from sipar.assessments.campaign_actions import (
    CampaignDraft,
    change_campaign,
    close_campaign,
    draft_campaign,
    extend_cohort,
    launch_campaign,
    reopen_campaign,
)
from sipar.assessments.campaign_cohort import late_joiners, matching
from sipar.assessments.campaign_launch import give_up_launch, launch_steps
from sipar.assessments.models import AnswerNote, Assessment, Campaign
from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.models import BackgroundRun
from sipar.core.problems import Conflict, Forbidden, Invalid
from sipar.formats.catalogue import Mapping, MappingSet
from sipar.frameworks.actions import keep_mappings
from sipar.frameworks.models import Framework
from sipar.nations.constituency import Clause, ConstituencyRule, members
from sipar.orgs.models import Organisation, Province, Sector
from sipar.orgs.register import register_table
from sipar.people.actions import grant_role, open_account
from sipar.people.selectors import actor_of
from sipar.posture.levels import UNANSWERED, encode

EVERYONE = ConstituencyRule(lead=False, include=(Clause(),))


def drafted(
    cast: Cast,
    framework: Framework,
    *,
    actor: Actor | None = None,
    cohort: ConstituencyRule = EVERYONE,
    team: str = "national",
    previous: Campaign | None = None,
    name: str = "Nationwide assessment 2027",
) -> Campaign:
    actor = actor or cast.hamid
    with acting(actor, reason="draft"):
        return draft_campaign(
            actor, draft_of(cast, framework, cohort=cohort, team=team, previous=previous, name=name), now=NOW
        )


def draft_of(
    cast: Cast,
    framework: Framework,
    *,
    cohort: ConstituencyRule = EVERYONE,
    team: str = "national",
    previous: Campaign | None = None,
    name: str = "Nationwide assessment 2027",
    profiles: dict[int, str] | None = None,
) -> CampaignDraft:
    return CampaignDraft(
        name={"en": name, "ur": "جائزہ"},
        purpose={"en": "Where does the nation stand?"},
        framework=framework,
        profiles=profiles or {},
        cohort=cohort,
        opens_at=NOW,
        closes_at=NOW + timedelta(days=60),
        lead_team=cast.teams[team],
        previous=previous,
    )


def launched(cast: Cast, campaign: Campaign) -> Campaign:
    with acting(cast.hamid, reason="launch"):
        run = launch_campaign(cast.hamid, campaign, now=NOW)
    tasks.launch(campaign=campaign.pk, run=run.pk)
    with acting(cast.hamid, reason="look"):
        return Campaign.objects.get(pk=campaign.pk)


def power_head(cast: Cast) -> Actor:
    sipar = system()
    with acting(sipar, reason="appoint"):
        account = open_account(sipar, email="saima@test.example", name="Saima", now=NOW)
        grant_role(sipar, account, "team_head", team=cast.teams["power"].pk, now=NOW - timedelta(days=1))
    return actor_of(account, now=NOW, verified=True)


def test_launching_returns_before_any_assessment_exists_and_leaves_a_job(cast: Cast, framework: Framework) -> None:
    campaign = drafted(cast, framework)
    with acting(cast.hamid, reason="launch"):
        run = launch_campaign(cast.hamid, campaign, now=NOW)
        assert Campaign.objects.get(pk=campaign.pk).state == "launching"
        assert not Assessment.objects.filter(campaign=campaign).exists()
    with connection.cursor() as cursor:
        cursor.execute(
            "select args::text from procrastinate_jobs where task_name like '%%launch' order by id desc limit 1"
        )
        assert json.loads(cursor.fetchone()[0]) == {"campaign": campaign.pk, "run": run.pk}


def test_the_job_asks_everyone_once_by_the_profile_of_their_tier_and_opens(cast: Cast, framework: Framework) -> None:
    campaign = launched(cast, drafted(cast, framework))
    assert (campaign.state, campaign.organisations) == ("open", 4)
    with acting(cast.hamid, reason="look"):
        found = dict(Assessment.objects.filter(campaign=campaign).values_list("organisation__identifier", "profile"))
        assert not AnswerNote.objects.exists()
        run = BackgroundRun.objects.get(subject=campaign.code)
        nothing_yet = Assessment.objects.filter(campaign=campaign, levels=None, carried=None, answered=0).count()
    assert found == {"PK-T-0001": "tier-1", "PK-T-0002": "tier-1", "PK-T-0003": "tier-2", "PK-T-0004": "tier-2"}
    assert (run.state, run.done, run.total) == ("done", 4, 4)
    assert nothing_yet == 4


def test_a_launch_that_broke_off_is_finished_by_running_it_again(cast: Cast, framework: Framework) -> None:
    campaign = drafted(cast, framework)
    with acting(cast.hamid, reason="launch"):
        run = launch_campaign(cast.hamid, campaign, now=NOW)
    broken = launch_steps(campaign.pk, now=NOW, rows_a_step=1)
    assert [next(broken).done for _ in range(3)] == [0, 1, 2]
    broken.close()
    tasks.launch(campaign=campaign.pk, run=run.pk)
    tasks.launch(campaign=campaign.pk, run=run.pk)
    with acting(cast.hamid, reason="look"):
        assert Campaign.objects.get(pk=campaign.pk).state == "open"
        assert Assessment.objects.filter(campaign=campaign).count() == 4


def test_a_launch_that_is_given_up_leaves_a_draft_and_no_assessment(cast: Cast, framework: Framework) -> None:
    campaign = drafted(cast, framework)
    with acting(cast.hamid, reason="launch"):
        launch_campaign(cast.hamid, campaign, now=NOW)
    broken = launch_steps(campaign.pk, now=NOW, rows_a_step=1)
    assert [next(broken).done for _ in range(3)] == [0, 1, 2]
    broken.close()
    sipar = system()
    with acting(sipar, reason="give up"):
        give_up_launch(sipar, campaign.pk)
        assert Campaign.objects.get(pk=campaign.pk).state == "draft"
        assert not Assessment.objects.filter(campaign=campaign).exists()
    assert launched(cast, campaign).organisations == 4
    with acting(sipar, reason="give up what is open"):
        give_up_launch(sipar, campaign.pk)
        assert Campaign.objects.get(pk=campaign.pk).state == "open"


def test_an_empty_cohort_makes_the_campaign_a_draft_again_and_says_why(cast: Cast, framework: Framework) -> None:
    nobody = ConstituencyRule(lead=False, include=(Clause(sectors=("space",)),))
    campaign = launched(cast, drafted(cast, framework, cohort=nobody))
    assert campaign.state == "draft"
    with acting(cast.hamid, reason="look"):
        run = BackgroundRun.objects.get(subject=campaign.code)
    assert run.state == "failed"
    assert "No organisation" in run.sentence


def test_a_second_launch_is_refused(cast: Cast, framework: Framework) -> None:
    campaign = launched(cast, drafted(cast, framework))
    with acting(cast.hamid, reason="again"), pytest.raises(Conflict):
        launch_campaign(cast.hamid, campaign, now=NOW)


def test_a_launched_campaign_is_not_changed(cast: Cast, framework: Framework) -> None:
    campaign = launched(cast, drafted(cast, framework))
    with acting(cast.hamid, reason="change"), pytest.raises(Conflict):
        change_campaign(cast.hamid, campaign, draft_of(cast, framework), now=NOW)


def test_a_draft_is_changed_by_its_team(cast: Cast, framework: Framework) -> None:
    campaign = drafted(cast, framework)
    with acting(cast.hamid, reason="change"):
        changed = change_campaign(cast.hamid, campaign, draft_of(cast, framework, name="Renamed"), now=NOW)
    assert changed.name["en"] == "Renamed"
    assert changed.code == campaign.code


@pytest.mark.parametrize("person", ["parveen", "nadia", "ayesha", "bilal", "kamran", "chand", "adil", "omar"])
def test_only_the_head_of_the_leading_team_drafts_and_launches(cast: Cast, framework: Framework, person: str) -> None:
    campaign = drafted(cast, framework)
    actor = cast.actors[person]
    with acting(actor, reason="try"), pytest.raises(Forbidden):
        draft_campaign(actor, draft_of(cast, framework), now=NOW)
    with acting(actor, reason="try"), pytest.raises(Forbidden):
        launch_campaign(actor, campaign, now=NOW)


def test_the_head_of_another_team_runs_nobody_elses_campaign(cast: Cast, framework: Framework) -> None:
    saima = power_head(cast)
    campaign = launched(cast, drafted(cast, framework))
    with acting(saima, reason="try"):
        for attempt in (
            lambda: launch_campaign(saima, campaign, now=NOW),
            lambda: close_campaign(saima, campaign),
            lambda: extend_cohort(saima, campaign),
            lambda: reopen_campaign(saima, campaign, closes_at=NOW + timedelta(days=90), now=NOW),
            lambda: draft_campaign(saima, draft_of(cast, framework, team="national"), now=NOW),
        ):
            with pytest.raises(Forbidden):
                attempt()


def test_a_sectoral_team_asks_only_its_own_constituency_whatever_the_rule_says(
    cast: Cast, framework: Framework
) -> None:
    saima = power_head(cast)
    campaign = drafted(cast, framework, actor=saima, team="power")
    with acting(saima, reason="launch"):
        run = launch_campaign(saima, campaign, now=NOW)
    tasks.launch(campaign=campaign.pk, run=run.pk)
    with acting(cast.hamid, reason="look"):
        asked = set(Assessment.objects.filter(campaign=campaign).values_list("organisation__identifier", flat=True))
    assert asked == {"PK-T-0001"}


def test_faults_of_a_draft_are_all_named(cast: Cast, framework: Framework) -> None:
    wrong = CampaignDraft(
        name={"en": " "},
        purpose={},
        framework=framework,
        profiles={1: "no-such-profile"},
        cohort=EVERYONE,
        opens_at=NOW,
        closes_at=NOW - timedelta(days=1),
        lead_team=cast.teams["national"],
        previous=drafted(cast, framework),
    )
    with acting(cast.hamid, reason="draft"), pytest.raises(Invalid) as refused:
        draft_campaign(cast.hamid, wrong, now=NOW)
    assert {place.where for place in refused.value.places} == {"name_en", "closes_on", "profile_1", "previous"}


def test_two_campaigns_of_one_name_get_two_addresses_and_none_takes_a_page(cast: Cast, framework: Framework) -> None:
    assert drafted(cast, framework, name="New").code == "new-2"
    assert drafted(cast, framework, name="Round").code == "round"
    assert drafted(cast, framework, name="Round").code == "round-2"


def test_standing_answers_of_the_last_campaign_are_carried_as_they_are(
    cast: Cast, framework: Framework, campaign: Campaign
) -> None:
    standing = encode([1] * framework.requirement_count)
    with acting(system(), reason="answer"):
        Assessment.objects.filter(campaign=campaign, organisation=cast.organisations["alpha"]).update(standing=standing)
    new = launched(cast, drafted(cast, framework, previous=campaign))
    with acting(cast.hamid, reason="look"):
        carried = {
            row.organisation.identifier: row.carried and bytes(row.carried)
            for row in Assessment.objects.filter(campaign=new).select_related("organisation")
        }
    assert carried["PK-T-0001"] == standing
    assert carried["PK-T-0002"] is None


def test_answers_in_another_framework_fill_in_through_the_mapping(
    cast: Cast, framework: Framework, campaign: Campaign
) -> None:
    sipar = system()
    with acting(sipar, reason="map"):
        target = Framework.objects.get(identifier="cisa-cpg-2.0")
        wanted = target.document["requirements"][0]["id"]
        source = framework.document["requirements"][5]["id"]
        pair = Mapping(source=source, target=wanted, relation="superset")
        keep_mappings(
            sipar,
            MappingSet(source_framework=framework.identifier, target_framework=target.identifier, mappings=[pair]),
            now=NOW,
        )
        levels = [UNANSWERED] * framework.requirement_count
        levels[5] = framework.top_level
        Assessment.objects.filter(campaign=campaign, organisation=cast.organisations["alpha"]).update(
            standing=encode(levels)
        )
    new = launched(cast, drafted(cast, target, previous=campaign))
    with acting(cast.hamid, reason="look"):
        carried = bytes(Assessment.objects.get(campaign=new, organisation=cast.organisations["alpha"]).carried or b"")
    assert carried[0] == target.top_level
    assert carried.count(UNANSWERED) > len(carried) // 2


def joined(cast: Cast, identifier: str = "PK-T-0099") -> Organisation:
    with acting(system(), reason="register"):
        return Organisation.objects.create(
            identifier=identifier,
            name=f"Late {identifier} (fictional)",
            sector=Sector.objects.get(code="finance"),
            province=Province.objects.get(code="PK-SD"),
            tier=3,
            ownership="private",
            size="small",
            is_fictional=True,
        )


def test_an_organisation_that_joins_the_register_later_is_offered_and_added(cast: Cast, framework: Framework) -> None:
    campaign = launched(cast, drafted(cast, framework))
    late = joined(cast)
    with acting(cast.hamid, reason="extend"):
        assert list(late_joiners(campaign)) == [late]
        assert extend_cohort(cast.hamid, campaign) == 1
        assert extend_cohort(cast.hamid, campaign) == 0
        assert Assessment.objects.get(campaign=campaign, organisation=late).profile == "tier-3"
        assert Campaign.objects.get(pk=campaign.pk).organisations == 5


def test_only_organisations_that_wait_can_be_named_to_join(cast: Cast, framework: Framework) -> None:
    campaign = launched(cast, drafted(cast, framework))
    joined(cast)
    with acting(cast.hamid, reason="extend"):
        with pytest.raises(Invalid) as refused:
            extend_cohort(cast.hamid, campaign, identifiers=["PK-T-0001", "PK-T-0099"])
        assert [place.where for place in refused.value.places] == ["PK-T-0001"]
        assert extend_cohort(cast.hamid, campaign, identifiers=["PK-T-0099"]) == 1


def test_a_closed_campaign_takes_nobody_in_until_it_is_reopened(cast: Cast, framework: Framework) -> None:
    campaign = launched(cast, drafted(cast, framework))
    with acting(cast.hamid, reason="close"):
        close_campaign(cast.hamid, campaign)
        with pytest.raises(Conflict):
            close_campaign(cast.hamid, campaign)
        with pytest.raises(Conflict):
            extend_cohort(cast.hamid, campaign)
        with pytest.raises(Invalid):
            reopen_campaign(cast.hamid, campaign, closes_at=NOW, now=NOW)
        reopen_campaign(cast.hamid, campaign, closes_at=NOW + timedelta(days=90), now=NOW)
        current = Campaign.objects.get(pk=campaign.pk)
        assert (current.state, current.closes_at) == ("open", NOW + timedelta(days=90))
        with pytest.raises(Conflict):
            reopen_campaign(cast.hamid, campaign, closes_at=NOW + timedelta(days=91), now=NOW)


RULES = [
    EVERYONE,
    ConstituencyRule(lead=False, include=(Clause(sectors=("energy", "health")),)),
    ConstituencyRule(lead=False, include=(Clause(provinces=("PK-PB",), tiers=(1,)), Clause(ownership=("public",)))),
    ConstituencyRule(lead=False, include=(Clause(),), exclude=(Clause(ministries=("sbp", "pta")),)),
    ConstituencyRule(lead=False, include=(Clause(ministries=("nepra", "pta")),), exclude=(Clause(tiers=(2,)),)),
    ConstituencyRule(
        lead=False, include=(Clause(), Clause(tiers=(1,))), exclude=(Clause(organisations=("PK-T-0003",)),)
    ),
    ConstituencyRule(lead=False, include=(Clause(subsectors=("no-such",)),)),
]


@pytest.mark.parametrize("rule", RULES, ids=range(len(RULES)))
def test_the_query_finds_the_same_organisations_as_the_rule_itself(cast: Cast, rule: ConstituencyRule) -> None:
    with acting(cast.hamid, reason="compare"):
        register = register_table()
        by_rule = set(register.filter(members(rule, register))["identifier"].to_list())
        by_query = set(Organisation.objects.filter(matching(rule)).values_list("identifier", flat=True))
    assert isinstance(register, pl.DataFrame)
    assert by_query == by_rule
