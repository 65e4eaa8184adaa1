"""What a claim is, which claim goes before which, and the checks that a claim passes before it counts.

A claim says: from this day until that day, this prefix, AS number, domain or country belongs to this organisation (an
asset of the register), or is the nation's and this team answers for it (a national range, without an organisation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from sipar.formats.problems import FormatProblem

CLAIM_SCHEMA: Final = pl.Schema({
    "id": pl.Int64(),  # unique over assets and national ranges together
    "organisation": pl.Int64(),
    "team": pl.Int64(),
    "kind": pl.String(),
    "value": pl.String(),
    "valid_from": pl.Date(),  # null: always held
    "valid_until": pl.Date(),  # the first day on which it no longer holds; null: holds on
    "source": pl.String(),
    "mark": pl.String(),
})  # fmt: skip
KINDS: Final = ("prefix", "domain", "asn", "country")
MARKS: Final = ("nat", "shared", "cloud", "dynamic")
RANKS: Final = ("address", "prefix", "domain", "hosted", "asn", "country")
HOSTED_MARKS: Final = ("shared", "cloud")

SENTENCES: Final = {
    "claim.kind": f"the kind of a claim is one of {', '.join(KINDS)}",
    "claim.nobody": "a claim names an organisation or a team",
    "claim.dates": "a claim must end after it begins",
    "claim.mark": f"a mark is one of {', '.join(MARKS)}, or empty",
    "claim.prefix": "this is no IPv4 or IPv6 prefix, such as 203.0.113.0/24",
    "claim.host-bits": "the address stands inside the prefix: bits are set behind its length",
    "claim.everything": "a prefix of length 0 is the whole Internet",
    "claim.mapped": "an IPv4 address inside IPv6 is claimed as IPv4",
    "claim.domain": "this is no domain name, such as bank.example",
    "claim.asn": "this is no AS number, such as AS64496",
    "claim.country": "a country is its two letters of ISO 3166-1",
}
_PREFIX_CODES: Final = ("", "claim.prefix", "claim.host-bits", "claim.everything", "claim.mapped")
_LABEL: Final = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN: Final = rf"^(?:{_LABEL}\.)*(?:[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?)$"
_LARGEST_ASN: Final = 4_294_967_295


@dataclass(frozen=True)
class Precedence:
    """Which claim goes first where several match.

    `ranks` orders RANKS: a single address, a longer prefix, a domain, a prefix or address marked as shared hosting or
    cloud (there a name says more about the tenant than the address does), an AS number, a country. `sources` orders
    claims on the same value; a source that is not named comes after all that are. An organisation's claim goes before
    every claim without an organisation, whatever its rank.
    """

    ranks: tuple[str, ...] = RANKS
    sources: tuple[str, ...] = ("manual",)

    def __post_init__(self) -> None:
        if sorted(self.ranks) != sorted(RANKS):
            raise FormatProblem("precedence.ranks", f"the ranks are {', '.join(RANKS)}, each once")
        if len(set(self.sources)) != len(self.sources):
            raise FormatProblem("precedence.sources", "a source is named twice")


PRECEDENCE: Final = Precedence()


def checked(claims: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The claims that count, in canonical spelling and ordered by number, and the problems of the others.

    The first frame has the columns of CLAIM_SCHEMA and `version` (4, 6 or 0), `high`, `low`, `length` of a prefix, and
    `number` of an AS. The second has `claim`, `where`, `code`, `value` and `sentence`: a claim that is wrong is left
    out and never stops the others. Raises FormatProblem where a column is missing or a number stands twice.
    """
    missing = [name for name in CLAIM_SCHEMA if name not in claims.columns]
    if missing:
        raise FormatProblem("claims.columns", f"columns are missing: {', '.join(missing)}")
    frame = claims.select([pl.col(name).cast(kind) for name, kind in CLAIM_SCHEMA.items()])
    if frame["id"].null_count():
        raise FormatProblem("claims.id", "a claim has no number")
    frame = frame.with_columns(pl.col("kind", "value", "source", "mark").fill_null("")).sort("id")
    if frame["id"].n_unique() != frame.height:
        twice = frame.filter(pl.col("id").is_duplicated())["id"][0]
        raise FormatProblem("claims.id", "two claims have the same number", f"claim {twice}")
    frame = _spelled(frame)
    problems = frame.filter(pl.col("code") != "").select(
        claim="id",
        where=pl.format("claim {}", "id"),
        code="code",
        value=pl.col("written").str.slice(0, 100),
        sentence=pl.col("code").replace_strict(SENTENCES, return_dtype=pl.String),
    )
    return frame.filter(pl.col("code") == "").drop("code", "written"), problems


def canonical(kind: str, value: str) -> str:
    """The canonical spelling of what is claimed. Raises FormatProblem `claim.*`."""
    claim = dict.fromkeys(CLAIM_SCHEMA) | {"id": 1, "team": 1, "kind": kind, "value": value}
    good, problems = checked(pl.DataFrame([claim], schema=CLAIM_SCHEMA))
    if problems.height:
        raise FormatProblem(problems["code"][0], problems["sentence"][0], value[:100])
    return str(good["value"][0])


def _spelled(frame: pl.DataFrame) -> pl.DataFrame:
    """Every claim in canonical spelling with the code of its first problem, empty where there is none."""
    stripped = pl.col("value").str.strip_chars()
    parts = []
    for kind, spell in (("prefix", _prefixes), ("domain", _domains), ("asn", _asns), ("country", _countries)):
        part = frame.filter(pl.col("kind") == kind)
        if part.height:
            parts.append(spell(part.with_columns(written=pl.col("value"), value=stripped)))
    other = frame.filter(~pl.col("kind").is_in(KINDS))
    parts.append(other.with_columns(written=pl.col("value"), code=pl.lit("claim.kind")))
    whole = pl.concat(parts, how="diagonal").sort("id")
    empty = {"version": pl.UInt8(), "high": pl.UInt64(), "low": pl.UInt64(), "length": pl.UInt8(), "number": pl.Int64()}
    whole = whole.with_columns(
        (pl.col(name) if name in whole.columns else pl.lit(None)).cast(kind).fill_null(0).alias(name)
        for name, kind in empty.items()
    )
    general = (
        pl.when(pl.col("organisation").is_null() & pl.col("team").is_null())
        .then(pl.lit("claim.nobody"))
        .when((pl.col("valid_until") <= pl.col("valid_from")).fill_null(value=False))
        .then(pl.lit("claim.dates"))
        .when(~pl.col("mark").is_in(["", *MARKS]))
        .then(pl.lit("claim.mark"))
        .otherwise(pl.lit(""))
    )
    return whole.with_columns(code=pl.when(pl.col("code") != "").then(pl.col("code")).otherwise(general))


def _prefixes(part: pl.DataFrame) -> pl.DataFrame:
    from sipar.routing import addresses

    prefixes, codes = addresses.read_prefixes(part["value"].to_arrow())
    return part.with_columns(
        value=pl.Series(addresses.written_prefixes(prefixes).to_pylist(), dtype=pl.String).fill_null(""),
        version=pl.Series(prefixes.version),
        high=pl.Series(prefixes.high),
        low=pl.Series(prefixes.low),
        length=pl.Series(prefixes.length),
        code=pl.Series(np.array(_PREFIX_CODES, dtype=object)[codes], dtype=pl.String),
    )


def _domains(part: pl.DataFrame) -> pl.DataFrame:
    from sipar.routing import domains

    name = domains.ascii_names(part["value"])
    good = (name.str.len_bytes() <= domains.MAX_NAME) & name.str.contains(_DOMAIN)
    return part.with_columns(value=name, code=pl.Series(np.where(good, "", "claim.domain"), dtype=pl.String))


def _asns(part: pl.DataFrame) -> pl.DataFrame:
    digits = pl.col("value").str.extract(r"^(?i:AS)?\s?([0-9]{1,10})$")
    part = part.with_columns(number=digits.cast(pl.Int64))
    good = pl.col("number").is_between(1, _LARGEST_ASN).fill_null(value=False)
    return part.with_columns(
        value=pl.format("AS{}", pl.col("number").fill_null(0)),
        code=pl.when(good).then(pl.lit("")).otherwise(pl.lit("claim.asn")),
    )


def _countries(part: pl.DataFrame) -> pl.DataFrame:
    upper = pl.col("value").str.to_uppercase()
    good = upper.str.contains("^[A-Z]{2}$")
    return part.with_columns(value=upper, code=pl.when(good).then(pl.lit("")).otherwise(pl.lit("claim.country")))
