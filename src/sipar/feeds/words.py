"""What pages call the states, reasons and refusals of feeds."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REASONS: dict[str, str | Promise] = {
    "address": _("This very address is claimed"),
    "prefix": _("The closest network around the address is claimed"),
    "domain": _("Its domain is claimed"),
    "hosted": _("It stands in a shared or cloud range"),
    "asn": _("Its AS number is claimed"),
    "country": _("It is an address of the nation"),
    "": _("Nobody claims it"),
}
OWNERS: dict[str, str | Promise] = {
    "claimed": _("Has an owner"),
    "unclaimed": _("Nobody claims it"),
    "shared": _("In a shared range"),
}
MARKS: dict[str, str | Promise] = {
    "nat": _("behind NAT"),
    "shared": _("shared hosting"),
    "cloud": _("cloud"),
    "dynamic": _("dynamic addresses"),
}
REFUSALS: dict[str, str | Promise] = {
    "line_too_long": _("The line is longer than 1 MB"),
    "nul": _("The line holds a NUL byte"),
    "columns": _("The line has more or fewer values than the head"),
    "time": _("The time cannot be read"),
    "time_range": _("The time lies in the future, or before what is kept"),
    "address": _("The address cannot be read"),
    "quote": _("A quotation mark is not closed"),
    "network": _("The network cannot be read"),
    "port": _("The port is no number from 0 to 65535"),
    "asn": _("The AS number cannot be read"),
    "number": _("The value is no number"),
    "boolean": _("The value is neither yes nor no"),
    "country": _("The country is no code of two letters"),
    "asset": _("The line names no address, name, URL or AS number"),
    "syntax": _("The line is no JSON"),
    "object": _("The line is no JSON object"),
    "duplicate": _("A key stands twice in the object"),
    "depth": _("The object is nested too deeply"),
    "encoding": _("The text holds half a character"),
    "record": _("The object has not the shape of this source"),
    "size": _("One object makes too many observations"),
    "member": _("This file of the archive is no report"),
}
FAILURES: dict[str, str | Promise] = {
    "bomb": _("The file unpacks to far more than a report can hold."),
    "packing": _("The packed file is damaged or cut off."),
    "archive": _("The archive cannot be taken: it is encrypted, empty, or holds too many files."),
    "attempts": _("Reading it was begun several times and never ended."),
    "file.damaged": _("The stored file is missing or was changed on disk."),
}
STEPS: dict[str, str | Promise] = {
    "held": _("Decide about the report that is held"),
    "failed": _("Look at the report that failed"),
    "drift": _("Look at the columns that changed"),
    "late": _("Ask the source: its report is late"),
    "unreachable": _("Look at the address that cannot be fetched"),
    "first": _("Drop its first report"),
    "nothing": _("Nothing to do"),
}
TONES = {"held": "warn", "failed": "bad", "drift": "warn", "late": "warn", "unreachable": "warn", "first": "neutral"}


def refusal_in_words(code: str) -> str:
    """Why a row was refused; the reader's own code where nobody named it."""
    return str(REFUSALS.get(code, code))


def failure_in_words(code: str, sentence: str) -> str:
    """Why a report failed; the reader's own sentence where nobody named it."""
    return str(FAILURES.get(code, sentence))
