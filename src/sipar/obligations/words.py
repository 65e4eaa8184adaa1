"""The words for duties: laws and stages from the regimes, services of CERTs, moments, what became of a deadline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from sipar.obligations.models import Duty, Regime
from sipar.obligations.regimes import compiled_of
from sipar.obligations.service_levels import plain_stage

SERVICES: Mapping[tuple[str, str], str | Promise] = {
    ("case", "accept"): gettext_lazy("Accept the case"),
    ("case", "contact"): gettext_lazy("Contact the organisation"),
    ("case", "assess"): gettext_lazy("First assessment"),
    ("support", "accept"): gettext_lazy("Accept the request for help"),
    ("support", "arrive"): gettext_lazy("Help arrives"),
    ("rollup", ""): gettext_lazy("Roll-up to the National CERT"),
}
SERVICE_KINDS: Mapping[str, str | Promise] = {
    "service": gettext_lazy("Service level of the CERT"),
    "support": gettext_lazy("Service level of help"),
}
MOMENTS: Mapping[str, str | Promise] = {
    "before": gettext_lazy("The last quarter of the time has begun."),
    "last": gettext_lazy("This is the last reminder before the limit."),
    "due": gettext_lazy("The time has passed."),
    "late": gettext_lazy("It is late and still open."),
}
CHANGES: Mapping[str, str | Promise] = {
    "appeared": gettext_lazy("The duty appeared"),
    "moved": gettext_lazy("The deadline moved"),
    "started": gettext_lazy("The clock started"),
    "stopped": gettext_lazy("The clock stopped"),
    "withdrawn": gettext_lazy("No longer asked"),
    "returned": gettext_lazy("Asked again"),
}
CLOCKS: Mapping[str, str | Promise] = {
    "not_started": gettext_lazy("The clock has not started."),
    "on_request": gettext_lazy("Due when the authority asks."),
    "unknown_period": gettext_lazy("The law names no time, or none is known. Report without delay."),
}
ADDRESSEES: Mapping[str, str | Promise] = {
    "csirt": gettext_lazy("CSIRT"),
    "competent_authority": gettext_lazy("Competent authority"),
    "data_protection_authority": gettext_lazy("Data protection authority"),
    "national_cert": gettext_lazy("National CERT"),
    "government_cert": gettext_lazy("Government CERT"),
    "sectoral_cert": gettext_lazy("Sectoral CERT"),
    "provincial_cert": gettext_lazy("Provincial CERT"),
    "regulator": gettext_lazy("Regulator"),
    "enisa": gettext_lazy("ENISA"),
    "affected_persons": gettext_lazy("The people affected"),
    "own_register": gettext_lazy("Your own register"),
}
STATUSES: Mapping[str, str | Promise] = {
    "in_force": gettext_lazy("In force"),
    "proposed": gettext_lazy("Proposed, not law"),
    "draft": gettext_lazy("Draft, not law"),
    "unverified_preset": gettext_lazy("Unverified preset, not law"),
}


def subject_number(duty: Duty) -> str:
    """The number of the case or of the request for help that a duty hangs on."""
    return str(duty.incident or duty.support_request or "")


def stage_words(duty: Duty) -> str:
    """What has to be done, in the reader's language: the law's title for the stage, or the service."""
    if duty.kind == Duty.Kind.STATUTORY:
        title = law_stages(duty.regime_id).get(duty.stage, {}) if duty.regime_id else {}
        return title.get(get_language() or "en") or title.get("en") or duty.stage.replace("_", " ")
    stage = plain_stage(duty.stage)
    found = SERVICES.get((duty.code, stage)) or SERVICES.get((duty.code, ""))
    return str(found or stage.replace("_", " "))


def law_words(duty: Duty) -> str:
    """Which law asks it, by its title; for what a CERT owes, the kind of service level."""
    if duty.regime is None:
        return str(SERVICE_KINDS.get(duty.kind, duty.code))
    title: Mapping[str, str] = duty.regime.title
    return title.get(get_language() or "en") or title.get("en") or duty.code


def moment_words(moment: str) -> str:
    """What a reminder of this moment says."""
    return str(MOMENTS[moment])


def time_left(due_at: datetime, *, now: datetime) -> str:
    """How long is left, or by how much it is late, in its two largest units."""
    minutes = int(abs((due_at - now).total_seconds()) // 60)
    days, hours, rest = minutes // 1440, minutes // 60, minutes % 60
    if days >= 2:
        span = _("%(days)s d %(hours)s h") % {"days": days, "hours": hours % 24}
    else:
        span = _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": rest}
    return (_("%(span)s left") if due_at > now else _("late by %(span)s")) % {"span": span}


@lru_cache(maxsize=512)
def law_stages(regime: int) -> Mapping[str, dict[str, str]]:
    """The titles of the stages of a version of a regime, whose text never changes; empty where it cannot be read."""
    row = Regime.objects.filter(pk=regime).first()
    compiled = compiled_of(row) if row is not None else None
    if compiled is None:
        return {}
    return {each.duty.stage: each.duty.title.model_dump() for each in compiled.duties}
