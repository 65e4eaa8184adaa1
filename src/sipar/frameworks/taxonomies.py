"""Shared vocabularies: RSIT for kinds of incident, TLP for passing on, PAP for acting on. From `pytaxonomies`.

The package carries the files of the MISP taxonomies project; what is shown is their wording, with their version.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pytaxonomies.api import Taxonomies

type TaxonomyName = Literal["rsit", "tlp", "pap"]

NAMES: tuple[TaxonomyName, ...] = ("rsit", "tlp", "pap")
_FILE_NAMES: dict[TaxonomyName, str] = {"rsit": "rsit", "tlp": "tlp", "pap": "PAP"}
# FIRST TLP 2.0 has these labels and no others; the taxonomy file also keeps older and humorous ones.
_TLP_LABELS = ("clear", "green", "amber", "amber+strict", "red")


@dataclass(frozen=True)
class Term:
    """One term. `tag` is its machine tag, such as `rsit:fraud="phishing"`; `group` the class it stands in, or ""."""

    tag: str
    key: str
    title: str
    description: str
    group: str = ""
    group_title: str = ""


@dataclass(frozen=True)
class Taxonomy:
    name: TaxonomyName
    version: str
    description: str
    terms: tuple[Term, ...]

    def term(self, key: str) -> Term | None:
        """The term with this key or machine tag, or None."""
        return next((term for term in self.terms if key in (term.key, term.tag)), None)


@cache
def taxonomy(name: TaxonomyName) -> Taxonomy:
    """One of the vocabularies in `NAMES`; raises KeyError for any other."""
    found = _all().get(_FILE_NAMES[name])
    predicates = [entry for key, entry in found.predicates.items() if name != "tlp" or key in _TLP_LABELS]
    if name == "tlp":
        predicates.sort(key=lambda entry: _TLP_LABELS.index(entry.predicate))
    terms = [term for predicate in predicates for term in _terms(found.name, predicate)]
    return Taxonomy(name=name, version=str(found.version), description=str(found.description), terms=tuple(terms))


def rsit() -> Taxonomy:
    """The Reference Security Incident Taxonomy: incident types in their classes."""
    return taxonomy("rsit")


def tlp() -> Taxonomy:
    """The Traffic Light Protocol 2.0, from the freest label to the strictest."""
    return taxonomy("tlp")


def pap() -> Taxonomy:
    """The Permissible Actions Protocol: what a recipient may do with what it was told."""
    return taxonomy("pap")


def _terms(namespace: str, predicate: Any) -> list[Term]:
    title = str(predicate.expanded or predicate.predicate)
    if not predicate.entries:
        tag = f"{namespace}:{predicate.predicate}"
        return [Term(tag, str(predicate.predicate), title, str(predicate.description or ""))]
    return [
        Term(
            tag=f'{namespace}:{predicate.predicate}="{entry.value}"',
            key=str(entry.value),
            title=str(entry.expanded or entry.value),
            description=str(entry.description or ""),
            group=str(predicate.predicate),
            group_title=title,
        )
        for entry in predicate.entries.values()
    ]


@cache
def _all() -> Any:
    return Taxonomies()
