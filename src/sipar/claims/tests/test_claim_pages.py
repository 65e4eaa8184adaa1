"""The pages and the API of claims: a question answered, a conflict settled, an import applied, names kept hidden."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.cast import NOW, Cast

from sipar.claims import lookups
from sipar.claims.models import ClaimImport, Conflict, NationalRange
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.orgs.models import Asset

PREFIX = "203.0.113.0/24"
WHY = "Beta bought the network, both confirmed it."


@pytest.fixture
def claimed(cast: Cast) -> Cast:
    with acting(system(), reason="claim"):
        for key in ("alpha", "beta"):
            Asset.objects.create(organisation=cast.organisations[key], kind="prefix", value=PREFIX, mark="nat")
        NationalRange.objects.create(kind="country", value="PK", team=cast.teams["national"])
        lookups.current_lookup(NOW)
    return cast


def number_of(model: type[Conflict | ClaimImport]) -> int:
    with acting(system(), reason="read"):
        return int(model._default_manager.get().pk)


def test_the_first_page_shows_what_waits(claimed: Cast) -> None:
    page = claimed.client("nadia").get("/routing/").content.decode()
    assert PREFIX in page
    assert "Alpha Power (fictional), Beta Bank (fictional)" in page
    other = claimed.client("parveen").get("/routing/").content.decode()
    assert "Alpha Power (fictional), 1 organisation outside your constituency" in " ".join(other.split())


def test_a_question_is_answered_in_words(claimed: Cast) -> None:
    page = claimed.client("nadia").get("/routing/look-up/?q=203.0.113.7").content.decode()
    assert "\u2068203.0.113.7\u2069 lies in \u2068203.0.113.0/24\u2069." in page
    assert "Nothing tells the two apart" in page
    assert "accuses no single tenant" in page
    assert "Decide it" in page
    hidden = claimed.client("farah").get("/routing/look-up/?q=203.0.113.7").content.decode()
    assert "Alpha" not in hidden
    assert "An organisation outside your constituency" in hidden
    assert claimed.client("nadia").get("/routing/look-up/?q=what").status_code == 422
    nobody = claimed.client("nadia").get("/routing/look-up/?q=192.0.2.1&day=1999-01-01").content.decode()
    assert "Nobody claims it" in nobody


def test_a_conflict_is_settled_and_the_decision_taken_back_on_its_page(claimed: Cast) -> None:
    number = number_of(Conflict)
    client = claimed.client("nadia")
    address = f"/routing/conflicts/{number}/"
    with acting(system(), reason="read"):
        beta = Asset.objects.get(organisation=claimed.organisations["beta"], value=PREFIX).pk
    refused = client.post(f"{address}settle/", {"winner": beta, "reason": "short"})
    assert refused.status_code == 422
    assert "at least ten letters" in refused.content.decode()
    client.post(f"{address}settle/", {"winner": beta, "reason": WHY})
    page = client.get(address).content.decode()
    assert "It belongs to Beta Bank (fictional)." in page
    assert WHY in page
    assert PREFIX in client.get("/routing/conflicts/?state=settled").content.decode()
    client.post(f"{address}unsettle/", {"reason": "The sale was called off."})
    assert "Opened again." in client.get(address).content.decode()


def test_a_cert_reads_a_conflict_of_its_constituent_and_does_not_settle_it(claimed: Cast) -> None:
    number = number_of(Conflict)
    client = claimed.client("parveen")
    page = client.get(f"/routing/conflicts/{number}/").content.decode()
    assert "The National CERT decides it" in page
    assert "Beta" not in page
    assert client.post(f"/routing/conflicts/{number}/settle/", {"winner": "all", "reason": WHY}).status_code == 403
    assert claimed.client("bilal").get(f"/routing/conflicts/{number}/").status_code == 403


def test_an_import_is_looked_at_and_applied_on_its_pages(claimed: Cast) -> None:
    client = claimed.client("nadia")
    team = claimed.teams["national"].pk
    bad = SimpleUploadedFile("story.txt", b"once upon a time")
    refused = client.post("/routing/imports/", {"file": bad, "team": team})
    assert refused.status_code == 422
    assert "the content tells no form" in refused.content.decode()
    table = b"kind,value,organisation\nprefix,198.51.100.0/24,PK-T-0003\nprefix,10.0.0.0/8,\n"
    client.post("/routing/imports/", {"file": SimpleUploadedFile("claims.csv", table), "team": team})
    address = f"/routing/imports/{number_of(ClaimImport)}/"
    page = client.get(address).content.decode()
    assert "Gamma Hospital (fictional)" in page
    assert "private or special" in page
    assert client.post(f"{address}apply/").status_code == 302
    assert "These claims are in use." in client.get(address).content.decode()
    assert client.post(f"{address}apply/").status_code == 409
    assert claimed.client("parveen").get(address).status_code in (403, 404)


def test_a_national_range_is_added_changed_and_ended_by_hand(claimed: Cast) -> None:
    client = claimed.client("nadia")
    said = {"kind": "domain", "value": "GOV.example", "team": claimed.teams["power"].pk, "mark": ""}
    assert client.post("/routing/ranges/add/", said).status_code == 302
    assert client.post("/routing/ranges/add/", said).status_code == 422
    assert "gov.example" in client.get("/routing/ranges/?kind=domain&q=gov").content.decode()
    with acting(system(), reason="read"):
        number = NationalRange.objects.get(kind="domain").pk
    assert client.post(f"/routing/ranges/{number}/", said | {"holder": "The state"}).status_code == 302
    assert "The state" in client.get(f"/routing/ranges/{number}/").content.decode()
    client.post(f"/routing/ranges/{number}/end/")
    assert "gov.example" in client.get("/routing/ranges/?ended=1").content.decode()


def test_programs_ask_whose_it_is_and_settle(claimed: Cast) -> None:
    client = claimed.client("nadia")
    answer = client.get("/api/routing/lookup?q=203.0.113.7").json()
    assert [(row["organisation"], row["code"]) for row in answer["claims"]] == [
        ("PK-T-0001", "won"), ("PK-T-0002", "tied")
    ]  # fmt: skip
    hidden = claimed.client("farah").get("/api/routing/lookup?q=203.0.113.7").json()["claims"][0]
    assert (hidden["organisation"], hidden["hidden"]) == (None, True)
    assert client.get("/api/routing/lookup?q=nothing").status_code in (400, 422)
    (found,) = client.get("/api/routing/conflicts").json()
    address = f"/api/routing/conflicts/{found['id']}"
    body = {"winner": found["claims"][1], "reason": WHY}
    settled = client.post(f"{address}/settle", body, content_type="application/json").json()
    assert (settled["state"], settled["winner"]) == ("settled", found["claims"][1])
    again = client.post(f"{address}/settle", body, content_type="application/json")
    assert again.status_code == 409
    back = client.post(f"{address}/unsettle", {"reason": "It was a mistake."}, content_type="application/json").json()
    assert back["state"] == "open"


def test_an_asset_is_marked_on_its_page_and_kept_by_hand_from_then_on(claimed: Cast) -> None:
    with acting(system(), reason="import"):
        alpha = claimed.organisations["alpha"]
        asset = Asset.objects.create(organisation=alpha, kind="domain", value="alpha.example", source="csv")
    client = claimed.client("bilal")
    page = client.get("/organisations/PK-T-0001/assets/").content.decode()
    assert "csv" in page
    assert "Addresses shared by many users (NAT)" in page
    said = {"kind": "domain", "value": "alpha.example", "mark": "cloud"}
    assert client.post(f"/organisations/PK-T-0001/assets/{asset.pk}/", said).status_code == 302
    with acting(system(), reason="read"):
        asset.refresh_from_db()
    assert (asset.mark, asset.source) == ("cloud", "manual")
    marked = client.post("/organisations/PK-T-0001/assets/add/", {"kind": "technology", "value": "ai", "mark": "nat"})
    assert "Only prefixes, AS numbers and domains can be marked." in marked.content.decode()


@pytest.mark.parametrize("name", ["com.pk", "github.io", "foo.ck", "co.uk", "xn--fiqs8s"])
def test_a_public_suffix_is_refused_as_an_asset_with_a_clear_sentence(claimed: Cast, name: str) -> None:
    refused = claimed.client("bilal").post("/organisations/PK-T-0001/assets/add/", {"kind": "domain", "value": name})
    assert refused.status_code == 422
    sentence = "at least two parts" if "." not in name else "name your own domain below it"
    assert sentence in refused.content.decode()
