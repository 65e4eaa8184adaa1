"""What a signature covers, and what changed from one signed version to the next. Pure functions on documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.utils.translation import gettext as _

from sipar.assessments.answer_changes import NOT_APPLICABLE_WORD, level_to
from sipar.assessments.models import AnswerNote, Assessment, Evidence
from sipar.frameworks.selectors import LoadedFramework
from sipar.posture.levels import NOT_APPLICABLE, Levels

FORMAT = "sipar-submission/1"

type Document = dict[str, Any]


@dataclass(frozen=True)
class Difference:
    """One requirement that two versions do not share: its sentence, and the levels where they differ."""

    requirement: str
    kind: str
    sentence: str


def document_of(
    assessment: Assessment,
    framework: LoadedFramework,
    *,
    number: int,
    levels: Levels,
    notes: dict[int, AnswerNote],
    evidence: dict[int, list[Evidence]],
) -> Document:
    """Everything that a signature covers, by requirement identifiers, so that it can be read without Sipar."""
    names = [requirement.id for requirement in framework.requirements]
    return {
        "format": FORMAT,
        "organisation": assessment.organisation.identifier,
        "campaign": assessment.campaign.code,
        "framework": f"{framework.catalogue.identifier} {framework.catalogue.version}",
        "profile": assessment.profile,
        "number": number,
        "levels": {name: level_to(int(level)) for name, level in zip(names, levels, strict=True)},
        "comments": {names[place]: note.comment for place, note in sorted(notes.items()) if note.comment},
        "not_applicable": {
            names[place]: note.not_applicable_reason
            for place, note in sorted(notes.items())
            if levels[place] == NOT_APPLICABLE
        },
        "evidence": {
            names[place]: [
                {"title": piece.title, "sha256": piece.file.sha256}
                if piece.file is not None
                else {"title": piece.title, "link": piece.link}
                for piece in pieces
            ]
            for place, pieces in sorted(evidence.items())
        },
    }


def canonical(document: Document) -> bytes:
    """The one byte form of a document: keys sorted, no spaces, UTF-8 (as RFC 8785 for texts and whole numbers)."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def digest_of(document: Document) -> str:
    """SHA-256 over the canonical form, in hexadecimal."""
    return sha256(canonical(document)).hexdigest()


def differences(earlier: Document, later: Document) -> list[Difference]:
    """What changed from one version to the next, in words, in the order of the later version's requirements."""
    return [
        Difference(name, kind, sentence)
        for name in later["levels"]
        for kind, sentence in (
            *_level_change(earlier["levels"].get(name), later["levels"][name]),
            *_text_change(earlier, later, name),
            *_evidence_change(earlier["evidence"].get(name, []), later["evidence"].get(name, [])),
        )
    ]


def level_in_words(level: int | str | None) -> str:
    """How a level of a document is said inside a sentence."""
    if level is None:
        return _("no answer")
    if level == NOT_APPLICABLE_WORD:
        return _("not applicable")
    return _("level %(level)s") % {"level": level}


def _level_change(before: int | str | None, after: int | str | None) -> Iterator[tuple[str, str]]:
    if before == after:
        return
    words = {"before": level_in_words(before), "after": level_in_words(after)}
    if isinstance(before, int) and isinstance(after, int):
        kind = "raised" if after > before else "lowered"
        sentence = (
            _("Raised from %(before)s to %(after)s.")
            if kind == "raised"
            else _("Lowered from %(before)s to %(after)s.")
        )
        yield kind, sentence % words
        return
    yield "changed", _("Changed from %(before)s to %(after)s.") % words


def _text_change(earlier: Document, later: Document, name: str) -> Iterator[tuple[str, str]]:
    for part, written, removed, rewritten in (
        ("comments", _("A comment was added."), _("The comment was removed."), _("The comment was rewritten.")),
        (
            "not_applicable",
            _("A reason why it does not apply was given."),
            _("The reason why it does not apply was removed."),
            _("The reason why it does not apply was rewritten."),
        ),
    ):
        before, after = earlier[part].get(name, ""), later[part].get(name, "")
        if before == after:
            continue
        yield "text", written if not before else removed if not after else rewritten


def _evidence_change(before: list[Document], after: list[Document]) -> Iterator[tuple[str, str]]:
    for piece in after:
        if piece not in before:
            yield "evidence", _("Evidence was added: %(title)s.") % {"title": piece["title"]}
    for piece in before:
        if piece not in after:
            yield "evidence", _("Evidence was removed: %(title)s.") % {"title": piece["title"]}
