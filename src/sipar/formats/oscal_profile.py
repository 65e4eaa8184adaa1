"""OSCAL profiles (NIST OSCAL 1.0 to 1.2) as target profiles on a catalogue that is already there."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass

from sipar.formats.catalogue import Catalogue, Profile
from sipar.formats.catalogue_file import build_shape
from sipar.formats.limits import DEFAULT_LIMITS, Limits
from sipar.formats.oscal_catalog import load_model, metadata_of, slug
from sipar.formats.oscal_prose import Fields, list_of, text_of
from sipar.formats.problems import FormatProblem

_MAX_PATTERNS = 1_000
_MAX_PATTERN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OscalProfileReading:
    """A profile, the ids it asks for that the catalogue does not have, and notes on what could not be carried."""

    profile: Profile
    missing: list[str]
    notes: list[str]


def read_oscal_profile(
    data: bytes, name: str, catalogue: Catalogue, limits: Limits = DEFAULT_LIMITS, *, identifier: str | None = None
) -> OscalProfileReading:
    """The controls an OSCAL profile selects, as a profile that asks the top level of each and nothing of the others.

    All imports are resolved against `catalogue`. Parameter settings and alterations are noted, not carried.
    Raises FormatProblem `oscal.wrong_model`, `oscal.version`, `oscal.shape`, or `oscal.foreign_profile` when the
    catalogue has none of the controls asked for.
    """
    model = load_model(data, name, limits, wanted="profile")
    title = text_of(metadata_of(model), "title", "metadata")
    imports = list_of(model, "imports", "profile")
    if not imports:
        raise FormatProblem("oscal.shape", "a profile must import something", "profile/imports")
    known = [requirement.id for requirement in catalogue.requirements]
    selection = _Selection(known)
    chosen: set[str] = set()
    for place, fields in enumerate(imports):
        chosen |= selection.of_import(fields, f"profile/imports/{place}")
    if not chosen:
        sentence = f"none of the controls that this profile selects is in {catalogue.identifier} {catalogue.version}"
        raise FormatProblem("oscal.foreign_profile", sentence, "profile/imports")
    profile = build_shape(
        Profile,
        {
            "id": identifier or slug(title),
            "title": {"en": title},
            "default": None,
            "requirements": {requirement: catalogue.top_level for requirement in known if requirement in chosen},
        },
    )
    notes = _notes(model, imports)
    if selection.missing:
        notes.append(f"{len(selection.missing)} controls asked for are not in the catalogue")
    return OscalProfileReading(profile=profile, missing=sorted(selection.missing), notes=notes)


class _Selection:
    def __init__(self, known: list[str]) -> None:
        self.known = known
        self.known_set = set(known)
        self.missing: set[str] = set()
        self.patterns = 0

    def of_import(self, fields: Fields, path: str) -> set[str]:
        includes = list_of(fields, "include-controls", path)
        if includes and "include-all" in fields:
            raise FormatProblem("oscal.shape", "include-all and include-controls exclude each other", path)
        # An import without any selection takes all, as the OSCAL profile resolution says.
        chosen = self._of_selectors(includes, f"{path}/include-controls", asked=True) if includes else self.known_set
        excludes = list_of(fields, "exclude-controls", path)
        return chosen - self._of_selectors(excludes, f"{path}/exclude-controls", asked=False)

    def _of_selectors(self, selectors: Iterable[Fields], path: str, *, asked: bool) -> set[str]:
        found: set[str] = set()
        for place, selector in enumerate(selectors):
            where = f"{path}/{place}"
            with_ids = set(list_of(selector, "with-ids", where, kind=(str,)))
            if asked:
                self.missing |= with_ids - self.known_set
            picked = with_ids | self._matching(selector, where)
            if selector.get("with-child-controls") == "yes":
                picked |= self._children(picked)
            found |= picked & self.known_set
        return found

    def _matching(self, selector: Fields, path: str) -> set[str]:
        found: set[str] = set()
        matching = list_of(selector, "matching", path)
        self.patterns += len(matching)
        if self.patterns > _MAX_PATTERNS:
            raise FormatProblem("oscal.size", f"more than {_MAX_PATTERNS} patterns", path)
        for place, fields in enumerate(matching):
            pattern = text_of(fields, "pattern", f"{path}/matching/{place}")
            if len(pattern) > _MAX_PATTERN:
                raise FormatProblem("oscal.shape", "the pattern is too long", f"{path}/matching/{place}")
            # Runs of stars mean one star; left as they are they could make matching slow.
            expression = re.compile(fnmatch.translate(re.sub(r"\*+", "*", pattern)))
            found |= {identifier for identifier in self.known if expression.match(identifier)}
        return found

    def _children(self, parents: set[str]) -> set[str]:
        """Enhancements, told by the id: `ac-2.1` is a child of `ac-2`, as in all NIST catalogs."""
        return {
            identifier
            for identifier in self.known
            if any(identifier[:place] in parents for place, letter in enumerate(identifier) if letter == ".")
        }


def _notes(model: Fields, imports: list[Fields]) -> list[str]:
    notes = []
    sources = {str(fields.get("href", "")) for fields in imports}
    if len(sources) > 1:
        notes.append(f"the profile imports {len(sources)} sources; all were looked up in this one catalogue")
    modify = model.get("modify")
    if isinstance(modify, dict):
        settings = list_of(modify, "set-parameters", "profile/modify")
        alterations = list_of(modify, "alters", "profile/modify")
        if settings:
            notes.append(f"{len(settings)} parameter settings were not carried")
        if alterations:
            notes.append(f"{len(alterations)} alterations of control text were not carried")
    return notes
