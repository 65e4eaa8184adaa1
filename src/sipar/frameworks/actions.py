"""Loading and retiring frameworks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Conflict
from sipar.formats.catalogue import Catalogue, MappingSet, Profile
from sipar.formats.catalogue_file import read_catalogue
from sipar.frameworks import models
from sipar.frameworks.policy import require_may_load_frameworks
from sipar.frameworks.selectors import loaded

SHIPPED = Path(__file__).parent / "catalogues"


@action("framework.load")
def load_catalogue(
    actor: Actor, catalogue: Catalogue, *, origin: str, urns: Mapping[str, str] | None = None, now: datetime
) -> models.Framework:
    """Keep a catalogue as one immutable version. Loading the same content again changes nothing; other content
    under the same version is refused, since assessments hang on it. `urns`: URN -> requirement, for later mappings."""
    require_may_load_frameworks(actor)
    document = catalogue.model_dump(mode="json", exclude={"mappings"})
    digest = sha256(json.dumps(document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    existing = models.Framework.objects.filter(identifier=catalogue.identifier, version=catalogue.version).first()
    if existing is not None and existing.digest != digest:
        raise Conflict(
            _("%(framework)s is loaded with other content. Give the file a new version.")
            % {"framework": f"{catalogue.identifier} {catalogue.version}"},
            code="framework.version",
        )
    framework = existing or models.Framework.objects.create(
        identifier=catalogue.identifier,
        version=catalogue.version,
        title=catalogue.title,
        publisher=catalogue.publisher,
        status=catalogue.status,
        origin=origin,
        requirement_count=len(catalogue.requirements),
        top_level=catalogue.top_level,
        digest=digest,
        document=document,
        urns=dict(urns or {}),
        loaded_at=now,
    )
    for mappings in catalogue.mappings:
        keep_mappings(actor, mappings, now=now)
    return framework


@action("framework.map")
def keep_mappings(actor: Actor, mappings: MappingSet, *, now: datetime) -> None:
    """Keep the relations between two frameworks, in place of those known before."""
    require_may_load_frameworks(actor)
    pairs = [[mapping.source, mapping.target, mapping.relation] for mapping in mappings.mappings]
    models.MappingSet.objects.update_or_create(
        source=mappings.source_framework,
        target=mappings.target_framework,
        defaults={"pairs": pairs, "loaded_at": now},
    )


@action("framework.add_profile")
def add_profile(actor: Actor, framework: models.Framework, profile: Profile, *, now: datetime) -> models.TargetProfile:
    """Keep a target profile beside the catalogue that it chooses from. The same one again changes nothing; another one
    under its name is refused, since campaigns hang on it."""
    require_may_load_frameworks(actor)
    document = profile.model_dump(mode="json")
    existing = models.TargetProfile.objects.filter(framework=framework, identifier=profile.id).first()
    if existing is not None and existing.document == document:
        return existing
    if existing is not None or profile.id in loaded(framework.pk).profiles:
        raise Conflict(
            _("%(framework)s has another profile %(profile)s already.")
            % {"framework": f"{framework.identifier} {framework.version}", "profile": profile.id},
            code="framework.profile",
        )
    return models.TargetProfile.objects.create(
        framework=framework, identifier=profile.id, document=document, loaded_at=now
    )


@action("framework.retire")
def retire_framework(actor: Actor, framework: models.Framework, *, now: datetime) -> None:
    """Offer a version for new campaigns no more. It is never deleted: campaigns and answers hang on it."""
    require_may_load_frameworks(actor)
    if not models.Framework.objects.filter(pk=framework.pk, retired_at=None).update(retired_at=now):
        raise Conflict("This version is retired already.", code="framework.retired")


@action("framework.restore")
def restore_framework(actor: Actor, framework: models.Framework) -> None:
    """Offer a retired version again."""
    require_may_load_frameworks(actor)
    if not models.Framework.objects.filter(pk=framework.pk, retired_at__isnull=False).update(retired_at=None):
        raise Conflict("This version is not retired.", code="framework.retired")


@action("framework.load_shipped")
def load_shipped(actor: Actor, *, now: datetime) -> list[models.Framework]:
    """Load every catalogue that comes with Sipar."""
    return [
        load_catalogue(actor, read_catalogue(path.read_bytes(), path.name), origin="shipped", now=now)
        for path in sorted(SHIPPED.glob("*.yaml"))
    ]
