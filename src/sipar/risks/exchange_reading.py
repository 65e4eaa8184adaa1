"""Files of scenarios on their way in: which reader takes them, and what they would change in the assumptions.

A scenario of the file is laid over the one of the same key: what the file does not say stays. Whatever cannot be is
refused by its place in the file, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from sipar.formats.ciso_assistant_risk import is_ciso, is_ciso_table, read_ciso, read_ciso_table
from sipar.formats.documents import load_json
from sipar.formats.limits import inflate
from sipar.formats.monarc_risk import is_monarc, read_monarc
from sipar.formats.problems import FormatProblem
from sipar.formats.pyfair import is_pyfair, read_pyfair
from sipar.formats.scenario_file import LIMITS, LevelScale, Refusal, Scenario, ScenarioFile, ScenarioRow, priced
from sipar.formats.scenario_numbers import yearly_rate
from sipar.formats.scenario_table import (
    is_assumptions,
    is_scenario_table,
    read_scenario_json,
    read_scenario_table,
    refuse_formulas,
)
from sipar.formats.tables import read_table

if TYPE_CHECKING:
    from sipar.risk.assumptions import Difference

# What a magnitude or a list of factors was before has no part in what it becomes.
_WHOLE: Final = frozenset({"primary", "secondary", "size", "plausible"})
# Beyond these ratios a new number is another unit, not another opinion: rupees for dollars, months for years.
COST_RATIO: Final = 100.0
MONTHS: Final = 12.0
SAME_RATIO: Final = 0.005
BEGINNING: Final[Scenario] = {
    "event": "unknown", "asset": "", "forms": [],
    "applies": {"sectors": [], "tiers": [], "sizes": [], "ownership": []},
    "frequency": {"per": "year", "variation": 0.0, "overdispersion": 0.0},
    "loss": {"secondary_probability": 0.0, "secondary": None},
    "scale": {"size": {}, "tier": {}},
}  # fmt: skip


@dataclass(frozen=True)
class Money:
    """The currency and the year whose prices a file uses where it does not say; empty and None: the assumptions'."""

    currency: str = ""
    year: int | None = None


@dataclass(frozen=True)
class Outcome:
    """A file against a version of the assumptions. `document` is what they would become."""

    document: dict[str, Any]
    added: tuple[tuple[str, str], ...]
    changed: tuple[tuple[str, str], ...]
    unchanged: int
    sections: tuple[str, ...]
    differences: tuple[Difference, ...]
    refusals: tuple[Refusal, ...]
    left_out: tuple[Refusal, ...]
    levels: Mapping[str, tuple[str, ...]]
    blocked: Refusal | None

    @property
    def changes(self) -> bool:
        return bool(self.differences) and self.blocked is None


def read_file(data: bytes, name: str) -> ScenarioFile:
    """The scenarios in a file, its form told by its content. Raises FormatProblem for what no reader takes."""
    content = inflate(data, LIMITS)
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        document = load_json(content, LIMITS)
        if is_pyfair(document):
            return read_pyfair(content)
        if is_monarc(document):
            return read_monarc(content)
        if is_ciso(document):
            return read_ciso(content)
        if is_assumptions(document) or isinstance(document, list):
            return read_scenario_json(content)
        raise FormatProblem("scenarios.form", "this JSON is of no form that Sipar knows", name[:80])
    table = read_table(content, name, LIMITS)
    refuse_formulas(content)
    if is_scenario_table(table.header):
        return read_scenario_table(table)
    if is_ciso_table(table.header):
        return read_ciso_table(table)
    raise FormatProblem("scenarios.form", "this table has neither a column key nor the columns of a risk assessment",
                        "header")  # fmt: skip


def compare(base: Mapping[str, Any], file: ScenarioFile, *, money: Money, scale: LevelScale, source: str) -> Outcome:
    """What a file would make of the assumptions `base`; `source` names the file in the sources of what it prices."""
    from sipar.risk.assumptions import difference

    refusals = list(file.refusals)
    rows = list(file.rows)
    for risk in file.rated:
        try:
            rows.append(priced(risk, scale, source=source))
        except FormatProblem as problem:
            refusals.append(Refusal.of(problem, written=str(risk.scenario["key"])))
    scenarios = {str(each["key"]): each for each in base["scenarios"]}
    library = _Library(base)
    added: list[tuple[str, str]] = []
    changed: list[tuple[str, str]] = []
    unchanged = 0
    for row in rows:
        key = str(row.scenario["key"])
        try:
            made = library.laid_over(row, scenarios.get(key), money)
        except FormatProblem as problem:
            refusals.append(Refusal.of(problem, written=key))
            continue
        if made == scenarios.get(key):
            unchanged += 1
            continue
        (changed if key in scenarios else added).append((key, row.where))
        scenarios[key] = made
    document = {**base, "scenarios": list(scenarios.values())}
    document, sections = _with_sections(document, file.sections, refusals)
    return Outcome(
        document,
        tuple(added),
        tuple(changed),
        unchanged,
        sections,
        difference(base, document),
        tuple(refusals),
        file.left_out,
        file.levels,
        _blocked(document),
    )


class _Library:
    """The scenarios that stand, to judge new ones by."""

    def __init__(self, base: Mapping[str, Any]) -> None:
        self.base = base
        self.costs = [cost for each in base["scenarios"] if (cost := _mean_cost(each)) is not None and cost > 0]

    def laid_over(self, row: ScenarioRow, before: Scenario | None, money: Money) -> Scenario:
        """The whole scenario that a row makes, checked. FormatProblem says where in the file it is wrong."""
        self._check_money(row, money)
        made = _merged(before or {"title": {"en": row.scenario["key"]}, **BEGINNING}, row.scenario)
        alone = {name: self.base[name] for name in ("currency", "year", "doubts") if name in self.base}
        from sipar.risk.assumptions import parse

        try:
            parse({**alone, "scenarios": [made]})
            self._check_unit(made, before)
        except FormatProblem as problem:
            raise FormatProblem(problem.code, problem.sentence, _place(row, problem.where)) from problem
        return made

    def _check_money(self, row: ScenarioRow, money: Money) -> None:
        if "loss" not in row.scenario:
            return
        ours = (self.base["currency"], self.base["year"])
        currency, year = row.currency or money.currency or ours[0], row.year or money.year or ours[1]
        if (currency, year) != ours:
            where = row.where + (", column currency" if row.currency and currency != ours[0] else "")
            sentence = f"{currency} of {year} stands beside {ours[0]} of {ours[1]}: convert the file first."
            raise FormatProblem("mixed_money", sentence, where)

    def _check_unit(self, made: Scenario, before: Scenario | None) -> None:
        key, cost = str(made["key"]), _mean_cost(made) or 0.0
        known = self.costs
        if before is not None:
            known = [found] if (found := _mean_cost(before)) else []
            _check_rate(made, before)
        if cost and known and not min(known) / COST_RATIO < cost < max(known) * COST_RATIO:
            sentence = (
                f"{cost:,.0f} for one event on average, where {min(known):,.0f} to {max(known):,.0f} stand: is it"
                " another currency or unit? If it is meant, change it by hand."
            )
            raise FormatProblem("unit_mistake", sentence, f"scenarios/{key}/loss/primary")


def _check_rate(made: Scenario, before: Scenario) -> None:
    """Refuse a rate that is the former one in another unit of time."""
    rate, former = yearly_rate(made["frequency"]), yearly_rate(before["frequency"])
    for ratio, words in ((MONTHS, "twelve times"), (1 / MONTHS, "a twelfth")):
        if former and abs(rate / former / ratio - 1) < SAME_RATIO:
            sentence = (
                f"{rate:g} events a year, where {former:g} stand: exactly {words}. Is it a rate per month? If it is"
                " meant, change it by hand."
            )
            raise FormatProblem("unit_mistake", sentence, f"scenarios/{made['key']}/frequency/mean")


def _with_sections(
    document: dict[str, Any], sections: Mapping[str, Any], refusals: list[Refusal]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The other parts of the assumptions that a file states, each taken only where the whole still holds with it."""
    from sipar.risk.assumptions import parse

    taken: list[str] = []
    for name, value in sections.items():
        trial = {**document, name: _joined(document.get(name), value) if name == "providers" else value}
        if trial[name] == document.get(name):
            continue
        try:
            parse(trial)
        except FormatProblem as problem:
            refusals.append(Refusal.of(problem, written=name))
            continue
        document = trial
        taken.append(name)
    return document, tuple(taken)


def _joined(before: object, after: object) -> object:
    """Providers of the file over those of the same key; malformed lists go on as they are, to be refused by name."""
    if not (isinstance(before, list) and isinstance(after, list)):
        return after
    if not all(isinstance(each, dict) and isinstance(each.get("key"), str) for each in (*before, *after)):
        return after
    if len({each["key"] for each in after}) < len(after):
        return after
    return list(({each["key"]: each for each in before} | {each["key"]: each for each in after}).values())


def _blocked(document: Mapping[str, Any]) -> Refusal | None:
    """What keeps the whole from being used although each scenario can, such as an effect on an event that is gone."""
    from sipar.risk.assumptions import parse

    try:
        parse(document)
    except FormatProblem as problem:
        return Refusal.of(problem)
    return None


def _merged(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """`after` laid over `before`, objects into each other, all else whole."""
    made = dict(before)
    for name, value in after.items():
        held = made.get(name)
        inside = isinstance(value, Mapping) and isinstance(held, Mapping) and name not in _WHOLE
        made[name] = _merged(held, value) if inside else value  # type: ignore[arg-type]
    return made


def _mean_cost(scenario: Mapping[str, Any]) -> float | None:
    from sipar.risk.assumptions_loss import loss_of

    try:
        return loss_of({**scenario["loss"], "plausible": None}, "loss").mean
    except FormatProblem:
        return None


def _place(row: ScenarioRow, path: str) -> str:
    """Where in the file something stands that the model names by its path in the assumptions."""
    inside = path.split("/", 2)[2] if path.count("/") >= 2 else ""
    parts = inside.split("/") if inside else []
    for length in range(len(parts), 0, -1):
        known = row.places.get("/".join(parts[:length]))
        if known:
            return known
    below = [place for known, place in row.places.items() if inside and known.startswith(f"{inside}/")]
    return below[0] if below else f"{row.where}, {inside}".rstrip(", ")


def with_scale(scale: LevelScale, stated: Mapping[str, Sequence[float]]) -> LevelScale:
    """The scale with the levels of `stated` (`kind:level` to its numbers) in it."""
    rates, chances, impacts = dict(scale.rates), dict(scale.chances), dict(scale.impacts)
    for name, numbers in stated.items():
        kind, _, level = name.partition(":")
        if kind == "impact":
            impacts[level] = (float(numbers[0]), float(numbers[1]))
        elif kind == "vulnerability":
            chances[level] = float(numbers[0])
        else:
            rates[level] = float(numbers[0])
    return replace(scale, rates=rates, chances=chances, impacts=impacts)
