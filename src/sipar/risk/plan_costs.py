"""What safety costs: the part of the assumptions that says which measures there are, for what price, with what effect.

Four kinds: closing a gap at one organisation (a cost curve over levels), support and training (for an organisation, a
sector, a province or the nation, with a share of the loss that they take away), and replacing a shared provider.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from sipar.formats.problems import FormatProblem

LARGEST = 1e15
MOST_ENTRIES = 200
CLOSE_GAP, SUPPORT, TRAINING, REPLACE_PROVIDER = "close_gap", "support", "training", "replace_provider"
KINDS = (CLOSE_GAP, SUPPORT, TRAINING, REPLACE_PROVIDER)
REACHES = ("organisation", "sector", "province", "nation")
# Shares of a cost by year add up to the whole, but for rounding.
WHOLE = 1e-6


@dataclass(frozen=True)
class Cost:
    """`fixed` once; `each` for every organisation that is reached; `curve` is what it costs to stand at a level, from
    0 to 1. `each` and the curve are multiplied by the factors of the organisation's size and tier, 1 where not stated.
    """

    fixed: float = 0.0
    each: float = 0.0
    curve: tuple[tuple[float, float], ...] = ()
    size: Mapping[str, float] = field(default_factory=dict)
    tier: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Special:
    """Requirements whose identifier begins like this cost `factor` times as much, or belong to another component."""

    begins: str
    factor: float
    component: str


@dataclass(frozen=True)
class Terms:
    """What every measure has: component, price, how it is paid by year, when it works, what it uses of capacities."""

    component: str
    cost: Cost
    paid: tuple[float, ...]
    lead_years: int
    uses: Mapping[str, float]


@dataclass(frozen=True)
class GapRule:
    """How a gap is closed. `needs` are pairs of requirements: closing the first needs the second closed."""

    terms: Terms
    special: tuple[Special, ...]
    needs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Offer:
    """Support, training or the replacement of a provider (`key` is then the provider's). It takes the share `reduces`
    of the yearly loss of those it reaches, or of what the provider's failures cost.
    """

    kind: str
    key: str
    title: Mapping[str, str]
    reach: str
    terms: Terms
    reduces: float
    sectors: frozenset[str] = frozenset()
    tiers: frozenset[int] = frozenset()
    sizes: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measures:
    """Everything that may be bought."""

    close_gap: GapRule | None
    offers: tuple[Offer, ...]

    @property
    def components(self) -> tuple[str, ...]:
        """The programme's components, in the order they are first named."""
        rule = self.close_gap
        named = [rule.terms.component, *(special.component for special in rule.special)] if rule else []
        return tuple(dict.fromkeys([*named, *(offer.terms.component for offer in self.offers)]))

    @property
    def capacities(self) -> tuple[str, ...]:
        """The kinds of capacity that measures use."""
        rules = [self.close_gap.terms] if self.close_gap else []
        return tuple(dict.fromkeys(kind for terms in (*rules, *(o.terms for o in self.offers)) for kind in terms.uses))


def measures_of(document: object) -> Measures:
    """The measures of an assumptions document, its part "measures"; FormatProblem says what is not sound, and where."""
    there = _mapping(document, "measures")
    for name in there:
        if name not in KINDS:
            raise FormatProblem("unknown-measure-kind", f"there is no kind of measure “{name}”", "measures")
    rule = _gap_rule(there[CLOSE_GAP]) if there.get(CLOSE_GAP) else None
    offers: list[Offer] = []
    for kind in KINDS[1:]:
        rows = _sequence(there.get(kind, []), f"measures/{kind}")
        offers += [_offer(kind, row, f"measures/{kind}/{place}") for place, row in enumerate(rows)]
    known = [offer.key for offer in offers if offer.kind != REPLACE_PROVIDER]
    for name in ("support", "training"):
        keys = [offer.key for offer in offers if offer.kind == name]
        if len(set(keys)) < len(keys):
            raise FormatProblem("measure-twice", "two of these have the same key", f"measures/{name}")
    if len(set(known)) < len(known):
        raise FormatProblem("measure-twice", "a support and a training have the same key", "measures")
    for offer in offers:
        for other in (*offer.needs, *offer.excludes):
            if other not in known or other == offer.key:
                raise FormatProblem(
                    "unknown-measure", f"there is no other support or training “{other}”", f"measures/{offer.kind}"
                )
    return Measures(rule, tuple(offers))


def _gap_rule(value: object) -> GapRule:
    where = "measures/close_gap"
    row = _mapping(value, where)
    terms = _terms(row, where, component="gaps")
    special = []
    for place, entry in enumerate(_sequence(row.get("by_requirement", []), f"{where}/by_requirement")):
        here = f"{where}/by_requirement/{place}"
        each = _mapping(entry, here)
        component = _word(each.get("component", terms.component), f"{here}/component")
        factor = _number(each.get("factor", 1.0), f"{here}/factor")
        special.append(Special(_word(each.get("begins"), f"{here}/begins"), factor, component))
    needs = []
    for place, pair in enumerate(_sequence(row.get("needs", []), f"{where}/needs")):
        here = f"{where}/needs/{place}"
        two = _sequence(pair, here)
        if len(two) != 2:
            raise FormatProblem("wrong-type", "what needs what is a pair of requirements", here)
        needs.append((_word(two[0], here), _word(two[1], here)))
    return GapRule(terms, tuple(special), tuple(needs))


def _offer(kind: str, value: object, where: str) -> Offer:
    row = _mapping(value, where)
    replaced = kind == REPLACE_PROVIDER
    reach = "nation" if replaced else _word(row.get("for", "organisation"), f"{where}/for")
    if reach not in REACHES:
        raise FormatProblem("unknown-reach", f"a measure is for one of {', '.join(REACHES)}", f"{where}/for")
    reduces = _number(row.get("reduces"), f"{where}/reduces")
    if not 0 <= reduces < 1:
        raise FormatProblem("share", "the share that it takes away is from 0 to below 1", f"{where}/reduces")
    key = _word(row.get("provider" if replaced else "key"), f"{where}/{'provider' if replaced else 'key'}")
    applies = _mapping(row.get("applies", {}), f"{where}/applies")
    title = _mapping(row.get("title", {}), f"{where}/title")
    return Offer(
        kind=kind,
        key=key,
        title={_word(tag, where): _word(text, f"{where}/title") for tag, text in title.items()} or {"en": key},
        reach=reach,
        terms=_terms(row, where, component=kind),
        reduces=reduces,
        sectors=frozenset(_words(applies.get("sectors", []), f"{where}/applies/sectors")),
        tiers=frozenset(_tier(tier, f"{where}/applies/tiers") for tier in _sequence(applies.get("tiers", []), where)),
        sizes=frozenset(_words(applies.get("sizes", []), f"{where}/applies/sizes")),
        needs=_words(row.get("needs", []), f"{where}/needs"),
        excludes=_words(row.get("excludes", []), f"{where}/excludes"),
    )


def _terms(row: Mapping[str, object], where: str, *, component: str) -> Terms:
    paid = tuple(_number(share, f"{where}/paid") for share in _sequence(row.get("paid", []), f"{where}/paid")) or (1.0,)
    if abs(math.fsum(paid) - 1) > WHOLE or len(paid) > 10:
        raise FormatProblem("paid", "the shares by year are at most 10 and add up to 1", f"{where}/paid")
    lead = _number(row.get("lead_years", 0), f"{where}/lead_years")
    if lead != int(lead) or lead > 100:
        raise FormatProblem("lead-years", "it works 0 to 100 whole years after its start", f"{where}/lead_years")
    uses = _mapping(row.get("uses", {}), f"{where}/uses")
    return Terms(
        component=_word(row.get("component", component), f"{where}/component"),
        cost=_cost(row.get("cost"), f"{where}/cost"),
        paid=paid,
        lead_years=int(lead),
        uses={kind: _number(amount, f"{where}/uses/{kind}") for kind, amount in uses.items()},
    )


def _cost(value: object, where: str) -> Cost:
    row = _mapping(value, where)
    curve = [
        (_number(level, here), _number(amount, here))
        for place, point in enumerate(_sequence(row.get("curve", []), f"{where}/curve"))
        for here in [f"{where}/curve/{place}"]
        for level, amount in [_pair(point, here)]
    ]
    if "per_level" in row:
        if curve:
            raise FormatProblem("contradictory", "a cost has a curve or an amount for a level, not both", where)
        curve = [(0.0, 0.0), (1.0, _number(row["per_level"], f"{where}/per_level"))]
    for before, after in pairwise(curve):
        if after[0] <= before[0] or after[1] < before[1] or after[0] > 1:
            raise FormatProblem("cost-curve", "levels rise up to 1, and amounts never fall", f"{where}/curve")
    sizes = _mapping(row.get("size", {}), f"{where}/size")
    tiers = _mapping(row.get("tier", {}), f"{where}/tier")
    return Cost(
        fixed=_number(row.get("fixed", 0.0), f"{where}/fixed"),
        each=_number(row.get("each", 0.0), f"{where}/each"),
        curve=tuple(curve),
        size={size: _number(factor, f"{where}/size/{size}") for size, factor in sizes.items()},
        tier={_tier(tier, f"{where}/tier"): _number(factor, f"{where}/tier/{tier}") for tier, factor in tiers.items()},
    )


def _pair(value: object, where: str) -> tuple[object, object]:
    two = _sequence(value, where)
    if len(two) != 2:
        raise FormatProblem("cost-curve", "a point of the curve is a level and an amount", where)
    return two[0], two[1]


def _mapping(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping) or len(value) > MOST_ENTRIES:
        raise FormatProblem("wrong-type", f"here stands an object of at most {MOST_ENTRIES} entries", where)
    return value


def _sequence(value: object, where: str) -> Sequence[object]:
    if not isinstance(value, (list, tuple)) or len(value) > MOST_ENTRIES:
        raise FormatProblem("wrong-type", f"here stands a list of at most {MOST_ENTRIES} entries", where)
    return value


def _words(value: object, where: str) -> tuple[str, ...]:
    return tuple(_word(each, where) for each in _sequence(value, where))


def _word(value: object, where: str) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= 200:
        raise FormatProblem("empty-value", "a word of at most 200 letters is missing", where)
    return value.strip()


def _tier(value: object, where: str) -> int:
    text = str(value)
    if not text.isdecimal() or not 1 <= len(text) <= 2:
        raise FormatProblem("wrong-type", "a tier is a number", where)
    return int(text)


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise FormatProblem("wrong-type", "here stands a number", where)
    # What is no number at all is in no range either; and no whole number is too long to be compared.
    if not 0 <= value <= LARGEST:
        raise FormatProblem("number-range", f"the number is not from 0 to {LARGEST:.0e}", where)
    return float(value)
