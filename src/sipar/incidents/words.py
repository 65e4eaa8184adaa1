"""The words for what Sipar records on the timeline of a case. An entry keeps a code and values, never a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from sipar.incidents.classification import rsit
from sipar.incidents.severity import shipped_scale

# Values named team, from_team, to_team and parent are codes of teams; whoever shows an entry hands in their names.
# An entry is read by everyone whom its audience names: its values never hold a fact of the case.
RECORDED: dict[str, str | Promise] = {
    "routed": gettext_lazy("The case went to %(team)s."),
    "routed_without_lead": gettext_lazy("No CERT leads for this organisation, so the case went to %(team)s."),
    "routed_conflict": gettext_lazy("Several CERTs lead for this organisation, so the case went to %(team)s."),
    "accepted": gettext_lazy("%(team)s accepted the case."),
    "returned": gettext_lazy("%(team)s returned the case: %(reason)s"),
    "offered": gettext_lazy("%(team)s offered the case to %(to_team)s: %(reason)s"),
    "withdrawn": gettext_lazy("%(team)s took back the offer to %(to_team)s."),
    "escalated": gettext_lazy("%(team)s brought the case before %(to_team)s: %(reason)s"),
    "split": gettext_lazy("A part of this case goes on as case %(number)s: %(reason)s"),
    "split_from": gettext_lazy("This case was split off from case %(number)s: %(reason)s"),
    "merged": gettext_lazy("This case goes on in case %(number)s: %(reason)s"),
    "merged_from": gettext_lazy("Case %(number)s is about the same incident and goes on here: %(reason)s"),
    "shared": gettext_lazy("%(team)s shared the case with %(to_team)s: %(reason)s"),
    "share_ended": gettext_lazy("The case is no longer shared with %(to_team)s."),
    "extract_given": gettext_lazy("%(team)s gave another organisation an extract: %(reason)s"),
    "extract_ended": gettext_lazy("%(team)s took back an extract."),
    "glass_broken": gettext_lazy("%(name)s of the National CERT opened this case: %(reason)s"),
    "assigned": gettext_lazy("%(team)s put %(name)s in charge."),
    "classified": gettext_lazy("Classified: %(rsit)s, %(tlp)s, %(pap)s."),
    "scored": gettext_lazy("Severity: %(level)s, %(score)s of 100."),
    "contained": gettext_lazy("The incident is contained."),
    "resolved": gettext_lazy("The incident is resolved."),
    "closed": gettext_lazy("The case is closed: %(reason)s"),
    "rejected": gettext_lazy("This is not an incident: %(reason)s"),
    "reopened": gettext_lazy("The case is open again: %(reason)s"),
    "submitted_early_warning": gettext_lazy("The first report came in."),
    "submitted_notification": gettext_lazy("The notification came in (report %(number)s)."),
    "submitted_intermediate": gettext_lazy("An interim report came in (report %(number)s)."),
    "submitted_progress": gettext_lazy("A progress report came in (report %(number)s)."),
    "submitted_final": gettext_lazy("The final report came in (report %(number)s)."),
    "duties_changed": gettext_lazy("Deadlines were computed again: %(count)s changed."),
    "decided_not_to_report": gettext_lazy("The organisation decided not to report under %(law)s."),
    "delay_explained": gettext_lazy("The organisation says why a report will be late: %(reason)s"),
    "said_to_be_twin": gettext_lazy("The organisation says that this is the same incident as case %(number)s."),
    "verified_by_call": gettext_lazy("%(team)s called back and verified the report."),
    "refused_after_call": gettext_lazy("%(team)s could not verify the report: %(reason)s"),
    "corrected": gettext_lazy("%(team)s corrected what was reported: %(reason)s"),
    "artefact.received": gettext_lazy("A file was added."),
    "campaign.joined": gettext_lazy("The case became part of national incident %(number)s: %(reason)s"),
    "campaign.left": gettext_lazy("The case is no longer part of national incident %(number)s: %(reason)s"),
    "case.linked": gettext_lazy("The case was linked with another one."),
    "case.unlinked": gettext_lazy("A link with another case was taken back."),
    "indicators.added": gettext_lazy("Indicators were added: %(count)s."),
    "indicators.removed": gettext_lazy("An indicator was taken out."),
    "playbook.applied": gettext_lazy("Tasks were made from a playbook: %(tasks)s."),
    "requirement.added": gettext_lazy("A requirement was named whose control mattered here."),
    "requirement.removed": gettext_lazy("A requirement was taken out again."),
    "task.added": gettext_lazy("A task was added."),
    "task.done": gettext_lazy("A task was done."),
    "task.dropped": gettext_lazy("A task was dropped."),
    "task.reopened": gettext_lazy("A task was opened again."),
}

TEAM_VALUES = ("team", "from_team", "to_team", "parent")


def in_words(code: str, facts: Mapping[str, object], *, teams: Mapping[str, str]) -> str:
    """The line of the timeline for what was recorded. `teams`: code of a team to its name in the reader's language."""
    sentence = RECORDED.get(code)
    if sentence is None:
        return code
    values = {name: _in_words(name, str(value), teams) for name, value in facts.items()}
    try:
        return str(sentence) % values
    except KeyError:
        return str(sentence)


def _in_words(name: str, value: str, teams: Mapping[str, str]) -> str:
    """A value as a person reads it: teams, levels and labels by name, everything else as it stands."""
    if name in TEAM_VALUES:
        return teams.get(value, value)
    if name == "level":
        return _titled(next((level.title for level in shipped_scale().levels if level.code == value), None), value)
    if name == "rsit":
        found = rsit().types.get(value)
        return _titled(found.title if found else None, value or _("kind not known"))
    if name in ("tlp", "pap"):
        return f"{name.upper()}:{value.upper()}"
    return value


def _titled(title: Mapping[str, str] | None, otherwise: str) -> str:
    return (title.get(get_language() or "en") or title["en"]) if title else otherwise
