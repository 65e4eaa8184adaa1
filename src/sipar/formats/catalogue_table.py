"""Catalogues as tables for people who work in a spreadsheet: an XLSX workbook, or a CSV of the requirements.

A text has one column for each language (`title_en`, `title_ur`); a list has one for each place (`evidence_1_en`,
`evidence_2_en`); the criterion of level 2 is `level_2_en`. The workbook has the sheets about, scale, groups,
requirements, and where there are any, profiles and mappings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sipar.formats.catalogue import Catalogue, Text
from sipar.formats.catalogue_file import build_catalogue
from sipar.formats.limits import DEFAULT_LIMITS, Limits
from sipar.formats.problems import FormatProblem
from sipar.formats.tables import Sheet, Table, read_table, read_workbook, write_csv, write_xlsx
from sipar.formats.workbook_safety import ZIP_MAGIC

type Record = dict[str, str]
type Fields = dict[str, Any]

_LANGUAGE_COLUMN = re.compile(r"([a-z_]+?(?:_[0-9]{1,2})?)_([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?)\Z")
_ITEM = re.compile(r"(evidence|level)_([0-9]{1,2})\Z")
_SHEETS = ("about", "scale", "groups", "requirements", "profiles", "mappings")
_ABOUT = ("identifier", "version", "publisher", "status", "url", "published", "licence", "note")
_ABOUT_SCORING = ("method", "gate", "unanswered", "rollup")
_SOURCE = ("url", "published", "licence", "note")
_PLAIN = {
    "about": {"field", "value"},
    "scale": {"level"},
    "groups": {"id", "parent"},
    "requirements": {"id", "group", "weight", "applies_to", "link"},
    "profiles": {"profile", "kind", "id", "level"},
    "mappings": {"source_framework", "target_framework", "source", "target", "relation"},
}
_TEXTS = {
    "about": set[str](),
    "scale": {"title", "criterion"},
    "groups": {"title", "description"},
    "requirements": {"title", "statement", "guidance"},
    "profiles": {"title"},
    "mappings": set[str](),
}
_WIDE = ("statement", "guidance", "criterion", "description", "evidence", "level_")


def write_catalogue_table(catalogue: Catalogue) -> bytes:
    """The catalogue as an XLSX workbook that `read_catalogue_table` reads back identical.

    Raises FormatProblem `catalogue.table` for a text that a sheet cannot hold as it is (a carriage return).
    """
    sheets = {
        "about": _about_records(catalogue),
        "scale": [
            {"level": str(step.level)} | _text("title", step.title) | _text("criterion", step.criterion)
            for step in catalogue.scale
        ],
        "groups": [
            {"id": group.id, "parent": group.parent or ""}
            | _text("title", group.title)
            | _text("description", group.description)
            for group in catalogue.groups
        ],
        "requirements": _requirement_records(catalogue),
        "profiles": _profile_records(catalogue),
        "mappings": [
            {
                "source_framework": found.source_framework,
                "target_framework": found.target_framework,
                "source": pair.source,
                "target": pair.target,
                "relation": pair.relation,
            }
            for found in catalogue.mappings
            for pair in found.mappings
        ],
    }
    return write_xlsx(
        [_sheet(name, records) for name, records in sheets.items() if records or name not in {"profiles", "mappings"}]
    )


def write_requirements_csv(catalogue: Catalogue) -> bytes:
    """The requirements of the catalogue as CSV, in the columns of the requirements sheet."""
    header, rows = _grid("requirements", _requirement_records(catalogue))
    return write_csv(header, rows)


def read_catalogue_table(
    data: bytes, name: str, limits: Limits = DEFAULT_LIMITS, *, base: Catalogue | None = None
) -> Catalogue:
    """The catalogue in a workbook, or, from a CSV of requirements, `base` with these requirements instead of its own.

    Raises FormatProblem `catalogue.table` (a missing sheet, an unknown or missing column, a value that is no number)
    with sheet, row and column; `catalogue.shape` and the other codes of `sipar.formats.catalogue_file`; and the codes
    of `sipar.formats.tables`.
    """
    if data.startswith(ZIP_MAGIC):
        return build_catalogue(_workbook_values(read_workbook(data, name, limits), name))
    if base is None:
        raise FormatProblem("catalogue.table", "a CSV of requirements needs the catalogue that it belongs to", name)
    values = base.model_dump(mode="json")
    values["requirements"] = _requirements(read_table(data, name, limits))
    return build_catalogue(values)


def _about_records(catalogue: Catalogue) -> list[Record]:
    values: Record = {
        "format": catalogue.format,
        "identifier": catalogue.identifier,
        "version": catalogue.version,
        "publisher": catalogue.publisher,
        "status": catalogue.status,
    }
    values |= {field: getattr(catalogue.source, field) or "" for field in _SOURCE}
    values |= {field: _number(getattr(catalogue.scoring, field)) for field in _ABOUT_SCORING}
    values |= _text("title", catalogue.title) | _text("description", catalogue.description)
    return [{"field": field, "value": value} for field, value in values.items()]


def _requirement_records(catalogue: Catalogue) -> list[Record]:
    records: list[Record] = []
    for requirement in catalogue.requirements:
        record: Record = {
            "id": requirement.id,
            "group": requirement.group,
            "weight": _number(requirement.weight),
            "applies_to": " ".join(requirement.applies_to),
            "link": requirement.link or "",
        }
        record |= _text("title", requirement.title) | _text("statement", requirement.statement)
        record |= _text("guidance", requirement.guidance)
        for place, evidence in enumerate(requirement.evidence, start=1):
            record |= _text(f"evidence_{place}", evidence)
        for step in requirement.levels:
            record |= _text(f"level_{step.level}", step.criterion)
        records.append(record)
    return records


def _profile_records(catalogue: Catalogue) -> list[Record]:
    records: list[Record] = []
    for profile in catalogue.profiles:
        records.append(
            {"profile": profile.id, "kind": "default", "id": "", "level": _number(profile.default)}
            | _text("title", profile.title)
        )
        for kind, targets in (("group", profile.groups), ("requirement", profile.requirements)):
            records += [
                {"profile": profile.id, "kind": kind, "id": identifier, "level": _number(level)}
                for identifier, level in targets.items()
            ]
    return records


def _text(field: str, text: Text | None) -> Record:
    return {f"{field}_{tag}": words for tag, words in (text or {}).items()}


def _number(value: float | str | None) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return "" if value is None else str(value)


def _sheet(name: str, records: Sequence[Record]) -> Sheet:
    header, rows = _grid(name, records)
    widths = {column: 60.0 for column in header if column.startswith(_WIDE)}
    return Sheet(name=name, header=header, rows=rows, widths=widths)


def _grid(name: str, records: Iterable[Record]) -> tuple[list[str], list[list[str]]]:
    records = list(records)
    for record in records:
        for column, value in record.items():
            if "\r" in value:
                where = f"{name}, {record.get('id', '')}, {column}"
                raise FormatProblem("catalogue.table", "a table cannot hold the carriage return in this text", where)
    plain = [column for column in ("id", "profile", "kind", "level", "field", "value") if column in _PLAIN[name]]
    fixed = dict.fromkeys([*plain, *sorted(_PLAIN[name])])
    columns = list(fixed | dict.fromkeys(column for record in records for column in record))
    return columns, [[record.get(column, "") for column in columns] for record in records]


def _workbook_values(tables: Mapping[str, Table], name: str) -> Fields:
    for sheet in ("about", "scale"):
        if sheet not in tables:
            raise FormatProblem("catalogue.table", f'the workbook has no sheet named "{sheet}"', name)
    for sheet in tables:
        if sheet not in _SHEETS:
            raise FormatProblem("catalogue.table", f"a sheet of another name stands here: {sheet}", name)
    about = {record["field"]: record["value"] for _, record in _records(tables["about"], "about")}
    known = {*_ABOUT, *_ABOUT_SCORING, "format"}
    texts = _texts({field: value for field, value in about.items() if field not in known}, "sheet about")
    unknown = set(texts) - {"title", "description"}
    if unknown:
        raise FormatProblem("catalogue.table", f"this field is not known: {min(unknown)}", "sheet about")
    values: Fields = {field: about[field] for field in ("format", "identifier", "version") if about.get(field)}
    values |= {field: about[field] for field in ("publisher", "status") if about.get(field)} | texts
    values["source"] = {field: about[field] for field in _SOURCE if about.get(field)}
    values["scoring"] = {field: about[field] for field in _ABOUT_SCORING if about.get(field)}
    values["scale"] = [
        {"level": _level(record["level"], place)} | _texts_of(record, "scale", place)
        for place, record in _records(tables["scale"], "scale")
    ]
    values["groups"] = [
        {"id": record["id"], "parent": record.get("parent") or None} | _texts_of(record, "groups", place)
        for place, record in _records(tables.get("groups"), "groups")
    ]
    values["requirements"] = _requirements(tables.get("requirements"))
    values["profiles"] = _profiles(tables.get("profiles"))
    values["mappings"] = _mappings(tables.get("mappings"))
    return values


def _records(table: Table | None, name: str) -> list[tuple[str, Record]]:
    """The rows of a sheet, each with its place. Raises FormatProblem when a column is unknown or missing."""
    if table is None:
        return []
    for column in table.header:
        if column not in _PLAIN[name] and not _LANGUAGE_COLUMN.match(column):
            raise FormatProblem("catalogue.table", f'the column "{column[:80]}" is not known', f"sheet {name}")
    required = {"about": ("field", "value"), "scale": ("level",), "profiles": ("profile", "kind", "id", "level")}
    for column in required.get(name, sorted(_PLAIN[name]) if name == "mappings" else ("id",)):
        if column not in table.header:
            raise FormatProblem("catalogue.table", f'the column "{column}" is missing', f"sheet {name}")
    rows = table.rows.iter_rows(named=True)
    return [(f"sheet {name}, row {line}", row) for line, row in zip(table.lines, rows, strict=True)]


def _texts(cells: Mapping[str, str], place: str) -> dict[str, Text]:
    texts: dict[str, Text] = {}
    for column, value in cells.items():
        found = _LANGUAGE_COLUMN.match(column)
        if found is None:
            raise FormatProblem("catalogue.table", f'"{column[:80]}" is not known', place)
        if value:
            texts.setdefault(found[1], {})[found[2]] = value
    return texts


def _texts_of(record: Record, name: str, place: str) -> Fields:
    texts = _texts({column: value for column, value in record.items() if column not in _PLAIN[name]}, place)
    unknown = [field for field in texts if field not in _TEXTS[name]]
    if name == "requirements":
        unknown = [field for field in unknown if not _ITEM.match(field)]
    if unknown:
        raise FormatProblem("catalogue.table", f'"{unknown[0]}" is not known', place)
    return dict(texts)


def _requirements(table: Table | None) -> list[Fields]:
    requirements: list[Fields] = []
    for place, record in _records(table, "requirements"):
        fields: Fields = {"id": record["id"], "group": record.get("group", "")}
        evidence: dict[int, Text] = {}
        levels: dict[int, Text] = {}
        for name, text in _texts_of(record, "requirements", place).items():
            item = _ITEM.match(name)
            if item is None:
                fields[name] = text
            else:
                (evidence if item[1] == "evidence" else levels)[int(item[2])] = text
        fields["evidence"] = [evidence[number] for number in sorted(evidence)]
        fields["levels"] = [{"level": level, "criterion": levels[level]} for level in sorted(levels)]
        if record.get("weight"):
            fields["weight"] = _weight(record["weight"], place)
        if record.get("applies_to"):
            fields["applies_to"] = record["applies_to"].replace(",", " ").split()
        fields["link"] = record.get("link") or None
        requirements.append(fields)
    return requirements


def _profiles(table: Table | None) -> list[Fields]:
    profiles: dict[str, Fields] = {}
    for place, record in _records(table, "profiles"):
        profile = profiles.setdefault(record["profile"], {"id": record["profile"], "groups": {}, "requirements": {}})
        profile |= _texts_of(record, "profiles", place)
        level = _level(record["level"], place) if record["level"] else None
        if record["kind"] == "default":
            profile["default"] = level
            continue
        if record["kind"] not in {"group", "requirement"}:
            raise FormatProblem("catalogue.table", "the kind must be default, group or requirement", place)
        targets = profile[record["kind"] + "s"]
        if record["id"] in targets:
            raise FormatProblem("catalogue.duplicate", f"asks a level of {record['id']} twice", place)
        targets[record["id"]] = level
    return list(profiles.values())


def _mappings(table: Table | None) -> list[Fields]:
    sets: dict[tuple[str, str], Fields] = {}
    for _, record in _records(table, "mappings"):
        ends = (record["source_framework"], record["target_framework"])
        found = sets.setdefault(ends, {"source_framework": ends[0], "target_framework": ends[1], "mappings": []})
        found["mappings"].append({field: record[field] for field in ("source", "target", "relation")})
    return list(sets.values())


def _level(value: str, place: str) -> int:
    if not re.fullmatch(r"[0-9]", value.strip()):
        raise FormatProblem("catalogue.table", f'"{value[:40]}" is not a level', place)
    return int(value)


def _weight(value: str, place: str) -> float:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,30})?([eE]-?[0-9]{1,3})?", value.strip()):
        raise FormatProblem("catalogue.table", f'"{value[:40]}" is not a weight', place)
    return float(value)
