"""Any framework file that Sipar takes, told by its content: own, OSCAL or a CISO Assistant library. No database.

An OSCAL profile does not become a framework of its own: it is a target profile of a catalogue that is loaded, so that
answers given for one baseline count for another one of the same catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sipar.formats.catalogue import Catalogue, MappingSet, Profile
from sipar.formats.catalogue_file import build_catalogue, read_catalogue
from sipar.formats.catalogue_table import read_catalogue_table
from sipar.formats.ciso_library import read_ciso_library
from sipar.formats.documents import load_json
from sipar.formats.limits import DEFAULT_LIMITS, Limits, decode_utf8, inflate
from sipar.formats.oscal_catalog import read_oscal_catalog
from sipar.formats.oscal_profile import OscalProfileReading, read_oscal_profile
from sipar.formats.problems import FormatProblem
from sipar.formats.workbook_safety import ZIP_MAGIC

type Kind = Literal["own", "table", "oscal_catalog", "oscal_profile", "ciso_library"]

_KIND_OF_KEY: dict[str, Kind] = {
    "format": "own",
    "catalog": "oscal_catalog",
    "profile": "oscal_profile",
    "objects": "ciso_library",
}
_OTHER_OSCAL = (
    "component-definition",
    "system-security-plan",
    "assessment-plan",
    "assessment-results",
    "plan-of-action-and-milestones",
    "mapping-collection",
)
_TOP_LEVEL_KEY = re.compile(r"""^["']?([A-Za-z][A-Za-z-]*)["']?[ \t]*:(?:\s|$)""", re.MULTILINE)


@dataclass(frozen=True)
class Candidate:
    """A loaded catalogue that a profile, or a CSV of requirements, may belong to."""

    framework: int
    catalogue: Catalogue


@dataclass(frozen=True, kw_only=True)
class FrameworkReading:
    """What a file holds.

    `profile` stands beside `base`, the catalogue that it chooses from; `missing` are controls that it asks for and the
    catalogue does not have. `withdrawn` are controls that were left out.
    """

    kind: Kind
    catalogue: Catalogue | None = None
    mapping_sets: list[MappingSet] = field(default_factory=list)
    profile: Profile | None = None
    base: Candidate | None = None
    urns: dict[str, str] = field(default_factory=dict)
    withdrawn: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_framework_file(
    data: bytes,
    name: str,
    *,
    candidates: Callable[[], Sequence[Candidate]],
    known_urns: Callable[[], Mapping[str, str]] = dict,
    version: str = "",
    limits: Limits = DEFAULT_LIMITS,
) -> FrameworkReading:
    """Read a file of any kind. `candidates` gives the catalogues that a profile or a CSV may belong to, best first.

    A CSV of requirements becomes the new `version` of the first candidate. Raises FormatProblem with the code of the
    reader; `framework.kind` for a file that is none of these, `framework.base` without a catalogue to belong to.
    """
    kind = kind_of(data, name, limits)
    if kind == "own":
        catalogue = read_catalogue(data, name, limits)
        return FrameworkReading(kind=kind, catalogue=catalogue, mapping_sets=catalogue.mappings)
    if kind == "table":
        return _read_table(data, name, candidates, version, limits)
    if kind == "oscal_catalog":
        catalog = read_oscal_catalog(data, name, limits)
        return FrameworkReading(
            kind=kind, catalogue=catalog.catalogue, withdrawn=catalog.withdrawn, notes=catalog.notes
        )
    if kind == "oscal_profile":
        return _read_profile(data, name, candidates(), limits)
    library = read_ciso_library(data, name, limits, known=known_urns())
    return FrameworkReading(
        kind=kind,
        catalogue=library.catalogue,
        mapping_sets=library.mapping_sets,
        urns=library.identifiers if library.catalogue else {},
        notes=library.notes,
    )


def kind_of(data: bytes, name: str, limits: Limits = DEFAULT_LIMITS) -> Kind:
    """The kind of a file by its content; the name decides only between CSV and YAML.

    Raises FormatProblem `framework.kind`, saying which OSCAL model the file is where it is another one.
    """
    if data.startswith(ZIP_MAGIC) or name.lower().endswith((".csv", ".xlsx")):
        return "table"
    text = decode_utf8(inflate(data, limits))
    if text.lstrip()[:1] == "{":
        document = load_json(text.encode(), limits)
        keys = list(document) if isinstance(document, dict) else []
    else:
        keys = [match[1] for match in _TOP_LEVEL_KEY.finditer(text)]
    for key, kind in _KIND_OF_KEY.items():
        if key in keys:
            return kind
    other = next((key for key in keys if key in _OTHER_OSCAL), None)
    if other:
        raise FormatProblem("framework.kind", f"this OSCAL file holds {other}; Sipar takes catalogs and profiles", name)
    raise FormatProblem(
        "framework.kind", "this is neither a Sipar framework, nor an OSCAL catalog or profile, nor a library", name
    )


def _read_table(
    data: bytes, name: str, candidates: Callable[[], Sequence[Candidate]], version: str, limits: Limits
) -> FrameworkReading:
    if data.startswith(ZIP_MAGIC):
        catalogue = read_catalogue_table(data, name, limits)
        return FrameworkReading(kind="table", catalogue=catalogue, mapping_sets=catalogue.mappings)
    found = candidates()
    if not found or not version.strip():
        sentence = "a CSV holds requirements only: choose the framework that it belongs to and name the new version"
        raise FormatProblem("framework.base", sentence, name)
    catalogue = read_catalogue_table(data, name, limits, base=found[0].catalogue)
    renamed = build_catalogue(catalogue.model_dump(mode="json") | {"version": version.strip()})
    return FrameworkReading(kind="table", catalogue=renamed)


def _read_profile(data: bytes, name: str, candidates: Sequence[Candidate], limits: Limits) -> FrameworkReading:
    if not candidates:
        raise FormatProblem("framework.base", "load the catalogue that this profile chooses from first", name)
    best: tuple[OscalProfileReading, Candidate] | None = None
    refusal: FormatProblem | None = None
    for candidate in candidates:
        try:
            reading = read_oscal_profile(data, name, candidate.catalogue, limits)
        except FormatProblem as problem:
            if problem.code != "oscal.foreign_profile":
                raise
            refusal = refusal or problem
            continue
        if best is None or len(reading.missing) < len(best[0].missing):
            best = reading, candidate
    if best is None:
        assert refusal is not None
        raise refusal
    reading, base = best
    return FrameworkReading(
        kind="oscal_profile", profile=reading.profile, base=base, missing=reading.missing, notes=reading.notes
    )
