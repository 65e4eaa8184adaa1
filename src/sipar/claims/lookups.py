"""The compiled lookup: made of the claims when they changed, kept as a file under its digest, reused till then."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from django.conf import settings
from django.db import connection

from sipar.claims.claimed import claims_table, fingerprint, settled
from sipar.claims.models import Conflict
from sipar.claims.models import Lookup as LookupRow
from sipar.core.acting import Actor, current_actor
from sipar.core.actions import action
from sipar.formats.problems import FormatProblem

# Brings numba along, which pages other than the look-up do not need.
if TYPE_CHECKING:
    from sipar.routing.lookup import Lookup

LOCK = 7_310_041


def current_lookup(now: datetime) -> Lookup:
    """The lookup of the claims as they are, compiled anew only where they changed. Call as Sipar.

    Its row, its file and the list of conflicts are brought up to date in the caller's transaction.
    """
    row = LookupRow.objects.filter(fingerprint=fingerprint()).order_by("-compiled_at").first()
    found = _opened(row.digest) if row is not None else None
    return found if found is not None else refresh_lookup(current_actor(), now=now)


def stored_lookup() -> tuple[LookupRow, Lookup] | None:
    """The latest compiled lookup as it lies on disk, for readers who may not compile; None before the first."""
    row = LookupRow.objects.order_by("-compiled_at", "-pk").first()
    found = _opened(row.digest) if row is not None else None
    return (row, found) if row is not None and found is not None else None


@action("claims.compile")
def refresh_lookup(actor: Actor, *, now: datetime) -> Lookup:
    """Compile the claims as they are, keep the result, and bring the list of conflicts to what it says."""
    from sipar.routing.lookup import compile_lookup

    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])
    claims = claims_table()
    made = compile_lookup(claims, settled=settled())
    if sync_conflicts(actor, made.conflicts, now=now):
        # Somebody new claims what was settled between others: that decision no longer counts.
        made = compile_lookup(claims, settled=settled())
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made.save(_place(made.digest))
    LookupRow.objects.update_or_create(
        digest=made.digest,
        defaults={
            "fingerprint": fingerprint(),
            "claims": made.claims.height,
            "conflicts": Conflict.objects.filter(state="open").count(),
            "compiled_at": now,
        },
    )
    _loaded.cache_clear()
    return made


@action("claims.sync_conflicts")
def sync_conflicts(actor: Actor, found: pl.DataFrame, *, now: datetime) -> bool:
    """Bring the rows of conflicts to what a lookup found; whether a settled one was opened again.

    A conflict that is no longer there is gone. One whose decision was about other claims is opened again.
    """
    known = {(row.kind, row.value): row for row in Conflict.objects.all()}
    added: list[Conflict] = []
    reopened = False
    for kind, value, organisations, claims in found.select("kind", "value", "organisations", "claims").iter_rows():
        row = known.pop((kind, value), None)
        facts = {"organisations": sorted(organisations), "claims": sorted(claims)}
        if row is None:
            added.append(Conflict(kind=kind, value=value, found_at=now, **facts))
            continue
        again = row.state == "gone" or (row.state == "settled" and not set(claims) <= set(row.claims))
        if again:
            reopened = reopened or row.state == "settled"
            row.state, row.winner_id, row.found_at = "open", None, now
        if again or facts != {"organisations": row.organisations, "claims": row.claims}:
            row.organisations, row.claims = facts["organisations"], facts["claims"]
            row.save(update_fields=["state", "winner_id", "found_at", "organisations", "claims"])
    Conflict.objects.bulk_create(added)
    ended = [row.pk for row in known.values() if row.state != "gone"]
    Conflict.objects.filter(pk__in=ended).update(state="gone", winner_id=None)
    return reopened


def _opened(digest: str) -> Lookup | None:
    try:
        return _loaded(digest, str(_place(digest)))
    except (FormatProblem, OSError):
        return None


@lru_cache(maxsize=2)
def _loaded(digest: str, path: str) -> Lookup:
    from sipar.routing.lookup import Lookup

    return Lookup.load(Path(path))


def _folder() -> Path:
    return Path(settings.VAR) / "lake" / "lookups"


def _place(digest: str) -> Path:
    return _folder() / f"{digest}.parquet"
