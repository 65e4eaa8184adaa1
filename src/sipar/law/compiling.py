"""A regime made ready to run: every condition a named column of yes, no or unknown, every clock a small tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from sipar.formats.problems import FormatProblem
from sipar.law.clocks import After as AfterClock
from sipar.law.clocks import Anchor, Cases, Clock, Earliest, Untimed
from sipar.law.conditions import Condition, Join, Part, Term, at_least, compile_condition, terms_of
from sipar.law.facts import Fact, shipped_facts
from sipar.law.grammar import After, Case, Classifier, Duty, EarliestOf, OnRequest, Recurring, Regime
from sipar.law.grammar import Clock as ClockWords

type Path = tuple[str | int, ...]
type Fault = tuple[Path, FormatProblem]

_NOTHING = pl.lit(None, dtype=pl.Boolean)
_COUNTED = frozenset({"integer", "number", "boolean"})


@dataclass(frozen=True, slots=True, eq=False)
class Test:
    """One condition of a regime: `column` holds its answer once every test of a lower `level` has been evaluated.

    `facts` are those it rests on, through classifiers too; `numbers` and `texts` the values it compares them with.
    `named` are the facts it names itself, `uses` the tests whose answers it uses, `part` its boolean structure.
    """

    column: str
    expression: pl.Expr
    level: int
    facts: tuple[str, ...]
    numbers: tuple[float, ...]
    texts: tuple[str, ...]
    named: tuple[str, ...] = ()
    uses: tuple[Test, ...] = ()
    part: Part | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CompiledDuty:
    """A duty, the column that says whether it applies, its clock, and how its limit moves from days without work."""

    duty: Duty
    applies: Test
    clock: Clock
    rolls_forward: bool
    exempt: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRegime:
    """A regime and what it compiles to.

    `derived` names the facts behind each column that rests on other incidents; `first_submitted` and
    `latest_submitted` are the stages its conditions look at.
    """

    regime: Regime
    digest: str
    tests: tuple[Test, ...]
    classifiers: Mapping[str, Test]
    binds: Test
    duties: tuple[CompiledDuty, ...]
    aggregated: Test | None
    penalties: tuple[Test | None, ...]
    derived: Mapping[str, tuple[str, ...]]
    facts: tuple[str, ...]
    first_submitted: tuple[str, ...]
    latest_submitted: tuple[str, ...]

    @property
    def identifier(self) -> str:
        """The regime's identifier, which is unique among regimes evaluated together."""
        return self.regime.regime


def submitted_column(regime: str, stage: str, *, latest: bool) -> str:
    """The column with the instant at which a stage was first (or latest) submitted."""
    return f"{regime}#{'latest' if latest else 'first'}:{stage}"


def recurring_column(rule: Recurring, name: str, how: str) -> str:
    """The column of a fact derived from recurring incidents (`how`: count, together or largest).

    Regimes with the same rule share it.
    """
    return f"#recurring:{rule.window_months}:{rule.minimum}:{rule.same}:{how}:{name}"


@lru_cache(maxsize=256)
def compile_regime(regime: Regime) -> CompiledRegime:
    """The regime over the shipped facts, ready to run. Raises the first FormatProblem when it cannot be."""
    compiler = _Compiler(regime, shipped_facts())
    compiled = compiler.run()
    if compiler.faults:
        raise compiler.faults[0][1]
    return compiled


def faults_of(regime: Regime, facts: Mapping[str, Fact]) -> list[Fault]:
    """Everything in a regime that refers to nothing or cannot be evaluated, with the path of it in the file."""
    compiler = _Compiler(regime, facts)
    compiler.run()
    return compiler.faults


def _merged[T](*parts: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(value for part in parts for value in part))


class _Compiler:
    def __init__(self, regime: Regime, facts: Mapping[str, Fact]) -> None:
        self.regime = regime
        self.facts = facts
        self.faults: list[Fault] = []
        self.terms = terms_of(facts)
        self.tests: dict[str, Test] = {}
        self.by_name: dict[str, Test] = {}
        self.stages: dict[str, Duty] = {}
        self.rests_on: dict[str, tuple[str, ...]] = {}
        self.derived: dict[str, tuple[str, ...]] = {}
        self.cases = 0

    def run(self) -> CompiledRegime:
        regime = self.regime
        self._recurring()
        binds = self._test("binds", regime.binds.when, ("binds", "when"))
        for index, classifier in enumerate(regime.classifiers):
            self._classifier(classifier, ("classifiers", index))
        duties = tuple(self._duty(duty, binds, ("duties", index)) for index, duty in enumerate(regime.duties))
        duties = self._roll_forward(duties)
        aggregated = None
        if regime.aggregated is not None:
            aggregated = self._test("aggregated", regime.aggregated.when, ("aggregated", "when"))
            self._known_stages(regime.aggregated.stages, ("aggregated", "stages"))
        if regime.reassess is not None:
            self._known_facts(regime.reassess.facts, ("reassess", "facts"))
        penalties = tuple(self._penalty(index) for index in range(len(regime.penalties)))
        tests = tuple(self.tests.values())
        used = {name for test in tests for name in test.facts} | {
            anchor.names[0] for duty in duties for anchor in duty.clock.anchors() if anchor.kind == "fact"
        }
        return CompiledRegime(
            regime=regime,
            digest=regime.digest,
            tests=tests,
            classifiers={
                each.name: self.by_name[each.name] for each in regime.classifiers if each.name in self.by_name
            },
            binds=binds,
            duties=duties,
            aggregated=aggregated,
            penalties=penalties,
            derived=self.derived,
            facts=tuple(name for name in self.facts if name in used),
            first_submitted=tuple(self._named_stages("first")),
            latest_submitted=tuple(self._named_stages("latest")),
        )

    def _named_stages(self, which: str) -> Iterator[str]:
        columns = {name for test in self.tests.values() for name in test.expression.meta.root_names()}
        for stage in self.stages:
            if submitted_column(self.regime.regime, stage, latest=which == "latest") in columns:
                yield stage

    def _fault(self, path: Path, code: str, sentence: str) -> None:
        self.faults.append((path, FormatProblem(code, sentence)))

    def _recurring(self) -> None:
        rule = self.regime.recurring
        if rule is None:
            return
        same = self.facts.get(rule.same)
        if same is None or same.type not in {"choice", "text"}:
            self._fault(("recurring", "same"), "regime.fact", f'"{rule.same}" is not a fact with words for answers')
        derived = {"recurring_count": Term(recurring_column(rule, "", "count"), "number")}
        each = [("together", *pair) for pair in enumerate(rule.together)]
        each += [("largest", *pair) for pair in enumerate(rule.largest)]
        for key, index, name in each:
            fact = self.facts.get(name)
            if fact is None or fact.type not in _COUNTED or f"recurring_{name}" in derived:
                sentence = f'"{name}" is not a fact that can be counted together, or is listed twice'
                self._fault(("recurring", key, index), "regime.fact", sentence)
                continue
            derived[f"recurring_{name}"] = Term(recurring_column(rule, name, key), self.terms[name].kind)
            self.rests_on[f"recurring_{name}"] = (rule.same, name)
        self.rests_on["recurring_count"] = (rule.same,)
        self.derived = {term.column: self.rests_on[name] for name, term in derived.items()}
        self.terms.update(derived)

    def _test(self, name: str, text: str, path: Path) -> Test:
        column = f"{self.regime.regime}#{name}"
        condition = self._condition(text, path)
        test = self._keep(column, condition.expression, (condition,)) if condition else self._broken(column)
        self.tests[column] = test
        return test

    def _classifier(self, classifier: Classifier, path: Path) -> None:
        column = f"{self.regime.regime}:{classifier.name}"
        if classifier.name in self.terms:
            sentence = f'"{classifier.name}" is already the name of a fact or of an earlier classifier'
            self._fault((*path, "name"), "regime.name", sentence)
            return
        if classifier.when is not None:
            condition = self._condition(classifier.when, (*path, "when"))
            test = self._keep(column, condition.expression, (condition,)) if condition else self._broken(column)
        else:
            test = self._at_least(classifier, column, path)
        self.tests[column] = self.by_name[classifier.name] = test
        self.terms[classifier.name] = Term(column, "boolean")

    def _at_least(self, classifier: Classifier, column: str, path: Path) -> Test:
        rule = classifier.at_least
        if rule is None:
            return self._broken(column)
        found = [self._condition(text, (*path, "at_least", "of", index)) for index, text in enumerate(rule.of)]
        conditions = tuple(condition for condition in found if condition is not None)
        expression = at_least(rule.count, [condition.expression for condition in conditions] or [_NOTHING])
        part = Join("at_least", tuple(condition.part for condition in conditions), rule.count)
        return self._keep(column, expression, conditions, part)

    def _condition(self, text: str, path: Path) -> Condition | None:
        try:
            return compile_condition(text, self.terms)
        except FormatProblem as problem:
            self.faults.append((path, problem))
            return None

    def _keep(
        self, column: str, expression: pl.Expr, conditions: tuple[Condition, ...], part: Part | None = None
    ) -> Test:
        names = [name for condition in conditions for name in condition.names]
        used = [self.by_name[name] for name in names if name in self.by_name]
        own = [self.rests_on.get(name, (name,) if name in self.facts else ()) for name in names]
        named = _merged(*own)
        return Test(
            column=column,
            expression=expression.alias(column),
            level=1 + max((test.level for test in used), default=-1),
            facts=_merged(named, *(each.facts for each in used)),
            numbers=_merged(*(each.numbers for each in conditions), *(each.numbers for each in used)),
            texts=_merged(*(each.texts for each in conditions), *(each.texts for each in used)),
            named=named,
            uses=tuple(dict.fromkeys(used)),
            part=part or conditions[0].part,
        )

    def _broken(self, column: str) -> Test:
        return Test(column=column, expression=_NOTHING.alias(column), level=0, facts=(), numbers=(), texts=())

    def _duty(self, duty: Duty, binds: Test, path: Path) -> CompiledDuty:
        if duty.stage in self.stages:
            self._fault((*path, "stage"), "regime.stage", f'the stage "{duty.stage}" is given twice')
        self._known_facts(duty.content, (*path, "content"))
        condition = self._condition(duty.when, (*path, "when"))
        column = f"{self.regime.regime}#applies:{duty.stage}"
        test = self._keep(column, condition.expression, (condition,)) if condition else self._broken(column)
        bound = binds.expression.meta.undo_aliases()
        applies = Test(
            column=column,
            expression=(bound & test.expression.meta.undo_aliases()).alias(column),
            level=max(test.level, binds.level),
            facts=_merged(binds.facts, test.facts),
            numbers=_merged(binds.numbers, test.numbers),
            texts=_merged(binds.texts, test.texts),
            named=test.named,
            uses=(binds, *test.uses),
            part=Join("and", tuple(part for part in (binds.part, test.part) if part is not None)),
        )
        self.tests[column] = applies
        clock = self._clock(duty.due, (*path, "due"))
        self.stages[duty.stage] = duty
        for latest in (False, True):
            name = f"latest_submitted_{duty.stage}" if latest else f"submitted_{duty.stage}"
            self.terms[name] = Term(submitted_column(self.regime.regime, duty.stage, latest=latest), "instant")
        return CompiledDuty(duty=duty, applies=applies, clock=clock, rolls_forward=False, exempt=())

    def _clock(self, words: ClockWords, path: Path) -> Clock:
        if isinstance(words, After):
            anchor = self._anchor(words.after, (*path, "after"))
            for unit in ("hours", "days", "working_days", "months"):
                count = getattr(words, unit)
                if count is not None:
                    return AfterClock(anchor=anchor, unit=unit, count=count)
        if isinstance(words, EarliestOf):
            each = enumerate(words.earliest_of)
            return Earliest(tuple(self._clock(clock, (*path, "earliest_of", index)) for index, clock in each))
        if isinstance(words, Case):
            branches: list[tuple[str, Clock]] = []
            for index, branch in enumerate(words.case):
                here = (*path, "case", index)
                self.cases += 1
                test = self._test(f"case:{self.cases}", branch.when, (*here, "when"))
                branches.append((test.column, self._clock(branch.then, (*here, "then"))))
            return Cases(tuple(branches), self._clock(words.otherwise, (*path, "otherwise")))
        return Untimed("on_request" if isinstance(words, OnRequest) else "unknown_period")

    def _anchor(self, words: str, path: Path) -> Anchor:
        if "(" not in words:
            fact = self.facts.get(words)
            if fact is None or fact.type != "instant":
                self._fault(path, "regime.anchor", f'"{words}" is not a fact of type instant')
            return Anchor("fact", (words,))
        which, _, inside = words.rstrip(")").partition("(")
        stages = tuple(inside.split(", "))
        for stage in stages:
            if stage not in self.stages:
                self._fault(path, "regime.stage", f'"{stage}" is not the stage of an earlier duty')
        return Anchor("latest" if which == "latest_submitted" else "first", stages)

    def _roll_forward(self, duties: tuple[CompiledDuty, ...]) -> tuple[CompiledDuty, ...]:
        rule = self.regime.roll_forward
        if rule is None:
            return duties
        self._known_stages(rule.stages, ("roll_forward", "stages"))
        exempt: list[tuple[str, tuple[str, ...]]] = []
        for index, exemption in enumerate(rule.exempt):
            path = ("roll_forward", "exempt", index)
            self._known_stages(exemption.stages, (*path, "stages"))
            test = self._test(f"exempt:{index}", exemption.when, (*path, "when"))
            exempt.append((test.column, exemption.stages))
        return tuple(
            CompiledDuty(
                duty=each.duty,
                applies=each.applies,
                clock=each.clock,
                rolls_forward=each.duty.stage in rule.stages,
                exempt=tuple(column for column, stages in exempt if each.duty.stage in stages),
            )
            for each in duties
        )

    def _penalty(self, index: int) -> Test | None:
        penalty = self.regime.penalties[index]
        if penalty.turnover is not None:
            fact = self.facts.get(penalty.turnover)
            if fact is None or fact.type not in {"integer", "number"}:
                path = ("penalties", index, "turnover")
                self._fault(path, "regime.fact", f'"{penalty.turnover}" is not a fact with a number')
        if penalty.when is None:
            return None
        return self._test(f"penalty:{index}", penalty.when, ("penalties", index, "when"))

    def _known_stages(self, stages: tuple[str, ...], path: Path) -> None:
        for index, stage in enumerate(stages):
            if stage not in self.stages:
                self._fault((*path, index), "regime.stage", f'"{stage}" is not the stage of a duty')

    def _known_facts(self, names: tuple[str, ...], path: Path) -> None:
        for index, name in enumerate(names):
            if name not in self.facts:
                self._fault((*path, index), "regime.fact", f'"{name}" is not a fact')
