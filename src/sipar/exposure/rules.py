"""The rules by which a CERT tells its constituency, as data: read, checked, and kept without anything to execute.

A document is a mapping (docs/reference/notice-rules.md, `notice-rules.schema.json`) with a list of rules. Of a finding
the first rule counts whose conditions all hold; a finding above the rule's TLP cap is none of its findings. What the
rules make of findings now is `sipar.exposure.planning.plan`; what they would have made of past months is
`sipar.exposure.dry_running.dry_run`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any

from sipar.exposure.severity import SEVERITIES

TLPS = ("clear", "green", "amber", "amber+strict", "red")
TELLINGS = ("own", "mail", "portal", "api", "nobody")
BUNDLED_BY = ("kind", "classification", "severity", "source")
SHARED = ("own", "nat", "shared", "cloud", "dynamic")
LANGUAGES = ("en", "ur")
PLACEHOLDERS = ("{count}", "{organisation}", "{severity}")
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(weeks=8)
MOST_RULES, MOST_VALUES, MOST_REMINDERS = 200, 500, 10
LARGEST_TEXT = 200_000
_SEVERITIES = {name: number for number, name in enumerate(SEVERITIES)}
_TIERS = {number: number for number in range(1, 6)}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,79}\*?")
_INTERVAL = re.compile(r"([1-9]\d{0,3})([mhdw])")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_BRACES = re.compile(r"\{[^{}]*\}|[{}]")


@dataclass(frozen=True)
class Wrong:
    """One thing that is wrong with a document: its place, such as `rules/2/when/severity`, a code and a sentence."""

    where: str
    code: str
    sentence: str


class RulesProblem(Exception):
    """A document that holds no rules, with everything that is wrong with it."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        self.wrong = tuple(wrong)
        super().__init__("; ".join(f"{one.where}: {one.sentence}" for one in wrong))


@dataclass(frozen=True)
class Quiet:
    """Hours of the nation's day in which nobody is disturbed; `start` after `end` runs over midnight."""

    start: time
    end: time


@dataclass(frozen=True)
class Words:
    """What a rule says in one language, before and after the list of findings; empty: Sipar's own words."""

    subject: str = ""
    lead: str = ""
    advice: str = ""


@dataclass(frozen=True)
class When:
    """The conditions of a rule, which must all hold; an empty one always does. Codes may end in `*`."""

    kind: tuple[str, ...] = ()
    classification: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    sector: tuple[str, ...] = ()
    province: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    severity: tuple[int, ...] = ()
    tier: tuple[int, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One rule. `urgent` is the severity from which quiet hours do not hold; `remind` has days by severity."""

    name: str
    title: Mapping[str, str]
    when: When
    tell: str = "own"
    reason: str = ""
    tlp: int = TLPS.index("amber")
    bundle: tuple[str, ...] = ()
    interval: str = "1d"
    quiet: Quiet | None = None
    urgent: int | None = None
    remind: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    words: Mapping[str, Words] = field(default_factory=dict)


@dataclass(frozen=True)
class Rules:
    """A whole document, with its rules in their order and the SHA-256 of its canonical form."""

    title: Mapping[str, str]
    rules: tuple[Rule, ...]
    digest: str

    def rule(self, name: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.name == name), None)


def parse(document: object) -> Rules:
    """The rules of a document: a mapping, or the text of one in YAML or JSON. Raises RulesProblem with all places."""
    wrong: list[Wrong] = []
    found = _document(document)
    _refuse_unknown(found, ("sipar-rules", "title", "rules"), "", wrong)
    if found.get("sipar-rules") != 1:
        wrong.append(Wrong("sipar-rules", "version", "write 1: the version of this format"))
    title = _title(found.get("title", {}), "title", wrong)
    listed = found.get("rules")
    if not isinstance(listed, list) or not listed or len(listed) > MOST_RULES:
        wrong.append(Wrong("rules", "rules", f"must be a list of 1 to {MOST_RULES} rules"))
        raise RulesProblem(wrong)
    rules = tuple(_rule(one, f"rules/{place}", wrong) for place, one in enumerate(listed))
    names = [rule.name for rule in rules]
    wrong += [
        Wrong(f"rules/{place}/name", "twice", f"two rules are called {name}")
        for place, name in enumerate(names)
        if name and name in names[:place]
    ]
    if wrong:
        raise RulesProblem(wrong)
    return Rules(title, rules, digest_of(found))


def digest_of(document: object) -> str:
    """SHA-256 of the document's canonical JSON: the same rules, however they are written, have the same digest."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def plain(document: object) -> dict[str, Any]:
    """The document as the mapping that is stored; raises RulesProblem where it is none."""
    return dict(_document(document))


def span(interval: str) -> timedelta:
    """How long an interval such as `12h` is."""
    found = _INTERVAL.fullmatch(interval)
    if found is None:
        raise ValueError(f"not an interval: {interval}")
    return int(found[1]) * UNITS[found[2]]


def _document(document: object) -> Mapping[str, Any]:
    if isinstance(document, bytes):
        try:
            document = document.decode()
        except UnicodeDecodeError as error:
            raise RulesProblem([Wrong("", "encoding", "is not UTF-8")]) from error
    if isinstance(document, str):
        document = _loaded(document)
    if not isinstance(document, Mapping) or not all(isinstance(key, str) for key in document):
        raise RulesProblem([Wrong("", "document", "must be a mapping with sipar-rules, title and rules")])
    return document


def _loaded(text: str) -> object:
    import yaml

    if len(text) > LARGEST_TEXT:
        raise RulesProblem([Wrong("", "size", f"is longer than {LARGEST_TEXT:,} characters")])
    try:
        # An alias lets a few lines grow into gigabytes; rules need none.
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(token, (yaml.AliasToken, yaml.AnchorToken)):
                line = token.start_mark.line + 1
                raise RulesProblem([Wrong(f"line {line}", "alias", "anchors and aliases are not allowed")])
        loaded: object = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise RulesProblem([Wrong(place, "yaml", "is neither YAML nor JSON")]) from error
    except (RecursionError, ValueError) as error:
        raise RulesProblem([Wrong("", "yaml", "is nested too deeply, or holds an impossible value")]) from error
    return loaded


def _rule(value: object, where: str, wrong: list[Wrong]) -> Rule:
    if not isinstance(value, Mapping):
        wrong.append(Wrong(where, "rule", "must be a mapping with name and when"))
        return Rule("", {}, When())
    known = ("name", "title", "when", "tell", "reason", "tlp", "bundle", "interval", "quiet", "urgent", "remind",
             "words")  # fmt: skip
    _refuse_unknown(value, known, where, wrong)
    name = value.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        wrong.append(Wrong(f"{where}/name", "name", "must be 1 to 40 small letters, digits and hyphens"))
        name = ""
    tell = _one_of(value.get("tell", "own"), TELLINGS, f"{where}/tell", wrong)
    reason = _text(value.get("reason", ""), f"{where}/reason", 400, wrong)
    if tell == "nobody" and not reason:
        wrong.append(Wrong(f"{where}/reason", "reason", "whoever is not told needs a reason"))
    urgent = value.get("urgent")
    return Rule(
        name=name,
        title=_title(value.get("title", {}), f"{where}/title", wrong),
        when=_when(value.get("when", {}), f"{where}/when", wrong),
        tell=tell,
        reason=reason,
        tlp=TLPS.index(_one_of(value.get("tlp", "amber"), TLPS, f"{where}/tlp", wrong)),
        bundle=_choices(value.get("bundle", []), BUNDLED_BY, f"{where}/bundle", wrong),
        interval=_interval(value.get("interval", "1d"), f"{where}/interval", wrong),
        quiet=_quiet(value.get("quiet"), f"{where}/quiet", wrong),
        urgent=None if urgent is None else SEVERITIES.index(_one_of(urgent, SEVERITIES, f"{where}/urgent", wrong)),
        remind=_remind(value.get("remind", {}), f"{where}/remind", wrong),
        words=_words(value.get("words", {}), f"{where}/words", wrong),
    )


def _when(value: object, where: str, wrong: list[Wrong]) -> When:
    if not isinstance(value, Mapping):
        wrong.append(Wrong(where, "when", "must be a mapping of conditions"))
        return When()
    codes = ("kind", "classification", "source", "sector", "province")
    _refuse_unknown(value, (*codes, "shared", "severity", "tier"), where, wrong)
    lists = {name: _codes(value.get(name, []), f"{where}/{name}", wrong) for name in codes}
    return When(
        **lists,
        shared=_choices(value.get("shared", []), SHARED, f"{where}/shared", wrong),
        severity=_range(value.get("severity", []), _SEVERITIES, f"{where}/severity", wrong),
        tier=_range(value.get("tier", []), _TIERS, f"{where}/tier", wrong),
    )


def _codes(value: object, where: str, wrong: list[Wrong]) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_VALUES:
        wrong.append(Wrong(where, "list", f"must be a list of at most {MOST_VALUES} codes"))
        return ()
    for place, one in enumerate(value):
        if not isinstance(one, str) or not _CODE.fullmatch(one):
            wrong.append(Wrong(f"{where}/{place}", "code", "is no code; a code may end in * and holds no space"))
            return ()
    return tuple(value)


def _range(value: object, known: Mapping[Any, int], where: str, wrong: list[Wrong]) -> tuple[int, ...]:
    """A list of values, or a range `{from: high, to: critical}`, as numbers; nothing: any."""
    names = ", ".join(str(name) for name in known)
    if isinstance(value, Mapping):
        _refuse_unknown(value, ("from", "to"), where, wrong)
        lowest, *_others, highest = known
        first, last = value.get("from", lowest), value.get("to", highest)
        if not _is_known(first, known) or not _is_known(last, known) or known[first] > known[last]:
            wrong.append(Wrong(where, "range", f"from and to must be two of {names}, in this order"))
            return ()
        return tuple(range(known[first], known[last] + 1))
    if not isinstance(value, list) or not all(_is_known(one, known) for one in value):
        wrong.append(Wrong(where, "values", f"must be a list or a range of {names}"))
        return ()
    return tuple(sorted({known[one] for one in value}))


def _is_known(value: object, known: Mapping[Any, int]) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool) and value in known


def _choices(value: object, known: Sequence[str], where: str, wrong: list[Wrong]) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one in known for one in value):
        wrong.append(Wrong(where, "values", f"must be a list out of {', '.join(known)}"))
        return ()
    return tuple(dict.fromkeys(value))


def _one_of(value: object, known: Sequence[str], where: str, wrong: list[Wrong]) -> str:
    if isinstance(value, str) and value.lower() in known:
        return value.lower()
    wrong.append(Wrong(where, "value", f"must be one of {', '.join(known)}"))
    return known[0]


def _interval(value: object, where: str, wrong: list[Wrong]) -> str:
    if isinstance(value, str) and _INTERVAL.fullmatch(value) and SHORTEST <= span(value) <= LONGEST:
        return value
    wrong.append(Wrong(where, "interval", "must be a span such as 15m, 12h, 1d or 2w, from 5 minutes to 8 weeks"))
    return "1d"


def _quiet(value: object, where: str, wrong: list[Wrong]) -> Quiet | None:
    if value is None:
        return None
    if isinstance(value, Mapping) and set(value) == {"from", "until"}:
        found = [_CLOCK.fullmatch(str(value[name])) for name in ("from", "until")]
        if found[0] and found[1] and found[0][0] != found[1][0]:
            return Quiet(time(int(found[0][1]), int(found[0][2])), time(int(found[1][1]), int(found[1][2])))
    wrong.append(Wrong(where, "quiet", 'must have from and until, two different times such as "20:00" in quotes'))
    return None


def _remind(value: object, where: str, wrong: list[Wrong]) -> dict[int, tuple[int, ...]]:
    if not isinstance(value, Mapping):
        wrong.append(Wrong(where, "remind", "must give days by severity, such as critical: [1, 3, 7]"))
        return {}
    found: dict[int, tuple[int, ...]] = {}
    for severity, days in value.items():
        if severity not in SEVERITIES:
            wrong.append(Wrong(f"{where}/{severity}", "severity", f"must be one of {', '.join(SEVERITIES)}"))
        elif (
            not isinstance(days, list)
            or len(days) > MOST_REMINDERS
            or not all(type(day) is int and 0 < day <= 365 for day in days)
            or any(later <= earlier for earlier, later in pairwise(days))
        ):
            wrong.append(Wrong(f"{where}/{severity}", "days", "must be rising whole days from 1 to 365"))
        else:
            found[SEVERITIES.index(severity)] = tuple(days)
    return found


def _words(value: object, where: str, wrong: list[Wrong]) -> dict[str, Words]:
    if not isinstance(value, Mapping) or not set(value) <= set(LANGUAGES):
        wrong.append(Wrong(where, "words", f"must give words by language: {', '.join(LANGUAGES)}"))
        return {}
    found = {}
    for language, said in value.items():
        if not isinstance(said, Mapping):
            wrong.append(Wrong(f"{where}/{language}", "words", "must have subject, lead or advice"))
            continue
        _refuse_unknown(said, ("subject", "lead", "advice"), f"{where}/{language}", wrong)
        texts = {
            name: _text(said.get(name, ""), f"{where}/{language}/{name}", limit, wrong)
            for name, limit in (("subject", 150), ("lead", 4_000), ("advice", 4_000))
        }
        wrong += [
            Wrong(f"{where}/{language}/{name}", "placeholder", f"{brace} is not one of {', '.join(PLACEHOLDERS)}")
            for name, text in texts.items()
            for brace in _BRACES.findall(text)
            if brace not in PLACEHOLDERS
        ]
        if "\n" in texts["subject"] or "\r" in texts["subject"]:
            wrong.append(Wrong(f"{where}/{language}/subject", "subject", "must be one line"))
        found[language] = Words(**texts)
    return found


def _title(value: object, where: str, wrong: list[Wrong]) -> dict[str, str]:
    if not isinstance(value, Mapping) or not set(value) <= set(LANGUAGES):
        wrong.append(Wrong(where, "title", f"must give words by language: {', '.join(LANGUAGES)}"))
        return {}
    return {language: _text(text, f"{where}/{language}", 200, wrong) for language, text in value.items()}


def _text(value: object, where: str, limit: int, wrong: list[Wrong]) -> str:
    if isinstance(value, str) and len(value) <= limit and "\x00" not in value:
        return value.strip()
    wrong.append(Wrong(where, "text", f"must be a text of at most {limit:,} characters"))
    return ""


def _refuse_unknown(value: Mapping[Any, Any], known: Sequence[str], where: str, wrong: list[Wrong]) -> None:
    wrong += [
        Wrong(f"{where}/{key}".strip("/"), "unknown", f"is not known here; known are {', '.join(known)}")
        for key in value
        if key not in known
    ]
