"""Reading the ledger: who did what and why, as far as the actor may see it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db.models import Max

from sipar.core import ledger
from sipar.core.acting import Actor
from sipar.core.models import BackgroundRun, Checkpoint, Event
from sipar.core.problems import not_open
from sipar.ledger.words import NOUNS, OPERATIONS, action_in_words
from sipar.orgs.models import Organisation
from sipar.people.models import Account
from sipar.people.roles import ORGANISATION_ROLES
from sipar.people.selectors import organisation_titles

PAGE = 50
# A page looks back over so many events at most: a rare action does not make the database read everything.
LOOK_BACK = 100_000
VERIFY = "ledger.verify"


@dataclass(frozen=True)
class Entry:
    """One event as the list shows it: names instead of numbers, never its content."""

    event: Event
    who: str
    organisation: str

    @property
    def words(self) -> str:
        """What was done, in the active language."""
        operation = self.event.operation
        return action_in_words(self.event.action) if self.event.action else str(OPERATIONS.get(operation, operation))


@dataclass(frozen=True)
class EventPage:
    """A page of entries, newest first. `older` is where the next page begins, None at the end of the ledger."""

    entries: list[Entry]
    older: int | None
    looked_back_to: int


@dataclass(frozen=True)
class Seal:
    """The latest checkpoint as anybody may check it; root, signature and key in base64."""

    size: int
    root: str
    signature: str
    public_key: str
    at: datetime
    unsealed: int


def latest_seal() -> Seal | None:
    """The latest signed checkpoint, or None where the ledger was never sealed."""
    point = Checkpoint.objects.order_by("-size").first()
    if point is None:
        return None
    newest = Event.objects.aggregate(number=Max("pk"))["number"] or 0
    return Seal(
        size=point.size,
        root=_base64(point.root),
        signature=_base64(point.signature),
        public_key=_base64(ledger.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)),
        at=point.at,
        unsealed=max(newest - point.size, 0),
    )


def page_of_events(actor: Actor, filters: Mapping[str, str], *, before: int | None) -> EventPage:
    """Events with a number below `before`, newest first; `filters`: noun, record (table/key), operation."""
    own = [grant.organisation for grant in actor.grants if grant.role in ORGANISATION_ROLES]
    rows = Event.objects.defer("body").order_by("-id")
    if own:
        rows = rows.filter(organisation_id__in=own)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    newest = before if before is not None else (Event.objects.aggregate(number=Max("pk"))["number"] or 0) + 1
    table, _, key = filters.get("record", "").partition("/")
    floor = 0
    if table and key:
        rows = rows.filter(table_name=table, row_key=key)
    elif not own:
        floor = max(newest - LOOK_BACK, 0)
        rows = rows.filter(pk__gte=floor)
    if filters.get("noun") in NOUNS:
        rows = rows.filter(action__startswith=f"{filters['noun']}.")
    if filters.get("operation") in ("insert", "update", "delete"):
        rows = rows.filter(operation=filters["operation"])
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE]
    older = shown[-1].pk if len(found) > PAGE else (floor if floor > 1 else None)
    return EventPage(entries=_named(shown), older=older, looked_back_to=floor)


def access_event(actor: Actor, number: int) -> Event:
    """The event with this number; raises `NotFound` where it is not open to the actor."""
    found = Event.objects.filter(pk=number).first()
    if found is None:
        raise not_open("event")
    return found


def may_read_content(actor: Actor, event: Event) -> bool:
    """Whether the actor may see what was written, not only that it was: the writer, and who sees the organisation."""
    if event.actor_id == actor.account:
        return True
    if event.organisation_id is None:
        return False
    return Organisation.objects.filter(pk=event.organisation_id).exists()


def content_of(actor: Actor, event: Event) -> list[tuple[str, str, str]]:
    """The fields of an event as (field, before, after); without values where the actor may not read the content."""
    readable = may_read_content(actor, event)
    fields = []
    for name, value in sorted(event.body.items()):
        before, after = ("", value)
        if event.operation == "update" and isinstance(value, list) and len(value) == 2:
            before, after = value
        elif event.operation == "delete":
            before, after = value, ""
        fields.append((name, _shown(before), _shown(after)) if readable else (name, "", ""))
    return fields


def entry_for(event: Event) -> Entry:
    """The entry of one event, with names."""
    return _named([event])[0]


def proof_with_entry(actor: Actor, event: Event) -> dict[str, Any]:
    """The inclusion proof of an event, with the text that its leaf hashes where the actor may read the content."""
    proof = ledger.proof_for(event.pk)
    return proof | {"entry": ledger.entry_of(event.pk)} if may_read_content(actor, event) else proof


def access_verification(actor: Actor, run: int) -> BackgroundRun:
    """A verification that the actor started; raises `NotFound` for any other."""
    found = BackgroundRun.objects.filter(pk=run, kind=VERIFY, account_id=actor.account).first()
    if found is None:
        raise not_open("verification")
    return found


def _named(events: list[Event]) -> list[Entry]:
    people = dict(Account.objects.filter(pk__in={event.actor_id for event in events}).values_list("pk", "name"))
    keys = {event.organisation_id for event in events if event.organisation_id is not None}
    names = dict(Organisation.objects.filter(pk__in=keys).values_list("pk", "name"))
    names |= {key: title.name for key, title in organisation_titles(keys - names.keys()).items()}
    return [
        Entry(
            event=event,
            who=people.get(event.actor_id, "") if event.actor_id else "",
            organisation=names.get(event.organisation_id, "") if event.organisation_id else "",
        )
        for event in events
    ]


def _shown(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= 400 else f"{text[:400]}…"


def _base64(value: bytes | memoryview) -> str:
    return base64.b64encode(bytes(value)).decode()
