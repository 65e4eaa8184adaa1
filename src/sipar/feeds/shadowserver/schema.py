"""The schema of Shadowserver's reports as the user supplies it, `intelmq.json` or `reports.json`, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sipar.feeds.shadowserver.fields import COLUMNS
from sipar.formats.documents import load_json
from sipar.formats.limits import MEGABYTE, Limits
from sipar.formats.problems import FormatProblem

_LIMITS = Limits(max_bytes=16 * MEGABYTE, max_depth=12, max_nodes=500_000, max_scalar=10_000)
_MAX_FIELDS = 1_000
_WHERE_FROM = "Take intelmq.json or reports.json from the Shadowserver Foundation's report_schema repository."


@dataclass(frozen=True, slots=True)
class SchemaField:
    """One field: the IntelMQ name (`extra.` alone: under the column's own name), the column, the conversion."""

    name: str
    column: str
    conversion: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class ReportType:
    """One type of report by the name that its files carry."""

    key: str
    file_name: str
    title: str
    fields: tuple[SchemaField, ...]
    constants: Mapping[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that a file of this type has."""
        return tuple(dict.fromkeys(found.column for found in self.fields))


type Schema = Mapping[str, ReportType]
"""Report types by the name in the file name."""


def schema_of(settings: Mapping[str, Any]) -> Schema:
    """The schema that a feed's settings name: `schema` is a path, or the document itself.

    Raises FormatProblem `shadowserver.schema`.
    """
    given = settings.get("schema")
    if isinstance(given, Mapping):
        return parse(given)
    if not isinstance(given, str) or not given:
        raise _problem("The feed names no schema in its setting `schema`. " + _WHERE_FROM)
    path = Path(given)
    if path.suffix != ".json":
        raise _problem("The setting `schema` is the path of a JSON file, or what is in one.")
    try:
        state = path.stat()
    except OSError as error:
        raise _problem("The schema that the feed names is not there, or may not be read. " + _WHERE_FROM) from error
    return _read(given, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _read(path: str, _changed: int, _size: int) -> Schema:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise _problem("The schema that the feed names may not be read.") from error
    return parse(load_json(data, _LIMITS))


def parse(document: Any) -> Schema:
    """The report types of a schema document, either of the two published forms. Raises FormatProblem."""
    if not isinstance(document, Mapping):
        raise _problem("A schema is an object of report types.")
    types: dict[str, ReportType] = {}
    for key, entry in document.items():
        if key.startswith("_"):
            continue
        if not isinstance(entry, Mapping):
            raise _problem("A report type is an object.", key)
        found = _with_fields(key, entry) if "optional_fields" in entry else _with_columns(key, entry)
        if found.file_name in types:
            raise _problem(f"Two report types have files named {found.file_name}.", key)
        types[found.file_name] = found
    if not types:
        raise _problem("The schema has no report types. " + _WHERE_FROM)
    return types


def _with_fields(key: str, entry: Mapping[str, Any]) -> ReportType:
    fields: list[SchemaField] = []
    for group in ("required_fields", "optional_fields"):
        given = entry.get(group, [])
        if not isinstance(given, list) or len(given) > _MAX_FIELDS:
            raise _problem(f"`{group}` is a list of at most {_MAX_FIELDS} fields.", key)
        for place, found in enumerate(given):
            where = f"{key}/{group}/{place}"
            if not isinstance(found, list) or not 2 <= len(found) <= 4 or not all(_is_name(x) for x in found[:3]):
                raise _problem("A field is a list: IntelMQ name, column and conversion function.", where)
            conversion = found[2] if len(found) > 2 else ""
            fields.append(SchemaField(found[0], found[1].lower(), conversion, group == "required_fields"))
    constants = entry.get("constant_fields", {})
    if not isinstance(constants, Mapping) or not all(_is_name(value) for value in constants.values()):
        raise _problem("`constant_fields` is an object of texts.", key)
    return ReportType(
        key, _name(entry, "file_name", key), _name(entry, "feed_name", key), tuple(fields), dict(constants)
    )


def _with_columns(key: str, entry: Mapping[str, Any]) -> ReportType:
    columns = entry.get("fields")
    if not isinstance(columns, list) or len(columns) > _MAX_FIELDS or not all(_is_name(name) for name in columns):
        raise _problem("`fields` is a list of column names.", key)
    fields = tuple(
        SchemaField(COLUMNS.get(name.lower(), "extra."), name.lower(), "", name == "timestamp") for name in columns
    )
    if "tag" in columns:
        fields = (*fields, SchemaField("product.vulnerabilities", "tag", "extract_cve_from_tag"))
    title = _name(entry, "name", key)
    constants = {name: value for name, value in entry.items() if name.startswith("classification.") and _is_name(value)}
    return ReportType(key, key, title, fields, {"classification.identifier": title, **constants})


def _name(entry: Mapping[str, Any], name: str, key: str) -> str:
    value = entry.get(name)
    if not _is_name(value):
        raise _problem(f"`{name}` is missing.", key)
    return str(value)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200


def _problem(sentence: str, where: str = "") -> FormatProblem:
    return FormatProblem("shadowserver.schema", sentence, where)
