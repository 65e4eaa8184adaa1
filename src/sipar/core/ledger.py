"""The ledger: every write leaves an event, events become leaves of a Merkle log, and checkpoints are signed.

Triggers write the events (`sql/guard.sql`). `seal` gives each new event its place in the log and signs the new
root; `verify` recomputes everything from the events as they stand; `proof_for` lets an organisation keep a proof
that its own record is in the log, which anybody can check with the checkpoint alone.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.conf import settings
from django.db import connection

from sipar.core import merkle
from sipar.core.models import Checkpoint, Leaf
from sipar.core.problems import NotFound
from sipar.core.secrets import keep_once

# The event as text, every part of it: whoever edits one column changes the hash. jsonb prints its keys in one order.
ENTRY_TEXT = (
    "jsonb_build_array(e.id, extract(epoch from e.at)::text, e.transaction,"
    " e.actor_id, e.action, e.reason, e.table_name, e.row_key, e.operation, e.organisation_id, e.body)::text"
)
ENTRY = f"sha256('\\x00'::bytea || convert_to({ENTRY_TEXT}, 'UTF8'))"
APPEND = f"""
    insert into core_leaf (position, event_id, hash)
    select %s + row_number() over (order by e.id) - 1, e.id, {ENTRY}
    from core_event e where not exists (select 1 from core_leaf l where l.event_id = e.id)
    returning position, hash
"""  # noqa: S608 - ENTRY is a constant of ours
RECOMPUTE = f"""
    select l.position, l.event_id, l.hash, case when e.id is not null then {ENTRY} end
    from core_leaf l left join core_event e on e.id = l.event_id
    where l.position >= %s order by l.position limit %s
"""  # noqa: S608 - ENTRY is a constant of ours
LOCK = 7_310_001
BATCH = 50_000


@dataclass(frozen=True)
class Verdict:
    """What `verify` found. `faults` is empty where nothing was edited, removed, reordered or re-signed."""

    events: int
    sealed: int
    checkpoints: int
    faults: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.faults


def seal(*, now: datetime) -> int:
    """Append every event that has no leaf yet, sign a new checkpoint, and return how many were appended.

    Runs inside `acting` as Sipar itself. Two sealers wait for each other.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        last = Checkpoint.objects.order_by("-size").first()
        size, frontier = (last.size, _split(bytes(last.frontier))) if last else (0, [])
        cursor.execute(APPEND, [size])
        hashes = [bytes(row[1]) for row in sorted(cursor.fetchall())]
    if not hashes:
        return 0
    frontier, size = merkle.grow(frontier, size, hashes)
    root = merkle.root_of(frontier)
    Checkpoint.objects.create(
        at=now,
        size=size,
        root=root,
        frontier=b"".join(frontier),
        signature=_signing_key().sign(_statement(size, root, now)),
    )
    return len(hashes)


class Verification:
    """A verification under way, in steps that may each be a transaction: the log only grows, so they fit together.

    `size` leaves of `total` have been recomputed. Every step runs as an actor who sees every event (Sipar itself or
    the ombudsman).
    """

    def __init__(self) -> None:
        self._checkpoints = {point.size: point for point in Checkpoint.objects.order_by("size")}
        self._known = len(self._checkpoints)
        self._frontier: list[bytes] = []
        self._faults: list[str] = []
        self._key = public_key()
        self.size = 0
        self.total = max(self._checkpoints, default=0)

    def step(self) -> bool:
        """Recompute the next leaves from their events and the checkpoints over them; False when none is left."""
        with connection.cursor() as cursor:
            cursor.execute(RECOMPUTE, [self.size, BATCH])
            rows = cursor.fetchall()
        for position, event_id, stored, computed in rows:
            if position != self.size:
                self._faults.append(f"leaf {self.size} is missing")
                return False
            self._check(event_id, bytes(stored), None if computed is None else bytes(computed))
        return len(rows) == BATCH

    def verdict(self) -> Verdict:
        """What was found, once every step is done."""
        lost = [f"checkpoint over {missing} leaves has lost leaves" for missing in self._checkpoints]
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from core_event")
            (events,) = cursor.fetchone()
        return Verdict(events=events, sealed=self.size, checkpoints=self._known, faults=(*self._faults, *lost))

    def _check(self, event_id: int, stored: bytes, computed: bytes | None) -> None:
        if computed is None:
            self._faults.append(f"event {event_id} was removed")
        elif stored != computed:
            self._faults.append(f"event {event_id} was edited")
        self._frontier, self.size = merkle.grow(self._frontier, self.size, [stored])
        point = self._checkpoints.pop(self.size, None)
        if point is not None:
            self._faults.extend(_faults_of(point, merkle.root_of(self._frontier), self._key))


def verify() -> Verdict:
    """Recompute every leaf from its event and every checkpoint from the leaves, and check the signatures.

    Runs as an actor who sees every event (Sipar itself or the ombudsman).
    """
    verification = Verification()
    while verification.step():
        pass
    return verification.verdict()


def entry_of(event_id: int) -> str:
    """The text of an event that its leaf is the hash of; raises `NotFound` where the actor does not see it."""
    with connection.cursor() as cursor:
        cursor.execute(f"select {ENTRY_TEXT} from core_event e where e.id = %s", [event_id])  # noqa: S608
        row = cursor.fetchone()
    if row is None:
        raise NotFound("No event of this number is open to you.")
    return str(row[0])


def proof_for(event_id: int) -> dict[str, Any]:
    """The inclusion proof of one event: what a person keeps and `check_proof` needs, all in base64.

    The event must be visible to the actor and sealed; raises `NotFound` otherwise.
    """
    with connection.cursor() as cursor:
        cursor.execute("select 1 from core_event where id = %s", [event_id])
        visible = cursor.fetchone() is not None
    leaf = Leaf.objects.filter(event_id=event_id).first() if visible else None
    point = Checkpoint.objects.filter(size__gt=leaf.position).order_by("size").first() if leaf else None
    if leaf is None or point is None:
        raise NotFound("This event is not sealed yet, or not yours. Sealing happens every minute.")
    hashes = [
        bytes(h)
        for h in Leaf.objects.filter(position__lt=point.size).order_by("position").values_list("hash", flat=True)
    ]
    return {
        "event": event_id,
        "position": leaf.position,
        "leaf": _text(bytes(leaf.hash)),
        "path": [_text(node) for node in merkle.inclusion_proof(hashes, leaf.position)],
        "checkpoint": {
            "at": point.at.isoformat(),
            "size": point.size,
            "root": _text(bytes(point.root)),
            "signature": _text(bytes(point.signature)),
        },
        "public_key": _text(public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)),
    }


def check_proof(proof: dict[str, Any]) -> bool:
    """Whether a proof as given out by `proof_for` holds by itself: the path leads to the root, the root is signed."""
    point = proof["checkpoint"]
    root = _bytes(point["root"])
    if not merkle.verify_inclusion(
        _bytes(proof["leaf"]), proof["position"], point["size"], [_bytes(node) for node in proof["path"]], root
    ):
        return False
    key = Ed25519PublicKey.from_public_bytes(_bytes(proof["public_key"]))
    return _signed(
        key, _bytes(point["signature"]), _statement(point["size"], root, datetime.fromisoformat(point["at"]))
    )


def public_key() -> Ed25519PublicKey:
    """The key that checkpoints of this installation are checked with."""
    return _signing_key().public_key()


def _faults_of(point: Checkpoint, root: bytes, key: Ed25519PublicKey) -> Iterator[str]:
    if bytes(point.root) != root:
        yield f"checkpoint over {point.size} leaves has another root: leaves were reordered or replaced"
    if not _signed(key, bytes(point.signature), _statement(point.size, bytes(point.root), point.at)):
        yield f"checkpoint over {point.size} leaves is not signed by this installation"


def _signed(key: Ed25519PublicKey, signature: bytes, statement: bytes) -> bool:
    try:
        key.verify(signature, statement)
    except InvalidSignature:
        return False
    return True


def _statement(size: int, root: bytes, at: datetime) -> bytes:
    return f"sipar ledger\n{size}\n{_text(root)}\n{at.timestamp():.6f}\n".encode()


def _signing_key() -> Ed25519PrivateKey:
    path = Path(settings.VAR) / "secrets" / "ledger.key"
    return Ed25519PrivateKey.from_private_bytes(keep_once(path, _new_key))


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


def _split(frontier: bytes) -> list[bytes]:
    return [frontier[i : i + merkle.HASH_SIZE] for i in range(0, len(frontier), merkle.HASH_SIZE)]


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(value: str) -> bytes:
    return base64.b64decode(value, validate=True)
