"""Files about vulnerabilities, invented for tests."""

from __future__ import annotations

import json
from typing import Any


def cve_record(
    cve: str = "CVE-2024-10001",
    *,
    updated: str = "2024-05-01T00:00:00Z",
    less_than: str = "2.5",
    rejected: bool = False,
    score: float | None = 9.8,
    kev_added: str = "",
) -> dict[str, Any]:
    """A record about `Sample Soft Portal` below a version, with CISA's container in mixed case."""
    about = {
        "cveId": cve,
        "state": "REJECTED" if rejected else "PUBLISHED",
        "dateUpdated": updated,
        "datePublished": "2024-04-02T00:00:00Z",
    }
    if rejected:
        cna: dict[str, Any] = {"rejectedReasons": [{"lang": "en", "value": "It is a duplicate."}]}
        return {"dataType": "CVE_RECORD", "cveMetadata": about, "containers": {"cna": cna}}
    version = {"version": "0", "status": "affected", "lessThan": less_than, "versionType": "custom"}
    cna = {
        "title": "Portal lets strangers in",
        "descriptions": [{"lang": "en", "value": "The sign-in of Portal can be stepped over."}],
        "affected": [
            {
                "vendor": "Sample Soft", "product": "Portal", "defaultStatus": "unaffected", "versions": [version],
                "cpes": ["cpe:2.3:a:sample_soft:portal:*:*:*:*:*:*:*:*"],
            }
        ],
        "providerMetadata": {"shortName": "sample"},
    }  # fmt: skip
    if score is not None:
        cna["metrics"] = [{"cvssV3_1": {"baseScore": score, "vectorString": "CVSS:3.1/AV:N"}}]
    ssvc = {
        "Options": 1,
        "options": [{"Exploitation": "Active"}, {"Automatable": "YES"}, {"Technical Impact": "total"}],
    }
    metrics = [{"other": {"type": "ssvc", "content": ssvc}}]
    if kev_added:
        metrics.append({"other": {"type": "kev", "content": {"dateAdded": kev_added}}})
    adp = {"metrics": metrics, "providerMetadata": {"shortName": "CISA-ADP"}}
    return {"dataType": "CVE_RECORD", "cveMetadata": about, "containers": {"cna": cna, "adp": [adp]}}


def kev(*cves: str, added: str = "2024-06-01") -> bytes:
    entries = [
        {
            "cveID": cve, "vendorProject": "Sample Soft", "product": "Portal", "vulnerabilityName": "Portal sign-in",
            "dateAdded": added, "dueDate": "2024-06-22", "knownRansomwareCampaignUse": "Known",
        }
        for cve in cves
    ]  # fmt: skip
    return json.dumps({"catalogVersion": "2024.06.01", "vulnerabilities": entries}).encode()


def bill(*components: tuple[str, str]) -> bytes:
    """A CycloneDX bill with these products of Sample Soft."""
    listed = [
        {
            "type": "application", "name": name, "version": version,
            "cpe": f"cpe:2.3:a:sample_soft:{name.lower()}:{version or '*'}:*:*:*:*:*:*:*",
        }
        for name, version in components
    ]  # fmt: skip
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": listed}).encode()


def csaf(
    status: str = "known_not_affected",
    *,
    released: str = "2024-07-01T00:00:00Z",
    tlp: str = "WHITE",
    version: str = "2.4",
) -> bytes:
    """A VEX statement of Sample Soft about one version of Portal."""
    product = {"product_id": "P-1", "name": f"Sample Soft Portal {version}", "product_identification_helper": {
        "cpe": f"cpe:2.3:a:sample_soft:portal:{version}:*:*:*:*:*:*:*"}}  # fmt: skip
    vulnerability: dict[str, Any] = {"cve": "CVE-2024-10001", "product_status": {status: ["P-1"]}}
    vulnerability["flags"] = [{"label": "vulnerable_code_not_present", "product_ids": ["P-1"]}]
    return json.dumps({
        "document": {
            "csaf_version": "2.0", "category": "csaf_vex", "title": "Portal is built without it",
            "publisher": {"name": "Sample Soft", "namespace": "https://sample.example"},
            "tracking": {"id": "SS-1", "version": "1", "status": "final", "current_release_date": released},
            "distribution": {"tlp": {"label": tlp}},
        },
        "product_tree": {"full_product_names": [product]},
        "vulnerabilities": [vulnerability],
    }).encode()  # fmt: skip
