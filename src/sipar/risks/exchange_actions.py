"""Importing scenarios: upload, look at the difference, take into a new draft or discard. Nothing counts before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.files import clean_name, keep_bytes, read_bytes
from sipar.core.problems import Conflict, Invalid, Place
from sipar.formats.problems import FormatProblem
from sipar.formats.scenario_file import LIMITS, LevelScale, Refusal, check_scale
from sipar.risks.actions import draft_from
from sipar.risks.exchange_models import ScenarioImport
from sipar.risks.exchange_reading import Money, Outcome, compare, read_file, with_scale
from sipar.risks.models import AssumptionSet
from sipar.risks.policy import require_may_model

LARGEST = LIMITS.max_bytes
MOST_LISTED = 1_000
LONGEST_SHOWN = 120


@action("risk.import")
def preview_scenarios(
    actor: Actor,
    data: bytes | Iterable[bytes],
    *,
    name: str,
    base: AssumptionSet,
    now: datetime,
    currency: str = "",
    year: int | None = None,
) -> ScenarioImport:
    """Keep the file and say what it would change in `base`. `currency` and `year` are those of a file that states none.

    Raises FormatProblem for a file that no reader takes.
    """
    require_may_model(actor)
    kept = keep_bytes(data, largest=LARGEST)
    file = read_file(read_bytes(kept.sha256), name)
    wanted = ScenarioImport(
        form=file.form,
        file_name=clean_name(name),
        sha256=kept.sha256,
        base=base,
        currency=_currency(currency),
        year=year,
        account_id=actor.account,
        uploaded_at=now,
    )
    wanted.outcome = _told(_outcome(wanted))
    wanted.save()
    return wanted


@action("risk.import_scale")
def state_scale(actor: Actor, wanted: ScenarioImport, *, meanings: Mapping[str, Sequence[float]]) -> ScenarioImport:
    """Say what the levels of a file mean, by `kind:level`, and take the difference anew.

    Raises Invalid with the level that cannot mean that.
    """
    require_may_model(actor)
    found = _waiting(wanted)
    scale = {**found.scale, **{name: list(numbers) for name, numbers in meanings.items()}}
    try:
        check_scale(with_scale(LevelScale(), scale))
    except FormatProblem as problem:
        place = Place(problem.where.replace(" ", ":"), problem.sentence)
        raise Invalid(problem.sentence, code=problem.code, places=[place]) from problem
    found.scale = scale
    found.outcome = _told(_outcome(found))
    found.save(update_fields=["scale", "outcome"])
    return found


@action("risk.take_import")
def take_scenarios(actor: Actor, wanted: ScenarioImport, *, title: str, reason: str, now: datetime) -> AssumptionSet:
    """Make a new draft of the assumptions from the base and the file; what is in use stays in use.

    Raises Conflict where the import was decided already, Invalid where nothing would change or the whole cannot be.
    """
    require_may_model(actor)
    found = _waiting(wanted)
    outcome = _outcome(found)
    if outcome.blocked is not None:
        place = Place(outcome.blocked.where, outcome.blocked.sentence)
        raise Invalid("The assumptions could not be used with this file.", code=outcome.blocked.code, places=[place])
    if not outcome.changes:
        raise Invalid("Nothing of this file would change the assumptions.", code="risk.import_empty")
    draft = draft_from(actor, found.base, title=title, reason=reason, document=outcome.document, now=now)
    found.outcome = _told(outcome)
    found.draft, found.state, found.decided_at = draft, "taken", now
    found.save(update_fields=["outcome", "draft", "state", "decided_at"])
    return draft


@action("risk.discard_import")
def discard_scenarios(actor: Actor, wanted: ScenarioImport, *, now: datetime) -> None:
    """Put a preview away; its file stays as the proof of what was offered."""
    require_may_model(actor)
    waiting = ScenarioImport.objects.filter(pk=wanted.pk, state="preview")
    if not waiting.update(state="discarded", decided_at=now):
        raise _decided()


def scale_of(wanted: ScenarioImport) -> LevelScale:
    """What the levels of an import's file mean, as far as it was stated."""
    return with_scale(LevelScale(), wanted.scale)


def _waiting(wanted: ScenarioImport) -> ScenarioImport:
    found = ScenarioImport.objects.select_for_update(of=("self",)).select_related("base").get(pk=wanted.pk)
    if found.state != "preview":
        raise _decided()
    return found


def _outcome(wanted: ScenarioImport) -> Outcome:
    file = read_file(read_bytes(wanted.sha256), wanted.file_name)
    return compare(
        wanted.base.document,
        file,
        money=Money(wanted.currency, wanted.year),
        scale=scale_of(wanted),
        source=wanted.file_name,
    )


def _told(outcome: Outcome) -> dict[str, Any]:
    """The outcome as its row keeps it: whole in numbers, cut in lists."""
    return {
        "added": [list(pair) for pair in outcome.added[:MOST_LISTED]],
        "added_count": len(outcome.added),
        "changed": [list(pair) for pair in outcome.changed[:MOST_LISTED]],
        "changed_count": len(outcome.changed),
        "unchanged": outcome.unchanged,
        "sections": list(outcome.sections),
        "differences": [
            [each.path, _shown(each.before), _shown(each.after)] for each in outcome.differences[:MOST_LISTED]
        ],
        "difference_count": len(outcome.differences),
        "refusals": _listed(outcome.refusals),
        "refusal_count": len(outcome.refusals),
        "left_out": _listed(outcome.left_out),
        "left_out_count": len(outcome.left_out),
        "levels": {kind: list(levels) for kind, levels in outcome.levels.items()},
        "blocked": _listed([outcome.blocked])[0] if outcome.blocked is not None else None,
        "changes": outcome.changes,
    }


def _listed(refusals: Sequence[Refusal]) -> list[list[str]]:
    return [[each.where[:200], each.code, each.sentence, each.written] for each in refusals[:MOST_LISTED]]


def _shown(value: object) -> object:
    """A value of a difference as people can read it: numbers as they are, a whole scenario by its title."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        title = value.get("title")
        named = title.get("en") if isinstance(title, Mapping) else None
        value = named or ", ".join(
            f"{name} {one}" for name, one in value.items() if not isinstance(one, Mapping | list)
        )
    elif isinstance(value, list | tuple):
        value = ", ".join(str(one) for one in value[:12]) + (f" … ({len(value)})" if len(value) > 12 else "")
    return str(value)[:LONGEST_SHOWN]


def _currency(text: str) -> str:
    currency = text.strip().upper()
    if currency and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        sentence = "A currency is three letters, such as PKR."
        raise Invalid(sentence, code="risk.currency", places=[Place("currency", sentence)])
    return currency


def _decided() -> Conflict:
    return Conflict("This import was taken or discarded already.", code="risk.import_state")
