"""Bringing an installation up to date: tables and guards, reference data, static files. Each step is skipped when
nothing changed since the last time, so that a second start is quick."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from sipar import __version__
from sipar.core import database, guards
from sipar.core.acting import acting
from sipar.core.jobs import system
from sipar.frameworks.actions import SHIPPED, load_shipped
from sipar.law.regimes import FOLDER as REGIMES
from sipar.nations import profile
from sipar.obligations.regimes import load_regimes
from sipar.orgs.nation_actions import load_nation
from sipar.teams.actions import load_teams, resolve_constituencies
from sipar.ui.context import nation

Say = Callable[[str], object]


def bring_up_to_date(*, say: Say) -> None:
    """Migrate, install guards and load reference data where the code is newer than the database."""
    wanted = _fingerprint()
    if _recorded_fingerprint() == wanted and database.is_current():
        return
    say("Preparing the tables")
    database.migrate()
    say("Loading the nation profile and the framework catalogues")
    load_reference_data()
    _record_fingerprint(wanted)


def load_reference_data() -> None:
    """The nation, its CERTs, the shipped frameworks and the regimes, as the files say now."""
    sipar, now = system(), timezone.now()
    served = nation()
    with acting(sipar, reason="load reference data"):
        load_nation(sipar, served)
        load_teams(sipar, served)
        load_shipped(sipar, now=now)
        load_regimes(sipar, now=now)
        resolve_constituencies(sipar, now=now)


def collect_static_files(*, say: Say) -> None:
    """Put the static files, compressed and with content-hashed names, where the web server serves them."""
    stamp = Path(settings.STATIC_ROOT) / "stamp.json"
    wanted = _static_fingerprint()
    if stamp.exists() and json.loads(stamp.read_text()) == wanted:
        return
    say("Preparing styles, scripts and fonts")
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(json.dumps(wanted))


def _static_fingerprint() -> str:
    digest = hashlib.sha256()
    for finder in finders.get_finders():
        for name, storage in finder.list([]):
            path = Path(storage.path(name))
            digest.update(f"{name} {path.stat().st_size} {path.stat().st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _fingerprint() -> str:
    digest = hashlib.sha256(__version__.encode())
    digest.update(guards.script().encode())
    folder = Path(settings.NATION)
    folders = [SHIPPED, REGIMES, folder if folder.is_absolute() else Path(profile.__file__).parent / settings.NATION]
    for path in _files(folders):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(folders: Iterable[Path]) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


def _recorded_fingerprint() -> str | None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("select obj_description(to_regnamespace('guard'), 'pg_namespace')")
        row = cursor.fetchone()
    return row[0] if row else None


def _record_fingerprint(fingerprint: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"comment on schema guard is '{fingerprint}'")
