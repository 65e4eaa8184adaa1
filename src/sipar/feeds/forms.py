"""Forms of feeds: how one is set up, and a report that somebody drops."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sipar.feeds.actions import TLP, FeedFacts
from sipar.feeds.models import Feed
from sipar.feeds.readers import names
from sipar.teams.models import Team

LABELS = [(label, f"TLP:{label.upper()}") for label in TLP]
# What the form asks for in fields of its own; everything else of the settings is the reader's.
OF_DOORS = ("pull", "mail")


class FeedForm(forms.Form):
    """`team` is hidden for whoever works at one CERT only; a feed that exists keeps its code and its CERT."""

    code = forms.SlugField(label=_("Code"), max_length=59, help_text=_("Small letters, digits and hyphens. It stays."))
    name = forms.CharField(label=_("Name"), max_length=200)
    team = forms.ChoiceField(label=_("CERT"))
    reader = forms.ChoiceField(label=_("What kind of reports"))
    tlp = forms.ChoiceField(label=_("Who may know what it says"), choices=LABELS, initial="amber")
    complete = forms.BooleanField(
        label=_("A report holds all there is to see"),
        required=False,
        help_text=_("Then what a report no longer holds counts as repaired."),
    )
    every_hours = forms.IntegerField(label=_("Hours between reports"), min_value=1, max_value=8_784, initial=24)
    keep_days = forms.IntegerField(label=_("Days to keep observations"), min_value=1, max_value=3_660, initial=400)
    enabled = forms.BooleanField(label=_("Switched on"), required=False, initial=True)
    pull_url = forms.CharField(
        label=_("Address to fetch from"), max_length=2_000, required=False, help_text=_("Public addresses only.")
    )
    pull_token = forms.CharField(
        label=_("Environment variable that holds its token"),
        max_length=100,
        required=False,
        help_text=_("SIPAR_FEED_ and capital letters. Sipar never stores the token."),
    )
    mail_from = forms.CharField(
        label=_("Senders whose attachments are taken"),
        max_length=2_000,
        required=False,
        help_text=_("One address on each line."),
        widget=forms.Textarea({"rows": 2}),
    )
    mail_server = forms.CharField(
        label=_("Own mail server that vouches for them"),
        max_length=200,
        required=False,
        help_text=_("Mails count only where this server says that DMARC held."),
    )
    settings = forms.CharField(
        label=_("Settings of the reader"),
        max_length=200_000,
        required=False,
        help_text=_("A JSON object, as the documentation of the reader says."),
        widget=forms.Textarea({"rows": 6, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, teams: Sequence[Team], feed: Feed | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("initial", first_values(feed, teams))
        super().__init__(*args, **kwargs)
        choices = [(team.pk, team.code) for team in ([feed.team] if feed is not None else teams)]
        self.fields["team"] = forms.TypedChoiceField(label=_("CERT"), choices=choices, coerce=int)
        self.fields["reader"] = forms.ChoiceField(
            label=_("What kind of reports"), choices=[(name, name) for name in names()]
        )
        if len(choices) == 1:
            self.fields["team"].widget = forms.HiddenInput()
        if feed is not None:
            self.fields["code"].disabled = self.fields["team"].disabled = True
        self.order_fields(list(FeedForm.base_fields))

    def clean_settings(self) -> dict[str, Any]:
        text = self.cleaned_data["settings"].strip()
        try:
            found = json.loads(text) if text else {}
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(_("This is not JSON.")) from error
        if not isinstance(found, dict):
            raise forms.ValidationError(_("This is not a JSON object."))
        return found

    def facts(self) -> FeedFacts:
        """What was filled in, the doors put back into the settings."""
        said = dict(self.cleaned_data)
        settings = {name: value for name, value in said.pop("settings").items() if name not in OF_DOORS}
        url, token = said.pop("pull_url").strip(), said.pop("pull_token").strip()
        senders, server = said.pop("mail_from").split(), said.pop("mail_server").strip()
        if url or token:
            settings["pull"] = {"url": url} | ({"token_variable": token} if token else {})
        if senders:
            settings["mail"] = {"from": senders} | ({"server": server} if server else {})
        return FeedFacts(**said, settings=settings)


def first_values(feed: Feed | None, teams: Sequence[Team]) -> dict[str, Any]:
    """What the form shows first."""
    if feed is None:
        return {"team": teams[0].pk} if teams else {}
    pull, mail = feed.settings.get("pull") or {}, feed.settings.get("mail") or {}
    own = {name: value for name, value in feed.settings.items() if name not in OF_DOORS}
    names_of = ("code", "name", "reader", "tlp", "complete", "every_hours", "keep_days", "enabled")
    return {name: getattr(feed, name) for name in names_of} | {
        "team": feed.team_id,
        "pull_url": pull.get("url", ""),
        "pull_token": pull.get("token_variable", ""),
        "mail_from": "\n".join(mail.get("from", ())),
        "mail_server": mail.get("server", ""),
        "settings": json.dumps(own, indent=2, ensure_ascii=False) if own else "",
    }


class DropForm(forms.Form):
    file = forms.FileField(
        label=_("Report"), help_text=_("As it came: CSV, JSON or XML, packed or not, up to 1 GB."), max_length=255
    )
    feed = forms.ChoiceField(label=_("Feed"))
    tlp = forms.ChoiceField(
        label=_("Who may know what it says"), choices=[("", _("As the feed")), *LABELS], required=False
    )

    def __init__(self, *args: Any, feeds: Sequence[Feed], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["feed"] = forms.ChoiceField(label=_("Feed"), choices=[(feed.code, feed.name) for feed in feeds])
        if len(feeds) == 1:
            self.fields["feed"].widget = forms.HiddenInput()
            self.initial["feed"] = feeds[0].code
