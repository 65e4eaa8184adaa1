"""What hangs on a case: its timeline with messages and notes, tasks, playbooks, artefacts, indicators, requirements."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from sipar.core.guards import SYSTEM, Guard, holds
from sipar.incidents.models.case import TLP, Incident
from sipar.incidents.models.guarding import BY_DESKS, IN_SEEN_ARTEFACT, IN_SEEN_CASE, of_case
from sipar.people.roles import TEAM_ROLES

# Everyone who sees the case, all teams that see it, or the team that wrote it.
FOR_AUDIENCE = (
    f"({IN_SEEN_CASE} and ({SYSTEM} or audience = 'everyone' or (audience = 'teams' and {BY_DESKS})"
    " or (audience = 'team' and team_id = any ((select guard.desks())::bigint[]))))"
)

# The ledger tells the organisation of what is for everyone, and of nothing that CERTs write among themselves.
FOR_EVERYONE = {"audience": "everyone"}


class Entry(models.Model):
    """One line of the timeline: an event, a message between team and organisation, or a note among teams."""

    class Kind(models.TextChoices):
        EVENT = "event", _("Event")
        MESSAGE = "message", _("Message")
        NOTE = "note", _("Note")
        SYSTEM = "system", _("Recorded by Sipar")

    class Audience(models.TextChoices):
        EVERYONE = "everyone", _("Everyone who sees the case")
        TEAMS = "teams", _("CERTs that see the case")
        TEAM = "team", _("My CERT only")

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="entries")
    organisation_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=8, choices=Kind)
    audience = models.CharField(max_length=8, choices=Audience)
    team = models.ForeignKey("teams.Team", models.PROTECT, null=True, blank=True, related_name="+")
    code = models.CharField(max_length=40, blank=True, help_text="what Sipar recorded; the page has the words")
    facts = models.JSONField(default=dict, help_text="the values that the words of `code` need")
    body = models.TextField(blank=True)
    happened_at = models.DateTimeField()
    written_by_id = models.BigIntegerField()
    written_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, help_text="of a message: when the other side first opened it")

    guard = of_case(
        select=FOR_AUDIENCE, written_by=FOR_AUDIENCE, redact=("body", "facts"), organisation_when=FOR_EVERYONE
    )

    class Meta:
        indexes = [models.Index(fields=["incident", "happened_at"], name="incidents_entry_timeline")]


class Playbook(models.Model):
    """A CACAO 2.0 playbook of one team, which every CERT may use."""

    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="playbooks")
    identifier = models.CharField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    imported_by_id = models.BigIntegerField()
    imported_at = models.DateTimeField()

    guard = Guard(
        select=BY_DESKS,
        write=f"({SYSTEM} or ({holds(*TEAM_ROLES)} and team_id = any ((select guard.desks())::bigint[])))",
        redact=("document", "description"),
        walled=True,
    )


class Task(models.Model):
    """Something to be done in a case, by a team; by hand or from a step of a playbook."""

    TRANSITIONS: ClassVar = {"open": ("done", "dropped"), "done": ("open",), "dropped": ("open",)}

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="tasks")
    organisation_id = models.BigIntegerField(null=True)
    team = models.ForeignKey("teams.Team", models.PROTECT, related_name="+")
    for_organisation = models.BooleanField(default=False, help_text="the organisation is asked to do it, and sees it")
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True)
    playbook = models.ForeignKey(Playbook, models.SET_NULL, null=True, blank=True, related_name="+")
    step = models.CharField(max_length=120, blank=True)
    position = models.SmallIntegerField(default=0)
    state = models.CharField(max_length=8, default="open")
    assigned_to_id = models.BigIntegerField(null=True)
    due_at = models.DateTimeField(null=True)
    created_by_id = models.BigIntegerField()
    created_at = models.DateTimeField()
    done_by_id = models.BigIntegerField(null=True)
    done_at = models.DateTimeField(null=True)
    outcome = models.TextField(blank=True)

    guard = of_case(
        select=f"({IN_SEEN_CASE} and (for_organisation or {BY_DESKS}))",
        written_by=f"({IN_SEEN_CASE} and (for_organisation or {BY_DESKS}))",
        redact=("title", "detail", "outcome"),
        transitions=TRANSITIONS,
        organisation_when={"for_organisation": True},
    )

    class Meta:
        indexes = [models.Index(fields=["incident", "position"], name="incidents_task_order")]


class Artefact(models.Model):
    """A file of a case, kept by its hash: an attachment to a report, evidence, or something dangerous."""

    class Kind(models.TextChoices):
        ATTACHMENT = "attachment", _("Attachment to a report")
        EVIDENCE = "evidence", _("Evidence")
        MALWARE = "malware", _("Suspected malware")

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="artefacts")
    organisation_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=10, choices=Kind)
    audience = models.CharField(max_length=8, choices=Entry.Audience, default="everyone")
    team = models.ForeignKey("teams.Team", models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=120)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    quarantined = models.BooleanField(default=False, help_text="given out only to a CERT that asks for it, as bytes")
    description = models.CharField(max_length=400, blank=True)
    added_by_id = models.BigIntegerField()
    added_at = models.DateTimeField()

    guard = of_case(
        select=FOR_AUDIENCE, written_by=FOR_AUDIENCE, append_only=True, redact=("name", "description"),
        organisation_when=FOR_EVERYONE,
    )  # fmt: skip

    class Meta:
        indexes = [models.Index(fields=["incident", "added_at"], name="incidents_artefact_of")]


class Custody(models.Model):
    """One link in the chain of custody of an artefact: who took or gave it, why, and that the hash was right."""

    artefact = models.ForeignKey(Artefact, models.CASCADE, related_name="custody")
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="+")
    organisation_id = models.BigIntegerField(null=True)
    what = models.CharField(max_length=12, help_text="received, downloaded, transferred, examined, released, destroyed")
    holder = models.CharField(max_length=200)
    purpose = models.CharField(max_length=400, blank=True)
    sha256 = models.CharField(max_length=64)
    account_id = models.BigIntegerField()
    at = models.DateTimeField()

    guard = of_case(
        select=IN_SEEN_ARTEFACT,
        written_by=IN_SEEN_ARTEFACT,
        append_only=True,
        redact=("purpose", "holder"),
    )


class Indicator(models.Model):
    """An indicator of compromise seen in a case, with its own label: it may travel less far than the case."""

    class Kind(models.TextChoices):
        IPV4 = "ipv4", _("IPv4 address")
        IPV6 = "ipv6", _("IPv6 address")
        DOMAIN = "domain", _("Domain")
        URL = "url", _("Web address")
        EMAIL = "email", _("Mail address")
        SHA256 = "sha256", _("SHA-256 of a file")
        SHA1 = "sha1", _("SHA-1 of a file")
        MD5 = "md5", _("MD5 of a file")
        CVE = "cve", _("Vulnerability")
        OTHER = "other", _("Something else")

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="indicators")
    organisation_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=8, choices=Kind)
    value = models.CharField(max_length=500)
    tlp = models.CharField(max_length=12, choices=TLP, default="amber")
    note = models.CharField(max_length=400, blank=True)
    first_seen = models.DateTimeField(null=True)
    last_seen = models.DateTimeField(null=True)
    added_by_id = models.BigIntegerField()
    added_at = models.DateTimeField()

    guard = of_case(written_by=IN_SEEN_CASE, redact=("value", "note"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "kind", "value"], name="incidents_indicator_once")]
        indexes = [models.Index(fields=["kind", "value"], name="incidents_indicator_value")]


class AffectedRequirement(models.Model):
    """The requirement whose control failed or was missing: where the incident meets the assessment's gap."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="requirements")
    organisation_id = models.BigIntegerField(null=True)
    framework = models.ForeignKey("frameworks.Framework", models.PROTECT, related_name="+")
    requirement = models.CharField(max_length=80)
    how = models.CharField(max_length=10, help_text="failed, missing, bypassed, helped")
    note = models.TextField(blank=True)
    added_by_id = models.BigIntegerField()
    added_at = models.DateTimeField()

    guard = of_case(written_by=IN_SEEN_CASE, redact=("note",))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "framework", "requirement"], name="incidents_affectedrequirement_once"
            )
        ]
