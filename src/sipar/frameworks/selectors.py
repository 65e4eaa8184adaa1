"""Reading frameworks: the catalogue of a version with everything that scoring needs, loaded once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

from django.db.models import Count, F, QuerySet

from sipar.core.problems import not_open
from sipar.formats.catalogue import Catalogue, Group, Profile, Requirement
from sipar.frameworks.mapping import Pair, reverse
from sipar.frameworks.models import Framework, MappingSet, TargetProfile
from sipar.posture.levels import Levels
from sipar.posture.scoring import ScoringRules, rules_from
from sipar.posture.targets import target_vector


@dataclass(frozen=True)
class LoadedFramework:
    """A framework version in memory. It never changes, so every process keeps it."""

    id: int
    digest: str
    catalogue: Catalogue
    rules: ScoringRules

    @property
    def requirements(self) -> list[Requirement]:
        return self.catalogue.requirements

    @cached_property
    def positions(self) -> dict[str, int]:
        """Where each requirement stands in an answer vector."""
        return {requirement.id: position for position, requirement in enumerate(self.catalogue.requirements)}

    @cached_property
    def groups(self) -> dict[str, Group]:
        return {group.id: group for group in self.catalogue.groups}

    @cached_property
    def sections(self) -> dict[str, list[int]]:
        """Positions of the requirements of each leaf group, in order: one section is one page to answer."""
        found: dict[str, list[int]] = {}
        for position, requirement in enumerate(self.catalogue.requirements):
            found.setdefault(requirement.group, []).append(position)
        return found

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        return {profile.id: profile for profile in self.catalogue.profiles}

    def target(self, profile: str) -> Levels:
        """The target vector of a profile; nothing is asked where there is no such profile."""
        return target_vector(self.profiles.get(profile) or Profile(id="none", title={"en": "None"}), self.catalogue)


def loaded(framework: int) -> LoadedFramework:
    """The framework with this number and the target profiles that came later; raises `NotFound` where there is none."""
    found = (
        Framework.objects.filter(pk=framework)
        .annotate(later_profiles=Count("target_profiles"))
        .values_list("digest", "later_profiles")
        .first()
    )
    if found is None:
        raise not_open("framework")
    return _loaded(framework, *found)


@lru_cache(maxsize=64)
def _loaded(framework: int, digest: str, later_profiles: int) -> LoadedFramework:
    """Profiles are only ever added, so their number says which ones there are."""
    document = Framework.objects.values_list("document", flat=True).get(pk=framework, digest=digest)
    catalogue = Catalogue.model_validate(document)
    if later_profiles:
        rows = TargetProfile.objects.filter(framework=framework).order_by("pk")[:later_profiles]
        later = [Profile.model_validate(row.document) for row in rows]
        catalogue = catalogue.model_copy(update={"profiles": [*catalogue.profiles, *later]})
    return LoadedFramework(id=framework, digest=digest, catalogue=catalogue, rules=rules_from(catalogue))


def frameworks_in_use() -> QuerySet[Framework]:
    """Every framework version that is not retired, without its document."""
    return Framework.objects.filter(retired_at=None).defer("document", "urns")


def newest_version_of(identifier: str) -> Framework | None:
    """The version of a framework that was loaded last, or None."""
    return Framework.objects.filter(identifier=identifier, retired_at=None).order_by("-loaded_at", "-id").first()


def mapping_between(source: str, target: str) -> MappingSet | None:
    """The relations from one framework's requirements to another's, or None."""
    return MappingSet.objects.filter(source=source, target=target).first()


def relations_between(source: str, target: str) -> list[Pair]:
    """Every relation from one framework to another; a mapping set loaded the other way round is read reversed."""
    forward, backward = mapping_between(source, target), mapping_between(target, source)
    pairs: list[Pair] = [tuple(pair) for pair in forward.pairs] if forward else []
    if backward:
        pairs += reverse([tuple(pair) for pair in backward.pairs])
    return list(dict.fromkeys(pairs))


def access_framework(framework: int) -> Framework:
    """The row of a framework version without its document; raises `NotFound` where there is none."""
    found = Framework.objects.filter(pk=framework).defer("document", "urns").first()
    if found is None:
        raise not_open("framework")
    return found


def all_frameworks() -> QuerySet[Framework]:
    """Every framework version, those in use first, without its document."""
    return Framework.objects.defer("document", "urns").order_by(
        F("retired_at").asc(nulls_first=True), "identifier", "-loaded_at"
    )


def known_urns() -> dict[str, str]:
    """The requirement behind each CISO Assistant URN of every library that was loaded, oldest first."""
    known: dict[str, str] = {}
    for urns in Framework.objects.exclude(urns={}).order_by("loaded_at").values_list("urns", flat=True):
        known |= urns
    return known


@dataclass(frozen=True)
class Found:
    """One requirement that a search found, and where it stands in the catalogue."""

    position: int
    requirement: Requirement


def search_requirements(loaded: LoadedFramework, words: str, language: str, *, most: int = 100) -> list[Found]:
    """Requirements whose identifier, title or statement holds all of these words, in a language or else in English."""
    wanted = words.casefold().split()[:10]
    if not wanted:
        return []
    found = []
    for position, requirement in enumerate(loaded.requirements):
        title = requirement.title.get(language) or requirement.title["en"]
        statement = requirement.statement.get(language) or requirement.statement["en"]
        text = f"{requirement.id} {title} {statement}".casefold()
        if all(word in text for word in wanted):
            found.append(Found(position, requirement))
        if len(found) == most:
            break
    return found


def mapping_pairs_known() -> list[tuple[str, str]]:
    """The frameworks that mapping sets connect, as (source, target) identifiers."""
    return list(MappingSet.objects.order_by("source", "target").values_list("source", "target"))
