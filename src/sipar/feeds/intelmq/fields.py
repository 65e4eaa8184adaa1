"""The names of IntelMQ's events, as data (IntelMQ 3.5, harmonization; https://docs.intelmq.org/latest/user/event/)."""

from __future__ import annotations

# IntelMQ field: the column of READ that it fills, and the cast by which it does.
TARGETS = {
    "time.source": ("observed_at", "time"),
    "classification.identifier": ("kind", "kind"),
    "classification.type": ("classification", "rsit"),
    "severity": ("severity", "severity"),
    "source.ip": ("ip", "address"),
    "source.port": ("port", "port"),
    "protocol.transport": ("protocol", "protocol"),
    "source.fqdn": ("hostname", "hostname"),
    "source.reverse_dns": ("hostname", "hostname"),
    "source.url": ("url", "url"),
    "source.asn": ("asn", "asn"),
    "source.geolocation.cc": ("country", "country"),
    "product.vendor": ("product", "word"),
    "product.name": ("product", "word"),
    "product.version": ("product", "word"),
    "product.vulnerabilities": ("cves", "cves"),
    "malware.name": ("malware", "word"),
    "extra.tag": ("tag", "word"),
}
# Parts of one column, in the order in which they are joined or asked.
ORDER = ("source.fqdn", "source.reverse_dns", "product.vendor", "product.name", "product.version")
# Parts that are kept one by one as well.
PARTS = ("product.vendor", "product.name", "product.version")
# Follows from the RSIT type.
LEFT_OUT = ("classification.taxonomy",)

_OF_BOTH_ENDS = (
    "abuse_contact", "account", "allocated", "as_name", "asn", "domain_suffix", "fqdn", "geolocation.cc",
    "geolocation.city", "geolocation.country", "geolocation.cymru_cc", "geolocation.geoip_cc", "geolocation.latitude",
    "geolocation.longitude", "geolocation.region", "geolocation.state", "ip", "local_hostname", "local_ip", "network",
    "port", "registry", "reverse_dns", "tor_node", "url", "urlpath",
)  # fmt: skip
# Every name that an event may have besides `extra.`: what else an observation says goes there.
NAMES = frozenset({
    *(f"{end}.{name}" for end in ("source", "destination") for name in _OF_BOTH_ENDS),
    "classification.identifier", "classification.taxonomy", "classification.type", "comment", "constituency",
    "event_description.target", "event_description.text", "event_description.url", "event_hash", "feed.accuracy",
    "feed.code", "feed.documentation", "feed.name", "feed.provider", "feed.url", "malware.hash", "malware.hash.md5",
    "malware.hash.sha1", "malware.hash.sha256", "malware.name", "malware.version", "misp.attribute_uuid",
    "misp.event_uuid", "output", "product.full_name", "product.name", "product.vendor", "product.version",
    "product.vulnerabilities", "protocol.application", "protocol.transport", "raw", "rtir_id", "screenshot_url",
    "severity", "status", "time.observation", "time.source", "tlp",
})  # fmt: skip
# Kept by Sipar in another way: the line is in the raw file, the class follows from the type.
DROPPED = ("raw", "__type", "classification.taxonomy")
