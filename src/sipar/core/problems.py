"""Errors that a person or a program can act on: a stable code, a plain sentence, and where it went wrong.

The web shows them as a page, the API as `application/problem+json` (RFC 9457), the command line as one line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, gettext_noop


@dataclass(frozen=True)
class Place:
    """One thing wrong with the input: `where` is a field, a row and column, or a path."""

    where: str
    sentence: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "sentence", _said(self.sentence))


class Problem(Exception):
    """Something that Sipar refuses, with HTTP `status`, stable `code`, and what to do next in `sentence`.

    The sentence is said in the language of the request: `scripts/messages.py` collects what is handed in here.
    """

    status = 400
    code = "bad_request"
    title = gettext_noop("This cannot be done")

    def __init__(self, sentence: str, *, code: str = "", places: Sequence[Place] = ()) -> None:
        self.sentence = _said(sentence)
        self.code = code or type(self).code
        self.places = tuple(places)
        super().__init__(sentence)

    def as_dict(self) -> dict[str, Any]:
        """The members of RFC 9457, with `code` and `errors` as extension members."""
        document: dict[str, Any] = {
            "type": f"urn:sipar:problem:{self.code}",
            "title": gettext(self.title),
            "status": self.status,
            "detail": self.sentence,
            "code": self.code,
        }
        if self.places:
            document["errors"] = [{"where": place.where, "detail": place.sentence} for place in self.places]
        return document


class Invalid(Problem):
    status = 422
    code = "invalid"
    title = gettext_noop("Something in the input is not right")


class Forbidden(Problem):
    status = 403
    code = "forbidden"
    title = gettext_noop("Your role does not allow this")


class NotFound(Problem):
    """Also raised for what exists but may not be seen, so that nobody learns that it exists."""

    status = 404
    code = "not_found"
    title = gettext_noop("There is nothing here that you may see")


class Conflict(Problem):
    status = 409
    code = "conflict"
    title = gettext_noop("The state has changed")


class NoActor(RuntimeError):
    """Code touched the domain outside `acting`: a mistake of ours, never of a user's."""


def not_open(noun: str) -> NotFound:
    """The answer to asking for what does not exist or may not be seen: the same for both."""
    return NotFound(gettext("No %(noun)s with this address is open to you.") % {"noun": gettext(noun)})


def _said(sentence: str) -> str:
    """The sentence in the language of the request. The empty text would stand for the catalogue's own description."""
    return gettext(str(sentence)) if sentence else ""
