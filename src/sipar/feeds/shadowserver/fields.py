"""How the names of Shadowserver's schema map to the columns of an observation, as data.

`intelmq.json` names IntelMQ fields and conversion functions; `reports.json` only the columns, in the order of the file.
Names are facts of the two formats (The Shadowserver Foundation, report_schema; IntelMQ 3.5, harmonization).
"""

from __future__ import annotations

# Conversion function of the schema: the cast of a field that stays in `extra`.
CONVERSIONS = {
    "": "text",
    "validate_to_none": "text",
    "convert_int": "integer",
    "convert_float": "decimal",
    "convert_bool": "boolean",
    "convert_date": "date",
    "convert_date_utc": "date",
    "add_UTC_to_timestamp": "date",
    "invalidate_zero": "nonzero",
    "validate_ip": "address",
    "validate_network": "network",
    "validate_fqdn": "hostname",
    "extract_cve_from_tag": "cves",
    "force_base64": "base64",
    "convert_http_host_and_url": "text",
    "category_or_detail": "text",
    "scan_exchange_identifier": "kind",
    "scan_exchange_type": "rsit",
    "scan_exchange_taxonomy": "text",
}

# Columns of the file, where only `reports.json` is there to tell: the IntelMQ field that each fills.
COLUMNS = {
    "timestamp": "time.source",
    "severity": "severity",
    "ip": "source.ip",
    "src_ip": "source.ip",
    "http_referer_ip": "source.ip",
    "port": "source.port",
    "src_port": "source.port",
    "protocol": "protocol.transport",
    "hostname": "source.reverse_dns",
    "src_hostname": "source.reverse_dns",
    "asn": "source.asn",
    "src_asn": "source.asn",
    "geo": "source.geolocation.cc",
    "src_geo": "source.geolocation.cc",
    "region": "source.geolocation.region",
    "src_region": "source.geolocation.region",
    "city": "source.geolocation.city",
    "src_city": "source.geolocation.city",
    "dst_ip": "destination.ip",
    "dst_port": "destination.port",
    "dst_asn": "destination.asn",
    "dst_geo": "destination.geolocation.cc",
    "dst_region": "destination.geolocation.region",
    "dst_city": "destination.geolocation.city",
    "dst_hostname": "destination.reverse_dns",
    "infection": "malware.name",
    "family": "malware.name",
    "device_vendor": "product.vendor",
    "device_model": "product.name",
    "device_version": "product.version",
    "url": "source.url",
    "tag": "extra.tag",
}

# Where a report has no address: mail addresses whose domain is the asset, and names that are.
MAIL_COLUMNS = ("email", "username", "account")
NAME_COLUMNS = ("website", "request")
# Reports of what was scanned: absence from one is worth something. All others tell of events.
SCANNED = ("scan", "population", "device_id")
