"""What somebody wants to change in an assessment's answers, read from a form, a JSON body or a workbook row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from django.utils.translation import gettext as _

from sipar.core.problems import Invalid, Place
from sipar.core.text import turns_direction
from sipar.frameworks.selectors import LoadedFramework
from sipar.posture.levels import NOT_APPLICABLE, UNANSWERED

LONGEST_COMMENT = 4_000
LONGEST_REASON = 1_000
NOT_APPLICABLE_WORD = "na"
_FIELD = re.compile(r"^(level|comment|reason|confirm)-([0-9]{1,4})$")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Change:
    """The wish to change one answer; what is None stays as it is.

    `level` is a byte of `sipar.posture.levels`. `confirm` keeps a carried answer as it stands. `where` names the
    fields of the input that it came from, `version` the save that its writer had seen.
    """

    position: int
    level: int | None = None
    comment: str | None = None
    reason: str | None = None
    confirm: bool = False
    where: tuple[str, ...] = ()
    version: int | None = None


@dataclass(frozen=True)
class Answer:
    """One answer as it stands: `level` is a byte of `sipar.posture.levels`."""

    level: int = UNANSWERED
    comment: str = ""
    reason: str = ""

    def changed_by(self, change: Change) -> Answer:
        return Answer(
            level=self.level if change.level is None else change.level,
            comment=self.comment if change.comment is None else change.comment,
            reason=self.reason if change.reason is None else change.reason,
        )

    @property
    def mark(self) -> str:
        """A short digest, so that a form without script can tell what its reader changed."""
        return sha256(f"{self.level}\x00{self.comment}\x00{self.reason}".encode()).hexdigest()[:16]


def level_from(value: object, framework: LoadedFramework, where: str) -> int:
    """The byte of a level as it is sent: a whole number of the scale, `na`, or nothing for unanswered."""
    if value is None or value == "":
        return UNANSWERED
    if value == NOT_APPLICABLE_WORD:
        return NOT_APPLICABLE
    text = str(value)
    top = framework.catalogue.top_level
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]", text) or int(text) > top:
        raise _refused(where, _("A level is a whole number from 0 to %(top)s, or na.") % {"top": top})
    return int(text)


def level_to(level: int) -> int | str | None:
    """The byte of a level as it is sent: the inverse of `level_from`."""
    if level == UNANSWERED:
        return None
    return NOT_APPLICABLE_WORD if level == NOT_APPLICABLE else level


def text_from(value: object, where: str, *, longest: int) -> str:
    """A comment or reason as it is kept: line ends as newlines, no control characters, within its length."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _refused(where, _("This must be text."))
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) > longest:
        raise _refused(where, _("This is longer than %(longest)s characters.") % {"longest": longest})
    if _CONTROL.search(text.replace("\n", "").replace("\t", "")) or turns_direction(text):
        raise _refused(where, _("This holds control characters."))
    return text


def changes_from_json(body: object, framework: LoadedFramework) -> list[Change]:
    """The changes of a JSON list of objects with `position` and any of `level`, `comment`, `reason`."""
    if not isinstance(body, list) or len(body) > len(framework.requirements):
        raise _refused("changes", _("This must be a list with at most one entry for each requirement."))
    found = []
    for place, entry in enumerate(body):
        where = f"changes/{place}"
        if not isinstance(entry, dict) or set(entry) - {"position", "level", "comment", "reason"}:
            raise _refused(where, _("An entry holds position, level, comment and reason only."))
        position = entry.get("position")
        if isinstance(position, bool) or not isinstance(position, int):
            raise _refused(where, _("The position must be a whole number."))
        found.append(
            Change(
                position=position,
                level=level_from(entry["level"], framework, where) if "level" in entry else None,
                comment=_optional_text(entry, "comment", where, longest=LONGEST_COMMENT),
                reason=_optional_text(entry, "reason", where, longest=LONGEST_REASON),
                where=(where,),
            )
        )
    return checked(found, framework)


def changes_from_form(
    fields: Mapping[str, str], framework: LoadedFramework, *, bases: Mapping[str, int] | None = None
) -> list[Change]:
    """The changes of form fields `level-12`, `comment-12`, `reason-12` and `confirm-12`, one for each position.

    Where the form also says how an answer stood when it was shown (`was-12`, see `Answer.mark`), an answer that
    still stands so is no change. `bases` says which save the writer of a field had seen.
    """
    bases = bases or {}
    found: dict[int, Change] = {}
    for name, value in fields.items():
        match = _FIELD.match(name)
        if match is None:
            continue
        kind, position = match[1], int(match[2])
        change = found.get(position, Change(position=position))
        seen = [version for version in (change.version, bases.get(name)) if version is not None]
        change = replace(change, where=(*change.where, name), version=min(seen, default=None))
        if kind == "level":
            change = replace(change, level=level_from(value, framework, name))
        elif kind == "comment":
            change = replace(change, comment=text_from(value, name, longest=LONGEST_COMMENT))
        elif kind == "reason":
            change = replace(change, reason=text_from(value, name, longest=LONGEST_REASON))
        else:
            change = replace(change, confirm=bool(value))
        found[position] = change
    return checked([change for change in found.values() if not _as_shown(change, fields)], framework)


def checked(changes: Sequence[Change], framework: LoadedFramework) -> list[Change]:
    """The changes, each within the framework and no position twice; raises Invalid that names the place."""
    seen: set[int] = set()
    for change in changes:
        where = change.where[0] if change.where else "position"
        if not 0 <= change.position < len(framework.requirements):
            raise _refused(where, _("There is no requirement at this position."))
        if change.position in seen:
            raise _refused(where, _("This requirement stands here twice."))
        seen.add(change.position)
    return list(changes)


def _as_shown(change: Change, fields: Mapping[str, str]) -> bool:
    shown = fields.get(f"was-{change.position}")
    if shown is None or change.confirm:
        return False
    return Answer().changed_by(change).mark == shown


def _optional_text(entry: Mapping[str, Any], name: str, where: str, *, longest: int) -> str | None:
    return text_from(entry[name], f"{where}/{name}", longest=longest) if name in entry else None


def _refused(where: str, sentence: str) -> Invalid:
    return Invalid(_("This answer cannot be kept as it is."), code="answer.input", places=[Place(where, sentence)])
