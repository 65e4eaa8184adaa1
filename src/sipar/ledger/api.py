"""The ledger to programs: the latest signed checkpoint, and the proof of inclusion of one event."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Path, Router, Schema

from sipar.core.api import PROBLEMS, Entry
from sipar.core.http import ActorRequest
from sipar.core.problems import NotFound
from sipar.ledger.selectors import access_event, latest_seal, proof_with_entry
from sipar.people.gates import EVERYONE, LEDGER_READERS

router = Router(tags=["ledger"])
LARGEST = 2**63 - 1


class CheckpointOut(Schema):
    """Root, signature and key in base64; the signature is Ed25519 over size, root and time (docs/reference/ledger)."""

    size: int
    root: str
    signature: str
    public_key: str
    at: datetime


class ProofCheckpoint(Schema):
    at: str
    size: int
    root: str
    signature: str


class ProofOut(Schema):
    """The path of RFC 9162 from the leaf to the root, lowest node first; `entry` only where the reader may read it."""

    event: int
    position: int
    leaf: str
    path: list[str]
    checkpoint: ProofCheckpoint
    public_key: str
    entry: str | None = None


@router.get("/checkpoint", auth=Entry(EVERYONE), response={200: CheckpointOut, **PROBLEMS})
def ledger_checkpoint(request: HttpRequest) -> Any:
    """The latest signed checkpoint of the ledger."""
    seal = latest_seal()
    if seal is None:
        raise NotFound("The ledger has not been sealed yet. Sealing happens every minute.")
    return seal


@router.get("/events/{number}/proof", auth=Entry(LEDGER_READERS), response={200: ProofOut, **PROBLEMS})
def ledger_event_proof(request: ActorRequest, number: Path[int]) -> Any:
    """The proof that an event which you may see is in the ledger."""
    if not 0 < number <= LARGEST:
        raise NotFound("No event of this number is open to you.")
    return proof_with_entry(request.actor, access_event(request.actor, number))
