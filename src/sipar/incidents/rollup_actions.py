"""Sending a roll-up, acknowledging it, and setting how often one is due."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import sha256
from typing import Any

from django.db import IntegrityError, transaction

from sipar.assessments.submit_actions import SecondFactor
from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.numbers import case_number
from sipar.core.problems import Conflict, Forbidden, Invalid, Place
from sipar.incidents.custody_reading import national_team
from sipar.incidents.models import RollUp, RollUpPeriod, RollUpReceipt
from sipar.incidents.rollup_selectors import assemble, government_team, period_set, receiving_team, running_period
from sipar.obligations.models import Duty
from sipar.obligations.service_levels import meet_of_team, start_of_team
from sipar.teams.models import Team

FORMAT = "sipar-rollup/1"
CODE = "rollup"
SIGNERS = ("duty_officer", "team_head")
LONGEST = 8_000
LONGEST_PERIOD = timedelta(days=400)


@action("rollup.send")
def send_rollup(
    actor: Actor, *, since: datetime, until: datetime, remarks: str, signature: SecondFactor | None, now: datetime
) -> RollUp:
    """Sign the roll-up of a period and send it to the National CERT; figures are those of this moment.

    Raises Forbidden for who does not sign, Invalid for a period that is not over, Conflict where it was sent already.
    """
    team = _signing_team(actor, signature)
    if not since < until <= now or until - since > LONGEST_PERIOD:
        raise Invalid("Choose a period that is over, of at most 400 days.", code="rollup.period",
                      places=[Place("until", "The end must lie after the begin and before now.")])  # fmt: skip
    receiver = national_team()
    found = assemble(actor, team, receiver, since=since, until=until, now=now)
    row = RollUp(
        number=case_number(now, prefix="R"),
        from_team=team,
        to_team=receiver,
        since=since,
        until=until,
        figures=found.figures,
        notable=found.notable,
        remarks=_text(remarks),
        signature=signature.method[:20] if signature else "",
        sent_by_id=actor.account,
        sent_at=now,
    )
    row.digest = sha256(signed_document(row)).hexdigest()
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("This period was rolled up already.", code="rollup.sent") from error
    meet_of_team(actor, code=CODE, stage=stage_of(until), team=team, now=now)
    return row


@action("rollup.acknowledge")
def acknowledge(actor: Actor, rollup: RollUp, *, words: str, now: datetime) -> RollUpReceipt:
    """Say that the National CERT has received a roll-up, once, with words where it has any."""
    receiver = receiving_team(actor)
    if receiver is None or receiver.pk != rollup.to_team_id:
        raise Forbidden("The National CERT acknowledges a roll-up.", code="rollup.acknowledge")
    if RollUpReceipt.objects.filter(rollup=rollup).exists():
        raise Conflict("This roll-up was acknowledged already.", code="rollup.acknowledged")
    return RollUpReceipt.objects.create(
        rollup=rollup, words=_text(words), received_by_id=actor.account, received_at=now
    )


@action("rollup.set_period")
def set_period(actor: Actor, *, every: str, days_to_send: int, reason: str, now: datetime) -> RollUpPeriod:
    """Set how often a roll-up is due and how many days after the end of a period, as the head of the National CERT."""
    if not actor.holds_in_tier(Team.Tier.NATIONAL, "team_head"):
        raise Forbidden("The head of the National CERT sets the period.", code="rollup.period")
    if every not in RollUpPeriod.Every.values or not 1 <= days_to_send <= 90:
        raise Invalid("Choose a period, and 1 to 90 days to send.", code="rollup.period")
    why = _text(reason)
    if not why:
        raise Invalid(
            "Give a reason.", code="rollup.reason", places=[Place("reason", "Say who decided it, and where.")]
        )
    return RollUpPeriod.objects.create(
        every=every, days_to_send=days_to_send, reason=why, set_by_id=actor.account, set_at=now
    )


def plan_next(actor: Actor, *, now: datetime, zone: tzinfo) -> list[Duty]:
    """The clocks of the roll-ups of the period that runs now, one for each Government CERT; none without a period.

    Called by the worker as Sipar itself; what stands already stays as it is.
    """
    period = period_set()
    if period is None:
        return []
    _since, until = running_period(period.every, now=now, zone=zone)
    due = until + timedelta(days=period.days_to_send)
    return [
        start_of_team(actor, code=CODE, stage=stage_of(until), due_at=due, team=team, now=now)
        for team in Team.objects.filter(tier=Team.Tier.GOVERNMENT)
    ]


def signed_document(row: RollUp) -> bytes:
    """Everything that the digest covers, in one byte form, so that it can be checked without Sipar."""
    document: dict[str, Any] = {
        "format": FORMAT,
        "number": row.number,
        "from": row.from_team.code,
        "to": row.to_team.code,
        "since": row.since.astimezone(UTC).isoformat(),
        "until": row.until.astimezone(UTC).isoformat(),
        "figures": row.figures,
        "notable": row.notable,
        "remarks": row.remarks,
        "sent_at": row.sent_at.astimezone(UTC).isoformat(),
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def stage_of(until: datetime) -> str:
    """The stage of the duty: the day on which the period ends, in UTC, so that everybody finds the same."""
    return f"{until.astimezone(UTC):%Y-%m-%d}"


def may_send(actor: Actor) -> bool:
    """Whether the actor signs for the Government CERT: its head or duty officer."""
    team = government_team(actor)
    return team is not None and actor.holds_in_team(team.pk, *SIGNERS)


def _signing_team(actor: Actor, signature: SecondFactor | None) -> Team:
    team = government_team(actor)
    if team is None or not actor.holds_in_team(team.pk, *SIGNERS) or actor.scopes is not None:
        raise Forbidden("The head or the duty officer of the Government CERT sends the roll-up.", code="rollup.send")
    if signature is None:
        raise Forbidden("Show your second factor to sign.", code="second_factor")
    return team


def _text(words: str) -> str:
    text = words.strip().replace("\x00", "")
    if len(text) > LONGEST:
        raise Invalid("Write at most 8,000 characters.", code="rollup.long")
    return text
