from __future__ import annotations

import gzip
import json

import pytest

from sipar.formats.inventory import Component, read_inventory
from sipar.formats.problems import FormatProblem

XML = """<?xml version="1.0"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components>
  <component type="library"><publisher>Sample</publisher><name>portal</name><version>1.2</version>
    <purl>pkg:maven/org.sample/portal@1.2</purl>
    <components><component type="library"><name>inner</name><version>3</version></component></components>
  </component></components></bom>"""
TAGS = """SPDXVersion: SPDX-2.3
DataLicense: CC0-1.0
# a remark
PackageName: portal
PackageVersion: 1.2
PackageSupplier: Organization: Sample
ExternalRef: SECURITY cpe23Type cpe:2.3:a:sample:portal:1.2:*:*:*:*:*:*:*
PackageComment: <text>PackageName: not one
over two lines</text>
FileName: ./a.c
PackageName: other
PackageVersion: NOASSERTION
"""


def cyclonedx(*components: dict[str, object]) -> bytes:
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": list(components)}).encode()


def test_cyclonedx_json_gives_nested_components_once() -> None:
    inner: dict[str, object] = {"name": "inner", "version": "3"}
    kind, found = read_inventory(
        cyclonedx({"name": "portal", "group": "Sample", "components": [inner]}, inner), "b.json"
    )
    assert kind == "cyclonedx"
    assert found == (Component("inner", "3"), Component("portal", vendor="Sample"))


def test_cyclonedx_xml_gives_the_same_kind_of_components() -> None:
    _kind, found = read_inventory(XML.encode(), "b.xml")
    assert found == (
        Component("inner", "3"),
        Component("portal", "1.2", "Sample", purl="pkg:maven/org.sample/portal@1.2"),
    )


def test_spdx_gives_its_packages_from_tags_and_from_json() -> None:
    reference = {"referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:sample:portal:1.2:*:*:*:*:*:*:*"}
    package = {"name": "portal", "versionInfo": "1.2", "supplier": "Organization: Sample", "externalRefs": [reference]}
    document = {"spdxVersion": "SPDX-2.3", "packages": [package, {"name": "other", "versionInfo": "NOASSERTION"}]}
    assert read_inventory(TAGS.encode(), "a.spdx") == read_inventory(json.dumps(document).encode(), "a.json")
    portal = read_inventory(TAGS.encode(), "a.spdx")[1][1]
    assert (portal.vendor, portal.version, portal.cpe[:10]) == ("Sample", "1.2", "cpe:2.3:a:")


def test_a_bill_may_be_compressed() -> None:
    assert read_inventory(gzip.compress(XML.encode()), "b.xml.gz")[0] == "cyclonedx"


ENTITIES = '<!DOCTYPE bom [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (ENTITIES.encode() + XML.partition("?>")[2].encode(), "xml.unsafe"),
        (b'<!DOCTYPE bom SYSTEM "file:///etc/passwd"><bom/>', "xml.unsafe"),
        (b"<a>" * 500, "xml.depth"),
        (b"<bom", "xml.syntax"),
        (b"<html/>", "inventory.format"),
        (b"[" * 5_000, "inventory.format"),
        (b'{"bomFormat":' + b"[" * 5_000, "json.depth"),
        (b"just words", "inventory.format"),
        (b'{"a": 1, "a": 2}', "json.duplicate"),
        (cyclonedx(), "inventory.empty"),
        (cyclonedx({"version": "1"}), "inventory.empty"),
        (b"SPDXVersion: SPDX-2.3\nwords without a tag\n", "spdx.line"),
        (gzip.compress(b"\x00" * (70 * 1024 * 1024), mtime=0), "file.size"),
    ],
)
def test_what_is_hostile_or_no_bill_is_refused_by_name(content: bytes, code: str) -> None:
    with pytest.raises(FormatProblem) as refused:
        read_inventory(content, "b")
    assert refused.value.code == code


def test_names_cannot_carry_line_ends_or_turn_the_direction_of_writing() -> None:
    _kind, found = read_inventory(cyclonedx({"name": "por\u202etal\n", "version": ["no", "text"]}), "b.json")
    assert found == (Component("portal"),)
