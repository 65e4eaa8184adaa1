"""Everything the model rests on as one document: scenarios, shocks, providers, effects, exposure, measures, records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from sipar.formats.problems import FormatProblem
from sipar.risk.assumptions_difference import Difference, difference
from sipar.risk.assumptions_loss import loss_of
from sipar.risk.assumptions_model import (
    Applies,
    Assumptions,
    Exposure,
    Kind,
    NamedShock,
    RecordedYear,
    SharedProvider,
)
from sipar.risk.assumptions_reading import (
    LONGEST_KEY,
    check_tree,
    choice,
    entries,
    fields,
    named,
    number,
    text,
    whole,
)
from sipar.risk.assumptions_source import UNSOURCED, doubts_of, sourced, title_of
from sipar.risk.controls import Effect, Function, Target, check_effects
from sipar.risk.plan_costs import measures_of
from sipar.risk.scenario import (
    Provider,
    Scenario,
    Shock,
    check_scenarios,
    check_shock,
    failing_with,
    uncertain,
)

__all__ = [
    "Applies",
    "Assumptions",
    "Difference",
    "Exposure",
    "Kind",
    "NamedShock",
    "RecordedYear",
    "SharedProvider",
    "canonical",
    "difference",
    "digest",
    "parse",
]

SEVERITIES = ("critical", "high", "medium", "low")
PROVIDER_KINDS = ("cloud", "telecom", "power", "software", "other")
PARTS = (
    "currency",
    "year",
    "scenarios",
    "shocks",
    "providers",
    "effects",
    "exposure",
    "measures",
    "recorded_years",
    "doubts",
)
EARLIEST, LATEST = 1990, 2100


def parse(document: object) -> Assumptions:
    """The document, checked. FormatProblem names the first thing that cannot be; `where` is the path to it.

    A path goes by keys: `scenarios/ransomware/loss/primary`, `providers/cloud/sets_off`, `effects/PR.AA-03`.
    """
    whole_document = fields(document, PARTS, "", needed=("currency", "year", "scenarios"))
    currency = text(whole_document["currency"], "currency", longest=3)
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):
        raise FormatProblem("currency", "A currency is three capital letters, such as PKR.", "currency")
    year = whole(whole_document["year"], "year", low=EARLIEST, high=LATEST)
    doubts = doubts_of(whole_document.get("doubts"))
    kinds = tuple(
        _kind(one, place, doubts) for place, one in enumerate(entries(whole_document["scenarios"], "scenarios"))
    )
    if not kinds:
        raise FormatProblem("empty", "There is no scenario.", "scenarios")
    _check_kinds(kinds, currency, year)
    shocks = tuple(
        _shock(one, place, doubts) for place, one in enumerate(entries(whole_document.get("shocks"), "shocks"))
    )
    _once([shock.sector or "nation" for shock in shocks], "shocks")
    providers = tuple(
        _provider(one, place, doubts) for place, one in enumerate(entries(whole_document.get("providers"), "providers"))
    )
    _check_providers(providers, kinds)
    effects = tuple(
        _effect(one, place, doubts) for place, one in enumerate(entries(whole_document.get("effects"), "effects"))
    )
    _check_effects(effects, kinds)
    measures = whole_document.get("measures") or {}
    check_tree(measures, "measures")
    measures_of(measures)
    recorded = tuple(
        _recorded(one, place, doubts)
        for place, one in enumerate(entries(whole_document.get("recorded_years"), "recorded_years"))
    )
    _once([str(one.year) for one in recorded], "recorded_years")
    return Assumptions(
        currency,
        year,
        kinds,
        shocks,
        providers,
        effects,
        _exposure(whole_document.get("exposure"), doubts),
        dict(named(measures, "measures")),
        recorded,
    )


def canonical(document: object) -> str:
    """The document as text that does not hang on the order of names or on how a whole number is written."""
    return json.dumps(_plain(document), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(document: object) -> str:
    """The SHA-256 of the canonical text, in hexadecimal."""
    return hashlib.sha256(canonical(document).encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    # A database gives 1e16 back as a whole number.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _kind(value: object, place: int, doubts: Mapping[str, float]) -> Kind:
    where = f"scenarios/{place}"
    allowed = ("key", "title", "event", "asset", "forms", "applies", "frequency", "loss", "scale")
    entry = fields(value, allowed, where, needed=("key", "title", "event", "frequency", "loss"))
    key = text(entry["key"], where, longest=LONGEST_KEY)
    where = f"scenarios/{key}"
    spot = f"{where}/frequency"
    rate = fields(
        entry["frequency"], ("mean", "per", "variation", "overdispersion", "source"), spot, needed=("mean", "source")
    )
    variation = number(rate.get("variation"), f"{spot}/variation", default=0.0, high=10.0)
    frequency = uncertain(
        number(rate["mean"], f"{spot}/mean"),
        variation,
        overdispersion=number(rate.get("overdispersion"), f"{spot}/overdispersion", default=0.0, high=100.0),
        per=text(rate.get("per") or "year", spot, longest=LONGEST_KEY),
        where=spot,
    )
    scale = fields(entry.get("scale") or {}, ("size", "tier"), f"{where}/scale")
    cost = fields(
        entry["loss"],
        ("primary", "secondary_probability", "secondary", "source", "plausible"),
        f"{where}/loss",
        needed=("primary", "source"),
    )
    return Kind(
        key,
        title_of(entry["title"], f"{where}/title"),
        text(entry["event"], f"{where}/event"),
        text(entry.get("asset"), f"{where}/asset", empty=True),
        tuple(text(one, f"{where}/forms") for one in entries(entry.get("forms"), f"{where}/forms")),
        _applies(entry.get("applies") or {}, f"{where}/applies"),
        frequency,
        variation,
        sourced(rate["source"], f"{spot}/source", doubts),
        loss_of(cost, f"{where}/loss"),
        sourced(cost["source"], f"{where}/loss/source", doubts),
        _factors(scale.get("size"), f"{where}/scale/size"),
        {_tier(name, where): factor for name, factor in _factors(scale.get("tier"), f"{where}/scale/tier").items()},
    )


def _applies(value: object, where: str) -> Applies:
    entry = fields(value, ("sectors", "tiers", "sizes", "ownership"), where)

    def names(part: str) -> tuple[str, ...]:
        return tuple(text(one, f"{where}/{part}", longest=LONGEST_KEY) for one in entries(entry.get(part), where))

    tiers = tuple(whole(one, f"{where}/tiers", low=0, high=9) for one in entries(entry.get("tiers"), where))
    return Applies(names("sectors"), tiers, names("sizes"), names("ownership"))


def _factors(value: object, where: str) -> dict[str, float]:
    return {name: number(one, f"{where}/{name}", high=1e6) for name, one in named(value, where)}


def _tier(name: str, where: str) -> int:
    if not (name.isascii() and name.isdigit() and len(name) == 1):
        raise FormatProblem("tier", "A tier is a number of one digit.", f"{where}/scale/tier")
    return int(name)


def _shock(value: object, place: int, doubts: Mapping[str, float]) -> NamedShock:
    entry = fields(
        value,
        ("sector", "title", "probability", "factor", "source"),
        f"shocks/{place}",
        needed=("title", "probability", "factor", "source"),
    )
    sector = text(entry.get("sector"), f"shocks/{place}", longest=LONGEST_KEY, empty=True)
    where = f"shocks/{sector or 'nation'}"
    shock = Shock(
        number(entry["probability"], f"{where}/probability"), number(entry["factor"], f"{where}/factor", high=1e6)
    )
    check_shock(shock, where=where)
    return NamedShock(
        sector, title_of(entry["title"], f"{where}/title"), shock, sourced(entry["source"], f"{where}/source", doubts)
    )


def _provider(value: object, place: int, doubts: Mapping[str, float]) -> SharedProvider:
    entry = fields(
        value,
        ("key", "title", "kind", "failures", "rests_on", "sets_off", "source"),
        f"providers/{place}",
        needed=("key", "title", "failures", "source"),
    )
    key = text(entry["key"], f"providers/{place}", longest=LONGEST_KEY)
    where = f"providers/{key}"
    sets_off = {
        name: number(one, f"{where}/sets_off/{name}", high=1.0)
        for name, one in named(entry.get("sets_off"), f"{where}/sets_off")
    }
    rests_on = entries(entry.get("rests_on"), f"{where}/rests_on")
    return SharedProvider(
        key,
        title_of(entry["title"], f"{where}/title"),
        choice(entry.get("kind") or "other", {kind: kind for kind in PROVIDER_KINDS}, f"{where}/kind"),
        number(entry["failures"], f"{where}/failures", high=1_000.0),
        tuple(text(one, f"{where}/rests_on", longest=LONGEST_KEY) for one in rests_on),
        sets_off,
        sourced(entry["source"], f"{where}/source", doubts),
    )


def _effect(value: object, place: int, doubts: Mapping[str, float]) -> Effect:
    entry = fields(
        value,
        ("requirement", "target", "reduction", "low", "high", "function", "event", "source"),
        f"effects/{place}",
        needed=("requirement", "target", "reduction", "source"),
    )
    requirement = text(entry["requirement"], f"effects/{place}", longest=LONGEST_KEY)
    where = f"effects/{requirement}"
    reduction = number(entry["reduction"], f"{where}/reduction")
    return Effect(
        requirement,
        choice(entry["target"], {target.value: target for target in Target}, f"{where}/target"),
        reduction,
        number(entry.get("low"), f"{where}/low", default=reduction),
        number(entry.get("high"), f"{where}/high", default=reduction),
        sourced(entry["source"], f"{where}/source", doubts).source,
        choice(entry.get("function") or "loss event", {one.value: one for one in Function}, f"{where}/function"),
        text(entry.get("event"), f"{where}/event", empty=True),
    )


def _exposure(value: object, doubts: Mapping[str, float]) -> Exposure:
    if not value:
        return Exposure({}, 1.0, UNSOURCED)
    entry = fields(value, (*SEVERITIES, "most", "source"), "exposure", needed=("most", "source"))
    factors = {
        name: number(entry[name], f"exposure/{name}", low=1.0, high=100.0)
        for name in SEVERITIES
        if entry.get(name) is not None
    }
    most = number(entry["most"], "exposure/most", low=1.0, high=1_000.0)
    return Exposure(factors, most, sourced(entry["source"], "exposure/source", doubts))


def _recorded(value: object, place: int, doubts: Mapping[str, float]) -> RecordedYear:
    entry = fields(value, ("year", "loss", "source"), f"recorded_years/{place}", needed=("year", "loss", "source"))
    year = whole(entry["year"], f"recorded_years/{place}", low=EARLIEST, high=LATEST)
    where = f"recorded_years/{year}"
    return RecordedYear(
        year, number(entry["loss"], f"{where}/loss", high=1e15), sourced(entry["source"], f"{where}/source", doubts)
    )


def _check_kinds(kinds: Sequence[Kind], currency: str, year: int) -> None:
    try:
        check_scenarios(
            [
                Scenario(kind.key, "", "", kind.event, kind.asset, kind.frequency, kind.loss, currency, year)
                for kind in kinds
            ]
        )
    except FormatProblem as problem:
        raise FormatProblem(problem.code, problem.sentence, f"scenarios/{problem.where}") from problem


def _check_providers(providers: Sequence[SharedProvider], kinds: Sequence[Kind]) -> None:
    known = {kind.key for kind in kinds}
    for provider in providers:
        for key in provider.sets_off:
            if key not in known:
                raise FormatProblem(
                    "unknown_scenario", f"There is no scenario “{key}”.", f"providers/{provider.key}/sets_off"
                )
    try:
        failing_with([Provider(provider.key, provider.failures, {}, provider.rests_on) for provider in providers])
    except FormatProblem as problem:
        where = problem.where if problem.where == "providers" else f"providers/{problem.where}/rests_on"
        raise FormatProblem(problem.code, problem.sentence, where) from problem


def _check_effects(effects: Sequence[Effect], kinds: Sequence[Kind]) -> None:
    try:
        check_effects(effects)
    except FormatProblem as problem:
        raise FormatProblem(problem.code, problem.sentence, f"effects/{problem.where}") from problem
    events = {kind.event for kind in kinds}
    for effect in effects:
        if effect.event and effect.event not in events:
            raise FormatProblem(
                "unknown_event", f"No scenario has the event “{effect.event}”.", f"effects/{effect.requirement}"
            )
    _once([f"{effect.requirement}, {effect.target}, {effect.event}" for effect in effects], "effects")


def _once(keys: Sequence[str], where: str) -> None:
    for place, key in enumerate(keys):
        if key in keys[:place]:
            raise FormatProblem("twice", f"“{key}” stands here twice.", where)
