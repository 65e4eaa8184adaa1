"""CISA's catalogue of known exploited vulnerabilities, JSON. Field names: its published schema."""

from __future__ import annotations

from datetime import date

import polars as pl

from sipar.formats.cve import CVE
from sipar.formats.documents import load_json
from sipar.formats.limits import MEGABYTE, Limits
from sipar.formats.problems import FormatProblem

SCHEMA = {
    "cve": pl.String, "added": pl.Date, "due": pl.Date, "ransomware": pl.Boolean, "name": pl.String,
    "vendor": pl.String, "product": pl.String,
}  # fmt: skip
LIMITS = Limits(max_bytes=64 * MEGABYTE)


def read_kev(data: bytes) -> pl.DataFrame:
    """One row for each entry (columns of `SCHEMA`), sorted by CVE.

    Raises FormatProblem `kev.shape`, or `kev.entry` with the place of the first entry that is wrong: a catalogue with
    a hole in it would take a mark away from what is being exploited.
    """
    document = load_json(data, LIMITS)
    entries = document.get("vulnerabilities") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise FormatProblem("kev.shape", "this is not the catalogue of known exploited vulnerabilities")
    rows = []
    for place, entry in enumerate(entries):
        where = f"vulnerabilities/{place}"
        if not isinstance(entry, dict) or not CVE.match(str(entry.get("cveID", "")).strip()):
            raise FormatProblem("kev.entry", "the entry has no CVE identifier", where)
        rows.append({
            "cve": str(entry["cveID"]).strip(),
            "added": _day(entry.get("dateAdded"), f"{where}/dateAdded"),
            "due": _day(entry.get("dueDate"), f"{where}/dueDate") if entry.get("dueDate") else None,
            "ransomware": str(entry.get("knownRansomwareCampaignUse", "")).strip().casefold() == "known",
            "name": str(entry.get("vulnerabilityName") or "")[:300],
            "vendor": str(entry.get("vendorProject") or "")[:200],
            "product": str(entry.get("product") or "")[:200],
        })  # fmt: skip
    return pl.DataFrame(rows, schema=SCHEMA).unique("cve", keep="last").sort("cve")


def _day(value: object, where: str) -> date:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise FormatProblem("kev.entry", "this is no date", where) from None
