"""Importing the register: upload and preview, then apply or discard. Nothing of a file with a problem is loaded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sipar.claims.tasks import compile_soon
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.files import keep_file, open_file, read_file
from sipar.core.problems import Conflict, Invalid, not_open
from sipar.formats.limits import MEGABYTE, Limits
from sipar.formats.tables import read_table
from sipar.orgs.import_check import CheckedRegister, check_register
from sipar.orgs.import_load import Tell, apply, difference, register_codes, staged
from sipar.orgs.models import RegisterImport
from sipar.orgs.policy import require_may_import
from sipar.teams.actions import resolve_constituencies

MOST_PROBLEMS = 1_000
# A hundred thousand organisations with their assets are about 27 MB of CSV.
LIMITS = Limits(max_bytes=64 * MEGABYTE)


def quietly(step: str, done: int, total: int) -> None:
    """Tells nobody about the progress."""


@action("register.preview")
def preview_import(
    actor: Actor, data: bytes | Iterable[bytes], *, name: str, now: datetime, tell: Tell = quietly
) -> RegisterImport:
    """Keep the file and say what loading it would do; the register stays as it is.

    Raises Invalid for a file that Sipar does not keep, FormatProblem for one that is no table of the register.
    """
    require_may_import(actor)
    kept = keep_file(actor, data, name=name, organisation=None, now=now, largest=LIMITS.max_bytes)
    tell("read", 0, 2)
    checked = check_register(read_table(read_file(kept), kept.name, LIMITS), register_codes())
    tell("read", 1, 2)
    found = RegisterImport(
        account_id=actor.account,
        file_name=kept.name,
        file_id=kept.pk,
        rows=checked.organisations.height,
        problems=[list(row) for row in checked.problems.head(MOST_PROBLEMS).iter_rows()],
        problem_count=checked.problems.height,
        uploaded_at=now,
    )
    if checked.problems.is_empty():
        with staged(checked):
            outcome = difference(checked, today=now.date())
        found.added, found.changed, found.unchanged = outcome.added, outcome.changed, outcome.unchanged
        found.examples = dict(outcome.examples)
    found.save()
    return found


@action("register.take")
def take_import(actor: Actor, wanted: RegisterImport, *, run: int) -> None:
    """Hand a preview without problems to a background run; a second taker is refused."""
    require_may_import(actor)
    if wanted.problem_count:
        raise Invalid(
            "The file has problems. Mend it and upload it again; nothing was loaded.", code="register.problems"
        )
    taken = RegisterImport.objects.filter(pk=wanted.pk, state="preview").update(state="applying", run_id=run)
    if not taken:
        raise Conflict("This import was applied or discarded already.", code="register.state")


@action("register.release")
def release_import(actor: Actor, wanted: int) -> None:
    """Give a preview back whose run failed."""
    require_may_import(actor)
    RegisterImport.objects.filter(pk=wanted, state="applying").update(state="preview")


@action("register.apply")
def apply_import(actor: Actor, wanted: RegisterImport, *, now: datetime, tell: Tell = quietly) -> RegisterImport:
    """Load the file that was previewed, whole or not at all, and resolve the constituencies. Runs as Sipar itself,
    since memberships are nobody's to write.

    The stored file is read again and must still have its hash; the register may have changed since the preview, so
    the counts are taken anew. Raises Conflict, or Invalid where a code has gone since.
    """
    require_may_import(actor)
    if wanted.state not in ("preview", "applying"):
        raise Conflict("This import was applied or discarded already.", code="register.state")
    tell("read", 0, 1)
    kept = open_file(actor, wanted.file_id)
    checked = check_register(read_table(read_file(kept), kept.name, LIMITS), register_codes())
    if not checked.problems.is_empty():
        raise Invalid("The file no longer fits the register. Upload it again.", code="register.problems")
    outcome = load_checked(actor, checked, now=now, tell=tell)
    wanted.added, wanted.changed, wanted.unchanged = outcome
    wanted.state = "applied"
    wanted.applied_at = now
    wanted.save()
    return wanted


@action("register.load")
def load_checked(
    actor: Actor, checked: CheckedRegister, *, now: datetime, tell: Tell = quietly
) -> tuple[int, int, int]:
    """Load a checked register and resolve the constituencies; returns organisations added, changed and unchanged."""
    require_may_import(actor)
    tell("compare", 0, 1)
    with staged(checked):
        outcome = difference(checked, today=now.date())
        apply(checked, today=now.date(), tell=tell)
    tell("constituencies", 0, 1)
    resolve_constituencies(actor, now=now)
    if checked.asset_kinds:
        compile_soon()
    return outcome.added, outcome.changed, outcome.unchanged


@action("register.discard")
def discard_import(actor: Actor, wanted: RegisterImport) -> None:
    """Put a preview away; its file stays as the proof of what was offered."""
    require_may_import(actor)
    if not RegisterImport.objects.filter(pk=wanted.pk, state="preview").update(state="discarded"):
        raise Conflict("This import was applied or discarded already.", code="register.state")


def access_import(actor: Actor, number: int) -> RegisterImport:
    """An import of the actor's own; raises NotFound otherwise."""
    found = RegisterImport.objects.filter(pk=number).first()
    if found is None:
        raise not_open("import")
    return found
