"""Loss scenarios as people keep them: tables (CSV, XLSX) with a scenario in each row, and JSON as the assumptions are.

An empty cell says nothing: what the assumptions hold there stays. `all` empties a list, `none` takes the secondary
loss away. A row with one bad cell is refused whole, by row and column; the other rows go on.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sipar.formats.documents import CORE_NUMBER, load_json
from sipar.formats.inventory import text
from sipar.formats.problems import FormatProblem
from sipar.formats.scenario_file import (
    LIMITS,
    MOST_VALUES,
    Refusal,
    Scenario,
    ScenarioFile,
    ScenarioRow,
    is_key,
    once_each,
    real,
)
from sipar.formats.tables import Sheet, Table, write_csv, write_xlsx
from sipar.formats.workbook_safety import ZIP_MAGIC, column_letters

SHAPES: Final = ("lognormal", "pert", "pareto", "empirical")
QUALITIES: Final = ("measured", "published", "expert", "assumed")
PERIODS: Final = ("year", "quarter", "month", "decade")
_LISTS: Final = {"forms": ("forms",), "sectors": ("applies", "sectors"), "tiers": ("applies", "tiers"),
                 "sizes": ("applies", "sizes"), "ownership": ("applies", "ownership")}  # fmt: skip
_TEXTS: Final = {
    "title": ("title", "en"), "title_ur": ("title", "ur"), "event": ("event",), "asset": ("asset",),
    "per": ("frequency", "per"), "frequency_source": ("frequency", "source", "text"),
    "frequency_quality": ("frequency", "source", "quality"),
    "loss_source": ("loss", "source", "text"), "loss_quality": ("loss", "source", "quality"),
}  # fmt: skip
_NUMBERS: Final = {
    "frequency": ("frequency", "mean"), "frequency_variation": ("frequency", "variation"),
    "frequency_overdispersion": ("frequency", "overdispersion"),
    "frequency_doubt": ("frequency", "source", "doubt"), "loss_doubt": ("loss", "source", "doubt"),
    "secondary_probability": ("loss", "secondary_probability"),
    "plausible_low": ("loss", "plausible", "low"), "plausible_high": ("loss", "plausible", "high"),
}  # fmt: skip
_FACTORS: Final = {"size_factors": ("scale", "size"), "tier_factors": ("scale", "tier")}
_BODY: Final = ("low", "mode", "high", "confidence", "mu", "sigma", "costs")
_TAIL: Final = ("threshold", "scale", "tail_shape")
_MAGNITUDE: Final = ("shape", *_BODY, *_TAIL, "limit")
_CHOICES: Final = {"per": PERIODS, "frequency_quality": QUALITIES, "loss_quality": QUALITIES, "loss_shape": SHAPES,
                   "secondary_shape": (*SHAPES, "none")}  # fmt: skip
_PATHS: Final = {**_NUMBERS, **_TEXTS, **_LISTS, **_FACTORS}
# For a path in a scenario the column that says it; of several below one path, the first is the one to look at.
_COLUMNS: Final = {
    **{"/".join(path): column for column, path in _PATHS.items()},
    **{"/".join(("loss", part, *inside, name)): f"{prefix}_{name}"
       for part, prefix in (("primary", "loss"), ("secondary", "secondary"))
       for inside, names in (((), _MAGNITUDE), (("tail",), _TAIL))
       for name in names},
}  # fmt: skip
HEADER: Final = (
    "key", "title", "title_ur", "event", "asset", "forms", "sectors", "tiers", "sizes", "ownership",
    "frequency", "per", "frequency_variation", "frequency_overdispersion", "frequency_source", "frequency_quality",
    "frequency_doubt", "currency", "year", *(f"loss_{name}" for name in _MAGNITUDE), "loss_source", "loss_quality",
    "loss_doubt", "secondary_probability", *(f"secondary_{name}" for name in _MAGNITUDE),
    "plausible_low", "plausible_high", *_FACTORS,
)  # fmt: skip
_FORMULA: Final = re.compile("[=+\\-@\\t\\r\uff1d\uff0b\uff0d\uff20]")
_FORMULA_CELL: Final = re.compile(rb'<(?:\w+:)?c\s+r="([A-Z]{1,3}[0-9]{1,7})"[^>]*>\s*<(?:\w+:)?f[\s>/]')
_SEPARATORS: Final = re.compile(r"\d[,\u066c'\u2019 ]\d|\d,")
_ALL, _NO = "all", "none"


def is_scenario_table(header: Sequence[str]) -> bool:
    return "key" in {_plain(name) for name in header}


def read_scenario_table(table: Table) -> ScenarioFile:
    """The scenarios of a table, each with only what its row says. Raises FormatProblem for columns nobody knows."""
    columns = {_plain(name): (name, place) for place, name in enumerate(table.header, start=1)}
    unknown = [name for plain, (name, _) in columns.items() if plain not in HEADER]
    if unknown:
        shown = ", ".join(name[:40] for name in unknown[:5])
        raise FormatProblem("scenarios.columns", f"no scenario has the columns {shown}", "header")
    if "key" not in columns:
        raise FormatProblem("scenarios.columns", "scenarios need the column key", "header")
    rows: list[ScenarioRow] = []
    refusals: list[Refusal] = []
    for line, cells in zip(table.lines.to_list(), table.rows.iter_rows(named=True), strict=True):
        places = {plain: f"row {line}, column {plain} ({column_letters(at)})" for plain, (_, at) in columns.items()}
        written = {plain: cells[name].strip() for plain, (name, _) in columns.items()}
        try:
            rows.append(_row(f"row {line}", written, places))
        except FormatProblem as problem:
            at = next((plain for plain, place in places.items() if place == problem.where), "key")
            refusals.append(Refusal.of(problem, written=written[at]))
    kept, twice = once_each(rows)
    return ScenarioFile("table", rows=kept, refusals=(*refusals, *twice))


def read_scenario_json(data: bytes) -> ScenarioFile:
    """Scenarios as the assumptions state them: a list, or an object with `scenarios` and other parts of assumptions."""
    document = load_json(data, LIMITS)
    whole = {"scenarios": document} if isinstance(document, list) else document
    if not is_assumptions(whole):
        raise FormatProblem("scenarios.json", "this JSON holds no list of scenarios", "scenarios")
    currency, year = whole.get("currency"), whole.get("year")
    rows: list[ScenarioRow] = []
    refusals: list[Refusal] = []
    for place, scenario in enumerate(whole["scenarios"]):
        where = f"scenarios/{place}"
        key = scenario.get("key") if isinstance(scenario, dict) else None
        if not isinstance(key, str) or not is_key(key):
            refusals.append(Refusal(where, "scenarios.key", _KEY_RULE, str(key)[:80] if isinstance(key, str) else ""))
            continue
        rows.append(
            ScenarioRow(
                where,
                scenario,
                currency=text(currency, 3),
                year=year if isinstance(year, int) and not isinstance(year, bool) else None,
            )
        )
    kept, twice = once_each(rows)
    sections = {name: value for name, value in whole.items() if name not in ("scenarios", "currency", "year")}
    return ScenarioFile("json", rows=kept, refusals=(*refusals, *twice), sections=sections)


def is_assumptions(document: object) -> bool:
    return isinstance(document, dict) and isinstance(document.get("scenarios"), list)


def refuse_formulas(data: bytes) -> None:
    """Raise FormatProblem `table.formula` where a workbook, checked already, computes a cell instead of holding it."""
    if not data.startswith(ZIP_MAGIC):
        return
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        for name in parts.namelist():
            found = _FORMULA_CELL.search(parts.read(name)) if name.startswith("xl/worksheets/") else None
            if found is not None:
                letters, row = re.fullmatch(r"([A-Z]+)(\d+)", found[1].decode()).groups()  # type: ignore[union-attr]
                sentence = "a formula stands in this cell; paste the values instead"
                raise FormatProblem("table.formula", sentence, f"row {row}, column {letters}")


def write_scenarios_csv(scenarios: Sequence[Scenario], *, currency: str, year: int) -> bytes:
    """A CSV of these complete scenarios, that reads back as they are."""
    return write_csv(HEADER, [_cells(scenario, currency, year) for scenario in scenarios])


def write_scenarios_xlsx(scenarios: Sequence[Scenario], *, currency: str, year: int) -> bytes:
    """A workbook of these complete scenarios, with lists to choose from."""
    rows = [_cells(scenario, currency, year) for scenario in scenarios]
    widths = {"title": 40.0, "title_ur": 40.0, "frequency_source": 50.0, "loss_source": 50.0}
    return write_xlsx([Sheet(name="scenarios", header=HEADER, rows=rows, widths=widths, choices=_CHOICES)])


_KEY_RULE: Final = "A key has small letters a to z, digits and hyphens, and at most 60 of them."


def _row(where: str, written: Mapping[str, str], places: Mapping[str, str]) -> ScenarioRow:
    for column, cell in written.items():
        if _FORMULA.match(cell) and not CORE_NUMBER.match(cell) and not re.match(r"[-+](inf|nan)", cell, re.I):
            raise FormatProblem("table.formula", "This begins as a formula does.", places[column])
    key = written["key"]
    if not is_key(key):
        raise FormatProblem("scenarios.key", _KEY_RULE, places["key"])
    said = {column: cell for column, cell in written.items() if cell}
    scenario: Scenario = {"key": key}
    found: dict[str, str] = {}
    for column, cell in said.items():
        path, value = _value(column, cell, places[column])
        if path:
            _put(scenario, path, value)
            found["/".join(path)] = places[column]
    for part, path in (("loss", ("loss", "primary")), ("secondary", ("loss", "secondary"))):
        numbers = {name: said[f"{part}_{name}"] for name in _MAGNITUDE if f"{part}_{name}" in said}
        if numbers:
            _put(scenario, path, _magnitude(part, numbers, places))
            for name in numbers:
                inside = ("tail", name) if name in _TAIL and numbers.get("shape") != "pareto" else (name,)
                found["/".join((*path, *inside))] = places[f"{part}_{name}"]
    found = {path: found.get(path) or f"{where}, column {column}" for path, column in _COLUMNS.items()}
    currency = said.get("currency", "").upper()
    if currency and not re.fullmatch("[A-Z]{3}", currency):
        raise FormatProblem("currency", "A currency is three letters, such as PKR.", places["currency"])
    return ScenarioRow(where, scenario, currency, _year(said, places), found)


def _value(column: str, cell: str, where: str) -> tuple[tuple[str, ...], Any]:
    """Where in the scenario a cell belongs, and what it says; nothing for cells that are read elsewhere."""
    if column in _CHOICES and not column.endswith("_shape"):
        _choice(column, cell, where)
    if column in _TEXTS:
        return _TEXTS[column], text(cell, 2_000)
    if column in _NUMBERS:
        return _NUMBERS[column], _number(cell, where)
    if column in _LISTS:
        items: list[Any] = [] if cell.lower() == _ALL else [text(item, 60) for item in cell.split(";") if item.strip()]
        return _LISTS[column], [int(_number(item, where)) for item in items] if column == "tiers" else items
    if column in _FACTORS:
        return _FACTORS[column], _factors(cell, where)
    return (), None


def _magnitude(part: str, numbers: Mapping[str, str], places: Mapping[str, str]) -> dict[str, Any] | None:
    if "shape" not in numbers:
        first = places[f"{part}_{next(iter(numbers))}"]
        raise FormatProblem("missing", f"{part}_shape says what these numbers mean: {', '.join(SHAPES)}.", first)
    shape = _choice(f"{part}_shape", numbers["shape"], places[f"{part}_shape"])
    if shape == _NO:
        return None
    made: dict[str, Any] = {"shape": shape}
    tail: dict[str, float] = {}
    for name, cell in numbers.items():
        where = places[f"{part}_{name}"]
        if name == "costs":
            made[name] = [_number(item, where) for item in cell.split(";") if item.strip()]
            if len(made[name]) > MOST_VALUES:
                raise FormatProblem("too_many", f"At most {MOST_VALUES:,} costs.", where)
        elif name in _TAIL:
            (made if shape == "pareto" else tail)[name] = _number(cell, where, negative=name == "tail_shape")
        elif name != "shape":
            made[name] = _number(cell, where, negative=name == "mu")
    return made | ({"tail": tail} if tail else {})


def _number(cell: str, where: str, *, negative: bool = False) -> float:
    plain = cell.strip()
    if re.fullmatch(r"[-+]?(inf(inity)?|nan|\u221e)", plain, re.IGNORECASE):
        return real(math.inf, where)
    if not CORE_NUMBER.match(plain):
        sentence = "Write the number as 1234567.8, without separators, unit or percent sign."
        raise FormatProblem("not_a_number", sentence, where)
    return real(float(plain), where, negative=negative)


def _year(said: Mapping[str, str], places: Mapping[str, str]) -> int | None:
    if "year" not in said:
        return None
    if not re.fullmatch(r"(19|20|21)\d\d", said["year"]):
        raise FormatProblem("year", "The year whose prices these are reads like 2025.", places["year"])
    return int(said["year"])


def _choice(column: str, cell: str, where: str) -> str:
    if cell not in _CHOICES[column]:
        raise FormatProblem("unknown_choice", f"One of: {', '.join(_CHOICES[column])}.", where)
    return cell


def _factors(cell: str, where: str) -> dict[str, float]:
    """`small=0.3; large=2` as an object; `all` for none."""
    if cell.lower() == _ALL:
        return {}
    pairs = [item.partition("=") for item in cell.split(";") if item.strip()]
    if not all(name.strip() and sign for name, sign, _ in pairs):
        raise FormatProblem("factors", "Factors are written small=0.3; large=2.", where)
    return {text(name, 60): _number(number, where) for name, _, number in pairs}


def _put(scenario: Scenario, path: Sequence[str], value: Any) -> None:
    holder: dict[str, Any] = scenario
    for name in path[:-1]:
        holder = holder.setdefault(name, {})
    holder[path[-1]] = value


def _at(scenario: Mapping[str, Any], path: Sequence[str]) -> Any:
    found: Any = scenario
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _cells(scenario: Scenario, currency: str, year: int) -> list[Any]:
    made: dict[str, Any] = {"key": scenario["key"], "currency": currency, "year": year}
    made |= {column: _at(scenario, path) for column, path in (_TEXTS | _NUMBERS).items()}
    for column, path in _LISTS.items():
        items = _at(scenario, path)
        made[column] = None if items is None else "; ".join(str(item) for item in items) or _ALL
    for column, path in _FACTORS.items():
        factors = _at(scenario, path)
        made[column] = (
            None if factors is None else "; ".join(f"{name}={one!r}" for name, one in factors.items()) or _ALL
        )
    for part, path in (("loss", ("loss", "primary")), ("secondary", ("loss", "secondary"))):
        magnitude = _at(scenario, path)
        if not magnitude:
            made[f"{part}_shape"] = _NO if part in scenario["loss"] else None
            continue
        numbers = {name: value for name, value in magnitude.items() if name != "tail"} | (magnitude.get("tail") or {})
        numbers["costs"] = "; ".join(repr(cost) for cost in numbers["costs"]) if "costs" in numbers else None
        made |= {f"{part}_{name}": numbers.get(name) for name in _MAGNITUDE}
    return [_cell(column, made.get(column)) for column in HEADER]


def _cell(column: str, value: Any) -> Any:
    """One kind of number in a column, so that it is written as numbers."""
    if isinstance(value, int) and not isinstance(value, bool) and column != "year":
        return float(value)
    return None if value == "" else value


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
