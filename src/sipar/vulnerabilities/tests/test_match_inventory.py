from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.cast import NOW, Cast

from sipar.core.acting import Actor, acting
from sipar.core.jobs import system
from sipar.core.problems import Forbidden, Invalid
from sipar.formats.problems import FormatProblem
from sipar.notices.models import Finding
from sipar.orgs.models import Asset
from sipar.vulnerabilities import selectors
from sipar.vulnerabilities.dismissal_actions import Dismissing, dismiss, end_dismissal, name_alias
from sipar.vulnerabilities.inventory_actions import remove_inventory, upload_inventory
from sipar.vulnerabilities.matching_actions import Worked, match_components
from sipar.vulnerabilities.models import Component, Dismissal, Inventory, Match, Upload
from sipar.vulnerabilities.tests.samples import bill, csaf, cve_record, kev
from sipar.vulnerabilities.tests.test_import_vulnerabilities import take
from sipar.vulnerabilities.words import reasons, verdict_in_words

pytestmark = pytest.mark.django_db


@pytest.fixture
def listed(tmp_path: Path, cast: Cast) -> Cast:
    """The cast in a world where one CVE of Portal below 2.5 is known, and exploited."""
    take(tmp_path, json.dumps(cve_record()).encode())
    take(tmp_path, kev("CVE-2024-10001"), "kev.json")
    return cast


def hand_in(actor: Actor, cast: Cast, content: bytes, *, key: str = "alpha", inventory: str = "Billing") -> Upload:
    with acting(actor, reason="hand in"):
        return upload_inventory(
            actor, cast.organisations[key], content, file_name="bill.json", inventory=inventory, now=NOW
        )


def work_out() -> Worked:
    sipar = system()
    with acting(sipar, reason="match"):
        return match_components(sipar, now=NOW)


def states(key: str, cast: Cast) -> list[str]:
    with acting(system(), reason="look"):
        rows = Match.objects.filter(organisation=cast.organisations[key]).order_by("pk")
        return list(rows.values_list("state", flat=True))


def open_findings(cast: Cast, key: str = "alpha") -> list[tuple[str, list[str], int]]:
    with acting(system(), reason="look"):
        rows = Finding.objects.filter(organisation=cast.organisations[key], source="inventory").exclude(state="closed")
        return list(rows.values_list("asset", "cves", "severity"))


def test_an_affected_product_is_matched_explained_and_becomes_a_finding(listed: Cast) -> None:
    hand_in(listed.bilal, listed, bill(("Portal", "2.4"), ("Other", "1")))
    done = work_out()
    assert (done.components, done.matches, done.unsure) == (2, 1, 0)
    with acting(listed.bilal, reason="look"):
        found = selectors.matches_of(listed.organisations["alpha"]).get()
        told = reasons(found.why, version=found.component.version)
    assert "before 2.5" in told[0]
    assert "2.4" in told[1]
    assert "sample_soft:portal" in told[2]
    assert open_findings(listed) == [("Portal 2.4 (Billing)", ["CVE-2024-10001"], 4)]


def test_matching_twice_changes_nothing(listed: Cast) -> None:
    hand_in(listed.bilal, listed, bill(("Portal", "2.4")))
    work_out()
    with acting(system(), reason="look"):
        before = list(Match.objects.values()), list(Finding.objects.values())
    assert (again := work_out()).changed == again.gone == 0
    with acting(system(), reason="look"):
        assert (list(Match.objects.values()), list(Finding.objects.values())) == before


def test_a_product_without_a_version_is_asked_for_and_not_accused(listed: Cast) -> None:
    hand_in(listed.bilal, listed, bill(("Portal", "")))
    assert work_out().unsure == 1
    with acting(listed.bilal, reason="look"):
        component = Component.objects.get()
        assert (component.unsure, component.unsure_cves) == ("missing", 1)
    assert states("alpha", listed) == []


def test_the_next_bill_says_what_is_new_and_gone_and_closes_what_was_fixed(listed: Cast) -> None:
    hand_in(listed.bilal, listed, bill(("Portal", "2.4"), ("Other", "1")))
    work_out()
    upload = hand_in(listed.bilal, listed, bill(("Portal", "2.5"), ("Other", "1")))
    assert (upload.added, upload.removed) == (1, 1)
    assert upload.examples == {"added": ["Portal 2.5"], "removed": ["Portal 2.4"]}
    work_out()
    assert states("alpha", listed) == ["gone"]
    assert open_findings(listed) == []


def test_the_same_bill_twice_is_no_difference(listed: Cast) -> None:
    hand_in(listed.bilal, listed, bill(("Portal", "2.4")))
    upload = hand_in(listed.bilal, listed, bill(("Portal", "2.4")))
    assert (upload.added, upload.removed) == (0, 0)


def test_a_product_that_is_declared_in_the_register_is_matched_too(listed: Cast) -> None:
    with acting(system(), reason="declare"):
        Asset.objects.create(
            organisation=listed.organisations["beta"], kind="product",
            value="cpe:2.3:a:sample_soft:portal:1.0:*:*:*:*:*:*:*",
        )  # fmt: skip
    work_out()
    assert states("beta", listed) == ["open"]
    with acting(system(), reason="withdraw"):
        Asset.objects.filter(kind="product").delete()
    work_out()
    assert states("beta", listed) == ["gone"]


def test_a_system_that_is_removed_affects_nobody(listed: Cast) -> None:
    hand_in(listed.bilal, listed, bill(("Portal", "2.4")))
    work_out()
    with acting(listed.bilal, reason="remove"):
        remove_inventory(listed.bilal, Inventory.objects.get(), now=NOW)
    work_out()
    assert states("alpha", listed) == ["gone"]


def test_what_the_vendor_says_is_not_affected_is_dismissed_with_its_reason(listed: Cast, tmp_path: Path) -> None:
    hand_in(listed.bilal, listed, bill(("Portal", "2.4"), ("Portal", "2.3")))
    take(tmp_path, csaf(version="2.4"), "vex.json")
    work_out()
    with acting(listed.bilal, reason="look"):
        found = Match.objects.get(component__version="2.4")
        assert (found.state, found.verdict) == ("dismissed", "not_affected")
        assert verdict_in_words(found.verdict, found.why).startswith("Sample Soft says")
        assert "code is not there" in verdict_in_words(found.verdict, found.why)
        assert Match.objects.get(component__version="2.3").state == "open"


def test_a_rejected_cve_affects_nobody(listed: Cast, tmp_path: Path) -> None:
    hand_in(listed.bilal, listed, bill(("Portal", "2.4")))
    work_out()
    take(tmp_path, json.dumps(cve_record(updated="2024-09-01T00:00:00Z", rejected=True)).encode())
    work_out()
    assert states("alpha", listed) == ["gone"]


def said(scope: str, **more: object) -> Dismissing:
    fields: dict[str, object] = {
        "scope": scope,
        "justification": "wrong_product",
        "reason": "It is our own portal.",
        "until": date(2027, 1, 1),
    }
    return Dismissing(**(fields | more))  # type: ignore[arg-type]


def test_a_dismissal_holds_for_its_scope_and_until_its_day(listed: Cast) -> None:
    for key, person in (("alpha", "bilal"), ("beta", "bushra")):
        hand_in(listed.actors[person], listed, bill(("Portal", "2.4")), key=key)
    hand_in(listed.bilal, listed, bill(("Portal", "2.4")), inventory="Web")
    work_out()
    with acting(listed.bilal, reason="dismiss"):
        first = Match.objects.filter(organisation=listed.organisations["alpha"]).order_by("pk")[0]
        dismiss(listed.bilal, first, said("component"), now=NOW)
    assert states("alpha", listed) == ["dismissed", "open"]
    with acting(listed.bilal, reason="dismiss"):
        dismiss(listed.bilal, Match.objects.get(state="open"), said("product"), now=NOW)
    assert (states("alpha", listed), states("beta", listed)) == (["dismissed", "dismissed"], ["open"])
    assert open_findings(listed) == []
    sipar = system()
    with acting(sipar, reason="later"):
        match_components(sipar, now=NOW + timedelta(days=400))
    assert states("alpha", listed) == ["open", "open"]


def test_the_national_cert_dismisses_for_everybody_and_takes_it_back(listed: Cast) -> None:
    for key, person in (("alpha", "bilal"), ("beta", "bushra")):
        hand_in(listed.actors[person], listed, bill(("Portal", "2.4")), key=key)
    work_out()
    with acting(listed.nadia, reason="dismiss"):
        made = dismiss(listed.nadia, Match.objects.order_by("pk")[0], said("nation"), now=NOW)
    assert (states("alpha", listed), states("beta", listed)) == (["dismissed"], ["dismissed"])
    with acting(listed.nadia, reason="take back"):
        end_dismissal(listed.nadia, made, now=NOW)
    assert (states("alpha", listed), states("beta", listed)) == (["open"], ["open"])


def test_an_organisation_does_not_dismiss_for_others(listed: Cast) -> None:
    hand_in(listed.bilal, listed, bill(("Portal", "2.4")))
    work_out()
    with pytest.raises(Forbidden), acting(listed.bilal, reason="dismiss"):
        dismiss(listed.bilal, Match.objects.get(), said("nation"), now=NOW)


@pytest.mark.parametrize(
    ("field", "value"),
    [("until", date(2020, 1, 1)), ("until", date(2040, 1, 1)), ("reason", " "), ("justification", "x"), ("scope", "x")],
)
def test_a_dismissal_needs_a_reason_and_a_day(listed: Cast, field: str, value: object) -> None:
    hand_in(listed.bilal, listed, bill(("Portal", "2.4")))
    work_out()
    with pytest.raises(Invalid) as refused, acting(listed.bilal, reason="dismiss"):
        dismiss(listed.bilal, Match.objects.get(), said(**({"scope": "component"} | {field: value})), now=NOW)  # type: ignore[arg-type]
    assert [place.where for place in refused.value.places] == [field]


def test_an_alias_finds_what_is_called_differently(listed: Cast) -> None:
    with acting(listed.bilal, reason="hand in"):
        upload_inventory(
            listed.bilal, listed.organisations["alpha"],
            bill(("Portal", "2.4")).replace(b"sample_soft", b"sample"), file_name="b", inventory="Web", now=NOW,
        )  # fmt: skip
    assert work_out().matches == 0
    with acting(listed.nadia, reason="alias"):
        name_alias(listed.nadia, name="sample:portal", means="sample_soft:portal", note="renamed in 2020", now=NOW)
    assert work_out().matches == 1
    with acting(listed.bilal, reason="look"):
        assert "alias" in reasons(Match.objects.get().why, version="2.4")[2]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"<a/>", b"PK\x03\x04", b'{"bomFormat": "CycloneDX", "components": []}']
)
def test_a_file_that_is_no_bill_is_refused_and_changes_nothing(listed: Cast, content: bytes) -> None:
    with pytest.raises(FormatProblem):
        hand_in(listed.bilal, listed, content)
    with acting(system(), reason="look"):
        assert not Upload.objects.exists()


def test_nobody_sees_what_another_organisation_runs(listed: Cast) -> None:
    hand_in(listed.bilal, listed, bill(("Portal", "2.4")))
    work_out()
    for person, sees in (
        ("bilal", 1),
        ("parveen", 1),
        ("nadia", 1),
        ("bushra", 0),
        ("farah", 0),
        ("mina", 0),
        ("chand", 0),
    ):
        with acting(listed.actors[person], reason="look"):
            assert (Match.objects.count(), Component.objects.count(), Upload.objects.count()) == (sees, sees, sees), (
                person
            )


def test_a_cert_sees_what_affects_its_constituency_most(listed: Cast) -> None:
    for key, person in (("alpha", "bilal"), ("beta", "bushra")):
        hand_in(listed.actors[person], listed, bill(("Portal", "2.4")), key=key)
    work_out()
    with acting(listed.nadia, reason="look"):
        assert [(row["cve"], row["organisations"]) for row in selectors.most_affecting()] == [("CVE-2024-10001", 2)]
    with acting(listed.parveen, reason="look"):
        assert [row["organisations"] for row in selectors.most_affecting()] == [1]


def test_every_page_shows_what_it_is_for(listed: Cast) -> None:
    hand_in(listed.bilal, listed, bill(("Portal", "2.4"), ("Nameless", "")))
    work_out()
    with acting(system(), reason="look"):
        match, inventory = Match.objects.get().pk, Inventory.objects.get(declared=False).pk
    own, staff = listed.client("bilal"), listed.client("nadia")
    for client, address, wanted in (
        (own, "/vulnerabilities/?q=portal&only=kev", "CVE-2024-10001"),
        (own, "/vulnerabilities/cve/CVE-2024-10001/", "before 2.5"),
        (own, "/vulnerabilities/inventory/of/PK-T-0001/", "bill.json"),
        (own, f"/vulnerabilities/inventory/{inventory}/", "2.4"),
        (own, "/vulnerabilities/matches/", "CVE-2024-10001"),
        (own, f"/vulnerabilities/matches/{match}/", "sample_soft:portal"),
        (staff, "/vulnerabilities/constituency/", "CVE-2024-10001"),
        (staff, "/vulnerabilities/aliases/", "vendor:product"),
    ):
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert wanted in answer.content.decode(), address
    assert listed.client("bushra").get(f"/vulnerabilities/matches/{match}/").status_code == 404
    assert listed.client("bushra").get("/vulnerabilities/inventory/of/PK-T-0001/").status_code == 404


def test_a_match_is_dismissed_on_its_page(listed: Cast) -> None:
    hand_in(listed.bilal, listed, bill(("Portal", "2.4")))
    work_out()
    with acting(system(), reason="look"):
        number = Match.objects.get().pk
    client = listed.client("bilal")
    address = f"/vulnerabilities/matches/{number}/"
    assert client.post(address, {"scope": "component", "justification": "backported"}).status_code == 422
    good = {
        "scope": "component",
        "justification": "backported",
        "reason": "By the distribution.",
        "until": "2027-10-01",
    }
    assert client.post(address, good).status_code == 302
    assert states("alpha", listed) == ["dismissed"]
    with acting(system(), reason="look"):
        assert Dismissal.objects.get().justification == "backported"
