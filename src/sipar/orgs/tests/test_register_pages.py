"""The register's pages and operations, as each role meets them."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.cast import Cast

from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.core.models import BackgroundRun
from sipar.orgs.models import Asset, Designation, Organisation, RegisterImport
from sipar.orgs.tasks import load_register
from sipar.orgs.tests.register_files import csv_file, rows_with
from sipar.orgs.tests.test_designate import LEVELS, graded, listed


@pytest.mark.parametrize("person", ["nadia", "parveen", "mina"])
def test_the_list_shows_what_the_reader_may_see(cast: Cast, person: str) -> None:
    page = cast.client(person).get("/organisations/").content.decode()
    assert "Alpha Power" in page
    assert ("Beta Bank" in page) is (person == "nadia")


def test_the_own_people_are_led_to_their_own_page(cast: Cast) -> None:
    client = cast.client("ayesha")
    assert client.get("/organisations/")["Location"] == "/organisations/mine/"
    page = client.get("/organisations/mine/")
    assert page.status_code == 200
    assert "Who looked at us" in page.content.decode()


@pytest.mark.parametrize(
    ("person", "status"),
    [("ayesha", 200), ("parveen", 200), ("nadia", 200), ("mina", 200), ("bushra", 404), ("kamran", 403)],
)
def test_an_organisations_page_is_open_to_its_own_and_its_certs(cast: Cast, person: str, status: int) -> None:
    for address in ("/organisations/PK-T-0001/", "/organisations/PK-T-0001/assets/"):
        assert cast.client(person).get(address).status_code == status


def test_the_number_of_queries_of_the_list_does_not_grow(cast: Cast, django_assert_max_num_queries: object) -> None:
    client = cast.client("nadia")
    client.get("/organisations/")
    with django_assert_max_num_queries(30):  # type: ignore[operator]
        client.get("/organisations/?sort=-tier&q=alpha")


def test_a_ciso_adds_and_ends_an_asset(cast: Cast) -> None:
    client = cast.client("bilal")
    refused = client.post("/organisations/PK-T-0001/assets/add/", {"kind": "prefix", "value": "10.0.0.0/8"})
    assert refused.status_code == 422
    assert "10.0.0.0/8" in refused.content.decode()
    assert client.post("/organisations/PK-T-0001/assets/add/", {"kind": "asn", "value": "64501"}).status_code == 302
    with acting(system(), reason="look"):
        kept = Asset.objects.get(value="AS64501")
    foreign = cast.client("bushra").post(f"/organisations/PK-T-0002/assets/{kept.pk}/end/")
    assert foreign.status_code == 404
    assert client.post(f"/organisations/PK-T-0001/assets/{kept.pk}/end/").status_code == 302


def test_a_register_file_is_previewed_and_then_loaded_by_the_worker(cast: Cast) -> None:
    client = cast.client("nadia")
    upload = SimpleUploadedFile("register.csv", csv_file(rows_with({})))
    answer = client.post("/organisations/import/", {"file": upload})
    assert answer.status_code == 302
    assert "organisations are added" in client.get(answer["Location"]).content.decode()
    assert client.post(f"{answer['Location']}apply/").status_code == 302
    with acting(system(), reason="look"):
        taken = RegisterImport.objects.get()
    assert taken.state == "applying"
    assert taken.run_id is not None
    load_register.func(taken.pk, taken.run_id)
    assert "The file is loaded" in client.get(answer["Location"]).content.decode()
    with acting(system(), reason="look"):
        assert Organisation.objects.filter(identifier="PK-T-9001").exists()


def test_an_import_that_breaks_is_given_back_and_its_run_is_closed(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client = cast.client("nadia")
    upload = SimpleUploadedFile("register.csv", csv_file(rows_with({})))
    address = client.post("/organisations/import/", {"file": upload})["Location"]
    client.post(f"{address}apply/")
    with acting(system(), reason="look"):
        taken = RegisterImport.objects.get()

    def breaks(*_given: object, **_named: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("sipar.orgs.tasks.apply_import", breaks)
    assert taken.run_id is not None
    with pytest.raises(OSError, match="full"):
        load_register.func(taken.pk, taken.run_id)
    assert client.post(f"{address}apply/").status_code == 302
    with acting(system(), reason="look"):
        assert BackgroundRun.objects.get(pk=taken.run_id).state == "failed"
        assert RegisterImport.objects.get().state == "applying"


def test_the_preview_names_each_bad_row_and_offers_no_loading(cast: Cast) -> None:
    client = cast.client("nadia")
    upload = SimpleUploadedFile("register.csv", csv_file(rows_with({"tier": "<b>9</b>"})))
    page = client.get(client.post("/organisations/import/", {"file": upload})["Location"]).content.decode()
    assert "This is not one of the allowed values." in page
    assert "&lt;b&gt;9&lt;/b&gt;" in page
    assert "Load this file" not in page


def test_a_file_that_is_no_register_is_refused_on_the_form(cast: Cast) -> None:
    client = cast.client("nadia")
    for name, content in (("a.pdf", b"%PDF-1.7"), ("a.csv", b"one,two\n1,2\n"), ("a.csv", b"")):
        answer = client.post("/organisations/import/", {"file": SimpleUploadedFile(name, content)})
        assert answer.status_code == 422
    assert cast.client("parveen").get("/organisations/import/").status_code == 403


def test_the_export_has_the_columns_of_the_import(cast: Cast) -> None:
    answer = cast.client("parveen").get("/organisations/register.csv")
    assert answer["Content-Disposition"] == 'attachment; filename="register.csv"'
    assert "PK-T-0001" in answer.content.decode()
    assert "PK-T-0002" not in answer.content.decode()
    assert cast.client("nadia").get("/organisations/register.xlsx").content.startswith(b"PK")
    assert cast.client("ayesha").get("/organisations/register.csv").status_code == 403


def test_the_national_cert_adds_and_changes_an_entry(cast: Cast) -> None:
    client = cast.client("nadia")
    alpha = cast.organisations["alpha"]
    entry = {
        "identifier": "PK-T-0010", "name": "Eta Rail (fictional)", "ownership": "public", "sector": alpha.sector_id,
        "province": alpha.province_id, "tier": "3", "size": "small", "is_active": "on",
    }  # fmt: skip
    assert client.post("/organisations/add/", entry | {"identifier": "no digit"}).status_code == 422
    assert client.post("/organisations/add/", entry).status_code == 302
    assert client.post("/organisations/PK-T-0010/change/", entry | {"tier": "2"}).status_code == 302
    with acting(system(), reason="look"):
        assert Organisation.objects.get(identifier="PK-T-0010").tier == 2
    assert cast.client("bilal").post("/organisations/PK-T-0001/change/", entry).status_code == 403


def test_a_designation_walks_through_its_pages(cast: Cast) -> None:
    entry = {"asset_name": "Load dispatch", "function": "Balances the grid."}
    ciso, national, ministry = cast.client("bilal"), cast.client("nadia"), cast.client("mina")
    address = ciso.post("/organisations/PK-T-0001/candidates/add/", entry)["Location"]
    assert "Load dispatch" in national.get("/organisations/designations/").content.decode()
    assert national.post(f"{address}grade/", {"people": 1}).status_code == 422
    assert national.post(f"{address}grade/", LEVELS).status_code == 302
    assert "Load dispatch" in ministry.get("/organisations/designations/").content.decode()
    assert ministry.post(f"{address}designate/", {"gazette_reference": ""}).status_code == 422
    assert ministry.post(f"{address}designate/", {"gazette_reference": "S.R.O. 1(I)/2026"}).status_code == 302
    page = ciso.get(address).content.decode()
    assert "S.R.O. 1(I)/2026" in page
    assert "Sipar&#x27;s own criteria" in page
    with acting(system(), reason="look"):
        assert Designation.objects.get().state == "designated"


def test_a_step_of_a_designation_is_closed_to_the_wrong_role(cast: Cast) -> None:
    first, second = listed(cast, "First"), graded(cast)
    assert cast.client("bilal").post(f"/organisations/designations/{first.pk}/grade/", LEVELS).status_code == 403
    assert cast.client("parveen").post(f"/organisations/designations/{first.pk}/grade/", LEVELS).status_code == 403
    designating = f"/organisations/designations/{second.pk}/designate/"
    assert cast.client("nadia").post(designating, {"gazette_reference": "x"}).status_code == 403
    assert cast.client("bushra").get(f"/organisations/designations/{first.pk}/").status_code == 404


def test_the_api_lists_by_cursor_and_reads_one(cast: Cast) -> None:
    client = cast.client("nadia")
    first = client.get("/api/organisations?limit=3").json()
    second = client.get("/api/organisations", {"limit": 3, "cursor": first["next"]}).json()
    seen = [row["identifier"] for row in (*first["items"], *second["items"])]
    assert sorted(seen) == ["PK-T-0001", "PK-T-0002", "PK-T-0003", "PK-T-0004"]
    assert second["next"] is None
    assert client.get("/api/organisations?cursor=nonsense").status_code == 422
    assert client.get("/api/organisations/PK-T-0001").json()["sector"] == "energy"
    assert cast.client("bushra").get("/api/organisations/PK-T-0001").status_code == 404
    assert client.get("/api/organisations/register.csv").status_code == 200
