"""V1 to V4, V10, V11, V13: acting on another object than the one that was asked about, or on more of it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from sipar.assessments.models import (
    Assessment,
    Campaign,
    Engagement,
    EngagementScope,
    Evidence,
    RoadmapItem,
    SectionDelegation,
)
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.models import StoredFile
from sipar.orgs.models import Asset, Contact, Designation, Organisation
from sipar.people.models import Account, ApiToken, Grant, GrantRequest
from sipar.teams.models import DutyShift
from tests.cast import NOW
from tests.leaks.writes import BY_NAME, EVERYTHING, WRITES, Fields, Write, examples, rows_of, state_of
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NAMES = [write.name for write in WRITES]
READERS = ("chand", "mina", "kamran", "omar", "adil")


@pytest.mark.parametrize("write", WRITES, ids=NAMES)
def test_who_may_only_read_alpha_writes_nothing_of_it_and_who_may_write_does(world: World, write: Write) -> None:
    """V2. The last line shows that the request is in order, so that the refusals before it mean something."""
    of, before = examples(world, "alpha"), state_of(world, "alpha")
    answers = {person: write.send(world.cast.client(person), of).status_code for person in READERS}
    assert {person: status for person, status in answers.items() if status not in (403, 404)} == {}
    assert state_of(world, "alpha") == before
    assert write.send(world.cast.client(write.person), of).status_code < 400
    assert state_of(world, "alpha") != before


@pytest.mark.parametrize("write", WRITES, ids=NAMES)
def test_a_stranger_writes_nothing_of_alpha(world: World, write: Write) -> None:
    """V1, V10: Bushra holds every role at Beta that she would need at Alpha."""
    before = state_of(world, "alpha")
    assert write.send(world.cast.client("bushra"), examples(world, "alpha")).status_code == 404
    assert state_of(world, "alpha") == before


@pytest.mark.parametrize(
    ("outer", "address"),
    [
        ("assessment", "/assessments/{assessment}/evidence/{evidence}/"),
        ("assessment", "/reviews/{assessment}/evidence/{evidence}/"),
        ("identifier", "/organisations/{identifier}/contacts/{contact}/"),
        ("identifier", "/organisations/{identifier}/assets/{asset}/"),
    ],
)
@pytest.mark.parametrize("person", ["nadia", "parveen", "bilal"])
def test_a_part_of_beta_is_not_found_under_alpha(world: World, outer: str, address: str, person: str) -> None:
    """V1, V10: Nadia sees both, so that only the check against the parent in the address can refuse her."""
    mixed = examples(world, "beta") | {outer: examples(world, "alpha")[outer]}
    response = world.cast.client(person).get(address.format(**mixed))
    assert response.status_code in ((404,) if person == "nadia" else (403, 404))
    assert "secret of beta" not in response.content.decode()


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("/organisations/{identifier}/contacts/{contact}/remove/", {}),
        ("/organisations/{identifier}/contacts/{contact}/", {"kind": "ciso", "name": "X", "email": "x@x.example"}),
        ("/organisations/{identifier}/assets/{asset}/", {"kind": "domain", "value": "x.example"}),
        ("/organisations/{identifier}/assets/{asset}/end/", {}),
        ("/api/organisations/{identifier}/assets/{asset}/end", {}),
    ],
)
def test_a_part_of_beta_is_not_changed_through_the_address_of_alpha(world: World, address: str, body: Fields) -> None:
    """V1, V13, sent by Nadia, who may write to both."""
    mixed = examples(world, "beta") | {"identifier": examples(world, "alpha")["identifier"]}
    before = state_of(world, "beta"), state_of(world, "alpha")
    assert world.cast.client("nadia").post(address.format(**mixed), body).status_code == 404
    assert (state_of(world, "beta"), state_of(world, "alpha")) == before


@pytest.mark.parametrize("noun", ["contacts/{}/remove/", "assets/{}/end/"])
def test_the_number_of_another_kind_of_record_removes_nothing(world: World, noun: str) -> None:
    """V13: an asset's number in the address of contacts, and the other way round."""
    alpha = world.cast.organisations["alpha"]
    with acting(system(), reason="numbers that only one kind has"):
        kind: Any = Asset if noun.startswith("contacts") else Contact
        rows = [
            Asset(organisation=alpha, kind="domain", value=f"d{n}.example") if kind is Asset
            else Contact(organisation=alpha, kind="ciso", name=f"c{n}")
            for n in range(9)
        ]  # fmt: skip
        number = max(row.pk for row in kind.objects.bulk_create(rows)) + 1_000
        kind.objects.filter(pk=rows[0].pk).update(id=number)
    before = state_of(world, "alpha")
    address = f"/organisations/{alpha.identifier}/{noun.format(number)}"
    assert world.cast.client("bilal").post(address).status_code == 404
    assert state_of(world, "alpha") == before


def test_foreign_numbers_in_a_body_are_refused(world: World) -> None:
    """V1: the address is Alpha's, the body names something of Beta's."""
    alpha, beta = examples(world, "alpha"), examples(world, "beta")
    browser, before = world.cast.client("ayesha"), (state_of(world, "alpha"), state_of(world, "beta"))
    crossed: list[tuple[str, Fields]] = [
        ("remove evidence", {"evidence": f"remove-{beta['evidence']}"}),
        ("delegate", {"account": beta["colleague"]}),
        ("change item", {"depends_on": beta["item"]}),
    ]
    statuses = [BY_NAME[name].send(browser, alpha, extra).status_code for name, extra in crossed]
    assert [status for status in statuses if status not in (403, 404, 409, 422)] == []
    assert (state_of(world, "alpha"), state_of(world, "beta")) == before


def test_a_part_of_one_team_account_or_campaign_is_not_found_under_another(world: World) -> None:
    """V1 for what belongs to no organisation: shifts, roles, engagements."""
    cast = world.cast
    with acting(system(), reason="a second campaign and a shift"):
        first = Campaign.objects.get()
        other = Campaign.objects.create(
            code="second", name={"en": "Second"}, framework=first.framework, opens_at=NOW, closes_at=NOW,
            lead_team=cast.teams["national"], state="open", created_by_id=system().account,
        )  # fmt: skip
        engagement = Engagement.objects.get()
        shift = DutyShift.objects.create(
            team=cast.teams["power"], account=cast.accounts["parveen"], starts_at=NOW, ends_at=NOW + timedelta(hours=1)
        )
        grant = Grant.objects.get(account=cast.accounts["parveen"])
    strange = [
        ("hamid", reverse("engagement_end", args=[other.code, engagement.pk])),
        ("hamid", reverse("team_shift_remove", args=[cast.teams["national"].code, shift.pk])),
        ("adil", reverse("role_revoke", args=[cast.accounts["nadia"].pk, grant.pk])),
    ]
    assert [cast.client(person).post(address).status_code for person, address in strange] == [404, 404, 404]
    with acting(system(), reason="look"):
        assert Engagement.objects.get().ended_at is None
        assert DutyShift.objects.filter(pk=shift.pk).exists()
        assert Grant.objects.get(pk=grant.pk).valid_until is None


# V4. What no form or body may set, with values of Beta where there are any; numbers of rows are given by the database.
PROTECTED: dict[Any, tuple[str, ...]] = {
    Assessment: ("organisation_id", "campaign_id", "state", "profile", "carried", "standing", "submissions", "mean",
                 "floor", "gaps", "meets_target", "submitted_at", "submitted_by_id", "accepted_at"),
    Evidence: ("organisation_id", "assessment_id", "added_by_id", "added_at", "file_id"),
    RoadmapItem: ("organisation_id", "campaign_id", "requirement", "state", "created_at", "closed_at",
                  "closing_evidence_id"),
    SectionDelegation: ("organisation_id", "assessment_id", "done_at"),
    Contact: ("organisation_id",),
    Asset: ("organisation_id",),
    Designation: ("organisation_id", "state", "graded_by_id", "designated_by_id", "gazette_reference"),
    StoredFile: ("organisation_id", "account_id", "sha256", "name"),
}  # fmt: skip


def greedy(world: World) -> Fields:
    """Every field that somebody might hope to set."""
    beta, person = examples(world, "beta"), world.cast.accounts["bushra"].pk
    return {
        "id": beta["item"], "pk": beta["contact"], "organisation": world.cast.organisations["beta"].pk,
        "organisation_id": world.cast.organisations["beta"].pk, "campaign_id": 999, "assessment": beta["assessment"],
        "assessment_id": beta["assessment"], "state": "doing", "profile": "tier-4", "standing": "\x04", "carried": "",
        "mean": 4.0, "floor": 4.0, "gaps": 0, "meets_target": "true", "submissions": 9, "submitted_at": "2020-01-01",
        "submitted_by": person, "submitted_by_id": person, "accepted_at": "2020-01-01", "created_at": "2020-01-01",
        "closed_at": "2020-01-01", "added_by_id": person, "added_by": person, "added_at": "2020-01-01",
        "asked_by_id": person, "account_id": person, "file": beta["file"], "file_id": beta["file"],
        "closing_evidence": beta["file"], "closing_evidence_id": beta["file"], "requirement_id": "PR.AA-01",
        "requirement": "PR.AA-01", "sha256": "0" * 64, "digest": "0" * 64, "path": "/etc/passwd",
        "graded_by_id": person, "designated_by_id": person, "gazette_reference": "S.R.O. 1", "is_fictional": "",
        "identifier": "PK-T-0002", "is_system": "true", "is_active": "true", "is_demonstration": "true",
    }  # fmt: skip


@pytest.mark.parametrize("write", WRITES, ids=NAMES)
def test_fields_that_a_form_does_not_have_set_nothing(world: World, write: Write) -> None:
    of, beta = examples(world, "alpha"), state_of(world, "beta")
    before = {model: rows_of(model, world, "alpha") for model in PROTECTED}
    real = {"requirement"} if write.name.startswith("api") else write.body(of).keys()
    extra = {name: value for name, value in greedy(world).items() if name not in real}
    wrote = write.send(world.cast.client(write.person), of, extra)
    assert wrote.status_code < 400 or (write.is_json and wrote.status_code == 422)
    assert state_of(world, "beta") == beta
    owner = world.cast.accounts[write.person].pk
    for model, columns in PROTECTED.items():
        for number, row in rows_of(model, world, "alpha").items():
            known = before[model].get(number)
            if known is not None:
                kept = {*columns} - ({"state"} if write.name == "start item" else set())
                assert {name: row[name] for name in kept} == {name: known[name] for name in kept}
            elif "added_by_id" in row:
                assert (row["added_by_id"], row["file_id"]) == (owner, None)
            elif "graded_by_id" in row:
                assert (row["state"], row["graded_by_id"], row["listed_by_id"]) == ("listed", None, owner)
            elif model is RoadmapItem:
                assert (row["state"], row["closing_evidence_id"], row["closed_at"]) == ("planned", None, None)


def test_forms_about_people_and_the_register_take_nothing_more_than_their_fields(world: World) -> None:
    cast, more = world.cast, greedy(world)
    kept = ("email", "password", "is_active", "is_system", "is_demonstration", "created_at")
    before = Account.objects.filter(pk=cast.accounts["ayesha"].pk).values(*kept).get()
    cast.client("ayesha").post(
        reverse("me"), more | {"name": "Ayesha", "language": "ur", "email": "nadia@test.example", "password": "x",
                               "roles": "administrator", "grants": "1"}
    )  # fmt: skip
    assert Account.objects.filter(pk=cast.accounts["ayesha"].pk).values(*kept).get() == before
    cast.client("ayesha").post(
        reverse("token_new"), more | {"name": "t", "scopes": ["read"], "days": "7", "account": "1",
                                      "prefix": "a" * 12, "expires_at": "2099-01-01"}
    )  # fmt: skip
    cast.client("bilal").post(
        reverse("colleagues"), more | {"name": "N", "email": "new@alpha.example", "reason": "joins", "role": "ciso"}
    )
    cast.client("nadia").post(
        reverse("organisation_change", args=["PK-T-0001"]),
        more | {"name": "Alpha Power", "ownership": "private", "tier": "1", "size": "large",
                "sector": cast.organisations["alpha"].sector_id, "province": cast.organisations["alpha"].province_id},
    )  # fmt: skip
    with acting(system(), reason="look"):
        token = ApiToken.objects.get(name="t")
        assert (token.account_id, token.digest == "0" * 64) == (cast.accounts["ayesha"].pk, False)
        assert token.expires_at == token.created_at + timedelta(days=7)
        request = GrantRequest.objects.get(account__email="new@alpha.example")
        assert (request.role, request.organisation_id) == ("reporter", cast.organisations["alpha"].pk)
        assert request.account.is_active is False
        assert not request.account.grants.exists()
        alpha = Organisation.objects.get(pk=cast.organisations["alpha"].pk)
        assert (alpha.identifier, alpha.is_fictional, alpha.name) == ("PK-T-0001", True, "Alpha Power")


def test_an_existing_record_is_never_overwritten_by_adding_one(world: World) -> None:
    """V3: the number or the identifier of a record that stands already, sent to what only adds."""
    cast, of, beta = world.cast, examples(world, "alpha"), examples(world, "beta")
    before = state_of(world, "beta")
    for number in ("contact", "asset"):
        extra = {"id": beta[number], "pk": beta[number], "uuid": beta[number]}
        for name in ("add contact", "add asset", "json api asset", "api evidence"):
            BY_NAME[name].send(cast.client(BY_NAME[name].person), of, extra)
    nadia = cast.client("nadia").post(
        reverse("organisation_add"),
        {"identifier": "PK-T-0002", "name": "Taken over", "ownership": "private", "tier": "1", "size": "large",
         "sector": cast.organisations["alpha"].sector_id, "province": cast.organisations["alpha"].province_id},
    )  # fmt: skip
    assert nadia.status_code == 422
    assert cast.client("parveen").get(reverse("organisation_add")).status_code == 403
    assert state_of(world, "beta") == before


def test_the_workbook_of_another_organisation_is_not_taken(world: World) -> None:
    """V3: what Beta filled in, brought to Alpha's assessment."""
    alpha, beta = examples(world, "alpha"), examples(world, "beta")
    foreign = world.cast.client("bushra").get(f"/assessments/{beta['assessment']}/workbook/").content
    upload = SimpleUploadedFile("answers.xlsx", foreign)
    before = state_of(world, "alpha")
    taken = world.cast.client("ayesha").post(f"/assessments/{alpha['assessment']}/import/", {"workbook": upload})
    assert taken.status_code == 422
    assert "secret of beta" not in taken.content.decode()
    assert state_of(world, "alpha") == before


def test_one_wrong_part_of_many_stops_the_whole(world: World) -> None:
    """V11: answers, gaps, and organisations of an engagement, each with one that may not be touched."""
    cast, of = world.cast, examples(world, "alpha")
    before, browser = state_of(world, "alpha"), cast.client("ayesha")
    mixed: list[tuple[str, Fields]] = [
        (
            "api answer",
            {"answers": [{"requirement": of["requirement"], "level": 4}, {"requirement": "XX", "level": 1}]},
        ),
        ("json answer", {"changes": [{"position": 3, "level": 4}, {"position": 9_999, "level": 4}]}),
        ("plan gap", {"requirements": ["GV.OC-02", "PK-T-0002"]}),
    ]
    assert [BY_NAME[name].send(browser, of, extra).status_code for name, extra in mixed] == [422, 422, 422]
    assert state_of(world, "alpha") == before
    with acting(system(), reason="the sectoral CERT leads"):
        Campaign.objects.update(lead_team=cast.teams["power"])
        Grant.objects.filter(account=cast.accounts["parveen"]).update(role="team_head")
    asked = cast.client("parveen").post(
        reverse("campaign_engagements", args=[of["campaign"]]),
        {"email": "chand@test.example", "firm": "Clearview", "organisations": "PK-T-0001\nPK-T-0002",
         "valid_from": "2026-11-01", "valid_until": "2026-12-01"},
    )  # fmt: skip
    assert asked.status_code == 422
    assert "Beta Bank" not in asked.content.decode()
    with acting(system(), reason="look"):
        assert (Engagement.objects.count(), EngagementScope.objects.count()) == (1, 1)


def test_a_row_of_beta_is_out_of_reach_of_alpha_in_the_database_itself(world: World) -> None:
    """V1, V10 without any code of a view: the last guard."""
    beta = examples(world, "beta")
    with acting(world.cast.bilal, reason="look"):
        for model in EVERYTHING:
            foreign = model._default_manager.filter(organisation_id=world.cast.organisations["beta"].pk)
            assert not foreign.exists(), model
        assert Evidence.objects.filter(pk=beta["evidence"]).update(title="taken") == 0
        assert Contact.objects.filter(pk=beta["contact"]).delete()[0] == 0


def test_a_file_that_both_have_stays_with_each(world: World) -> None:
    """V10: files are kept by their content, which must open no way from one organisation to the other."""
    of, beta, content = examples(world, "alpha"), examples(world, "beta"), b"secret of beta"
    upload = SimpleUploadedFile("copy.txt", content)
    browser = world.cast.client("ayesha")
    made = BY_NAME["api evidence"].send(browser, of, {"link": "", "file": upload})
    assert made.status_code == 201
    with acting(system(), reason="look"):
        own = StoredFile.objects.get(name="copy.txt")
        twin = StoredFile.objects.get(pk=beta["file"])
    assert (own.sha256, own.organisation_id) == (twin.sha256, world.cast.organisations["alpha"].pk)
    with acting(world.cast.ayesha, reason="look"):
        assert set(StoredFile.objects.filter(sha256=twin.sha256)) == {own}
    assert json.loads(made.content)["id"] != beta["evidence"]
