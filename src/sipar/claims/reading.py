"""Files of claims on their way in: which reader takes them, and what no organisation may claim."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

import polars as pl

from sipar.formats.bgp_table import DUMP, SCREEN, read_bgp_table
from sipar.formats.claim_table import LIMITS, PROBLEMS, ClaimFile, problem_rows, read_claim_table
from sipar.formats.delegated import HEAD, read_delegated
from sipar.formats.limits import inflate
from sipar.formats.problems import FormatProblem
from sipar.formats.rpsl import CLASSES, read_rpsl
from sipar.routing.suffixes import is_public_suffix
from sipar.ui.context import nation

_OBJECT = re.compile(rf"^(?:{'|'.join(CLASSES)}|organisation):", re.MULTILINE)
_HEAD_BYTES = 65_536


def recognised(data: bytes, name: str) -> str:
    """The form that the content has: delegated, rpsl, bgp or csv. Raises FormatProblem `claims.form` for none."""
    if name.lower().endswith(".xlsx"):
        return "csv"
    head = inflate(data, LIMITS)[:_HEAD_BYTES].decode("utf-8", "replace").lstrip("\ufeff")
    lines = [line for line in head.splitlines() if line.strip() and not line.startswith(("#", "%"))]
    if lines and HEAD.match(lines[0]):
        return "delegated"
    if any(DUMP.match(line) or SCREEN.match(line) for line in lines):
        return "bgp"
    if _OBJECT.search(head):
        return "rpsl"
    if lines and len(re.split(r"[,;\t|]", lines[0])) > 1:
        columns = {cell.strip(' "').lower() for cell in re.split(r"[,;\t|]", lines[0])}
        return "bgp" if columns <= {"prefix", "asn", "origin", "network"} or not _named(columns) else "csv"
    if lines and re.match(r"^[0-9A-Fa-f:.]+/\d+\s+(?:AS)?\d+$", lines[0].strip()):
        return "bgp"
    raise FormatProblem("claims.form", "the content tells no form; choose it", name[:80])


def read_claims(data: bytes, name: str, *, form: str, asns: AbstractSet[int]) -> ClaimFile:
    """The claims of this nation in a file of the given form; `asns` are the AS numbers known to be the nation's.

    Raises FormatProblem where the file is of another form.
    """
    country = nation().country
    if form == "delegated":
        return read_delegated(data, country=country)
    if form == "rpsl":
        return read_rpsl(data, country=country, asns=asns)
    if form == "bgp":
        if not asns:
            sentence = "no AS number of the nation is known yet; import the delegated file of the registry first"
            raise FormatProblem("claims.bgp", sentence, name[:80])
        return read_bgp_table(data, asns=asns)
    return read_claim_table(data, name)


def guarded(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that may count, and the problems of the others: an organisation that the register does not know, a
    public suffix or a whole country claimed by one organisation.

    `rows` has `organisation` (its number) and `identifier` (what the file says).
    """
    unknown = (pl.col("identifier") != "") & pl.col("organisation").is_null()
    owned = pl.col("organisation").is_not_null()
    names = rows.filter(owned & (pl.col("kind") == "domain"))["value"].unique()
    public = [name for name in names if is_public_suffix(name)]
    is_public = owned & (pl.col("kind") == "domain") & pl.col("value").is_in(public)
    whole = owned & (pl.col("kind") == "country")
    sentence = "under this public suffix many organisations register; no single one may claim it"
    problems = pl.concat([
        problem_rows(rows, unknown, "identifier", "organisation", "the register knows no such organisation"),
        problem_rows(rows, is_public, "value", "suffix", sentence),
        problem_rows(rows, whole, "value", "country", "a country belongs to no single organisation"),
    ])  # fmt: skip
    good = rows.filter(~(unknown | is_public | whole))
    return good, problems.select(pl.col(column).cast(kind) for column, kind in PROBLEMS.items())


def _named(columns: set[str]) -> bool:
    return bool(columns & {"kind", "value", "prefix", "asn", "domain", "country", "range_start", "organisation"})
