"""Files of a case: received, given out, examined; each time the hash is checked and the chain of custody grows.

What looks dangerous is quarantined: only a CERT that works on the case gets it, after saying that it knows, as bytes
whose name ends in `.quarantine`. See docs/reference/artefacts.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePath

from django.utils.translation import gettext as _

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.files import CSV, JPEG, MAX_BYTES, PDF, PNG, TEXT, clean_name, keep_bytes, require_intact
from sipar.core.problems import Conflict, Forbidden
from sipar.incidents import timeline
from sipar.incidents.content_policy import desk_at_work, require_desk, require_may_write
from sipar.incidents.content_selectors import artefacts_of
from sipar.incidents.models import Artefact, Custody, Entry, Incident
from sipar.incidents.projections import Projection
from sipar.incidents.selectors import works_for_organisation
from sipar.incidents.texts import plain_text, refused
from sipar.teams.models import Team

LARGEST = {"attachment": MAX_BYTES, "evidence": MAX_BYTES, "malware": 100 * 1024 * 1024}
MOST_ARTEFACTS = 500
LONGEST_PURPOSE = 400
QUARANTINE_ENDING = ".quarantine"
# Everything else may hold a program; some names make one of what looks like plain text.
HARMLESS = frozenset({PDF, PNG, JPEG, TEXT, CSV, "application/vnd.tcpdump.pcap", "application/x-pcapng"})
RUNS_BY_NAME = frozenset({
    ".bat", ".cmd", ".hta", ".htm", ".html", ".js", ".jse", ".lnk", ".mht", ".ps1", ".psm1", ".py", ".reg", ".scr",
    ".sh", ".svg", ".url", ".vbe", ".vbs", ".wsf", ".xhtml", ".xml",
})  # fmt: skip
CHAIN_STEPS = ("transferred", "examined", "released")


@action("incident.receive_artefact")
def receive_artefact(
    actor: Actor,
    incident: Incident,
    data: bytes | Iterable[bytes],
    *,
    name: str,
    kind: str = "attachment",
    audience: str = "everyone",
    description: str = "",
    now: datetime,
) -> Artefact:
    """Keep a file of any type by its hash and begin its chain of custody.

    An organisation hands in for everyone who sees its case, and may attach to its draft. Raises Invalid `file.size`
    (25 MB; 100 MB for malware), `file.empty`, `file.name` or `case.input`.
    """
    desk = _require_may_hand_in(actor, incident)
    if kind not in LARGEST or (incident.state == "draft" and kind != "attachment"):
        raise refused("kind", _("Choose one of the offered kinds."))
    if audience not in Entry.Audience.values or (desk is None and audience != Entry.Audience.EVERYONE):
        raise refused("audience", _("Choose one of the offered readers."))
    clean = clean_name(name)
    said = plain_text(description, "description", longest=400, required=False, lines=False)
    if Artefact.objects.filter(incident=incident).count() >= MOST_ARTEFACTS:
        raise Conflict(_("A case takes at most %(most)s files.") % {"most": MOST_ARTEFACTS}, code="artefact.many")
    kept = keep_bytes(data, largest=LARGEST[kind])
    artefact = Artefact.objects.create(
        incident=incident,
        organisation_id=incident.organisation_id,
        kind=kind,
        audience=audience,
        team_id=desk,
        name=clean,
        media_type=kept.media_type,
        size=kept.size,
        sha256=kept.sha256,
        quarantined=is_dangerous(kind, kept.media_type, clean),
        description=said,
        added_by_id=actor.account,
        added_at=now,
    )
    _link(actor, artefact, "received", holder=_holder(actor, desk), purpose="", now=now)
    if incident.state != "draft":
        timeline.record(actor, incident, "artefact.received", now=now, audience=audience, team=desk)
    return artefact


@action("incident.hand_out_artefact")
def hand_out_artefact(
    actor: Actor, incident: Incident, artefact: Artefact, *, purpose: str = "", confirmed: bool = False, now: datetime
) -> str:
    """Record that the actor takes a copy, after checking the bytes; returns the name under which they go out.

    Evidence and malware ask for the purpose; what is quarantined goes to a CERT that works on the case only, and only
    once it has been confirmed. Raises Forbidden `artefact.quarantine`, Conflict `artefact.confirm` or `file.damaged`.
    """
    desk = desk_at_work(actor, incident)
    if artefact.quarantined and desk is None:
        raise Forbidden(
            _("This file is in quarantine. Only a CERT that works on the case gets it."), code="artefact.quarantine"
        )
    if artefact.quarantined and not confirmed:
        raise Conflict(_("Confirm that you know this file may be dangerous."), code="artefact.confirm")
    said = plain_text(
        purpose, "purpose", longest=LONGEST_PURPOSE, required=artefact.kind != "attachment", lines=False
    )  # fmt: skip
    require_intact(artefact.sha256)
    _link(actor, artefact, "downloaded", holder=_holder(actor, desk), purpose=said, now=now)
    return name_outside(artefact)


@action("incident.record_custody")
def record_custody(
    actor: Actor, incident: Incident, artefact: Artefact, *, what: str, holder: str, purpose: str, now: datetime
) -> Custody:
    """Add a link to the chain: the file was transferred to somebody, examined, or released. The bytes are checked."""
    require_desk(actor, incident)
    if what not in CHAIN_STEPS:
        raise refused("what", _("Choose one of the offered steps."))
    who = plain_text(holder, "holder", longest=200, lines=False)
    why = plain_text(purpose, "purpose", longest=LONGEST_PURPOSE, lines=False)
    require_intact(artefact.sha256)
    return _link(actor, artefact, what, holder=who, purpose=why, now=now)


def is_dangerous(kind: str, media_type: str, name: str) -> bool:
    """Whether a file goes to quarantine: malware, whatever may hold a program, and whatever its name would run."""
    return kind == "malware" or media_type not in HARMLESS or PurePath(name).suffix.lower() in RUNS_BY_NAME


def name_outside(artefact: Artefact) -> str:
    """The name under which a file leaves Sipar: one that nothing opens where it is quarantined."""
    if not artefact.quarantined:
        return artefact.name
    return artefact.name[: 255 - len(QUARANTINE_ENDING)] + QUARANTINE_ENDING


def attachments_of(incident: Incident, projection: Projection) -> list[Artefact]:
    """What was attached to the report, newest first."""
    return list(artefacts_of(incident, projection).filter(kind="attachment"))


def _require_may_hand_in(actor: Actor, incident: Incident) -> int | None:
    if actor.holds("system"):
        return None
    if incident.state != "draft":
        return require_may_write(actor, incident)
    if works_for_organisation(actor, incident):
        return None
    # A draft that is not the organisation's is one that a team writes for a caller.
    desk = desk_at_work(actor, incident)
    if desk is None:
        raise Forbidden(_("The organisation, or the CERT that writes for it, adds files here."), code="case.write")
    return desk


def _holder(actor: Actor, desk: int | None) -> str:
    if desk is None:
        return actor.name[:200]
    return f"{actor.name} ({Team.objects.values_list('code', flat=True).get(pk=desk)})"[:200]


def _link(actor: Actor, artefact: Artefact, what: str, *, holder: str, purpose: str, now: datetime) -> Custody:
    return Custody.objects.create(
        artefact=artefact,
        incident_id=artefact.incident_id,
        # The chain of a file among CERTs is not the organisation's to read, in the ledger neither.
        organisation_id=artefact.organisation_id if artefact.audience == Entry.Audience.EVERYONE else None,
        what=what,
        holder=holder,
        purpose=purpose,
        sha256=artefact.sha256,
        account_id=actor.account,
        at=now,
    )
