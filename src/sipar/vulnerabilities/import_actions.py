"""Taking in files about vulnerabilities: the newer replaces the older, and the same file twice changes nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

import polars as pl
from django.db import connection

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.core.copying import stage
from sipar.core.problems import Invalid
from sipar.formats.csaf import Advisory as CsafDocument
from sipar.formats.csaf import read_csaf
from sipar.formats.cve import CveRecord
from sipar.formats.cve_files import Refused, read_records
from sipar.formats.epss import read_epss
from sipar.formats.kev import read_kev
from sipar.formats.limits import MEGABYTE
from sipar.formats.problems import FormatProblem
from sipar.routing.products.ranges import as_frame, ranges_of
from sipar.routing.products.statements import origin_of, ranges_of_advisory
from sipar.vulnerabilities import import_sql, range_files
from sipar.vulnerabilities.locking import lock
from sipar.vulnerabilities.models import Advisory, Import
from sipar.vulnerabilities.policy import require_may_import

RECORDS_AT_ONCE = 20_000
MOST_PROBLEMS = 100
LARGEST_LIST = 256 * MEGABYTE
# Organisations of the constituency read what is imported, so nothing above their circle is taken.
SHAREABLE = ("", "clear", "white", "green")
# The authority takes single entries off its catalogue, a few in a year.
FEW_GONE = 10
KINDS = ("cve", "kev", "epss", "csaf")


@dataclass
class _Tally:
    added: int = 0
    changed: int = 0
    seen: int = 0
    refused: int = 0
    unread: int = 0
    problems: list[list[str]] = field(default_factory=list)

    def refuse(self, problem: FormatProblem) -> None:
        self.refused += 1
        self.note(problem)

    def note(self, problem: FormatProblem) -> None:
        """Keep what was wrong, for whoever looks at the import."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append([problem.code, problem.sentence[:300], problem.where[:300]])


@action("vulnerability.import")
def import_file(actor: Actor, place: Path, *, name: str, now: datetime) -> Import:
    """Read a file or a folder of CVE records, KEV, EPSS or CSAF, whichever it is, and say what it changed.

    One transaction: a file that is damaged as a whole changes nothing (FormatProblem); single bad records are left
    out and named.
    """
    require_may_import(actor)
    lock()
    tally = _Tally()
    if place.is_dir():
        kind = "cve"
        _take_records(_of_folder(place), tally, now=now)
        digest = ""
    else:
        with place.open("rb") as stream:
            kind = kind_of(stream, name)
            digest = _digest(stream)
            if kind == "cve":
                _take_records(read_records(stream, name), tally, now=now)
            else:
                _TAKERS[kind](_whole(stream, name), name, tally, now)
    return Import.objects.create(
        kind=kind,
        name=name[:300],
        sha256=digest,
        added=tally.added,
        changed=tally.changed,
        unchanged=tally.seen - tally.added - tally.changed,
        refused=tally.refused,
        unread=tally.unread,
        problems=tally.problems,
        imported_at=now,
    )


def kind_of(stream: IO[bytes], name: str) -> str:
    """Which of `KINDS` a file is, by its first bytes and its name; a file of records is what is none of the others."""
    head = stream.read(64 * 1024)
    stream.seek(0)
    if head.startswith(b"\x1f\x8b") and ".csv" in name.casefold():
        return "epss"
    if head.lstrip(b"\xef\xbb\xbf \r\n")[:4].lower() in (b"#mod", b"cve,", b'"cve'):
        return "epss"
    if b'"csaf_version"' in head:
        return "csaf"
    if b'"catalogVersion"' in head or b'"cveID"' in head:
        return "kev"
    return "cve"


def _take_records(found: Iterable[CveRecord | Refused], tally: _Tally, *, now: datetime) -> None:
    """Bring in CVE records, some thousand at a time, then their ranges at once."""
    replaced: list[pl.Series] = []
    frames: list[pl.DataFrame] = []
    for batch in itertools.batched(found, RECORDS_AT_ONCE):
        records: dict[str, CveRecord] = {}
        for entry in batch:
            if isinstance(entry, Refused):
                tally.refuse(entry.problem)
                continue
            tally.seen += 1
            known = records.get(entry.cve)
            if known is None or entry.updated > known.updated:
                records[entry.cve] = entry
        if not records:
            continue
        stage(import_sql.CREATE_RECORDS, "staged_record", _record_frame(records.values()))
        with connection.cursor() as cursor:
            cursor.execute(import_sql.UPSERT_RECORDS)
            changed = cursor.fetchall()
        added = sum(1 for _cve, is_new in changed if is_new)
        tally.added += added
        tally.changed += len(changed) - added
        newer = [records[cve] for cve, _is_new in changed]
        rows = []
        for record in newer:
            mine, unread = ranges_of(record)
            rows += mine
            tally.unread += unread
        replaced.append(pl.Series([record.cve for record in newer], dtype=pl.String))
        frames.append(as_frame(rows))
    if not tally.seen and not tally.refused:
        raise FormatProblem("cve.none", "the file holds no CVE record")
    if frames:
        range_files.replace(pl.concat(replaced), pl.concat(frames), now=now)


def _record_frame(records: Iterable[CveRecord]) -> pl.DataFrame:
    rows = [
        {
            "cve": record.cve,
            "state": "rejected" if record.rejected else "published",
            "title": record.title,
            "description": record.description,
            "assigner": record.assigner,
            "published": record.published,
            "updated": record.updated.isoformat(),
            "cwes": "{" + ",".join(record.cwes) + "}",
            "cvss": record.cvss,
            "cvss_vector": record.cvss_vector,
            "cvss_version": record.cvss_version[:5],
            "kev_added": record.kev_added,
            "exploitation": record.ssvc.exploitation,
            "automatable": record.ssvc.automatable,
            "technical_impact": record.ssvc.technical_impact,
            "vendor": _named(record, "vendor")[:200],
            "product": _named(record, "product")[:400],
        }
        for record in records
    ]
    return pl.DataFrame(rows, schema=import_sql.RECORD_COLUMNS)


def _named(record: CveRecord, field_name: str) -> str:
    names = (str(getattr(affected, field_name)) for affected in record.affected)
    return next((name for name in names if name.casefold() not in ("", "n/a", "unknown")), "")


def _take_kev(data: bytes, _name: str, tally: _Tally, _now: datetime) -> None:
    frame = read_kev(data)
    stage(import_sql.CREATE_KEV, "staged_kev", frame)
    _count(tally, frame.height, import_sql.ADD_KEV, import_sql.CHANGE_KEV)
    _take_off(tally)


def _take_off(tally: _Tally) -> None:
    """Unmark what the staged catalogue lists no more, unless so much is missing that the file is rather cut short."""
    with connection.cursor() as cursor:
        cursor.execute(import_sql.COUNT_GONE)
        gone, marked = cursor.fetchone()
        if gone > max(FEW_GONE, marked // 20):
            sentence = f"{gone} that were listed are missing: the catalogue looks cut short, and their marks stand"
            tally.note(FormatProblem("kev.shrunk", sentence))
            return
        cursor.execute(import_sql.TAKE_OFF)
    tally.seen += gone
    tally.changed += gone


def _take_epss(data: bytes, name: str, tally: _Tally, now: datetime) -> None:
    scores = read_epss(data, name)
    for where in scores.bad:
        tally.refuse(FormatProblem("epss.row", "the identifier or the score is not right", where))
    day = scores.day or now.date()
    if day > now.date():
        raise FormatProblem("epss.day", "the day of the scores lies in the future", str(day))
    stage(import_sql.CREATE_EPSS, "staged_epss", scores.table.with_columns(day=pl.lit(day)))
    _count(tally, scores.table.height, import_sql.ADD_EPSS, import_sql.CHANGE_EPSS)


def _count(tally: _Tally, seen: int, add: str, change: str) -> None:
    tally.seen = seen
    with connection.cursor() as cursor:
        cursor.execute(change)
        tally.changed = cursor.rowcount
        cursor.execute(add)
        tally.added = cursor.rowcount


def _take_csaf(data: bytes, _name: str, tally: _Tally, now: datetime) -> None:
    document = read_csaf(data)
    if document.tlp not in SHAREABLE:
        raise Invalid(
            "This advisory may not be shared with the constituency: its TLP label is above GREEN.",
            code="vulnerability.tlp",
        )
    if not document.final:
        raise Invalid("This advisory is a draft. Import it when it is final or interim.", code="vulnerability.draft")
    tally.seen = 1
    known = Advisory.objects.filter(namespace=document.namespace, identifier=document.identifier).first()
    if known is not None and known.released >= document.released:
        return
    tally.added, tally.changed = int(known is None), int(known is not None)
    rows, tally.unread = ranges_of_advisory(document)
    Advisory.objects.update_or_create(
        namespace=document.namespace,
        identifier=document.identifier,
        defaults={
            "publisher": document.publisher, "title": document.title, "version": document.version,
            "category": document.category, "tlp": document.tlp, "released": document.released,
            "statements": len(document.statements),
        },
    )  # fmt: skip
    _list_cves(document)
    range_files.replace(pl.Series([origin_of(document)]), as_frame(rows), now=now)


def _list_cves(document: CsafDocument) -> None:
    cves = sorted({statement.cve for statement in document.statements})
    stage(import_sql.CREATE_LISTED, "staged_listed", pl.DataFrame({"cve": cves}, schema={"cve": pl.String}))
    with connection.cursor() as cursor:
        cursor.execute(import_sql.ADD_LISTED)


def _of_folder(folder: Path) -> Iterator[CveRecord | Refused]:
    """The records of every file below a folder, without following links out of it."""
    for file in sorted(folder.rglob("*.json*")):
        if file.is_symlink() or not file.is_file() or file.name.casefold().startswith("delta"):
            continue
        name = str(file.relative_to(folder))
        try:
            with file.open("rb") as stream:
                yield from read_records(stream, name)
        except FormatProblem as problem:
            yield Refused(problem)


def _digest(stream: IO[bytes]) -> str:
    digest = sha256()
    while piece := stream.read(MEGABYTE):
        digest.update(piece)
    stream.seek(0)
    return digest.hexdigest()


def _whole(stream: IO[bytes], name: str) -> bytes:
    content = stream.read(LARGEST_LIST + 1)
    if len(content) > LARGEST_LIST:
        raise FormatProblem("file.size", f"the file is larger than {LARGEST_LIST // MEGABYTE} MB", name)
    return content


_TAKERS: dict[str, Any] = {"kev": _take_kev, "epss": _take_epss, "csaf": _take_csaf}
