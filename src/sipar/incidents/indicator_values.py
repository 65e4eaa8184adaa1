"""Indicators of compromise as people write them: defanged or not, kind given or found. Pure.

Defanging (`hxxp://evil[.]example`, `user[at]evil(dot)example`) is undone; what is kept is the canonical spelling, so
that the same indicator in two cases is the same text.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import idna

from sipar.formats.problems import FormatProblem

MAX_VALUE = 500
MAX_LINES = 2_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]|[\u202a-\u202e\u2066-\u2069]")
_FANGS = (
    (re.compile(r"\[\s*(?:\.|dot|d0t)\s*\]|\(\s*(?:\.|dot)\s*\)|\{\s*(?:\.|dot)\s*\}", re.IGNORECASE), "."),
    (re.compile(r"\[\s*(?:@|at)\s*\]|\(\s*(?:@|at)\s*\)", re.IGNORECASE), "@"),
    (re.compile(r"\[\s*(:|://|/)\s*\]"), r"\1"),
    (re.compile(r"^(?:hxxp|hXXp|h\*\*p|meow|hxtp|htxp)(s?)(?=:)", re.IGNORECASE), r"http\1"),
    (re.compile(r"^fxp(s?)(?=:)", re.IGNORECASE), r"ftp\1"),
)
_HASHES = {"md5": 32, "sha1": 40, "sha256": 64}
_HEX = re.compile(r"[0-9a-f]+\Z")
_CVE = re.compile(r"CVE-(\d{4})-(\d{4,19})\Z", re.IGNORECASE)
_SCHEMES = ("http", "https", "ftp", "ftps", "ws", "wss")
_LOCAL_PART = re.compile(r"[^\s@<>\"(),:;\[\]\\]{1,64}\Z")
# What stands between the value and a remark on the same line; commas and the like may belong to a web address.
_REMARK = re.compile(r"[\s,;|]+[#-]*\s*")
_REMARK_AFTER_URL = re.compile(r"[,;|]?\s+[#-]*\s*")


@dataclass(frozen=True, slots=True)
class Parsed:
    """One indicator: its kind (`models.Indicator.Kind`) and canonical value, with the remark that stood beside it."""

    kind: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A line that is no indicator: its number from 1, and what is wrong."""

    line: int
    sentence: str


def refang(text: str) -> str:
    """The text with the usual defanging undone."""
    for pattern, plain in _FANGS:
        text = pattern.sub(plain, text)
    return text


def parse_indicator(text: str, kind: str = "") -> Parsed:
    """The indicator in a text, of the given kind or of the one that it has by its looks.

    Raises FormatProblem `indicator.empty`, `.length`, `.control`, `.kind` (unknown, or nothing fits) or the kind's own.
    """
    value = text.strip()
    if not value:
        raise FormatProblem("indicator.empty", "the value is empty")
    if len(value) > MAX_VALUE:
        raise FormatProblem("indicator.length", f"the value is longer than {MAX_VALUE} characters", value[:40])
    if _CONTROL.search(value):
        raise FormatProblem("indicator.control", "an invisible control character stands in the value", repr(value[:40]))
    if kind:
        if kind not in READERS:
            raise FormatProblem("indicator.kind", f"the kinds are {', '.join(READERS)}", kind[:40])
        return Parsed(kind, _short(READERS[kind](value)))
    for guess in GUESSED:
        try:
            return Parsed(guess, _short(READERS[guess](value)))
        except FormatProblem:
            continue
    raise FormatProblem(
        "indicator.kind", "this is no address, domain, web address, mail address, file hash or CVE", value[:80]
    )


def parse_lines(text: str) -> tuple[list[Parsed], list[LineProblem]]:
    """One indicator from each line, with what stands after it as its note; blank lines and `#` lines are left out.

    Nothing is lost: every other line gives either an indicator or a problem with its number.
    """
    found: dict[tuple[str, str], Parsed] = {}
    problems: list[LineProblem] = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if len(found) + len(problems) >= MAX_LINES:
            problems.append(LineProblem(number, f"at most {MAX_LINES} lines at once"))
            break
        remark = _REMARK_AFTER_URL if ":" in stripped and "//" in stripped else _REMARK
        value, _, note = remark.sub("\t", stripped, count=1).partition("\t")
        try:
            parsed = parse_indicator(value)
        except FormatProblem as problem:
            problems.append(LineProblem(number, problem.sentence))
            continue
        found.setdefault((parsed.kind, parsed.value), Parsed(parsed.kind, parsed.value, note.strip()[:400]))
    return list(found.values()), problems


def _short(value: str) -> str:
    if len(value) > MAX_VALUE:
        raise FormatProblem("indicator.length", f"the value is longer than {MAX_VALUE} characters", value[:40])
    return value


def _ip(version: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        try:
            address = ipaddress.ip_address(refang(text).strip("[]"))
        except ValueError as problem:
            raise FormatProblem("indicator.ip", f"this is no IPv{version} address", text[:80]) from problem
        if address.version != version or "%" in text:
            raise FormatProblem("indicator.ip", f"this is no IPv{version} address", text[:80])
        return str(address)

    return read


def _domain(text: str) -> str:
    # Suffixes, single labels with a dot and names with underscores occur among indicators, unlike among assets.
    name = refang(text).removesuffix(".").lower()
    labels = name.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or len(name) > 253 or not all(labels):
        raise FormatProblem("indicator.domain", "this is no domain name, such as evil.example", text[:80])
    try:
        parts = [_label(label) for label in labels]
    except (idna.IDNAError, UnicodeError) as problem:
        raise FormatProblem("indicator.domain", "this is no domain name, such as evil.example", text[:80]) from problem
    return ".".join(parts)


def _label(label: str) -> str:
    if re.fullmatch(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", label):
        return label
    return idna.encode(label, uts46=True).decode().lower()


def _host(text: str) -> str:
    for read in (_ip(4), _ip(6), _domain):
        try:
            return read(text)
        except FormatProblem:
            continue
    raise FormatProblem("indicator.url", "the web address has no host that could exist", text[:80])


def _url(text: str) -> str:
    plain = refang(text)
    try:
        parts = urlsplit(plain)
        port = parts.port
    except ValueError as problem:
        raise FormatProblem("indicator.url", "this is no web address", text[:80]) from problem
    if parts.scheme.lower() not in _SCHEMES or not parts.hostname or " " in plain:
        raise FormatProblem("indicator.url", "this is no web address, such as https://evil.example/a", text[:80])
    host = _host(parts.hostname)
    place = f"[{host}]" if ":" in host else host
    tail = plain.split("://", 1)[1]
    begins = min((tail.index(mark) for mark in "/?#" if mark in tail), default=len(tail))
    return f"{parts.scheme.lower()}://{place}{f':{port}' if port else ''}{tail[begins:] or '/'}"


def _email(text: str) -> str:
    local, at, domain = refang(text).removeprefix("mailto:").rpartition("@")
    if not at or not _LOCAL_PART.match(local):
        raise FormatProblem("indicator.email", "this is no mail address, such as somebody@evil.example", text[:80])
    return f"{local.lower()}@{_domain(domain)}"


def _hash(name: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        value = text.lower().removeprefix(f"{name}:")
        if len(value) != _HASHES[name] or not _HEX.match(value):
            raise FormatProblem("indicator.hash", f"a {name.upper()} is {_HASHES[name]} hexadecimal digits", text[:80])
        return value

    return read


def _cve(text: str) -> str:
    found = _CVE.match(text)
    if not found:
        raise FormatProblem("indicator.cve", "a CVE is written CVE-2026-12345", text[:80])
    return f"CVE-{found[1]}-{found[2]}"


READERS: dict[str, Callable[[str], str]] = {
    "ipv4": _ip(4),
    "ipv6": _ip(6),
    "domain": _domain,
    "url": _url,
    "email": _email,
    "sha256": _hash("sha256"),
    "sha1": _hash("sha1"),
    "md5": _hash("md5"),
    "cve": _cve,
    "other": lambda text: " ".join(text.split()),
}
# In this order a text has one kind at most; "other" is never guessed.
GUESSED = ("ipv4", "ipv6", "sha256", "sha1", "md5", "cve", "url", "email", "domain")
