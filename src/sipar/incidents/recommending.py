"""Who should lead an incident and how urgent it is, by rules with reasons; and the EU scale beside the score.

The table and the scale are data (`data/recommendation-1.yaml`, `data/eu-scale-1.yaml`). A recommendation decides
nothing: a person does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from sipar.formats.catalogue import Shape
from sipar.formats.documents import load_yaml
from sipar.formats.problems import FormatProblem
from sipar.incidents.severity import DATA, LIMITS, Code, Scale
from sipar.nations.documents import build
from sipar.nations.profile import Note, Words

type Fact = str | int | bool | None

FACTS = (
    "severity",
    "criticality_tier",
    "public_body",
    "organisations_affected",
    "sectors_affected",
    "provinces_affected",
    "cross_border",
    "location",
    "actor",
)
"""What a rule may ask. `severity` is a level's code, `location` and `actor` are choices of the score."""

Reason = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,59}$")]


class Named(Shape):
    code: Code
    title: Words


class Condition(Shape):
    """Holds where the fact is one of `among` (in the file: `is`), or reaches `start` (`from`), or the level `level`."""

    fact: str
    among: Annotated[tuple[str | int | bool, ...], Field(alias="is")] = ()
    start: Annotated[float | None, Field(alias="from")] = None
    level: str | None = None

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if self.fact not in FACTS:
            raise ValueError(f"{self.fact} is not a fact that rules may ask; they may ask {', '.join(FACTS)}")
        if bool(self.among) + (self.start is not None) + (self.level is not None) != 1:
            raise ValueError("a test says exactly one of is, from and level")
        return self


class Outcome(Shape):
    owner: str
    priority: str


class Rule(Outcome):
    reason: Reason
    when: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=10)]
    title: Words


class Rules(Shape):
    """Owners from the nearest to the highest, priorities from the lowest, and the rules."""

    recommendation: Code
    version: Annotated[int, Field(ge=1)]
    owners: Annotated[tuple[Named, ...], Field(min_length=1, max_length=20)]
    priorities: Annotated[tuple[Named, ...], Field(min_length=1, max_length=10)]
    default: Outcome
    rules: Annotated[tuple[Rule, ...], Field(max_length=200)]

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        owners = {owner.code for owner in self.owners}
        priorities = {priority.code for priority in self.priorities}
        outcomes: tuple[Outcome, ...] = (self.default, *self.rules)
        for outcome in outcomes:
            if outcome.owner not in owners or outcome.priority not in priorities:
                raise ValueError(
                    f"{outcome.owner} or {outcome.priority} is not among the owners and priorities of the file"
                )
        return self


@dataclass(frozen=True, slots=True)
class Why:
    """A rule that fired: its code, its sentence by language, and the facts it asked with their values."""

    code: str
    title: Mapping[str, str]
    parameters: Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """`unknown`: facts that were not given and that some rule which could have raised this asked."""

    owner: str
    priority: str
    reasons: tuple[Why, ...]
    unknown: tuple[str, ...]
    rules: str


def read_rules(data: bytes, scale: Scale, name: str = "rules") -> Rules:
    """The rules in a YAML file; FormatProblem where it is not one, or asks for a level that the scale lacks."""
    document = load_yaml(data, LIMITS)
    if not isinstance(document, dict):
        raise FormatProblem("not_a_mapping", "the file must hold one mapping at its top", name)
    rules = build(Rules, document, name)
    levels = {level.code for level in scale.levels}
    for place, rule in enumerate(rules.rules):
        for test in rule.when:
            asked = [test.level] if test.level else [str(value) for value in test.among if test.fact == "severity"]
            if not levels.issuperset(asked):
                sentence = f"the scale {scale.scale} has no level {asked[0]}"
                raise FormatProblem("recommendation.level", sentence, f"{name}/rules/{place}")
    return rules


@cache
def _shipped_bytes() -> bytes:
    return (DATA / "recommendation-1.yaml").read_bytes()


def shipped_rules(scale: Scale) -> Rules:
    """The rules that Sipar ships, checked against the scale."""
    return read_rules(_shipped_bytes(), scale, "recommendation-1.yaml")


def recommend(rules: Rules, scale: Scale, facts: Mapping[str, Fact]) -> Recommendation:
    """The highest owner and the highest priority of all rules that fire; the default where none does.

    A fact that is absent or None is unknown and makes no rule fire.
    """
    owners = {owner.code: place for place, owner in enumerate(rules.owners)}
    priorities = {priority.code: place for place, priority in enumerate(rules.priorities)}
    fired = [rule for rule in rules.rules if all(_holds(test, facts, scale) for test in rule.when)]
    open_rules = [rule for rule in rules.rules if rule not in fired and _might_hold(rule, facts, scale)]
    owner = max((rule.owner for rule in fired), key=owners.__getitem__, default=rules.default.owner)
    priority = max((rule.priority for rule in fired), key=priorities.__getitem__, default=rules.default.priority)
    raising = [
        rule
        for rule in open_rules
        if owners[rule.owner] > owners[owner] or priorities[rule.priority] > priorities[priority]
    ]
    asked = {test.fact for rule in raising for test in rule.when if facts.get(test.fact) is None}
    return Recommendation(
        owner=owner,
        priority=priority,
        reasons=tuple(
            Why(rule.reason, rule.title, {test.fact: facts.get(test.fact) for test in rule.when}) for rule in fired
        ),
        unknown=tuple(fact for fact in FACTS if fact in asked),
        rules=f"{rules.recommendation}/{rules.version}",
    )


def _holds(test: Condition, facts: Mapping[str, Fact], scale: Scale) -> bool:
    value = facts.get(test.fact)
    if value is None:
        return False
    if test.level is not None:
        return scale.rank(str(value)) >= scale.rank(test.level)
    if test.start is not None:
        return isinstance(value, int) and value >= test.start
    return value in test.among


def _might_hold(rule: Rule, facts: Mapping[str, Fact], scale: Scale) -> bool:
    return all(facts.get(test.fact) is None or _holds(test, facts, scale) for test in rule.when)


class Colour(Shape):
    code: Code
    title: Words
    sentence: Words
    suggested_for: tuple[str, ...] = ()


class EuScale(Shape):
    """How an incident is described among EU states: impact colour, outlook, root cause, severity of the threat."""

    scale: Code
    version: Annotated[int, Field(ge=1)]
    source: Note
    colours: tuple[Colour, ...]
    outlooks: tuple[Named, ...]
    root_causes: tuple[Named, ...]
    threats: tuple[Named, ...]

    def colour_beside(self, level: str) -> str | None:
        """The colour that is proposed beside a level of the national score; None where nothing is proposed."""
        return next((colour.code for colour in self.colours if level in colour.suggested_for), None)


@cache
def eu_scale() -> EuScale:
    """The EU scale that Sipar ships, from white to red."""
    document = load_yaml((DATA / "eu-scale-1.yaml").read_bytes(), LIMITS)
    return build(EuScale, document, "eu-scale-1.yaml")
