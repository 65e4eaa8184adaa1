"""Libraries in the YAML format of CISO Assistant, as Sipar catalogues and mapping sets.

Only the shape of the format is used. What such a file says belongs to its publisher: it comes from the user's own file,
is stored as that user's data, and none of it ships with Sipar.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as ReadOnlyMapping
from dataclasses import dataclass
from typing import Any

from sipar.formats.catalogue import MAX_LEVEL, Catalogue, Mapping, MappingSet
from sipar.formats.catalogue_file import build_catalogue, build_shape
from sipar.formats.ciso_nodes import Fields, LibraryText, Nodes, list_of, safe_identifier, urn_tail
from sipar.formats.documents import load_yaml
from sipar.formats.limits import DEFAULT_LIMITS, Limits
from sipar.formats.problems import FormatProblem

_RELATIONS = {"equal": "equal", "subset": "subset", "superset": "superset", "intersect": "intersects"}
_UNRELATED = {"not_related", "no_relationship", "disjoint"}
_GENERIC_SCALE: list[tuple[str, str, str, str]] = [
    ("Not in place", "موجود نہیں", "Nothing has been done.", "کچھ نہیں کیا گیا۔"),
    ("Begun", "آغاز", "Work is planned or has begun.", "کام کا منصوبہ ہے یا آغاز ہو چکا ہے۔"),
    ("Partly in place", "جزوی", "A part is in place, or some units have it.", "کچھ حصہ موجود ہے، یا کچھ شعبوں میں ہے۔"),
    ("In place", "موجود", "It is in place wherever it is needed.", "جہاں ضرورت ہے وہاں موجود ہے۔"),
    (
        "In place and proven",
        "موجود اور ثابت",
        "It is in place, checked regularly and improved.",
        "موجود ہے، باقاعدگی سے جانچا اور بہتر کیا جاتا ہے۔",
    ),
]
_PUBLISHED = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryReading:
    """What a library holds: a catalogue unless it has mappings only, its mapping sets, and notes.

    `identifiers` gives the requirement id for each requirement URN; hand it to the reading of a mapping library
    that speaks of this framework.
    """

    catalogue: Catalogue | None
    mapping_sets: list[MappingSet]
    identifiers: dict[str, str]
    notes: list[str]


def read_ciso_library(
    data: bytes, name: str, limits: Limits = DEFAULT_LIMITS, *, known: ReadOnlyMapping[str, str] | None = None
) -> LibraryReading:
    """The catalogue and the mapping sets in a library file (YAML, plain or gzip).

    Assessable nodes are requirements, the others groups; implementation groups are profiles that ask the top level.
    `known` maps the requirement URNs of other libraries to their ids; a URN that nobody knows gives its last part.
    Raises FormatProblem `ciso.wrong_kind`, `ciso.shape`, `ciso.duplicate`, `ciso.cycle`, `ciso.parent`,
    `ciso.size`, `ciso.relation`, and the codes of `sipar.formats.documents` and `sipar.formats.catalogue_file`.
    """
    library = load_yaml(data, limits)
    objects = library.get("objects") if isinstance(library, dict) else None
    if not isinstance(library, dict) or not isinstance(objects, dict):
        raise FormatProblem("ciso.wrong_kind", "this is not a library: it has no objects", name)
    notes: list[str] = []
    text = LibraryText(str(library.get("locale") or "en"), notes)
    frameworks = _one_or_many(objects, "framework", "frameworks")
    mapping_sets = _one_or_many(objects, "requirement_mapping_set", "requirement_mapping_sets")
    if len(frameworks) > 1:
        raise FormatProblem("ciso.wrong_kind", "the library holds several frameworks; send one a file", name)
    if not frameworks and not mapping_sets:
        raise FormatProblem("ciso.wrong_kind", "the library holds neither a framework nor mappings", name)
    catalogue, identifiers = None, dict(known or {})
    if frameworks:
        nodes = Nodes(frameworks[0], text, notes)
        identifiers |= nodes.identifiers
        catalogue = _catalogue(library, frameworks[0], nodes, text, notes)
    sets = [
        _mapping_set(fields, identifiers, notes, f"objects/requirement_mapping_sets/{place}")
        for place, fields in enumerate(mapping_sets)
    ]
    if catalogue is not None and sets:
        catalogue = catalogue.model_copy(update={"mappings": sets})
    return LibraryReading(catalogue=catalogue, mapping_sets=sets, identifiers=identifiers, notes=notes)


def _one_or_many(objects: Fields, single: str, plural: str) -> list[Fields]:
    found = [value for key in (single, plural) if (value := objects.get(key)) is not None]
    items = [item for value in found for item in (value if isinstance(value, list) else [value])]
    for place, item in enumerate(items):
        if not isinstance(item, dict):
            raise FormatProblem("ciso.shape", "an object must stand here", f"objects/{plural}/{place}")
    return items


def _catalogue(library: Fields, framework: Fields, nodes: Nodes, text: LibraryText, notes: list[str]) -> Catalogue:
    scale = _scale(framework, text, notes)
    values: Fields = {
        "identifier": framework_identifier(str(framework.get("urn") or library.get("urn") or "")),
        "version": str(library.get("version") or "1")[:60],
        "title": text.required(framework, "name", "objects/framework"),
        "publisher": str(library.get("provider") or "")[:200],
        "description": text.optional(framework, "description") or text.optional(library, "description"),
        "source": _source(library),
        "scale": scale,
        "groups": nodes.groups,
        "requirements": nodes.requirements,
        "profiles": _profiles(framework, nodes, text, top=len(scale) - 1),
    }
    return build_catalogue({key: value for key, value in values.items() if value is not None})


def framework_identifier(urn: str) -> str:
    """The catalogue identifier for a framework or library URN: its last part, such as `nist-csf-2.0`."""
    return safe_identifier(urn_tail(urn).lower()) or "library"


def _source(library: Fields) -> Fields:
    published = str(library.get("publication_date") or "")
    return {
        "published": published if _PUBLISHED.match(published) else None,
        "licence": str(library.get("copyright") or "")[:500],
        "note": f"Library {str(library.get('urn') or '')[:200]}, packaged by "
        f"{str(library.get('packager') or 'unknown')[:200]}; the text is its publisher's.",
    }


def _scale(framework: Fields, text: LibraryText, notes: list[str]) -> list[Fields]:
    """The library's own scores where they are few whole steps that are all named, else the generic scale 0 to 4."""
    defined = list_of(framework, "scores_definition", "objects/framework")
    steps = {step["score"]: step for step in defined if isinstance(step.get("score"), int)}
    lowest, highest = framework.get("min_score"), framework.get("max_score")
    if isinstance(lowest, int) and isinstance(highest, int) and 0 < highest - lowest <= MAX_LEVEL and steps:
        scores = range(lowest, highest + 1)
        if all(score in steps and text.optional(steps[score], "name") for score in scores):
            if lowest != 0:
                notes.append(f"the scores {lowest} to {highest} of the library are the levels 0 to {highest - lowest}")
            titles = [text.required(steps[score], "name", "scores_definition") for score in scores]
            criteria = [text.optional(steps[score], "description") for score in scores]
            return [
                {"level": level, "title": title, "criterion": criterion or title}
                for level, (title, criterion) in enumerate(zip(titles, criteria, strict=True))
            ]
    if defined or highest is not None:
        notes.append(
            "the scores of the library are not a small scale with named steps; the generic scale 0 to 4 is used"
        )
    return [
        {"level": level, "title": {"en": title, "ur": title_ur}, "criterion": {"en": words, "ur": words_ur}}
        for level, (title, title_ur, words, words_ur) in enumerate(_GENERIC_SCALE)
    ]


def _profiles(framework: Fields, nodes: Nodes, text: LibraryText, *, top: int) -> list[Fields]:
    defined = {
        str(fields.get("ref_id")): fields
        for fields in list_of(framework, "implementation_groups_definition", "objects/framework")
    }
    profiles: list[Fields] = []
    for name, requirements in nodes.implementation_groups.items():
        title = text.optional(defined.get(name, {}), "name") or {"en": name}
        identifier = safe_identifier(name) or f"implementation-group-{len(profiles) + 1}"
        profiles.append({"id": identifier, "title": title, "requirements": dict.fromkeys(requirements, top)})
    return profiles


def _mapping_set(fields: Fields, identifiers: ReadOnlyMapping[str, str], notes: list[str], path: str) -> MappingSet:
    mappings: list[Mapping] = []
    unrelated = 0
    for place, pair in enumerate(list_of(fields, "requirement_mappings", path)):
        where = f"{path}/requirement_mappings/{place}"
        relation = str(pair.get("relationship") or "").lower()
        if relation in _UNRELATED:
            unrelated += 1
            continue
        if relation not in _RELATIONS:
            raise FormatProblem("ciso.relation", f'the relationship "{relation[:40]}" is not known', where)
        ends = [_mapped(pair, end, identifiers, where) for end in ("source_requirement_urn", "target_requirement_urn")]
        values: dict[str, Any] = {"source": ends[0], "target": ends[1], "relation": _RELATIONS[relation]}
        mappings.append(build_shape(Mapping, values))
    if unrelated:
        notes.append(f"{unrelated} pairs marked as not related were left out")
    frameworks = [
        framework_identifier(_text(fields, end, path)) for end in ("source_framework_urn", "target_framework_urn")
    ]
    values = {"source_framework": frameworks[0], "target_framework": frameworks[1], "mappings": mappings}
    return build_shape(MappingSet, values)


def _mapped(pair: Fields, end: str, identifiers: ReadOnlyMapping[str, str], path: str) -> str:
    urn = _text(pair, end, path)
    return identifiers.get(urn) or safe_identifier(urn_tail(urn))


def _text(fields: Fields, name: str, path: str) -> str:
    found = fields.get(name)
    if not isinstance(found, str) or not found.strip():
        raise FormatProblem("ciso.shape", "a text must stand here", f"{path}/{name}")
    return found.strip()
