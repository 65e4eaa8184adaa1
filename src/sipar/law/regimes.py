"""Regime files: reading one from bytes with every fault named and placed, the schema, and the regimes that ship."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sipar.formats.limits import Limits, decode_utf8, inflate
from sipar.formats.problems import FormatProblem
from sipar.law.compiling import faults_of
from sipar.law.facts import Fact, shipped_facts
from sipar.law.grammar import Regime
from sipar.law.reading import MAX_PROBLEMS, Places, Refused, read_model

FOLDER = Path(__file__).with_name("regimes")
LIMITS = Limits(max_bytes=256 * 1024, max_depth=16, max_nodes=20_000, max_aliases=0, max_scalar=4_000)


def parse(data: bytes, facts: Mapping[str, Fact] | None = None) -> Regime:
    """The regime in the bytes of a YAML file, over the shipped facts unless others are given.

    Raises FormatProblem; when it is a Refused, `problems` holds every fault found, each with its line and path.
    """
    regime = read_model(Regime, data, LIMITS, code="regime")
    faults = faults_of(regime, shipped_facts() if facts is None else facts)
    if faults:
        places = Places(decode_utf8(inflate(data, LIMITS)))
        raise Refused(
            [
                FormatProblem(fault.code, fault.sentence, ", ".join(filter(None, (places.where(path), fault.where))))
                for path, fault in faults[:MAX_PROBLEMS]
            ]
        )
    return regime


def problems_of(data: bytes, facts: Mapping[str, Fact] | None = None) -> tuple[FormatProblem, ...]:
    """Every fault of a regime file, for an editor; empty when `parse` would take it."""
    try:
        parse(data, facts)
    except Refused as refused:
        return refused.problems
    except FormatProblem as problem:
        return (problem,)
    return ()


@cache
def shipped() -> tuple[Regime, ...]:
    """The regimes of law/regimes/ in the order of their file names."""
    return tuple(parse(path.read_bytes()) for path in sorted(FOLDER.glob("*.yaml")))


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a regime file; `parse` checks besides what no schema can say."""
    schema = Regime.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
