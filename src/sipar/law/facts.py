"""The vocabulary of facts: what a regime may ask about an incident or about the organisation that has it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Self

import polars as pl
from pydantic import Field, model_validator

from sipar.formats.limits import Limits
from sipar.law.reading import Record, read_model

FACTS_FILE = Path(__file__).with_name("facts.yaml")
LIMITS = Limits(max_bytes=512 * 1024, max_depth=12, max_nodes=20_000, max_aliases=0, max_scalar=4_000)

type FactType = Literal["boolean", "integer", "number", "instant", "choice", "text"]
type FactSource = Literal["incident", "register"]

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Words = Annotated[str, Field(min_length=1, max_length=2_000)]

DTYPES: Mapping[FactType, pl.DataType] = MappingProxyType(
    {
        "boolean": pl.Boolean(),
        "integer": pl.Int64(),
        "number": pl.Float64(),
        "instant": pl.Datetime("us", "UTC"),
        "choice": pl.String(),
        "text": pl.String(),
    }
)


class Text(Record):
    """Words in both languages; Urdu may still be missing in a draft."""

    en: Words
    ur: Annotated[str, Field(max_length=2_000)] = ""


class Option(Record):
    """One answer of a `choice` fact."""

    value: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,62}$")]
    title: Text


class Fact(Record):
    """One thing that may be known (or unknown) about an incident, or about its organisation (`source: register`).

    `stage` is the stage of reporting at which the form asks for it first; without a question nobody is asked. `low`
    and `high` bound numbers; money has its currency in the name and in `unit`.
    """

    name: Name
    type: FactType
    source: FactSource = "incident"
    title: Text
    question: Text | None = None
    help: Text | None = None
    stage: Name | None = None
    options: Annotated[tuple[Option, ...], Field(max_length=200)] = ()
    unit: Annotated[str, Field(max_length=40)] | None = None
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _options_belong_to_choices(self) -> Self:
        if (self.type == "choice") != bool(self.options):
            raise ValueError("options belong to a fact of type choice, and to no other")
        values = [option.value for option in self.options]
        if len(set(values)) < len(values):
            raise ValueError("an option is listed twice")
        return self

    @property
    def dtype(self) -> pl.DataType:
        """The type of this fact's column in a table of incidents."""
        return DTYPES[self.type]


class FactsFile(Record):
    """facts.yaml."""

    facts: Annotated[tuple[Fact, ...], Field(min_length=1, max_length=1_000)]

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [fact.name for fact in self.facts]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"defined twice: {', '.join(twice)}")
        return self


def parse_facts(data: bytes) -> Mapping[str, Fact]:
    """Facts by name in the order of the file. Raises FormatProblem saying what is wrong and where."""
    found = read_model(FactsFile, data, LIMITS, code="facts")
    return MappingProxyType({fact.name: fact for fact in found.facts})


@cache
def shipped_facts() -> Mapping[str, Fact]:
    """The facts of facts.yaml by name, in the order of the file."""
    return parse_facts(FACTS_FILE.read_bytes())
