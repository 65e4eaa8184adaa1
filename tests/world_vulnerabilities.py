"""Rows of vulnerabilities for the world of every door: an inventory, a match and a dismissal of each organisation."""

from __future__ import annotations

from datetime import date

from django.db.models import Model

from sipar.orgs.models import Organisation
from sipar.vulnerabilities.models import Alias, Component, Dismissal, Inventory, Match, Source, Upload, Vulnerability
from tests.cast import NOW

VULNERABILITY_TABLES: tuple[type[Model], ...] = (Inventory, Upload, Component, Match, Dismissal)
CVE = "CVE-2024-10001"


def furnish_vulnerabilities(organisation: Organisation, account: int, secret: str) -> dict[str, object]:
    """One of everything, with the secret in every text."""
    listed, _ = Vulnerability.objects.get_or_create(
        cve=CVE, defaults={"title": "Portal lets strangers in", "cvss": 9.8}
    )
    inventory = Inventory.objects.create(organisation=organisation, name=secret, made_at=NOW)
    Upload.objects.create(
        inventory=inventory, organisation=organisation, file_name=f"{secret}.json", sha256="0" * 64, format="spdx",
        components=1, uploaded_by_id=account, uploaded_at=NOW,
    )  # fmt: skip
    component = Component.objects.create(
        inventory=inventory, organisation=organisation, name=secret, version="1.0", key="sample_soft:portal",
        added_at=NOW,
    )  # fmt: skip
    match = Match.objects.create(
        organisation=organisation, component=component, vulnerability=listed, why={"key": "sample_soft:portal"},
        found_at=NOW, changed_at=NOW,
    )  # fmt: skip
    dismissal = Dismissal.objects.create(
        scope="product", organisation=organisation, key="sample_soft:portal", cve=CVE, justification="wrong_product",
        reason=secret, until=date(2027, 1, 1), made_by_id=account, made_at=NOW,
    )  # fmt: skip
    alias, _ = Alias.objects.get_or_create(
        name="sample:portal", defaults={"means": "sample_soft:portal", "made_at": NOW}
    )
    source, _ = Source.objects.get_or_create(code="kev", defaults={"url": "https://lists.example/kev.json"})
    return {
        "source": source.pk, "cve": CVE,
        "inventory": inventory.pk, "match": match.pk, "dismissal": dismissal.pk, "alias": alias.pk,
    }  # fmt: skip
