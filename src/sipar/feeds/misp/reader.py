"""MISP attributes: events as exported, answers of the REST API, and the events of MISP feeds, all JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from sipar.feeds.kernels.fields import Field, mail_field, url_fields
from sipar.feeds.kernels.plan import Plan
from sipar.feeds.kernels.records import Gathered, Row
from sipar.feeds.kernels.rsit import rsit_type
from sipar.feeds.reading import Chunk, Report
from sipar.formats.documents import load_json
from sipar.formats.limits import MEGABYTE, Limits
from sipar.formats.problems import FormatProblem

_LIMITS = Limits(max_bytes=128 * MEGABYTE, max_depth=32, max_nodes=8_000_000)
# Attribute type: the columns that the parts of its value fill. Other types name nothing that could be anybody's.
TYPES = {
    "AS": ("asn",),
    "domain": ("hostname",),
    "domain|ip": ("hostname", "ip"),
    "email": ("mail",),
    "email-dst": ("mail",),
    "email-src": ("mail",),
    "hostname": ("hostname",),
    "hostname|port": ("hostname", "port"),
    "ip-dst": ("ip",),
    "ip-dst|port": ("ip", "port"),
    "ip-src": ("ip",),
    "ip-src|port": ("ip", "port"),
    "link": (),
    "url": ("url",),
    "uri": ("url",),
}
# Threat level of an event (1 high, 2 medium, 3 low): severity.
_LEVELS = {"1": "high", "2": "medium", "3": "low"}
_PLAN = Plan(
    kind="attribute",
    timeless=True,
    fields=(
        Field("time", "observed_at", "time"),
        Field("kind", "kind", "kind"),
        Field("classification", "classification", "rsit"),
        Field("severity", "severity", "severity"),
        Field("ip", "ip", "address", needed=True),
        Field("port", "port", "port"),
        Field("hostname", "hostname", "hostname"),
        *url_fields("url"),
        mail_field("mail"),
        Field("asn", "asn", "asn"),
        Field("tag", "tag", "word"),
    ),
)


class MispReader:
    """Settings: `only_ids` takes only attributes that MISP marks as fit for detection."""

    name = "misp"
    label = "MISP attributes (JSON)"

    def recognise(self, name: str, head: bytes, settings: Mapping[str, Any]) -> Report:
        """JSON whose beginning names an event or an attribute."""
        text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
        if text[:1] not in ("{", "[") or not ('"Event"' in text or '"Attribute"' in text or '"response"' in text):
            raise FormatProblem("misp.events", "These are no MISP events or attributes in JSON.", name[:80])
        return Report("attributes", complete=False)

    def read(self, stream: BinaryIO, report: Report, settings: Mapping[str, Any]) -> Iterator[Chunk]:
        """One observation an attribute; `line` counts the attributes."""
        data = stream.read(_LIMITS.max_bytes + 1)
        gathered = Gathered(_PLAN)
        number = 0
        for event in _events(load_json(data, _LIMITS)):
            for attribute in _attributes(event):
                number += 1
                if isinstance(attribute, dict) and settings.get("only_ids") and attribute.get("to_ids") is not True:
                    continue
                gathered.add(number, {"event": event, "attribute": attribute}, _rows)
                if gathered.full:
                    yield gathered.chunk()
                    gathered = Gathered(_PLAN)
        yield gathered.chunk()


def _events(document: Any) -> Iterator[dict[str, Any]]:
    """The events in any of the wrappings; attributes alone are an event without a name."""
    if isinstance(document, list):
        for item in document:
            yield from _events(item)
    elif not isinstance(document, dict):
        raise FormatProblem("misp.events", "An event is an object.")
    elif "response" in document:
        yield from _events(document["response"])
    elif "Event" in document:
        yield from _events(document["Event"])
    else:
        yield document


def _attributes(event: dict[str, Any]) -> Iterator[Any]:
    lists = [event.get("Attribute")]
    objects = event.get("Object")
    lists += (
        [found.get("Attribute") for found in objects if isinstance(found, dict)] if isinstance(objects, list) else []
    )
    for found in lists:
        yield from found if isinstance(found, list) else ()


def _rows(found: dict[str, Any]) -> Iterator[Row]:
    event, attribute = found["event"], found["attribute"]
    columns = TYPES.get(attribute["type"])
    if not columns:
        return
    values: dict[str, Any] = dict(zip(columns, str(attribute["value"]).split("|"), strict=False))
    tags = [tag["name"] for holder in (attribute, event) for tag in holder.get("Tag") or []]
    classes = [rsit_type(tag) for tag in tags if tag.startswith("rsit:")]
    values |= {
        "time": attribute.get("last_seen") or attribute.get("first_seen") or attribute.get("timestamp"),
        "kind": f"misp {attribute.get('category') or 'attribute'}",
        "classification": classes[0] if classes else None,
        "severity": _LEVELS.get(str(event.get("threat_level_id"))),
        "tag": ";".join(tags)[:1_000],
    }
    extra = {key: attribute.get(key) for key in ("type", "category", "comment", "uuid", "to_ids")}
    extra |= {"event": event.get("info"), "event_uuid": event.get("uuid"), "event_date": event.get("date")}
    yield Row(values, extra)


READER = MispReader()
