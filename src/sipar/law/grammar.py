"""What a regime file may say: whom it binds, what sets its duties off, when each is due, and where that is written."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from sipar.law.facts import Name, Text
from sipar.law.reading import Record

MAX_CONDITION = 2_000

type Status = Literal["in_force", "proposed", "draft", "unverified_preset"]
type Kind = Literal[
    "early_warning",
    "notification",
    "intermediate",
    "progress",
    "final",
    "supplement",
    "written_record",
    "affected_persons",
    "reclassification",
    "voluntary",
    "periodic",
    "response",
    "records",
]
KINDS: tuple[str, ...] = Kind.__value__.__args__
type Addressee = Literal[
    "csirt",
    "competent_authority",
    "data_protection_authority",
    "lead_cert",
    "national_cert",
    "government_cert",
    "federal_cert",
    "sectoral_cert",
    "provincial_cert",
    "regulator",
    "enisa",
    "affected_persons",
    "own_register",
]

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=63)]
Cite = Annotated[str, Field(min_length=1, max_length=300)]
Condition = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_CONDITION,
        description="SQL boolean expression over facts, classifiers that stand earlier in the file, "
        "submitted_<stage> and latest_submitted_<stage>; an unknown fact makes it neither true nor false",
    ),
]
Anchor = Annotated[
    str,
    Field(
        pattern=r"^([a-z][a-z0-9_]{0,62}|(latest_)?submitted\([a-z][a-z0-9_]{0,62}(, [a-z][a-z0-9_]{0,62}){0,3}\))$",
        description="an instant fact, submitted(stage) (the first report of that stage, or of several: a, b) "
        "or latest_submitted(stage)",
    ),
]
Money = Annotated[float, Field(ge=0, le=1e15)]


class Source(Record):
    """Where the law can be read, and how sure we are of what we read."""

    cite: Cite
    link: Annotated[str, Field(pattern=r"^https://[^\s]{3,400}$")] | None = None
    confidence: Literal["primary", "secondary", "vendor", "unverified"]
    note: Text | None = None


class Effective(Record):
    """From the first to the last day on which the regime applies; either may be open or unknown."""

    from_: Annotated[date | None, Field(alias="from")] = None
    until: date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.from_ and self.until and self.until < self.from_:
            raise ValueError("until is before from")
        return self


class Calendar(Record):
    """Whose holidays and whose wall clock count: a fixed one, or that of the organisation (`entity`)."""

    country: Annotated[str, Field(pattern=r"^(entity|[A-Z]{2})$")] = "entity"
    time_zone: Annotated[str, Field(pattern=r"^(entity|[A-Za-z]+(/[A-Za-z0-9_+\-]+){0,2})$", max_length=50)] = "entity"


class Binds(Record):
    """Whom the regime binds, over facts of the register."""

    when: Condition
    cite: Cite


class AtLeast(Record):
    """Holds when at least `count` of the conditions hold; unknown ones count only as far as they could decide it."""

    count: Annotated[int, Field(ge=1, le=40)]
    of: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=40)]

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.count > len(self.of):
            raise ValueError("count is larger than the number of conditions")
        return self


class Classifier(Record):
    """A named finding about an incident, such as `significant`; later conditions may use the name."""

    name: Name
    title: Text
    when: Condition | None = None
    at_least: AtLeast | None = None
    cite: Cite

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if (self.when is None) == (self.at_least is None):
            raise ValueError("a classifier has either when or at_least")
        return self


class Recurring(Record):
    """Incidents of one organisation that count together: same cause, within the months before.

    Gives the facts `recurring_count` (with this incident) and `recurring_<fact>` for each fact of `together`:
    the sum of a number, true for a boolean as soon as one incident has it; and for each of `largest`: the largest.
    """

    window_months: Annotated[int, Field(ge=1, le=60)]
    same: Name
    minimum: Annotated[int, Field(ge=2, le=100)] = 2
    together: Annotated[tuple[Name, ...], Field(max_length=40)] = ()
    largest: Annotated[tuple[Name, ...], Field(max_length=40)] = ()
    cite: Cite


def _clock_form(value: Any) -> str | None:
    keys = value if isinstance(value, dict) else getattr(type(value), "model_fields", ())
    return next((form for form in ("after", "earliest_of", "case", "on_request", "none") if form in keys), None)


class After(Record):
    """So many hours, days, working days or months after an anchor. Unknown anchor: the clock has not started."""

    after: Anchor
    hours: Annotated[int, Field(ge=0, le=87_600)] | None = None
    days: Annotated[int, Field(ge=0, le=3_660)] | None = None
    working_days: Annotated[int, Field(ge=0, le=1_000)] | None = None
    months: Annotated[int, Field(ge=0, le=120)] | None = None

    @model_validator(mode="after")
    def _one_offset(self) -> Self:
        if sum(offset is not None for offset in (self.hours, self.days, self.working_days, self.months)) != 1:
            raise ValueError("give exactly one of hours, days, working_days and months")
        return self


class EarliestOf(Record):
    """The first of several clocks; those that have not started are left out."""

    earliest_of: Annotated[tuple[Clock, ...], Field(min_length=2, max_length=10)]


class Branch(Record):
    """One case of a clock."""

    when: Condition
    then: Clock


class Case(Record):
    """The clock of the first case that holds. A case that is unknown shortens, never lengthens: the earlier counts."""

    case: Annotated[tuple[Branch, ...], Field(min_length=1, max_length=20)]
    otherwise: Clock


class OnRequest(Record):
    """Due when the authority asks; no clock of its own."""

    on_request: Literal[True]


class NoPeriod(Record):
    """No number is known or none is written; the text says which (such as "without undue delay")."""

    none: Annotated[str, Field(min_length=1, max_length=300)]


Clock = Annotated[
    Annotated[After, Tag("after")]
    | Annotated[EarliestOf, Tag("earliest_of")]
    | Annotated[Case, Tag("case")]
    | Annotated[OnRequest, Tag("on_request")]
    | Annotated[NoPeriod, Tag("none")],
    Discriminator(
        _clock_form,
        custom_error_type="clock_form",
        custom_error_message="a clock is one of: after, earliest_of, case (with otherwise), on_request, none",
    ),
]


class Duty(Record):
    """One report (or other act) that the regime asks for. `stage` names it; `kind` says what sort of act it is."""

    stage: Name
    kind: Kind | None = None
    title: Text
    when: Condition
    to: Annotated[tuple[Addressee, ...], Field(min_length=1, max_length=10)]
    content: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    due: Clock
    note: Text | None = None
    cite: Cite

    @model_validator(mode="after")
    def _kind_is_known(self) -> Self:
        if self.kind is None and self.stage not in KINDS:
            raise ValueError(f"give a kind, because the stage is not itself one of: {', '.join(KINDS)}")
        return self

    @property
    def sort(self) -> str:
        """The kind of act, which the stage may say by its name."""
        return self.kind or self.stage


class Exemption(Record):
    """Who may not wait for the next working day, at which stages."""

    when: Condition
    stages: Annotated[tuple[Name, ...], Field(min_length=1, max_length=40)]
    cite: Cite


class RollForward(Record):
    """A limit that falls on a weekend or holiday moves to noon of the next working day, at these stages."""

    to: Literal["noon_next_working_day"] = "noon_next_working_day"
    stages: Annotated[tuple[Name, ...], Field(min_length=1, max_length=40)]
    exempt: Annotated[tuple[Exemption, ...], Field(max_length=10)] = ()
    cite: Cite


class Late(Record):
    """What a late filer owes: a reason, and whether it must come before the limit passes."""

    reason_before_limit: bool
    cite: Cite


class Aggregated(Record):
    """When one report by a third party may serve for several organisations, and at which stages."""

    when: Condition
    stages: Annotated[tuple[Name, ...], Field(min_length=1, max_length=40)]
    cite: Cite


class Reassess(Record):
    """When the classification must be looked at again."""

    every_months: Annotated[int, Field(ge=1, le=60)] | None = None
    facts: Annotated[tuple[Name, ...], Field(max_length=60)] = ()
    note: Text | None = None
    cite: Cite


class Penalty(Record):
    """What the law threatens; for display, never applied by the machine. The higher of amount and percent counts."""

    who: Text
    when: Condition | None = None
    amount_low: Money | None = None
    amount_high: Money | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    percent: Annotated[float, Field(gt=0, le=100)] | None = None
    basis: Text | None = None
    turnover: Annotated[Name | None, Field(description="the register fact the percentage is taken of")] = None
    note: Text | None = None
    cite: Cite
    display_only: Literal[True]

    @model_validator(mode="after")
    def _amounts_have_a_currency(self) -> Self:
        if (self.amount_low is not None or self.amount_high is not None) and self.currency is None:
            raise ValueError("an amount needs a currency")
        if self.amount_low is not None and self.amount_high is not None and self.amount_low > self.amount_high:
            raise ValueError("amount_low is above amount_high")
        return self


class Keep(Record):
    """What must be kept, and how long; without a number the law names none, or none is known."""

    what: Text
    days: Annotated[int, Field(ge=1, le=36_600)] | None = None
    months: Annotated[int, Field(ge=1, le=1_200)] | None = None
    years: Annotated[int, Field(ge=1, le=100)] | None = None
    cite: Cite

    @model_validator(mode="after")
    def _one_period(self) -> Self:
        if sum(period is not None for period in (self.days, self.months, self.years)) > 1:
            raise ValueError("give at most one of days, months and years")
        return self


class Route(Record):
    """Who passes what on to whom; without a number of months the law says regularly, or nothing."""

    from_: Annotated[Literal["organisation"] | Addressee, Field(alias="from")]
    to: Addressee
    what: Text
    every_months: Annotated[int, Field(ge=1, le=60)] | None = None
    cite: Cite


class Gap(Record):
    """Something the law may say that our sources do not."""

    what: Cite
    why: Cite


class Regime(Record):
    """One regime in one version, as its file says it."""

    regime: Identifier
    version: Annotated[int, Field(ge=1, le=100_000)]
    title: Text
    jurisdiction: Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
    status: Status
    enabled: bool = True
    effective: Effective = Effective()
    sources: Annotated[tuple[Source, ...], Field(min_length=1, max_length=40)]
    calendar: Calendar = Calendar()
    binds: Binds
    classifiers: Annotated[tuple[Classifier, ...], Field(max_length=100)] = ()
    recurring: Recurring | None = None
    duties: Annotated[tuple[Duty, ...], Field(min_length=1, max_length=40)]
    roll_forward: RollForward | None = None
    late: Late | None = None
    aggregated: Aggregated | None = None
    reassess: Reassess | None = None
    penalties: Annotated[tuple[Penalty, ...], Field(max_length=40)] = ()
    keep: Annotated[tuple[Keep, ...], Field(max_length=40)] = ()
    routing: Annotated[tuple[Route, ...], Field(max_length=40)] = ()
    unknown: Annotated[tuple[Gap, ...], Field(max_length=40)] = ()
    note: Text | None = None

    @model_validator(mode="after")
    def _unverified_is_off(self) -> Self:
        if self.status == "unverified_preset" and self.enabled:
            raise ValueError("an unverified preset must say enabled: false")
        return self

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of what the regime says; two files that say the same have the same digest."""
        return hashlib.sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()

    @property
    def is_law(self) -> bool:
        """False for what is proposed, drafted or unverified, which every page marks as not law."""
        return self.status == "in_force"

    def in_effect(self, on: date) -> bool:
        """True on the days from the first to the last; a regime without a first day has not begun."""
        first, last = self.effective.from_, self.effective.until
        return first is not None and first <= on and (last is None or on <= last)
