"""A register file is taken whole or not at all, and every fault in it is named with line, column and reason."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st
from tests.cast import NOW, Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.models import Event, StoredFile
from sipar.core.problems import Conflict, Forbidden, Invalid, NotFound
from sipar.formats.asset_values import normalise_asset
from sipar.formats.problems import FormatProblem
from sipar.formats.tables import read_table
from sipar.orgs.export import as_csv, register_file
from sipar.orgs.import_actions import (
    access_import,
    apply_import,
    discard_import,
    preview_import,
    release_import,
    take_import,
)
from sipar.orgs.import_check import RegisterCodes, check_register, is_plainly_canonical
from sipar.orgs.models import Asset, Contact, Organisation, RegisterImport
from sipar.orgs.tests.register_files import ROW, csv_file, rows_with, xlsx_file

CODES = RegisterCodes(
    sectors=frozenset({"energy", "health"}),
    subsectors={"energy-gas": "energy", "health-hospitals": "health"},
    provinces=frozenset({"PK-SD"}),
    ministries=frozenset({"nepra"}),
)


def problems_of(*changes: dict[str, str]) -> list[tuple[int, str, str]]:
    checked = check_register(read_table(csv_file(rows_with(*changes)), "register.csv"), CODES)
    return [(line, column, code) for line, column, _, code, _ in checked.problems.iter_rows()]


def previewed(cast: Cast, data: bytes, name: str = "register.csv") -> RegisterImport:
    with acting(cast.nadia, reason="preview"):
        return preview_import(cast.nadia, data, name=name, now=NOW)


def applied(cast: Cast, data: bytes, name: str = "register.csv", *, days: int = 0) -> RegisterImport:
    found = previewed(cast, data, name)
    with acting(system(), reason="load"):
        return apply_import(system(), found, now=NOW + timedelta(days=days))


def test_a_correct_row_has_no_problem() -> None:
    assert problems_of({}) == []


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("identifier", "", "required"),
        ("identifier", "has space 1", "identifier"),
        ("identifier", "mine", "identifier"),
        ("identifier", "P" * 40 + "1", "length"),
        ("name", "", "required"),
        ("name", "x" * 251, "length"),
        ("name", "evil\u202eeman", "control"),
        ("ownership", "state", "choice"),
        ("sector", "magic", "unknown"),
        ("sector", "health", "subsector"),
        ("subsector", "magic", "unknown"),
        ("province", "PK-XX", "unknown"),
        ("ministry", "none", "unknown"),
        ("tier", "5", "choice"),
        ("tier", "2.0", "choice"),
        ("size", "huge", "choice"),
        ("website", "javascript:alert(1)", "website"),
        ("website", "https://x", "website"),
        ("contact_email", "no at sign", "email"),
        ("contact_phone", "call me", "phone"),
        ("contact_name", "", "contact_name"),
        ("domains", "epsilon.example; gov.pk", "asset"),
        ("prefixes", "203.0.113.9/24", "asset"),
        ("asns", "AS0", "asset"),
        ("asns", ";".join(f"AS{number}" for number in range(1, 600)), "too_many"),
    ],
)
def test_each_fault_is_named_with_its_line_column_and_reason(column: str, value: str, code: str) -> None:
    found = problems_of({"identifier": "PK-T-1"}, {column: value})
    assert len(found) == 1
    line, place, reason = found[0]
    assert (line, reason) == (3, code)
    assert place == ("subsector" if code == "subsector" else column)


def test_a_repeated_identifier_is_named_on_the_later_line() -> None:
    assert problems_of({}, {"identifier": "PK-T-2"}, {}) == [(4, "identifier", "repeated")]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (csv_file(rows_with({}), without=("tier", "size")), "tier, size"),
        (csv_file([ROW | {"score": "9"}]), "score"),
        (csv_file([ROW | {"Name": "again"}]), "same name"),
    ],
)
def test_a_file_with_wrong_columns_is_refused_by_name(data: bytes, said: str) -> None:
    with pytest.raises(FormatProblem, match=said):
        check_register(read_table(data, "register.csv"), CODES)


@given(
    st.sampled_from(["domain", "prefix", "asn"]),
    st.one_of(
        st.from_regex(r"\A[a-z0-9.-]{1,30}\Z"),
        st.from_regex(r"\A\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}/\d{1,2}\Z"),
        st.from_regex(r"\AAS\d{1,10}\Z"),
        st.integers(0, 2**32).map(lambda number: f"AS{number}"),
        st.tuples(st.ip_addresses(v=4), st.integers(6, 32)).map(
            lambda drawn: f"{int(drawn[0]) >> (32 - drawn[1]) << (32 - drawn[1]) >> 24 & 255}.0.0.0/{drawn[1]}"
        ),
    ),
)
@trying(deadline=None)
def test_what_the_quick_way_takes_is_what_the_careful_way_spells(kind: str, written: str) -> None:
    quick = pl.DataFrame({"written": [written]}).select(is_plainly_canonical(kind).fill_null(value=False)).item()
    if quick:
        assert normalise_asset(kind, written) == written


def test_a_preview_says_what_would_change_and_changes_nothing(cast: Cast) -> None:
    data = csv_file(rows_with({}, {"identifier": "PK-T-0001", "name": "Alpha Power (fictional)"}))
    found = previewed(cast, data)
    assert (found.rows, found.added, found.changed, found.unchanged, found.problem_count) == (2, 1, 1, 0, 0)
    assert found.examples["added"] == [{"identifier": "PK-T-9001", "name": "Epsilon Gas (fictional)"}]
    assert "province" in found.examples["changed"][0]["columns"]
    with acting(system(), reason="look"):
        assert not Organisation.objects.filter(identifier="PK-T-9001").exists()


@pytest.mark.parametrize("as_workbook", [False, True])
def test_applying_loads_organisations_contacts_assets_and_memberships(cast: Cast, as_workbook: bool) -> None:
    data = xlsx_file(rows_with({})) if as_workbook else csv_file(rows_with({}))
    done = applied(cast, data, "register.xlsx" if as_workbook else "register.csv")
    assert (done.state, done.added) == ("applied", 1)
    with acting(cast.parveen, reason="look"):
        organisation = Organisation.objects.get(identifier="PK-T-9001")
        assert organisation.memberships.filter(lead=True, team=cast.teams["power"]).exists()
        assert organisation.contacts.get().email == "duty@epsilon.example"
        kept = set(organisation.assets.values_list("kind", "value"))
        assert Event.objects.filter(organisation_id=organisation.pk, table_name="orgs_asset").count() == len(kept)
    assert kept == {
        ("domain", "epsilon.example"), ("domain", "gas.example"), ("prefix", "203.0.113.0/24"), ("asn", "AS64500"),
        ("cryptography", "RSA-2048"), ("cryptography", "ECDSA P-256"),
    }  # fmt: skip


def test_importing_the_same_file_again_changes_nothing(cast: Cast) -> None:
    applied(cast, csv_file(rows_with({})))
    with acting(system(), reason="count"):
        before = Event.objects.exclude(table_name__in=("orgs_registerimport", "core_storedfile")).count()
    again = applied(cast, csv_file(rows_with({})))
    assert (again.added, again.changed, again.unchanged) == (0, 0, 1)
    with acting(system(), reason="count"):
        assert Event.objects.exclude(table_name__in=("orgs_registerimport", "core_storedfile")).count() == before


def test_importing_again_updates_by_identifier_and_ends_assets_that_are_gone(cast: Cast) -> None:
    applied(cast, csv_file(rows_with({})))
    changed = applied(
        cast, csv_file(rows_with({"tier": "1", "domains": "gas.example", "contact_phone": "+92 51 7654321"})), days=3
    )
    assert (changed.added, changed.changed) == (0, 1)
    with acting(system(), reason="look"):
        organisation = Organisation.objects.get(identifier="PK-T-9001")
        assert organisation.tier == 1
        assert organisation.contacts.get().phone == "+92 51 7654321"
        ended = organisation.assets.get(value="epsilon.example")
        assert ended.valid_until == (NOW + timedelta(days=3)).date()
        assert organisation.assets.filter(valid_until=None).count() == 5
    applied(cast, csv_file(rows_with({"tier": "1"})), days=5)
    with acting(system(), reason="look"):
        assert Asset.objects.get(value="epsilon.example").valid_until is None


def test_columns_that_a_file_leaves_out_stay_as_they_are(cast: Cast) -> None:
    applied(cast, csv_file(rows_with({})))
    columns = ("domains", "prefixes", "asns", "cryptography", "contact_name", "contact_email", "contact_phone")
    applied(cast, csv_file(rows_with({"name": "Epsilon"}), without=(*columns, "name_ur", "website")))
    with acting(system(), reason="look"):
        organisation = Organisation.objects.get(identifier="PK-T-9001")
        assert (organisation.name, organisation.name_ur) == ("Epsilon", "ایپسلون گیس")
        assert organisation.assets.filter(valid_until=None).count() == 6
        assert Contact.objects.filter(organisation=organisation).count() == 1


def test_a_file_with_one_bad_row_cannot_be_applied_at_all(cast: Cast) -> None:
    found = previewed(cast, csv_file(rows_with({}, {"identifier": "PK-T-9002", "tier": "9"})))
    assert found.problem_count == 1
    assert found.problems == [[3, "tier", "9", "choice", "1, 2, 3, 4"]]
    with acting(cast.nadia, reason="take"), pytest.raises(Invalid):
        take_import(cast.nadia, found, run=1)
    with acting(system(), reason="load"), pytest.raises(Invalid):
        apply_import(system(), found, now=NOW)
    with acting(system(), reason="look"):
        assert not Organisation.objects.filter(identifier__startswith="PK-T-90").exists()


def test_more_than_a_thousand_problems_are_all_counted_and_a_thousand_listed(cast: Cast) -> None:
    found = previewed(cast, csv_file(rows_with(*({"identifier": f"PK-{n}", "tier": "0"} for n in range(1_200)))))
    assert (found.problem_count, len(found.problems)) == (1_200, 1_000)


def test_an_import_is_applied_once_and_not_after_it_was_discarded(cast: Cast) -> None:
    found = previewed(cast, csv_file(rows_with({})))
    with acting(cast.nadia, reason="take"):
        take_import(cast.nadia, found, run=1)
        with pytest.raises(Conflict):
            take_import(cast.nadia, found, run=2)
    with acting(system(), reason="a run failed"):
        release_import(system(), found.pk)
    with acting(cast.nadia, reason="discard"):
        discard_import(cast.nadia, found)
        found.refresh_from_db()
    with acting(system(), reason="load"), pytest.raises(Conflict):
        apply_import(system(), found, now=NOW)


def test_a_file_changed_on_disk_after_the_preview_is_not_loaded(cast: Cast) -> None:
    found = previewed(cast, csv_file(rows_with({"identifier": "PK-T-9009"})))
    with acting(system(), reason="tamper"):
        digest = StoredFile.objects.get(pk=found.file_id).sha256
    (Path(settings.VAR) / "files" / digest[:2] / digest).write_bytes(csv_file(rows_with({"identifier": "PK-1"})))
    with acting(system(), reason="load"), pytest.raises(Conflict, match="changed on disk"):
        apply_import(system(), found, now=NOW)


@pytest.mark.parametrize("person", ["parveen", "ayesha", "bilal", "kamran", "mina", "adil", "chand"])
def test_only_the_national_cert_imports(cast: Cast, person: str) -> None:
    actor = cast.actors[person]
    with acting(actor, reason="try"), pytest.raises(Forbidden):
        preview_import(actor, csv_file(rows_with({})), name="register.csv", now=NOW)


def test_an_import_belongs_to_who_uploaded_it(cast: Cast) -> None:
    found = previewed(cast, csv_file(rows_with({})))
    with acting(cast.hamid, reason="look"), pytest.raises(NotFound):
        access_import(cast.hamid, found.pk)


def test_a_text_that_looks_like_a_null_or_a_formula_stays_a_text(cast: Cast) -> None:
    applied(cast, csv_file(rows_with({"name": "none", "registration_number": "=1+1", "name_ur": "\\N"})))
    with acting(system(), reason="look"):
        organisation = Organisation.objects.get(identifier="PK-T-9001")
    assert (organisation.name, organisation.registration_number, organisation.name_ur) == ("none", "=1+1", "\\N")


def marks_of(cast: Cast, identifier: str = "PK-T-9001") -> dict[str, tuple[str, str]]:
    with acting(system(), reason="read"):
        rows = Asset.objects.filter(organisation__identifier=identifier, kind__in=("prefix", "domain"))
        return {value: (mark, source) for value, mark, source in rows.values_list("value", "mark", "source")}


def test_a_file_marks_shared_ranges_and_one_without_the_column_leaves_them(cast: Cast) -> None:
    marked = rows_with({"marks": "203.0.113.0/24=nat; gas.example=cloud"})
    applied(cast, csv_file(marked))
    assert marks_of(cast) == {
        "203.0.113.0/24": ("nat", "manual"), "gas.example": ("cloud", "manual"), "epsilon.example": ("", "manual")
    }  # fmt: skip
    assert previewed(cast, csv_file(marked)).unchanged == 1
    assert previewed(cast, csv_file(rows_with({}))).unchanged == 1
    applied(cast, csv_file(rows_with({"marks": "203.0.113.0/24=shared"})))
    assert {mark for mark, _ in marks_of(cast).values()} == {"shared", ""}


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("203.0.113.0/24=mine", ["mark"]), ("203.0.113.0/24", ["mark"]), ("192.0.2.0/24=nat", ["marked"]),
        ("=nat", ["mark"]), ("203.0.113.0/24=nat; x=", ["mark", "marked"]),
    ],
)  # fmt: skip
def test_a_mark_that_is_none_or_stands_nowhere_is_a_problem(cell: str, codes: list[str]) -> None:
    assert sorted(code for _, column, code in problems_of({"marks": cell}) if column == "marks") == codes


def test_a_file_ends_only_what_people_keep_by_hand(cast: Cast) -> None:
    applied(cast, csv_file(rows_with({})))
    with acting(system(), reason="import claims"):
        organisation = Organisation.objects.get(identifier="PK-T-9001")
        Asset.objects.create(
            organisation=organisation, kind="prefix", value="198.51.100.0/24", source="delegated:apnic"
        )
    applied(cast, csv_file(rows_with({"prefixes": ""})), days=1)
    with acting(system(), reason="read"):
        in_force = Asset.objects.filter(organisation=organisation, kind="prefix", valid_until=None)
        assert list(in_force.values_list("value", flat=True)) == ["198.51.100.0/24"]


def test_an_export_with_marks_can_be_imported_again_without_a_change(cast: Cast) -> None:
    applied(cast, csv_file(rows_with({"marks": "203.0.113.0/24=nat; gas.example=cloud"})))
    with acting(cast.nadia, reason="export"):
        found = Organisation.objects.get(identifier="PK-T-9001")
        exported = as_csv(register_file(today=NOW.date(), wanted=[found.pk]))
    again = previewed(cast, exported)
    assert (again.problem_count, again.unchanged, again.changed) == (0, 1, 0)
