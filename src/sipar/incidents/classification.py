"""What kind of incident it is (RSIT), who may read about it (TLP 2.0), and what may be done with it (PAP).

RSIT v1003 (ENISA and TF-CSIRT, CC0), TLP 2.0 (FIRST, 2022), PAP version 3 (MISP taxonomies). Identifiers are theirs,
titles and sentences ours; `frameworks.taxonomies` shows the originals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cache, cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sipar.formats.catalogue import Shape
from sipar.formats.documents import load_json, load_yaml
from sipar.formats.problems import FormatProblem
from sipar.incidents.severity import DATA, LIMITS, Code
from sipar.nations.documents import build
from sipar.nations.profile import Note, Words


class IncidentType(Shape):
    code: Code
    title: Words
    sentence: Words


class IncidentClass(Shape):
    code: Code
    title: Words
    types: Annotated[tuple[IncidentType, ...], Field(min_length=1)]


class Rsit(Shape):
    """The taxonomy: classes with their types. A type is named by its path `class/type`, such as `fraud/phishing`."""

    taxonomy: Literal["rsit"]
    version: int
    source: Note
    classes: tuple[IncidentClass, ...]

    @cached_property
    def types(self) -> Mapping[str, IncidentType]:
        """Path to type, in the order of the taxonomy."""
        return {f"{group.code}/{found.code}": found for group in self.classes for found in group.types}

    def path_of(self, name: str) -> str:
        """The path for a path or a machine tag (`rsit:fraud="phishing"`); FormatProblem `rsit.type` for any other."""
        path = name
        if name.startswith("rsit:") and name.endswith('"'):
            path = name.removeprefix("rsit:").removesuffix('"').replace('="', "/", 1)
        if path not in self.types:
            raise FormatProblem("rsit.type", f"RSIT {self.version} has no type {name[:80]}", name[:80])
        return path


def rsit_tag(path: str) -> str:
    """The machine tag of a type, as MISP writes it: `fraud/phishing` gives `rsit:fraud="phishing"`."""
    group, _, code = path.partition("/")
    return f'rsit:{group}="{code}"'


@cache
def rsit() -> Rsit:
    """RSIT version 1003."""
    return build(Rsit, load_json((DATA / "rsit-1003.json").read_bytes(), LIMITS), "rsit-1003.json")


class Mappings(Shape):
    """Code of a list in law to the RSIT types it may be, the proposal first."""

    version: int
    status: Literal["assumption", "agreed"]
    certin: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]]
    dora: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]]

    @model_validator(mode="after")
    def _types_exist(self) -> Self:
        known = rsit().types
        for group in (self.certin, self.dora):
            for code, paths in group.items():
                if not known.keys() >= set(paths):
                    raise ValueError(f"{code} is mapped to a type that RSIT does not have")
        return self


@cache
def mappings() -> Mappings:
    """CERT-In's 20 types and DORA's incident classes beside RSIT."""
    return build(Mappings, load_yaml((DATA / "rsit-mappings-1.yaml").read_bytes(), LIMITS), "rsit-mappings-1.yaml")


def codes_for(listed: Mapping[str, tuple[str, ...]], path: str) -> tuple[str, ...]:
    """The codes of a list that an RSIT type may stand for: those that propose it first, then the others."""
    first = [code for code, paths in listed.items() if paths[0] == path]
    return (*first, *(code for code, paths in listed.items() if path in paths[1:]))


class _Ordered(Enum):
    """Labels in the order of their members, from the freest to the strictest."""

    @property
    def rank(self) -> int:
        """0 for the freest."""
        return list(type(self)).index(self)

    def at_most(self, cap: Self) -> bool:
        """Whether this label is no stricter than the cap: what an agreement capped at `cap` may carry."""
        return self.rank <= cap.rank

    @classmethod
    def strictest(cls, labels: Iterable[Self]) -> Self:
        """The strictest of the labels; the strictest there is where there are none, since silence permits nothing."""
        return max(labels, key=lambda label: label.rank, default=list(cls)[-1])


class Audience(Enum):
    """Who would read, from the narrowest, seen from the organisation that received the information."""

    NAMED = "named"
    ORGANISATION = "organisation"
    CLIENTS = "clients"
    COMMUNITY = "community"
    PUBLIC = "public"


class Tlp(_Ordered):
    """TLP 2.0. The value is the label without `TLP:`, in lower case."""

    CLEAR = "clear"
    GREEN = "green"
    AMBER = "amber"
    AMBER_STRICT = "amber+strict"
    RED = "red"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The label in any of its usual spellings; WHITE of TLP 1.0 is CLEAR. FormatProblem `tlp.label` otherwise."""
        name = text.strip().lower().removeprefix("tlp:").replace("_", "+").replace("-", "+")
        try:
            return cls("clear" if name == "white" else name)
        except ValueError as error:
            raise FormatProblem("tlp.label", f"TLP 2.0 has no label {text[:40]}", text[:40]) from error

    @property
    def label(self) -> str:
        """As it is written in documents: `TLP:AMBER+STRICT`."""
        return f"TLP:{self.value.upper()}"

    @property
    def need_to_know(self) -> bool:
        """Whether, inside the audience, only those may have it who need it."""
        return self in (Tlp.AMBER, Tlp.AMBER_STRICT)

    def may_reach(self, audience: Audience) -> bool:
        """Whether a recipient may pass information with this label to that audience."""
        order = list(Audience)
        return order.index(audience) <= order.index(_WIDEST[self])


_WIDEST: Mapping[Tlp, Audience] = {
    Tlp.CLEAR: Audience.PUBLIC,
    Tlp.GREEN: Audience.COMMUNITY,
    Tlp.AMBER: Audience.CLIENTS,
    Tlp.AMBER_STRICT: Audience.ORGANISATION,
    Tlp.RED: Audience.NAMED,
}


class Pap(_Ordered):
    """The Permissible Actions Protocol: from no limit to nothing that could be noticed outside."""

    CLEAR = "clear"
    GREEN = "green"
    AMBER = "amber"
    RED = "red"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The label in any of its usual spellings; WHITE is CLEAR. FormatProblem `pap.label` otherwise."""
        name = text.strip().lower().removeprefix("pap:")
        try:
            return cls("clear" if name == "white" else name)
        except ValueError as error:
            raise FormatProblem("pap.label", f"PAP has no label {text[:40]}", text[:40]) from error

    @property
    def label(self) -> str:
        """As it is written in documents: `PAP:AMBER`."""
        return f"PAP:{self.value.upper()}"
