from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.incidents.joining_actions import merge, split
from sipar.incidents.models import Access, BreakGlass, CaseLink, Entry, Extract, Incident, Indicator, Look
from sipar.incidents.selectors import audience_of
from sipar.incidents.sharing_actions import (
    break_glass,
    end_extract,
    end_share,
    give_extract,
    note_look,
    share_with_team,
)
from sipar.incidents.tests.cases import FACTS, accepted, case_of, reported
from sipar.incidents.triage_actions import classify, set_state
from sipar.people.actions import revoke_grant
from sipar.people.models import Grant
from sipar.teams.models import Membership


def lower_the_tier(cast: Cast) -> None:
    organisation = cast.organisations["alpha"]
    with acting(system(), reason="lower the tier"):
        organisation.tier = 3
        organisation.save()


@pytest.mark.parametrize("projection", ["full", "coordination", "indicators", "summary"])
def test_another_cert_sees_a_shared_case_by_the_chosen_projection(cast: Cast, projection: str) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="share"):
        share_with_team(
            cast.parveen, case_of(cast.parveen, number), team=cast.teams["bank"], projection=projection,
            reason="Same mails", now=NOW,
        )  # fmt: skip
    with acting(cast.farah, reason="look"):
        assert audience_of(cast.farah, case_of(cast.farah, number), now=NOW).name == projection


def test_sharing_again_replaces_the_projection(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="share"):
        case = case_of(cast.parveen, number)
        for projection in ("full", "summary"):
            share_with_team(cast.parveen, case, team=cast.teams["bank"], projection=projection, reason="Mails", now=NOW)
    with acting(cast.farah, reason="look"):
        assert audience_of(cast.farah, case_of(cast.farah, number), now=NOW).name == "summary"


def test_a_share_that_ended_is_gone_at_once_in_the_same_session(cast: Cast) -> None:
    number = accepted(cast)
    client = cast.client("farah")
    with acting(cast.parveen, reason="share"):
        case = case_of(cast.parveen, number)
        access = share_with_team(
            cast.parveen, case, team=cast.teams["bank"], projection="full", reason="Mails", now=NOW
        )
    assert client.get(f"/cases/{number}/").status_code == 200
    with acting(cast.parveen, reason="end"):
        end_share(cast.parveen, case_of(cast.parveen, number), access=access.pk, now=NOW)
    assert client.get(f"/cases/{number}/").status_code == 404
    assert client.get(f"/api/cases/{number}").status_code == 404


def test_a_role_that_was_revoked_opens_no_case_in_the_same_session(cast: Cast) -> None:
    number = accepted(cast)
    client = cast.client("parveen")
    assert client.get(f"/cases/{number}/").status_code == 200
    with acting(system(), reason="revoke"):
        grant = Grant.objects.get(account=cast.accounts["parveen"])
        revoke_grant(system(), grant, now=NOW - timedelta(days=1))
    assert client.get(f"/cases/{number}/").status_code in (403, 404)


def test_only_a_share_of_this_case_can_be_ended_and_not_the_access_by_law(cast: Cast) -> None:
    number, other = accepted(cast), accepted(cast)
    with acting(cast.parveen, reason="mix"):
        case, foreign = case_of(cast.parveen, number), case_of(cast.parveen, other)
        access = share_with_team(
            cast.parveen, foreign, team=cast.teams["bank"], projection="full", reason="Mails", now=NOW
        )
        with pytest.raises(NotFound):
            end_share(cast.parveen, case, access=access.pk, now=NOW)
        critical = Access.objects.get(incident=case, basis="critical")
        with pytest.raises(NotFound):
            end_share(cast.parveen, case, access=critical.pk, now=NOW)


def test_what_is_red_is_not_shared(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="share red"):
        case = case_of(cast.parveen, number)
        classify(cast.parveen, case, rsit_type="", tlp="red", pap="red", now=NOW)
        with pytest.raises(Invalid):
            share_with_team(cast.parveen, case, team=cast.teams["bank"], projection="summary", reason="No", now=NOW)


def test_a_cert_that_a_case_is_shared_with_writes_nothing_and_passes_nothing_on(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="share"):
        share_with_team(
            cast.parveen, case_of(cast.parveen, number), team=cast.teams["bank"], projection="full", reason="M", now=NOW
        )
    with acting(cast.farah, reason="meddle"):
        case = case_of(cast.farah, number)
        with pytest.raises(Forbidden):
            share_with_team(cast.farah, case, team=cast.teams["national"], projection="full", reason="On", now=NOW)
        with pytest.raises(Forbidden):
            split(cast.farah, case, title="Mine", facts=[], reason="Mine", now=NOW)
        assert Incident.objects.filter(number=number).update(title="Taken") == 0
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Access.objects.create(
                incident=case, team=cast.teams["telecom"] if "telecom" in cast.teams else cast.teams["national"],
                basis="shared", projection="full", given_by_id=cast.farah.account, given_at=NOW,
            )  # fmt: skip


def beta_in_sight(cast: Cast) -> None:
    """The power CERT serves Beta Bank too, as a second CERT."""
    with acting(system(), reason="join"):
        Membership.objects.get_or_create(team=cast.teams["power"], organisation=cast.organisations["beta"])


def test_an_extract_holds_the_fields_of_its_projection_and_nothing_more(cast: Cast) -> None:
    number = accepted(cast, facts={**FACTS, "summary": "CANARY of Alpha"}, title="CANARY title")
    beta_in_sight(cast)
    with acting(cast.parveen, reason="extract"):
        case = case_of(cast.parveen, number)
        for value, tlp in (("198.51.100.7", "green"), ("192.0.2.9", "red")):
            Indicator.objects.create(
                incident=case, kind="ipv4", value=value, tlp=tlp, added_by_id=cast.parveen.account, added_at=NOW
            )
        give_extract(
            cast.parveen, case, recipient=cast.organisations["beta"], projection="indicators", tlp="amber",
            words="Look for these addresses.", now=NOW,
        )  # fmt: skip
    with acting(cast.bushra, reason="read"):
        extract = Extract.objects.get()
        assert extract.facts == FACTS
        assert [row["value"] for row in extract.indicators] == ["198.51.100.7"]
        assert not Incident.objects.exists()
        assert not Indicator.objects.exists()
    page = cast.client("bushra").get("/cases/extracts/").content.decode()
    assert "198.51.100.7" in page
    assert "CANARY" not in page
    assert "Alpha" not in page


def test_an_extract_that_was_taken_back_is_gone(cast: Cast) -> None:
    number = accepted(cast)
    beta_in_sight(cast)
    with acting(cast.parveen, reason="give and take"):
        case = case_of(cast.parveen, number)
        extract = give_extract(
            cast.parveen, case, recipient=cast.organisations["beta"], projection="summary", tlp="amber",
            words="Careful.", now=NOW,
        )  # fmt: skip
        end_extract(cast.parveen, case, extract=extract.pk, now=NOW)
    with acting(cast.bushra, reason="read"):
        assert not Extract.objects.exists()


@pytest.mark.parametrize(
    ("case_label", "label"), [("amber", "green"), ("amber+strict", "amber+strict"), ("amber", "red")]
)
def test_an_extract_is_never_freer_than_the_case_nor_stricter_than_it_can_travel(
    cast: Cast, case_label: str, label: str
) -> None:
    number = accepted(cast)
    beta_in_sight(cast)
    with acting(cast.parveen, reason="extract"):
        case = case_of(cast.parveen, number)
        classify(cast.parveen, case, rsit_type="", tlp=case_label, pap="amber", now=NOW)
        with pytest.raises(Invalid):
            give_extract(
                cast.parveen, case, recipient=cast.organisations["beta"], projection="summary", tlp=label,
                words="Careful.", now=NOW,
            )  # fmt: skip


def test_a_stricter_label_takes_extracts_back(cast: Cast) -> None:
    number = accepted(cast)
    beta_in_sight(cast)
    with acting(cast.parveen, reason="extract"):
        case = case_of(cast.parveen, number)
        give_extract(
            cast.parveen, case, recipient=cast.organisations["beta"], projection="summary", tlp="amber",
            words="Careful.", now=NOW,
        )  # fmt: skip
        classify(cast.parveen, case, rsit_type="", tlp="amber+strict", pap="amber", now=NOW)
    with acting(cast.bushra, reason="read"):
        assert not Extract.objects.exists()


def test_the_national_cert_opens_a_case_behind_glass_only_with_a_reason_and_for_eight_hours(cast: Cast) -> None:
    lower_the_tier(cast)
    number = accepted(cast)
    with acting(cast.nadia, reason="break"):
        with pytest.raises(NotFound):
            case_of(cast.nadia, number)
        with pytest.raises(Invalid):
            break_glass(cast.nadia, number=number, reason=" ", now=NOW)
        now = timezone.now()
        break_glass(cast.nadia, number=number, reason="Warning from a partner", now=now)
        glass = BreakGlass.objects.get()
        assert glass.until == now + timedelta(hours=8)
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            BreakGlass.objects.filter(pk=glass.pk).update(reason="Nothing")


def test_behind_broken_glass_everything_is_read_and_nothing_is_done(cast: Cast) -> None:
    lower_the_tier(cast)
    number = accepted(cast)
    now = timezone.now()
    with acting(cast.nadia, reason="break"):
        case = break_glass(cast.nadia, number=number, reason="Warning from a partner", now=now)
        assert audience_of(cast.nadia, case, now=now).name == "full"
        with pytest.raises(Forbidden):
            classify(cast.nadia, case, rsit_type="", tlp="clear", pap="clear", now=now)
    with acting(cast.hamid, reason="look"), pytest.raises(NotFound):
        case_of(cast.hamid, number)


def test_the_organisation_and_the_ombudsman_see_who_broke_the_glass_and_why(cast: Cast) -> None:
    lower_the_tier(cast)
    number = accepted(cast)
    with acting(cast.nadia, reason="break"):
        break_glass(cast.nadia, number=number, reason="Warning from a partner", now=timezone.now())
    for person, sees in (("ayesha", True), ("omar", True), ("bushra", False), ("hamid", False), ("kamran", False)):
        with acting(cast.actors[person], reason="look"):
            assert BreakGlass.objects.exists() is sees
    assert "Warning from a partner" in cast.client("ayesha").get(f"/cases/{number}/?part=looks").content.decode()
    page = cast.client("omar").get("/cases/glass/").content.decode()
    assert "Warning from a partner" in page
    assert "Nadia" in page


@pytest.mark.parametrize("person", ["parveen", "farah", "ayesha", "omar", "kamran"])
def test_nobody_else_breaks_the_glass(cast: Cast, person: str) -> None:
    lower_the_tier(cast)
    number = accepted(cast)
    actor = cast.actors[person]
    with acting(actor, reason="break"), pytest.raises(Forbidden):
        break_glass(actor, number=number, reason="Curious", now=NOW)


def test_a_draft_is_behind_no_glass(cast: Cast) -> None:
    with acting(cast.ayesha, reason="draft"):
        Incident.objects.create(
            number="26-DRAF-T001", organisation=cast.organisations["alpha"], door="web",
            opened_by_id=cast.ayesha.account, opened_at=NOW,
        )  # fmt: skip
    with acting(cast.nadia, reason="break"), pytest.raises(NotFound):
        break_glass(cast.nadia, number="26-DRAF-T001", reason="Curious", now=NOW)


def test_every_outsider_who_looks_leaves_one_trace_a_day(cast: Cast) -> None:
    number = accepted(cast)
    for person in ("parveen", "parveen", "nadia", "ayesha"):
        actor = cast.actors[person]
        with acting(actor, reason="look"):
            note_look(actor, case_of(actor, number), now=NOW)
    with acting(cast.ayesha, reason="who looked"):
        assert set(Look.objects.values_list("account_id", flat=True)) == {cast.parveen.account, cast.nadia.account}
        assert Look.objects.count() == 2


def test_a_part_of_a_case_goes_on_as_a_case_of_its_own(cast: Cast) -> None:
    number = accepted(cast)
    with acting(cast.parveen, reason="split"):
        case = case_of(cast.parveen, number)
        new = split(cast.parveen, case, title="The mail server", facts=["aware_at"], reason="Two causes", now=NOW)
        assert new.facts == {"aware_at": FACTS["aware_at"]}
        assert (new.state, new.lead_team, new.organisation_id) == ("open", case.lead_team, case.organisation_id)
        assert sorted(new.viewers) == sorted(case.viewers)
        assert CaseLink.objects.get().kind == "split"
        with pytest.raises(Invalid):
            split(cast.parveen, case, title="More", facts=["ransom_paid_at"], reason="Unknown", now=NOW)


def test_twins_are_merged_and_stay_readable_for_who_saw_both(cast: Cast) -> None:
    first, second = accepted(cast), reported(cast)
    with acting(cast.parveen, reason="merge"):
        merge(cast.parveen, case_of(cast.parveen, second), into=case_of(cast.parveen, first), reason="Same", now=NOW)
    for person in ("parveen", "ayesha", "nadia"):
        with acting(cast.actors[person], reason="read both"):
            twin = case_of(cast.actors[person], second)
            assert twin.state == "merged"
            assert twin.merged_into is not None
            assert twin.merged_into.number == first
            assert Entry.objects.filter(incident=twin, code="merged").exists()
            assert Entry.objects.filter(incident__number=first, code="merged_from").exists()


def test_cases_of_two_organisations_are_not_merged(cast: Cast) -> None:
    beta_in_sight(cast)
    with acting(system(), reason="the power CERT leads for both"):
        Membership.objects.filter(organisation=cast.organisations["beta"]).update(lead=False)
        Membership.objects.filter(organisation=cast.organisations["beta"], team=cast.teams["power"]).update(lead=True)
    first = accepted(cast)
    second = accepted(cast, organisation="beta", by="bushra")
    with acting(cast.parveen, reason="merge"):
        with pytest.raises(Invalid):
            merge(cast.parveen, case_of(cast.parveen, second), into=case_of(cast.parveen, first), reason="?", now=NOW)
        case = case_of(cast.parveen, first)
        with pytest.raises(Invalid):
            merge(cast.parveen, case, into=case, reason="?", now=NOW)


def test_a_case_that_is_over_is_not_merged(cast: Cast) -> None:
    first, second = accepted(cast), accepted(cast)
    with acting(cast.parveen, reason="merge"):
        case = case_of(cast.parveen, second)
        set_state(cast.parveen, case, state="closed", words="Done", now=NOW)
        with pytest.raises(Conflict):
            merge(cast.parveen, case, into=case_of(cast.parveen, first), reason="Late", now=NOW)
