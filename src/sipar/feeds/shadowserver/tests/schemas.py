"""A schema in the published form, with two reports of our own beside the columns of `scan_http`."""

from __future__ import annotations

from typing import Any

HTTP_COLUMNS = (
    "timestamp", "severity", "ip", "protocol", "port", "hostname", "tag", "asn", "geo", "region", "city", "naics",
    "hostname_source", "sector", "http", "http_code", "http_reason", "content_type", "connection", "www_authenticate",
    "set_cookie", "server", "content_length", "transfer_encoding", "http_date", "version",
)  # fmt: skip
_CONVERSIONS = {"naics": "invalidate_zero", "http_code": "convert_int", "content_length": "convert_int"}
_NAMED = {
    "severity": ["severity", "severity", "validate_to_none"],
    "protocol": ["protocol.transport", "protocol"],
    "hostname": ["source.reverse_dns", "hostname"],
    "asn": ["source.asn", "asn", "invalidate_zero"],
    "geo": ["source.geolocation.cc", "geo"],
    "http_date": ["extra.", "http_date", "convert_date"],
}
_REQUIRED = [
    ["time.source", "timestamp", "add_UTC_to_timestamp"],
    ["source.ip", "ip", "validate_ip"],
    ["source.port", "port", "convert_int"],
]
_HTTP = [
    _NAMED.get(name) or ["extra.", name, _CONVERSIONS.get(name, "validate_to_none")]
    for name in HTTP_COLUMNS
    if name not in ("timestamp", "ip", "port")
]


def _entry(
    file_name: str, kind: str, identifier: str, optional: list[list[Any]], required: Any = None
) -> dict[str, Any]:
    return {
        "file_name": file_name,
        "feed_name": file_name,
        "constant_fields": {"classification.taxonomy": "other", "classification.type": kind}
        | ({"classification.identifier": identifier} if identifier else {}),
        "required_fields": required or _REQUIRED,
        "optional_fields": optional,
    }


SCHEMA: dict[str, Any] = {
    "_meta": {"date_created": "2026-03-24T15:31:20Z"},
    "scan_http": _entry(
        "scan_http", "other", "accessible-http", [*_HTTP, ["product.vulnerabilities", "tag", "extract_cve_from_tag"]]
    ),
    "event_lamp": _entry(
        "event4_lamp",
        "blacklist",
        "",
        [
            ["classification.identifier", "infection", "validate_to_none"],
            ["malware.name", "infection", "validate_to_none"],
            ["product.version", "device_version", "validate_to_none"],
            ["product.vendor", "device_vendor", "validate_to_none"],
            ["source.reverse_dns", "hostname"],
            ["source.fqdn", "site", "validate_fqdn"],
            ["source.url", "url", "convert_http_host_and_url", True],
            ["event_description.text", "category", "category_or_detail", True],
            ["extra.", "detail"],
            ["extra.", "http_host"],
            ["extra.", "secure", "convert_bool"],
            ["extra.", "ratio", "convert_float"],
            ["extra.", "body", "force_base64"],
            ["extra.", "resolver", "validate_ip"],
            ["source.network", "network", "validate_network"],
            ["extra.", "seen", "convert_date_utc"],
            ["extra.", "odd", "convert_to_gold"],
            ["destination.ip", "dst_ip", "validate_ip"],
        ],
    ),
    "scan_mail": _entry(
        "scan_mail",
        "vulnerable-system",
        "open-mail",
        [
            ["classification.identifier", "tag", "scan_exchange_identifier"],
            ["classification.type", "tag", "scan_exchange_type"],
            ["classification.taxonomy", "tag", "scan_exchange_taxonomy"],
            ["extra.", "tag", "validate_to_none"],
        ],
    ),
    "account": _entry(
        "account", "data-leak", "leaked", [["extra.", "email"]], [["time.source", "timestamp", "add_UTC_to_timestamp"]]
    ),
}
