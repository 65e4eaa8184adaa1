"""OSCAL catalogs (NIST OSCAL 1.0 to 1.2, JSON or YAML, plain or gzip) as Sipar catalogues."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from sipar.formats.catalogue import MAX_GROUPS, MAX_REQUIREMENTS, Catalogue
from sipar.formats.catalogue_file import build_catalogue
from sipar.formats.documents import load_document
from sipar.formats.limits import DEFAULT_LIMITS, Limits
from sipar.formats.oscal_prose import Fields, Parameters, joined, list_of, properties_of, prose_of, text_of
from sipar.formats.problems import FormatProblem

TOP_LEVEL = 2
_MODELS = {
    "catalog": "a catalog",
    "profile": "a profile",
    "component-definition": "a component definition",
    "system-security-plan": "a system security plan",
    "assessment-plan": "an assessment plan",
    "assessment-results": "assessment results",
    "plan-of-action-and-milestones": "a plan of action and milestones",
    "mapping-collection": "a mapping collection",
}
_READABLE_VERSION = re.compile(r"1\.[0-2](\.\d+)?([-+].*)?\Z")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._()-]{0,119}\Z")
_HTTPS = re.compile(r"https://\S{1,490}\Z")
_PUBLISHED = re.compile(r"\d{4}-\d{2}-\d{2}")
_ASSESSMENT_PARTS = re.compile(r"assessment|objective\Z")
_MAX_SLUG = 80
_UNGROUPED = "controls"
_SCALE: list[dict[str, Any]] = [
    {
        "level": 0,
        "title": {"en": "Not implemented", "ur": "نافذ نہیں"},
        "criterion": {
            "en": "Nothing of what the control asks is in place.",
            "ur": "کنٹرول جو کچھ مانگتا ہے اس میں سے کچھ بھی موجود نہیں۔",
        },
    },
    {
        "level": 1,
        "title": {"en": "Partially implemented", "ur": "جزوی طور پر نافذ"},
        "criterion": {
            "en": "Some of what the control asks is in place, or it is in place for some of the systems.",
            "ur": "کنٹرول کے کچھ تقاضے پورے ہیں، یا وہ صرف کچھ نظاموں پر پورے ہیں۔",
        },
    },
    {
        "level": 2,
        "title": {"en": "Implemented", "ur": "نافذ"},
        "criterion": {
            "en": "All that the control asks is in place for every system it concerns, and can be shown.",
            "ur": "کنٹرول کے تمام تقاضے ہر متعلقہ نظام پر پورے ہیں اور ان کا ثبوت دکھایا جا سکتا ہے۔",
        },
    },
]


@dataclass(frozen=True, slots=True, kw_only=True)
class OscalCatalogReading:
    """A catalogue, the ids of the withdrawn controls that were left out, and notes on what could not be carried."""

    catalogue: Catalogue
    withdrawn: list[str]
    notes: list[str] = field(default_factory=list)


def read_oscal_catalog(
    data: bytes, name: str, limits: Limits = DEFAULT_LIMITS, *, identifier: str | None = None
) -> OscalCatalogReading:
    """The catalogue in an OSCAL catalog; requirement ids are the control ids, enhancements follow their control.

    The statement is put together from the statement parts with parameters as readable placeholders. `identifier`
    names the catalogue; without it the title does. Raises FormatProblem: `oscal.wrong_model`, `oscal.version`,
    `oscal.shape`, `oscal.cycle`, `oscal.duplicate`, `oscal.identifier`, `oscal.text`, `oscal.size`, and the codes of
    `sipar.formats.documents` and `sipar.formats.catalogue_file`.
    """
    catalog = load_model(data, name, limits, wanted="catalog")
    metadata = metadata_of(catalog)
    walk = _CatalogWalk()
    walk.collect(catalog, "catalog")
    walk.build(catalog, "catalog", group=None)
    title = text_of(metadata, "title", "metadata")
    published = _PUBLISHED.match(str(metadata.get("published") or metadata.get("last-modified") or ""))
    catalogue = build_catalogue(
        {
            "identifier": identifier or slug(title),
            "version": text_of(metadata, "version", "metadata"),
            "title": {"en": title},
            "publisher": _publisher(metadata),
            "source": {
                "url": _canonical_link(catalog, metadata),
                "published": published[0] if published else None,
                "note": f"OSCAL {metadata['oscal-version']} catalog {str(catalog.get('uuid', ''))[:40]}",
            },
            "scale": _SCALE,
            "groups": walk.groups,
            "requirements": walk.requirements,
        }
    )
    return OscalCatalogReading(catalogue=catalogue, withdrawn=walk.withdrawn, notes=walk.notes())


def load_model(data: bytes, name: str, limits: Limits, *, wanted: str) -> Fields:
    """The content of the one OSCAL model in a file. Raises FormatProblem `oscal.wrong_model` for any other."""
    document = load_document(data, name, limits)
    if not isinstance(document, dict):
        raise FormatProblem("oscal.wrong_model", "this is not an OSCAL document", name)
    found = next((model for model in _MODELS if model in document), None)
    if found is None:
        raise FormatProblem("oscal.wrong_model", "this is not an OSCAL document", name)
    if found != wanted:
        raise FormatProblem("oscal.wrong_model", f"this is {_MODELS[found]}, not {_MODELS[wanted]}", name)
    if not isinstance(document[found], dict):
        raise FormatProblem("oscal.shape", "an object must stand here", found)
    return dict(document[found])


def metadata_of(model: Fields) -> Fields:
    """The metadata of a model of a version that can be read. Raises FormatProblem `oscal.version` or `oscal.shape`."""
    metadata = model.get("metadata")
    if not isinstance(metadata, dict):
        raise FormatProblem("oscal.shape", "an object must stand here", "metadata")
    version = text_of(metadata, "oscal-version", "metadata")
    if not _READABLE_VERSION.match(version):
        sentence = f"OSCAL {version[:20]} is not read here, only 1.0 to 1.2"
        raise FormatProblem("oscal.version", sentence, "metadata/oscal-version")
    return metadata


def slug(title: str) -> str:
    """An identifier from a title: small letters, digits and points, joined by hyphens."""
    words = re.sub(r"[^a-z0-9.]+", "-", title.lower()).strip("-.")
    if len(words) > _MAX_SLUG:
        words = words[:_MAX_SLUG].rpartition("-")[0] or words[:_MAX_SLUG]
    return words.strip("-.") or "catalogue"


def checked_identifier(fields: Fields, path: str) -> str:
    """The id of a control or group where it can serve as an identifier. Raises FormatProblem `oscal.identifier`."""
    identifier = text_of(fields, "id", path)
    if not _IDENTIFIER.match(identifier):
        sentence = f"the id {identifier[:80]} holds other than Latin letters, digits and . _ ( ) -"
        raise FormatProblem("oscal.identifier", sentence, f"{path}/id")
    return identifier


class _CatalogWalk:
    """One pass over groups and controls in reading order; nesting is bounded by the document's depth limit."""

    def __init__(self) -> None:
        self.parameters = Parameters()
        self.groups: list[Fields] = []
        self.requirements: list[Fields] = []
        self.withdrawn: list[str] = []
        self._unnamed = 0

    def notes(self) -> list[str]:
        notes = []
        if self.withdrawn:
            notes.append(f"{len(self.withdrawn)} withdrawn controls were left out")
        if self.parameters.unknown:
            named = ", ".join(sorted(self.parameters.unknown)[:10])
            notes.append(f"{len(self.parameters.unknown)} parameters are used but nowhere defined: {named}")
        return notes

    def collect(self, holder: Fields, path: str) -> None:
        """Takes up all parameters first: prose may name one that stands later in the file."""
        self.parameters.add(list_of(holder, "params", path), path)
        for kind in ("groups", "controls"):
            for place, child in enumerate(list_of(holder, kind, path)):
                self.collect(child, f"{path}/{kind}/{place}")

    def build(self, holder: Fields, path: str, *, group: str | None) -> None:
        for place, child in enumerate(list_of(holder, "controls", path)):
            self._control(child, f"{path}/controls/{place}", group or self._ungrouped())
        for place, child in enumerate(list_of(holder, "groups", path)):
            self._group(child, f"{path}/groups/{place}", parent=group)

    def _ungrouped(self) -> str:
        if not any(group["id"] == _UNGROUPED for group in self.groups):
            self.groups.append({"id": _UNGROUPED, "title": {"en": "Controls", "ur": "کنٹرول"}})
        return _UNGROUPED

    def _group(self, fields: Fields, path: str, *, parent: str | None) -> None:
        if len(self.groups) >= MAX_GROUPS:
            raise FormatProblem("oscal.size", f"more than {MAX_GROUPS} groups", path)
        if "id" in fields:
            identifier = checked_identifier(fields, path)
        else:
            self._unnamed += 1
            identifier = f"group-{self._unnamed}"
        overview = self._joined(
            [part for part in list_of(fields, "parts", path) if str(part.get("name")) in {"overview", "description"}],
            path,
        )
        group: Fields = {"id": identifier, "title": {"en": text_of(fields, "title", path)}, "parent": parent}
        if overview:
            group["description"] = {"en": overview}
        self.groups.append(group)
        self.build(fields, path, group=identifier)

    def _control(self, fields: Fields, path: str, group: str) -> None:
        identifier = checked_identifier(fields, path)
        if _is_withdrawn(fields):
            self.withdrawn.append(identifier)
        else:
            if len(self.requirements) >= MAX_REQUIREMENTS:
                raise FormatProblem("oscal.size", f"more than {MAX_REQUIREMENTS} controls", path)
            self.requirements.append(self._requirement(fields, path, identifier, group))
        for place, child in enumerate(list_of(fields, "controls", path)):
            self._control(child, f"{path}/controls/{place}", group)

    def _requirement(self, fields: Fields, path: str, identifier: str, group: str) -> Fields:
        title = text_of(fields, "title", path)
        parts = list_of(fields, "parts", path)
        statement = [part for part in parts if part.get("name") == "statement"]
        others = [
            part
            for part in parts
            if part.get("name") != "statement" and not _ASSESSMENT_PARTS.search(str(part.get("name")))
        ]
        guidance = sorted(others, key=lambda part: part.get("name") != "guidance")
        if not statement:
            statement, guidance = guidance[:1], guidance[1:]
        requirement: Fields = {
            "id": identifier,
            "group": group,
            "title": {"en": title},
            "statement": {"en": self._joined(statement, path) or title},
            "evidence": [{"en": text} for text in self._evidence(parts, path)],
            "link": _own_link(fields, path),
        }
        explained = joined((self._joined(guidance, path), _related(fields, path)), "\n\n", path)
        if explained:
            requirement["guidance"] = {"en": explained}
        return requirement

    def _joined(self, parts: list[Fields], path: str) -> str:
        return joined((prose_of(part, self.parameters, path) for part in parts), "\n\n", path)

    def _evidence(self, parts: list[Fields], path: str) -> list[str]:
        """What an assessor would examine (SP 800-53A method EXAMINE), one item each."""
        found: list[str] = []
        for part in parts:
            methods = {str(prop.get("value")).upper() for prop in properties_of(part) if prop.get("name") == "method"}
            if part.get("name") == "assessment-method" and "EXAMINE" in methods:
                for child in list_of(part, "parts", path):
                    found += [line.strip() for line in prose_of(child, self.parameters, path).splitlines()]
        return [item for item in found if item][:50]


def _is_withdrawn(fields: Fields) -> bool:
    return any(
        prop.get("name") == "status" and str(prop.get("value")).lower() == "withdrawn" for prop in properties_of(fields)
    )


def _related(fields: Fields, path: str) -> str:
    named = [str(link.get("href", "")) for link in list_of(fields, "links", path) if link.get("rel") == "related"]
    identifiers = [href.removeprefix("#") for href in named if href.startswith("#")]
    return f"Related: {', '.join(identifiers)}" if identifiers else ""


def _own_link(fields: Fields, path: str) -> str | None:
    links = [str(link.get("href", "")) for link in list_of(fields, "links", path)]
    return next((href for href in links if _HTTPS.match(href)), None)


def _canonical_link(catalog: Fields, metadata: Fields) -> str | None:
    """Where the catalog itself stands: its canonical or alternate link, looked up in the back matter if internal."""
    back_matter = catalog.get("back-matter")
    resources = list_of(back_matter, "resources", "back-matter") if isinstance(back_matter, dict) else []
    by_uuid = {str(resource.get("uuid")): resource for resource in resources}
    links = list_of(metadata, "links", "metadata")
    for relation in ("canonical", "latest-version", "alternate"):
        for link in links:
            if link.get("rel") != relation:
                continue
            href = str(link.get("href", ""))
            resource = by_uuid.get(href.removeprefix("#"), {})
            targets = [href, *(str(target.get("href", "")) for target in list_of(resource, "rlinks", "back-matter"))]
            found = next((target for target in targets if _HTTPS.match(target)), None)
            if found:
                return found
    return None


def _publisher(metadata: Fields) -> str:
    parties = list_of(metadata, "parties", "metadata")
    names = [str(party.get("name", "")) for party in parties if party.get("type") == "organization"]
    return next((name[:200] for name in names if name), "")
