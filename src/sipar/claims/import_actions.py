"""Importing claims: upload, look at the difference, apply or discard. Nothing counts before a person says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
from django.db import connection

from sipar.claims.difference import CLAIMED, Difference, by_holders, compare
from sipar.claims.models import ClaimImport
from sipar.claims.policy import require_may_import
from sipar.claims.reading import guarded, read_claims, recognised
from sipar.claims.stored import holders_of_numbers, known_numbers, organisations_by_identifier, stored_claims, write
from sipar.claims.tasks import compile_soon
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.files import clean_name, keep_bytes, read_bytes
from sipar.core.problems import Conflict, Invalid, Place
from sipar.formats.claim_table import ClaimFile
from sipar.formats.limits import MEGABYTE
from sipar.teams.models import Team

LARGEST = 64 * MEGABYTE
MOST_PROBLEMS = 1_000
EXAMPLES = 8
LOCK = 7_310_042


@dataclass(frozen=True)
class Outcome:
    """A file against the claims as they are: the difference, and what was wrong with the file."""

    difference: Difference
    problems: pl.DataFrame
    left_out: int


@action("claims.preview")
def preview_claims(
    actor: Actor,
    data: bytes | Iterable[bytes],
    *,
    name: str,
    team: Team,
    now: datetime,
    form: str = "",
    source: str = "",
    by_holder: bool = False,
) -> ClaimImport:
    """Keep the file and say what it would change. `form` empty: told by content; `source` empty: named after the form
    and the registry. Raises FormatProblem for a file that no reader takes, Invalid for a source that is no name."""
    require_may_import(actor)
    kept = keep_bytes(data, largest=LARGEST)
    content = read_bytes(kept.sha256)
    chosen = form or recognised(content, name)
    read = read_claims(content, name, form=chosen, asns=known_numbers())
    wanted = ClaimImport(
        format=chosen,
        source=_source(source or ":".join(part for part in (chosen, read.registry) if part)),
        team=team,
        by_holder=by_holder,
        file_name=clean_name(name),
        sha256=kept.sha256,
        account_id=actor.account,
        uploaded_at=now,
    )
    _tell(wanted, _outcome(wanted, read, today=now.date()))
    wanted.save()
    return wanted


@action("claims.apply")
def apply_claims(actor: Actor, wanted: ClaimImport, *, now: datetime) -> ClaimImport:
    """Bring the claims of the source to what the file says. The claims may have changed since the preview, so that the
    difference is taken anew. Raises Conflict where the import was applied or discarded already."""
    require_may_import(actor)
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])
    found = ClaimImport.objects.select_for_update().get(pk=wanted.pk)
    if found.state != "preview":
        raise Conflict("This import was applied or discarded already.", code="claims.state")
    read = read_claims(read_bytes(found.sha256), found.file_name, form=found.format, asns=known_numbers())
    outcome = _outcome(found, read, today=now.date())
    write(outcome.difference, source=found.source, today=now.date())
    _tell(found, outcome)
    found.state, found.applied_at = "applied", now
    found.save()
    compile_soon()
    return found


@action("claims.discard")
def discard_claims(actor: Actor, wanted: ClaimImport) -> None:
    """Put a preview away; its file stays as the proof of what was offered."""
    require_may_import(actor)
    if not ClaimImport.objects.filter(pk=wanted.pk, state="preview").update(state="discarded"):
        raise Conflict("This import was applied or discarded already.", code="claims.state")


def _outcome(wanted: ClaimImport, read: ClaimFile, *, today: date) -> Outcome:
    identifiers = organisations_by_identifier(read.rows["organisation"].unique().to_list())
    rows = read.rows.with_columns(
        pl.col("organisation").alias("identifier"),
        pl.col("organisation").replace_strict(identifiers, default=None, return_dtype=pl.Int64),
    )
    if wanted.by_holder:
        rows = by_holders(rows, holders_of_numbers())
    good, refused = guarded(rows)
    incoming = good.with_columns(
        pl.when(pl.col("organisation").is_null()).then(pl.lit(wanted.team_id)).cast(pl.Int64).alias("team")
    ).select(list(CLAIMED))
    difference = compare(incoming, stored_claims(wanted.source), source=wanted.source, today=today)
    problems = pl.concat([read.problems, refused]).sort("line", maintain_order=True)
    return Outcome(difference, problems, read.left_out)


def _tell(row: ClaimImport, outcome: Outcome) -> None:
    """Put the counts and some examples of an outcome on its row."""
    found = outcome.difference
    row.added = found.added.height + found.reopened.height
    row.changed, row.ended = found.changed.height, found.ended.height
    row.unchanged, row.kept, row.left_out = found.unchanged, found.kept, outcome.left_out
    row.problems = [list(problem) for problem in outcome.problems.head(MOST_PROBLEMS).iter_rows()]
    row.problem_count = outcome.problems.height
    row.examples = {
        "added": _examples(found.added),
        "changed": _examples(found.changed),
        "ended": _examples(found.ended),
        "to_organisations": found.added["organisation"].count(),
    }


def _examples(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Some rows as people read them: claims of organisations first, for those are what an import may do wrong."""
    first = frame.sort(pl.col("organisation").is_null(), "kind", "value", maintain_order=True).head(EXAMPLES)
    return [
        {
            "kind": row["kind"], "value": row["value"], "holder": row["holder"], "organisation": row["organisation"],
            "what": row.get("what", []),
        }
        for row in first.iter_rows(named=True)
    ]  # fmt: skip


def _source(text: str) -> str:
    name = " ".join(text.split()).lower()
    if not name or len(name) > 60 or not all(letter.isalnum() or letter in " :._-" for letter in name):
        sentence = "A source has letters, digits, spaces and : . _ - and at most 60 of them."
        raise Invalid(sentence, code="claims.source", places=[Place("source", sentence)])
    if name == "manual":
        sentence = "The source manual stands for what people keep by hand."
        raise Invalid(sentence, code="claims.source", places=[Place("source", sentence)])
    return name
