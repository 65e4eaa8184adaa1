"""A few facts about real vulnerabilities, and what two invented organisations say that they run.

The facts are those of the CVE records and of CISA's catalogue that the files in `data` name; the sentences are ours.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from sipar.demonstration.recipe import FOLDER
from sipar.demonstration.stage_claims import POWER, WATER
from sipar.demonstration.telling import Teller
from sipar.vulnerabilities.dismissal_actions import name_alias
from sipar.vulnerabilities.import_actions import import_file
from sipar.vulnerabilities.inventory_actions import upload_inventory
from sipar.vulnerabilities.matching_actions import match_components

LISTS = ("vulnerabilities.jsonl", "known_exploited.json")
# (name, version, CPE vendor and product, purl)
POWER_GATEWAYS = (
    ("PAN-OS", "10.2.7", "o:paloaltonetworks:pan-os", ""),
    ("PHP", "8.2.11", "a:php:php", ""),
    ("PostgreSQL", "15.4", "a:postgresql:postgresql", ""),
    ("log4j-core", "2.17.1", "", "pkg:maven/org.apache.logging.log4j/log4j-core@2.17.1"),
)
# What inventories call a product, and what the records call it.
ALIASES = (("paloaltonetworks:pan-os", "palo_alto_networks:pan-os"), ("php:php", "php_group:php"))
WATER_PORTAL = (("PHP", "8.3.4", "a:php:php", ""), ("Debian", "12", "o:debian:debian_linux", ""))


def tell_vulnerabilities(teller: Teller) -> None:
    """Import the lists, take in two bills of materials, and work out what is affected."""
    begun = teller.ago(24 * 30)
    with teller.as_sipar() as sipar:
        for name in LISTS:
            import_file(sipar, FOLDER / "data" / name, name=name, now=begun)
    for person, place, name, listed in (
        ("ciso", POWER, "Gateways and portal", POWER_GATEWAYS),
        ("analyst", WATER, "Customers' portal", WATER_PORTAL),
    ):
        with teller.as_person(person) as actor:
            data = json.dumps(_bill_of_materials(listed)).encode()
            upload_inventory(
                actor, teller.organisation(place), data, file_name="bom.cdx.json", inventory=name,
                now=begun + timedelta(days=3),
            )  # fmt: skip
    with teller.as_person("analyst") as actor:
        for name, means in ALIASES:
            name_alias(actor, name=name, means=means, note="The same maker and product, written twice.", now=begun)
    with teller.as_sipar() as sipar:
        for place in (POWER, WATER):
            match_components(sipar, organisation=int(teller.organisations[place]), now=teller.now)


def _bill_of_materials(listed: tuple[tuple[str, str, str, str], ...]) -> dict[str, Any]:
    """A CycloneDX document of these components."""
    components = []
    for name, version, cpe, purl in listed:
        component = {"type": "application", "name": name, "version": version}
        if cpe:
            component["cpe"] = f"cpe:2.3:{cpe}:{version}:*:*:*:*:*:*:*"
        if purl:
            component["purl"] = purl
        components.append(component)
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components}
