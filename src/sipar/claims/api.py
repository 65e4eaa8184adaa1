"""Claims to programs: whose is this, and the conflicts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from django.utils import timezone
from ninja import Field, Query, Router, Schema

from sipar.claims import actions, selectors
from sipar.claims.gates import CLAIM_KEEPERS, CLAIM_READERS
from sipar.claims.models import Conflict
from sipar.claims.views import in_words
from sipar.core.api import PROBLEMS, Entry
from sipar.core.http import ActorRequest

router = Router(tags=["routing"])
Number = Annotated[int, Field(ge=1, le=2**63 - 1)]
MOST = 200


class Claim(Schema):
    """One claim that matched, the winner first. `organisation` is an identifier, null for a range of the nation and for
    an organisation outside your part of the nation (`hidden`); `team` the CERT that answers. `code` says how the claim
    stands to the winner: won, national, rank, shorter, settled, source, tied, same."""

    kind: str
    value: str
    rank: str
    code: str
    organisation: str | None
    hidden: bool
    team: str | None
    source: str
    mark: str
    valid_from: date | None
    valid_until: date | None
    match: str
    reason: str


class Whose(Schema):
    """`lookup` is the digest of the compiled claims that answered, null before the first."""

    asked: str
    day: date
    lookup: str | None
    compiled_at: datetime | None
    claims: list[Claim]


class ConflictOut(Schema):
    """`claims` are numbers of assets, `organisations` identifiers as far as you know them, `others` how many more."""

    id: int
    kind: str
    value: str
    state: str
    claims: list[int]
    organisations: list[str]
    others: int
    winner: int | None
    reason: str
    found_at: datetime
    settled_at: datetime | None


class Settlement(Schema):
    """`winner` is one of the conflict's `claims`, or null where all may hold it."""

    winner: Number | None = None
    reason: Annotated[str, Field(min_length=1, max_length=2_000)]


class Withdrawal(Schema):
    reason: Annotated[str, Field(min_length=1, max_length=2_000)]


def _conflicts(rows: list[Conflict]) -> list[ConflictOut]:
    names = selectors.names_of(number for row in rows for number in row.organisations)
    return [
        ConflictOut(
            id=row.pk,
            kind=row.kind,
            value=row.value,
            state=row.state,
            claims=row.claims,
            organisations=[names[number].identifier for number in row.organisations if number in names],
            others=sum(number not in names for number in row.organisations),
            winner=row.winner_id,
            reason=row.reason,
            found_at=row.found_at,
            settled_at=row.settled_at,
        )
        for row in rows
    ]


@router.get("/lookup", auth=Entry(CLAIM_READERS), response={200: Whose, **PROBLEMS}, operation_id="routing_lookup")
def lookup(
    request: ActorRequest, q: Annotated[str, Query(min_length=1, max_length=300)], day: date | None = None
) -> Whose:
    """Whose an address, a name, an AS number or a country is, or was on a day, and why."""
    asked = selectors.question_of(q.replace("\x00", ""))
    on = day or timezone.now().date()
    found = selectors.whose(asked, day=on)
    claims = []
    for row in in_words(found):
        answer, reason = row["answer"], row["answer"].reason
        claims.append(
            Claim(
                kind=reason.kind, value=reason.value, rank=reason.rank, code=reason.code,
                organisation=answer.organisation.identifier if answer.organisation else None, hidden=answer.hidden,
                team=answer.team.code if answer.team else None, source=reason.source, mark=reason.mark,
                valid_from=reason.valid_from, valid_until=reason.valid_until, match=row["match"],
                reason=row["standing"],
            )
        )  # fmt: skip
    return Whose(
        asked=q,
        day=on,
        lookup=found.lookup.digest if found.lookup else None,
        compiled_at=found.lookup.compiled_at if found.lookup else None,
        claims=claims,
    )


@router.get(
    "/conflicts",
    auth=Entry(CLAIM_READERS),
    response={200: list[ConflictOut], **PROBLEMS},
    operation_id="claim_conflicts_list",
)
def list_conflicts(request: ActorRequest, state: Literal["open", "settled", "gone"] = "open") -> list[ConflictOut]:
    """The latest 200 conflicts in this state."""
    return _conflicts(list(selectors.conflicts(state=state)[:MOST]))


@router.post(
    "/conflicts/{conflict_number}/settle",
    auth=Entry(CLAIM_KEEPERS),
    response={200: ConflictOut, **PROBLEMS},
    operation_id="claim_conflicts_settle",
)
def settle(request: ActorRequest, conflict_number: Number, body: Settlement) -> ConflictOut:
    """Say whose claim holds."""
    found = selectors.access_conflict(request.actor, conflict_number)
    settled = actions.settle_conflict(request.actor, found, winner=body.winner, reason=body.reason, now=timezone.now())
    return _conflicts([settled])[0]


@router.post(
    "/conflicts/{conflict_number}/unsettle",
    auth=Entry(CLAIM_KEEPERS),
    response={200: ConflictOut, **PROBLEMS},
    operation_id="claim_conflicts_unsettle",
)
def unsettle(request: ActorRequest, conflict_number: Number, body: Withdrawal) -> ConflictOut:
    """Take a decision back."""
    found = selectors.access_conflict(request.actor, conflict_number)
    return _conflicts([actions.unsettle_conflict(request.actor, found, reason=body.reason)])[0]
