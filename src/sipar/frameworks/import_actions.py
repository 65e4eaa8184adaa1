"""Importing a framework from the user's own file: previewed, then loaded, or refused with nothing changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.problems import Invalid, Place, not_open
from sipar.formats.problems import FormatProblem
from sipar.frameworks.actions import add_profile, keep_mappings, load_catalogue
from sipar.frameworks.models import Framework, Upload
from sipar.frameworks.policy import require_may_load_frameworks
from sipar.frameworks.reading import Candidate, FrameworkReading, read_framework_file
from sipar.frameworks.selectors import frameworks_in_use, known_urns, loaded

ORIGINS = {
    "own": "file",
    "table": "file",
    "oscal_catalog": "oscal",
    "oscal_profile": "oscal",
    "ciso_library": "ciso",
}


@dataclass(frozen=True)
class Imported:
    """What an import left: the framework that it made or added to (None for mappings alone), and what was read."""

    framework: Framework | None
    reading: FrameworkReading
    new: bool


def read_upload(data: bytes, name: str, *, base: int | None = None, version: str = "") -> FrameworkReading:
    """What a file holds, read against the frameworks that are loaded. Raises Invalid that says what and where."""

    def candidates() -> Sequence[Candidate]:
        chosen = [base] if base is not None else _largest_first()
        return [Candidate(key, loaded(key).catalogue) for key in chosen]

    try:
        return read_framework_file(data, name, candidates=candidates, known_urns=known_urns, version=version)
    except FormatProblem as problem:
        place = Place(problem.where or name, problem.sentence)
        raise Invalid("This file cannot be taken.", code=problem.code, places=[place]) from problem


@action("framework.import")
def import_framework(
    actor: Actor, data: bytes, name: str, *, base: int | None = None, version: str = "", now: datetime
) -> Imported:
    """Load the catalogue, profile and mappings of a file. Raises Invalid, Conflict or Forbidden and changes nothing."""
    require_may_load_frameworks(actor)
    reading = read_upload(data, name, base=base, version=version)
    before = Framework.objects.count()
    framework = None
    if reading.catalogue is not None:
        origin = ORIGINS[reading.kind]
        framework = load_catalogue(actor, reading.catalogue, origin=origin, urns=reading.urns, now=now)
    else:
        for mappings in reading.mapping_sets:
            keep_mappings(actor, mappings, now=now)
    if reading.profile is not None and reading.base is not None:
        framework = Framework.objects.defer("document").get(pk=reading.base.framework)
        add_profile(actor, framework, reading.profile, now=now)
    return Imported(framework=framework, reading=reading, new=Framework.objects.count() > before)


@action("framework.upload")
def keep_upload(
    actor: Actor, data: bytes, name: str, *, base: int | None = None, version: str = "", now: datetime
) -> FrameworkReading:
    """Keep a readable file until its owner decides, in place of an earlier one; returns what it holds."""
    require_may_load_frameworks(actor)
    reading = read_upload(data, name, base=base, version=version)
    Upload.objects.update_or_create(
        account_id=actor.account,
        defaults={"name": name[:255], "content": data, "base_id": base, "version": version[:60], "uploaded_at": now},
    )
    return reading


@action("framework.load_upload")
def load_upload(actor: Actor, *, now: datetime) -> Imported:
    """Load the file that the actor uploaded last, and forget it. Raises NotFound where there is none."""
    require_may_load_frameworks(actor)
    upload = Upload.objects.filter(account_id=actor.account).first()
    if upload is None:
        raise not_open("upload")
    done = import_framework(
        actor, bytes(upload.content), upload.name, base=upload.base_id, version=upload.version, now=now
    )
    upload.delete()
    return done


def _largest_first() -> list[int]:
    """Where several catalogues have everything that a profile asks for, the largest is the one it was written for."""
    return list(frameworks_in_use().order_by("-requirement_count", "-loaded_at").values_list("pk", flat=True))
