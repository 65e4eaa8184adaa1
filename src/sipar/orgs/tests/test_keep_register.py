"""Who finds, reads and changes which organisation, its contacts and its assets."""

from __future__ import annotations

from datetime import date

import pytest
from tests.cast import Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.orgs import actions, selectors, standing
from sipar.orgs.export import as_csv, register_file
from sipar.orgs.models import Asset, Look, Organisation
from sipar.orgs.selectors import OrganisationFilter
from sipar.orgs.tasks import resolve_after_change

TODAY = date(2026, 11, 2)


def names(found: list[Organisation]) -> set[str]:
    return {organisation.name.split()[0] for organisation in found}


def give_assets(cast: Cast) -> None:
    with acting(system(), reason="give assets"):
        for key, kind, value in (
            ("alpha", "prefix", "203.0.113.0/24"),
            ("alpha", "domain", "alpha.example"),
            ("beta", "asn", "AS64500"),
            ("beta", "prefix", "2001:db8:b::/48"),
        ):
            Asset.objects.create(organisation=cast.organisations[key], kind=kind, value=value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alpha", {"Alpha"}),
        ("بینک", {"Beta"}),
        ("pk-t-0003", {"Gamma"}),
        ("203.0.113.77", {"Alpha"}),
        ("203.0.113.128/25", {"Alpha"}),
        ("203.0.112.0/22", set()),
        ("2001:db8:b:1::9", {"Beta"}),
        ("64500", {"Beta"}),
        ("AS64500", {"Beta"}),
        ("www.Alpha.example", {"Alpha"}),
        ("example", set()),
        ("%", set()),
        ("   ", set()),
    ],
)
def test_the_national_search_finds_by_name_number_address_and_domain(cast: Cast, text: str, expected: set[str]) -> None:
    give_assets(cast)
    with acting(cast.nadia, reason="search"):
        assert names(selectors.search_organisations(cast.nadia, text)) == expected


@pytest.mark.parametrize("text", ["beta", "AS64500", "2001:db8:b::1"])
def test_the_search_finds_nothing_of_others(cast: Cast, text: str) -> None:
    give_assets(cast)
    for person in ("ayesha", "parveen", "mina", "kamran"):
        with acting(cast.actors[person], reason="search"):
            assert selectors.search_organisations(cast.actors[person], text) == []


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (OrganisationFilter(), {"Alpha", "Beta", "Gamma", "Delta"}),
        (OrganisationFilter(sector="energy"), {"Alpha"}),
        (OrganisationFilter(province="PK-PB"), {"Alpha", "Gamma"}),
        (OrganisationFilter(tier="2"), {"Gamma", "Delta"}),
        (OrganisationFilter(tier="2", ownership="public"), {"Gamma"}),
        (OrganisationFilter(ministry="sbp"), {"Beta"}),
        (OrganisationFilter(tier="nine"), set()),
        (OrganisationFilter(inactive=True), set()),
    ],
)
def test_the_list_is_narrowed_by_every_part_of_the_filter(
    cast: Cast, wanted: OrganisationFilter, expected: set[str]
) -> None:
    with acting(cast.nadia, reason="list"):
        assert names(list(selectors.organisations(wanted))) == expected


def test_the_list_is_narrowed_to_a_cert_and_sorted(cast: Cast) -> None:
    with acting(cast.nadia, reason="list"):
        own = selectors.organisations(OrganisationFilter(cert=cast.teams["power"].code))
        assert names(list(own)) == {"Alpha"}
        every = [row.tier for row in selectors.organisations(OrganisationFilter(), sort="-tier")]
    assert every == sorted(every, reverse=True)


def test_an_organisation_of_another_is_not_there(cast: Cast) -> None:
    for person in ("bushra", "kamran", "adil"):
        with acting(cast.actors[person], reason="pry"), pytest.raises(NotFound):
            selectors.access_organisation(cast.actors[person], "PK-T-0001")


def test_the_page_says_which_cert_leads_and_why(cast: Cast) -> None:
    with acting(cast.ayesha, reason="read"):
        found = standing.responsible_for(selectors.access_organisation(cast.ayesha, "PK-T-0001"))
    assert found[0].lead
    assert found[0].team.code == cast.teams["power"].code
    assert found[0].reasons == (("ownership", "Private"),)


def test_an_outsider_leaves_one_trace_a_day_and_the_own_people_none(cast: Cast) -> None:
    alpha = cast.organisations["alpha"]
    with acting(cast.nadia, reason="look"):
        standing.note_look(cast.nadia, alpha, today=TODAY)
        standing.note_look(cast.nadia, alpha, today=TODAY)
    with acting(cast.ayesha, reason="look"):
        standing.note_look(cast.ayesha, alpha, today=TODAY)
        looks = standing.recent_looks(alpha)
    assert [(look.place, name) for look, name in looks] == [("national", "Nadia")]
    with acting(cast.bushra, reason="pry"):
        assert Look.objects.count() == 0


FIELDS = {"name": "Zeta Water (fictional)", "ownership": "private", "tier": 2, "size": "small"}


def test_the_national_cert_adds_an_organisation_and_its_cert_follows(cast: Cast) -> None:
    alpha = cast.organisations["alpha"]
    fields = FIELDS | {"sector": alpha.sector, "province": alpha.province, "ministry": alpha.ministry}
    with acting(cast.nadia, reason="add"):
        added = actions.add_organisation(cast.nadia, identifier="PK-T-0009", fields=fields)
        with pytest.raises(Conflict):
            actions.add_organisation(cast.nadia, identifier="PK-T-0009", fields=fields)
    resolve_after_change.func()
    with acting(cast.parveen, reason="look"):
        assert selectors.access_organisation(cast.parveen, added.identifier).pk == added.pk


def test_an_entry_with_faults_names_each_field(cast: Cast) -> None:
    alpha = cast.organisations["alpha"]
    fields = FIELDS | {"sector": alpha.sector, "province": alpha.province, "tier": 7, "website": "javascript:x"}
    with acting(cast.nadia, reason="add"), pytest.raises(Invalid) as refused:
        actions.add_organisation(cast.nadia, identifier="PK-T-0009", fields=fields)
    assert {place.where for place in refused.value.places} == {"tier", "website"}


@pytest.mark.parametrize(
    ("person", "allowed"),
    [("nadia", True), ("parveen", True), ("bilal", False), ("ayesha", False), ("mina", False)],
)
def test_an_entry_is_changed_by_the_national_cert_and_the_lead(cast: Cast, person: str, allowed: bool) -> None:
    actor = cast.actors[person]
    with acting(actor, reason="change"):
        alpha = selectors.access_organisation(actor, "PK-T-0001")
        if not allowed:
            with pytest.raises(Forbidden):
                actions.change_organisation(actor, alpha, {"size": "small"})
            return
        assert actions.change_organisation(actor, alpha, {"size": "small"}).size == "small"


def test_fields_that_are_nobodys_to_set_are_refused(cast: Cast) -> None:
    with acting(cast.nadia, reason="change"), pytest.raises(Invalid):
        actions.change_organisation(cast.nadia, cast.organisations["alpha"], {"identifier": "PK-T-0002"})


@pytest.mark.parametrize(
    ("person", "allowed"),
    [("bilal", True), ("parveen", True), ("nadia", True), ("ayesha", False), ("mina", False)],
)
def test_assets_are_kept_by_the_ciso_and_the_certs(cast: Cast, person: str, allowed: bool) -> None:
    actor = cast.actors[person]
    alpha = cast.organisations["alpha"]
    with acting(actor, reason="keep"):
        if not allowed:
            with pytest.raises(Forbidden):
                actions.keep_asset(actor, alpha, kind="domain", value="Alpha.example")
            return
        kept = actions.keep_asset(actor, alpha, kind="domain", value="Alpha.example")
        assert kept.value == "alpha.example"
        assert actions.end_asset(actor, alpha, kept, today=TODAY).valid_until == TODAY
        assert list(selectors.assets_of(alpha, today=TODAY)) == []


@pytest.mark.parametrize(
    ("kind", "value", "field"),
    [("domain", "gov.pk", "value"), ("prefix", "10.0.0.0/8", "value"), ("magic", "x", "kind")],
)
def test_an_asset_that_cannot_be_one_is_refused_at_its_field(cast: Cast, kind: str, value: str, field: str) -> None:
    with acting(cast.bilal, reason="keep"), pytest.raises(Invalid) as refused:
        actions.keep_asset(cast.bilal, cast.organisations["alpha"], kind=kind, value=value)
    assert [place.where for place in refused.value.places] == [field]


def test_an_asset_is_kept_once(cast: Cast) -> None:
    with acting(cast.bilal, reason="keep"):
        actions.keep_asset(cast.bilal, cast.organisations["alpha"], kind="asn", value="64501")
        with pytest.raises(Invalid):
            actions.keep_asset(cast.bilal, cast.organisations["alpha"], kind="asn", value="AS64501")


def test_an_asset_of_one_organisation_is_not_reached_through_another(cast: Cast) -> None:
    give_assets(cast)
    with acting(cast.nadia, reason="mix"):
        foreign = Asset.objects.get(value="AS64500")
        with pytest.raises(NotFound):
            selectors.access_asset(cast.nadia, cast.organisations["alpha"], foreign.pk)
        with pytest.raises(Conflict):
            actions.end_asset(cast.nadia, cast.organisations["alpha"], foreign, today=TODAY)


def test_a_contact_needs_a_way_to_reach_it(cast: Cast) -> None:
    alpha = cast.organisations["alpha"]
    with acting(cast.bilal, reason="keep"):
        with pytest.raises(Invalid):
            actions.keep_contact(cast.bilal, alpha, kind="ciso", name="Bilal")
        kept = actions.keep_contact(cast.bilal, alpha, kind="ciso", name="Bilal", phone="+92 51 1234567")
        actions.remove_contact(cast.bilal, alpha, kept)
        assert not alpha.contacts.exists()
    with acting(cast.bushra, reason="abroad"), pytest.raises(Forbidden):
        actions.keep_contact(cast.bushra, alpha, kind="ciso", name="Eve", phone="+92 51 1234567")


def test_the_export_holds_what_the_reader_sees_in_the_columns_of_the_import(cast: Cast) -> None:
    give_assets(cast)
    with acting(cast.parveen, reason="export"):
        frame = register_file(today=TODAY)
    assert frame["identifier"].to_list() == ["PK-T-0001"]
    assert frame["prefixes"].to_list() == ["203.0.113.0/24"]
    with acting(cast.nadia, reason="export"):
        assert register_file(today=TODAY, wanted=[cast.organisations["beta"].pk])["asns"].to_list() == ["AS64500"]
        assert as_csv(register_file(today=TODAY)).startswith(b"\xef\xbb\xbfidentifier,name,name_ur,")
