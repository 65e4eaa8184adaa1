"""What is filled in below the parts of a case."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sipar.core.problems import Invalid
from sipar.incidents.content_selectors import Colleague
from sipar.incidents.models import Artefact, Campaign, CaseLink, Playbook
from sipar.incidents.models.case import TLP
from sipar.incidents.requirement_actions import HOW

type Choices = list[tuple[str, str | Promise]]

READERS: Choices = [
    ("everyone", _("Everyone who sees the case")),
    ("teams", _("CERTs that see the case")),
    ("team", _("My CERT only")),
]
KINDS: Choices = [
    ("attachment", _("Attachment")),
    ("evidence", _("Evidence")),
    ("malware", _("Suspected malware: goes to quarantine")),
]
STEPS: Choices = [
    ("examined", _("Examined")),
    ("transferred", _("Transferred to")),
    ("released", _("Released to")),
]


class ContentForm(forms.Form):
    """A form of one part. Several stand on one page, so each has ids of its own."""

    part = ""

    def __init__(self, data: Any = None, files: Any = None, **options: Any) -> None:
        super().__init__(data, files, auto_id=f"{self.part}-%s", **options)

    def refuse(self, problem: Invalid) -> None:
        """Put what an action refused beside the fields that it names."""
        if not problem.places:
            self.add_error(None, problem.sentence)
        for place in problem.places:
            self.add_error(place.where if place.where in self.fields else None, place.sentence)


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea({"rows": rows, "dir": "auto"})


class MomentField(forms.DateTimeField):
    """A moment as browsers send it: local time of the nation, without a zone. Empty is None."""

    def __init__(self, zone: tzinfo, **options: Any) -> None:
        widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], **options)
        self.zone = zone

    def to_python(self, value: Any) -> datetime | None:
        found = super().to_python(value)
        return None if found is None else found.replace(tzinfo=self.zone)

    def prepare_value(self, value: Any) -> Any:
        return value.astimezone(self.zone).replace(tzinfo=None) if isinstance(value, datetime) else value


class MessageForm(ContentForm):
    part = "message"
    body = forms.CharField(label=_("Message"), widget=_area(3), max_length=10_000)


class NoteForm(ContentForm):
    part = "note"
    body = forms.CharField(label=_("Note"), widget=_area(3), max_length=10_000)
    audience = forms.ChoiceField(label=_("For"), choices=[READERS[2], READERS[1]])


class EventForm(ContentForm):
    part = "event"
    body = forms.CharField(label=_("What happened"), widget=_area(2), max_length=10_000)

    def __init__(self, *args: Any, zone: tzinfo, for_desk: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["happened_at"] = MomentField(zone, label=_("When"))
        if for_desk:
            self.fields["audience"] = forms.ChoiceField(label=_("For"), choices=READERS)


class TaskForm(ContentForm):
    part = "task"
    title = forms.CharField(label=_("What is to be done"), max_length=200)
    detail = forms.CharField(label=_("How"), widget=_area(2), max_length=4_000, required=False)
    for_organisation = forms.BooleanField(
        label=_("The organisation does it"), help_text=_("It sees the task and gets it done itself."), required=False
    )

    def __init__(self, *args: Any, zone: tzinfo, colleagues: Iterable[Colleague], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["due_at"] = MomentField(zone, label=_("Until"), required=False)
        self.fields["assigned_to"] = _person(colleagues)


class TaskPlanForm(ContentForm):
    """Who does an open task, and until when."""

    part = "plan"

    def __init__(self, *args: Any, zone: tzinfo, colleagues: Iterable[Colleague], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["due_at"] = MomentField(zone, label=_("Until"), required=False)
        self.fields["assigned_to"] = _person(colleagues)


class SettleForm(ContentForm):
    part = "settle"
    state = forms.ChoiceField(label=_("State"), choices=[("done", _("Done")), ("dropped", _("Dropped"))])
    outcome = forms.CharField(
        label=_("What came of it"), help_text=_("To drop a task, say why."), widget=_area(2), max_length=4_000,
        required=False,
    )  # fmt: skip


class ApplyPlaybookForm(ContentForm):
    part = "playbook"

    def __init__(self, *args: Any, playbooks: Iterable[Playbook], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["playbook"] = forms.TypedChoiceField(
            label=_("Playbook"), coerce=int, choices=[(str(one.pk), one.name) for one in playbooks]
        )


class ArtefactForm(ContentForm):
    part = "artefact"
    file = forms.FileField(label=_("File"), help_text=_("At most 25 MB; suspected malware 100 MB."), max_length=1_000)
    kind = forms.ChoiceField(label=_("It is"), choices=KINDS)
    description = forms.CharField(label=_("Description"), max_length=400, required=False)

    def __init__(self, *args: Any, for_desk: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if for_desk:
            self.fields["audience"] = forms.ChoiceField(label=_("For"), choices=READERS)


class CustodyForm(ContentForm):
    part = "custody"
    what = forms.ChoiceField(label=_("Step"), choices=STEPS)
    holder = forms.CharField(label=_("By or to whom"), max_length=200)
    purpose = forms.CharField(label=_("Purpose"), max_length=400)


class HandOutForm(ContentForm):
    """What is asked before a copy goes out: the purpose, and of a quarantined file that one knows."""

    part = "copy"

    def __init__(self, *args: Any, artefact: Artefact, **options: Any) -> None:
        super().__init__(*args, **options)
        if artefact.kind != Artefact.Kind.ATTACHMENT:
            self.fields["purpose"] = forms.CharField(label=_("Purpose"), max_length=400)
        if artefact.quarantined:
            self.fields["confirmed"] = forms.BooleanField(label=_("I know that this file may be dangerous."))


class IndicatorsForm(ContentForm):
    part = "indicators"
    lines = forms.CharField(
        label=_("Indicators, one on each line"),
        help_text=_("Addresses, domains, web and mail addresses, file hashes, CVEs; hxxp and [.] are understood."),
        widget=forms.Textarea({"rows": 4, "dir": "ltr", "spellcheck": "false"}), max_length=400_000,
    )  # fmt: skip
    tlp = forms.ChoiceField(label=_("Label"), choices=TLP, initial="amber")


class RequirementForm(ContentForm):
    part = "requirement"
    framework = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31)
    requirement = forms.CharField(widget=forms.HiddenInput, max_length=80)
    how = forms.ChoiceField(label=_("What happened to it"), choices=list(HOW.items()))
    note = forms.CharField(label=_("Note"), max_length=2_000, required=False)


class LinkForm(ContentForm):
    part = "link"
    number = forms.SlugField(label=_("Number of the other case"), max_length=20)
    kind = forms.ChoiceField(label=_("It is"), choices=[pair for pair in CaseLink.Kind.choices if pair[0] != "split"])
    note = forms.CharField(label=_("Note"), max_length=1_000, required=False)


class JoinForm(ContentForm):
    part = "join"
    reason = forms.CharField(label=_("Why it belongs there"), max_length=1_000)

    def __init__(self, *args: Any, campaigns: Iterable[Campaign], **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(one.number, one.title) for one in campaigns]
        self.fields["campaign"] = forms.ChoiceField(label=_("National incident"), choices=choices)


class LeaveForm(ContentForm):
    part = "leave"
    reason = forms.CharField(label=_("Why it does not belong there"), max_length=1_000)


class CampaignForm(ContentForm):
    part = "campaign"
    title = forms.CharField(
        label=_("Title"), help_text=_("Every CERT reads it: name no victim."), max_length=200
    )  # fmt: skip
    summary = forms.CharField(label=_("What is known"), widget=_area(6), max_length=10_000, required=False)
    tlp = forms.ChoiceField(label=_("Label"), choices=TLP, initial="amber")


class PlaybookForm(ContentForm):
    part = "import"
    file = forms.FileField(label=_("Playbook"), help_text=_("A CACAO 2.0 file (JSON), at most 2 MB."), max_length=1_000)


def _person(colleagues: Iterable[Colleague]) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=_("Who"), coerce=int, empty_value=None, required=False,
        choices=[("", _("Nobody yet")), *((str(one.account), one.name) for one in colleagues)],
    )  # fmt: skip
