from __future__ import annotations

import json
from typing import Any

import pytest

from sipar.formats.csaf import read_csaf
from sipar.formats.problems import FormatProblem
from sipar.routing.products.ranges import as_frame
from sipar.routing.products.statements import ranges_of_advisory


def document(statuses: dict[str, list[str]], **more: Any) -> dict[str, Any]:
    branches = [
        {"category": "vendor", "name": "Sample Soft", "branches": [
            {"category": "product_name", "name": "Portal", "branches": [
                {"category": "product_version", "name": "2.4",
                 "product": {"product_id": "exact", "name": "Portal 2.4"}},
                {"category": "product_version_range", "name": "vers:generic/>=1.0|<2.0",
                 "product": {"product_id": "ranged", "name": "Portal 1"}},
                {"category": "product_version_range", "name": "the old ones",
                 "product": {"product_id": "words", "name": "Portal, old"}},
            ]},
        ]},
    ]  # fmt: skip
    return {
        "document": {
            "csaf_version": "2.0", "category": "csaf_security_advisory", "title": "Portal",
            "publisher": {"name": "Sample Soft", "namespace": "https://sample.example"},
            "tracking": {
                "id": "SS-1", "version": "2", "status": "final", "current_release_date": "2024-07-01T00:00:00Z",
            },
        },
        "product_tree": {"branches": branches},
        "vulnerabilities": [{"cve": "CVE-2024-10001", "product_status": statuses, **more}],
    }  # fmt: skip


def read(value: dict[str, Any]) -> Any:
    return read_csaf(json.dumps(value).encode())


def test_branches_give_vendor_product_and_version_or_range() -> None:
    advisory = read(document({"known_affected": ["ranged"], "fixed": ["exact"], "under_investigation": ["words"]}))
    rows, unread = ranges_of_advisory(advisory)
    table = as_frame(rows).select("key", "lower", "lower_inclusive", "upper", "upper_inclusive", "status")
    assert table.rows() == [
        ("sample_soft:portal", "1.0", True, "2.0", False, "affected"),
        ("sample_soft:portal", "2.4", True, "2.4", True, "fixed"),
    ]
    assert unread == 1


def test_a_flag_says_why_a_product_is_not_affected() -> None:
    flags = [{"label": "component_not_present", "product_ids": ["exact"]}]
    advisory = read(document({"known_not_affected": ["exact"]}, flags=flags))
    assert [(said.status, said.why) for said in advisory.statements] == [("not_affected", "component_not_present")]


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (("document", "csaf_version"), "1.2", "csaf.version"),
        (("document", "tracking", "id"), "", "csaf.shape"),
        (("document", "tracking", "current_release_date"), "soon", "csaf.date"),
        (("vulnerabilities",), [{"cve": "CVE-2024-10001", "product_status": {"fixed": ["nobody"]}}], "csaf.product"),
    ],
)
def test_a_document_that_cannot_be_relied_on_is_refused_by_name(
    path: tuple[str, ...], value: object, code: str
) -> None:
    broken = document({"fixed": ["exact"]})
    place: Any = broken
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(FormatProblem) as refused:
        read(broken)
    assert refused.value.code == code
