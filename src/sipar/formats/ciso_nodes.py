"""The requirement tree of a CISO Assistant library: a flat list of nodes with parent URNs."""

from __future__ import annotations

import re
from typing import Any

from sipar.formats.catalogue import MAX_GROUPS, MAX_REQUIREMENTS
from sipar.formats.problems import FormatProblem

type Fields = dict[str, Any]

_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?\Z")
_TITLE_LENGTH = 100
_UNGROUPED = "requirements"
_PATH = "objects/framework/requirement_nodes"


class LibraryText:
    """Text of a library with its translations, always with English: the library's own words where there is none."""

    def __init__(self, locale: str, notes: list[str]) -> None:
        self.locale = locale.lower() if _TAG.match(locale.lower()) else "en"
        if self.locale != "en":
            notes.append(f"the library is in {self.locale}; its words stand for English where English is missing")

    def optional(self, fields: Fields, name: str) -> dict[str, str] | None:
        """The text in a field by language, or None when the field is empty."""
        own = _words(fields.get(name))
        if not own:
            return None
        text = {self.locale: own}
        translations = fields.get("translations")
        for tag, translated in translations.items() if isinstance(translations, dict) else ():
            words = _words(translated.get(name)) if isinstance(translated, dict) else ""
            if words and _TAG.match(tag):
                text[tag] = words
        return {"en": text.get("en", own)} | text

    def required(self, fields: Fields, name: str, path: str) -> dict[str, str]:
        """The text in a field by language. Raises FormatProblem `ciso.shape` when it is empty."""
        text = self.optional(fields, name)
        if text is None:
            raise FormatProblem("ciso.shape", "a text must stand here", f"{path}/{name}")
        return text


class Nodes:
    """Groups, requirements and implementation groups of a framework, in the order of the file."""

    def __init__(self, framework: Fields, text: LibraryText, notes: list[str]) -> None:
        self.text = text
        self.nodes = list_of(framework, "requirement_nodes", "objects/framework")
        if len(self.nodes) > MAX_GROUPS + MAX_REQUIREMENTS:
            raise FormatProblem("ciso.size", f"more than {MAX_GROUPS + MAX_REQUIREMENTS} nodes", _PATH)
        self.groups: list[Fields] = []
        self.requirements: list[Fields] = []
        self.implementation_groups: dict[str, list[str]] = {}
        self.by_urn = self._index()
        self.identifiers = self._identify(notes)
        for place, (urn, node) in enumerate(self.by_urn.items()):
            if node.get("assessable") is True:
                self._add_requirement(node, self.identifiers[urn], f"{_PATH}/{place}")
            else:
                self._add_group(node, self.identifiers[urn])
        if any(requirement["group"] == _UNGROUPED for requirement in self.requirements):
            self.groups.append({"id": _UNGROUPED, "title": {"en": "Requirements", "ur": "تقاضے"}})

    def _index(self) -> dict[str, Fields]:
        by_urn: dict[str, Fields] = {}
        for place, node in enumerate(self.nodes):
            urn = _words(node.get("urn"))
            if not urn:
                raise FormatProblem("ciso.shape", "a text must stand here", f"{_PATH}/{place}/urn")
            if urn in by_urn:
                raise FormatProblem("ciso.duplicate", "two nodes carry this URN", urn)
            by_urn[urn] = node
        for urn, node in by_urn.items():
            parent = node.get("parent_urn")
            if parent is not None and not isinstance(parent, str):
                raise FormatProblem("ciso.shape", "its parent_urn must be a text", urn)
            if parent is not None and parent not in by_urn:
                raise FormatProblem("ciso.parent", f"has a parent that does not exist: {parent[:200]}", urn)
        _refuse_cycles({urn: node.get("parent_urn") for urn, node in by_urn.items()})
        return by_urn

    def _identify(self, notes: list[str]) -> dict[str, str]:
        """An id for each URN: the ref_id where it is usable and free, else the last part of the URN."""
        identifiers: dict[str, str] = {}
        taken: set[tuple[bool, str]] = set()
        without_reference = 0
        for urn, node in self.by_urn.items():
            kind = node.get("assessable") is True
            choices = [safe_identifier(_words(node.get("ref_id"))), safe_identifier(urn_tail(urn))]
            identifier = next((choice for choice in choices if choice and (kind, choice) not in taken), "")
            if not identifier:
                raise FormatProblem("ciso.duplicate", "neither the ref_id nor the URN gives an id of its own", urn)
            without_reference += identifier != choices[0]
            taken.add((kind, identifier))
            identifiers[urn] = identifier
        if without_reference:
            notes.append(f"{without_reference} nodes have no ref_id of their own; the end of their URN is their id")
        return identifiers

    def _group_of(self, node: Fields) -> str | None:
        """The nearest ancestor that is a group: requirements may stand under requirements."""
        parent = node.get("parent_urn")
        while parent is not None and self.by_urn[parent].get("assessable") is True:
            parent = self.by_urn[parent].get("parent_urn")
        return None if parent is None else self.identifiers[parent]

    def _add_group(self, node: Fields, identifier: str) -> None:
        title, description = self.text.optional(node, "name"), self.text.optional(node, "description")
        if title is None and description is not None:
            title = {tag: _shortened(words) for tag, words in description.items()}
        group: Fields = {"id": identifier, "title": title or {"en": identifier}, "parent": self._group_of(node)}
        if description is not None:
            group["description"] = description
        self.groups.append(group)

    def _add_requirement(self, node: Fields, identifier: str, path: str) -> None:
        statement = self.text.optional(node, "description") or self.text.optional(node, "name")
        statement = statement or {"en": identifier}
        title = self.text.optional(node, "name") or {tag: _shortened(words) for tag, words in statement.items()}
        requirement: Fields = {
            "id": identifier,
            "group": self._group_of(node) or _UNGROUPED,
            "title": title,
            "statement": statement,
            "guidance": self._guidance(node, path),
            "evidence": [evidence] if (evidence := self.text.optional(node, "typical_evidence")) else [],
        }
        if node.get("weight") is not None:
            requirement["weight"] = node["weight"]
        self.requirements.append(requirement)
        for name in list_of(node, "implementation_groups", path, kind=(str, int)):
            self.implementation_groups.setdefault(str(name), []).append(identifier)

    def _guidance(self, node: Fields, path: str) -> dict[str, str] | None:
        """The annotation, followed by the questions with their choices in the library's own language."""
        guidance = self.text.optional(node, "annotation")
        questions = self._questions(node, path)
        if not questions:
            return guidance
        if guidance is None:
            return {"en": questions, self.text.locale: questions}
        own = guidance[self.text.locale]
        return guidance | {
            tag: f"{guidance[tag]}\n\n{questions}"
            for tag in {"en", self.text.locale}
            if tag in guidance and (tag == self.text.locale or guidance[tag] == own)
        }

    def _questions(self, node: Fields, path: str) -> str:
        questions = node.get("questions")
        if questions is None:
            return ""
        if isinstance(questions, dict):
            questions = list(questions.values())
        if not isinstance(questions, list) or not all(isinstance(question, dict) for question in questions):
            raise FormatProblem("ciso.shape", "a list of questions must stand here", f"{path}/questions")
        lines: list[str] = []
        for question in questions:
            choices = [_words(choice.get("value")) for choice in list_of(question, "choices", f"{path}/questions")]
            offered = " / ".join(choice for choice in choices if choice)
            words = _words(question.get("text"))
            lines.append(f"? {words} ({offered})" if offered else f"? {words}")
        return "\n".join(lines)


def list_of(fields: Fields, name: str, path: str, *, kind: tuple[type, ...] = (dict,)) -> list[Any]:
    """The list in a field, empty when the field is missing. Raises FormatProblem `ciso.shape` with the path."""
    found = fields.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise FormatProblem("ciso.shape", "a list must stand here", f"{path}/{name}")
    for position, item in enumerate(found):
        if not isinstance(item, kind):
            raise FormatProblem("ciso.shape", "an item of another kind must stand here", f"{path}/{name}/{position}")
    return found


def urn_tail(urn: str) -> str:
    """The last part of a URN."""
    return urn.rpartition(":")[2].strip()


def safe_identifier(text: str) -> str:
    """The text with everything that an identifier may not hold turned into hyphens; empty when nothing is left."""
    return re.sub(r"[^A-Za-z0-9._()-]+", "-", text).lstrip("._()-")[:120].rstrip("-")


def _refuse_cycles(parents: dict[str, str | None]) -> None:
    settled: set[str] = set()
    for start in parents:
        path: set[str] = set()
        current: str | None = start
        while current is not None and current not in settled:
            if current in path:
                raise FormatProblem("ciso.cycle", "is its own ancestor", current)
            path.add(current)
            current = parents[current]
        settled |= path


def _words(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _shortened(words: str) -> str:
    first = words.splitlines()[0]
    if len(first) <= _TITLE_LENGTH:
        return first
    return first[:_TITLE_LENGTH].rpartition(" ")[0].rstrip(",;:.") + " …"
