"""The invented register: drawn in columns, from a seed, with shares like those of a real country."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sipar.demonstration.recipe import Recipe
from sipar.nations.profile import Nation

MARK = " (fictional)"
MARK_UR = " (فرضی)"
TIER_SHARES = np.array([0.03, 0.12, 0.35, 0.50])
SIZES = ("micro", "small", "medium", "large")
# By tier: the more critical, the larger.
SIZE_SHARES = np.array(
    [[0.0, 0.02, 0.18, 0.80], [0.0, 0.10, 0.45, 0.45], [0.05, 0.35, 0.45, 0.15], [0.3, 0.45, 0.22, 0.03]]
)
TIER_EFFECTS = np.array([0.14, 0.08, 0.0, -0.06])
SIZE_EFFECTS = np.array([-0.06, -0.02, 0.02, 0.05])
UNDER_PROVINCE = 0.75

type Floats = NDArray[np.float64]
type Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Register:
    """n organisations: `table` holds the columns of the register as codes, the arrays what the stories need.

    maturity float64[n] 0..1 before noise of requirements; ot bool[n]; sector, province Indices into the profile.
    """

    table: pl.DataFrame
    maturity: Floats
    ot: NDArray[np.bool_]

    @property
    def size(self) -> int:
        return self.table.height


def draw_register(nation: Nation, recipe: Recipe, *, organisations: int, seed: int) -> Register:
    """Draw the register; the featured organisations of the recipe come first. Same arguments, same table."""
    random = np.random.default_rng([seed, 1])
    n = organisations
    sectors = [sector for sector in nation.sectors if sector.code in recipe.sectors]
    shares = [recipe.sectors[sector.code] for sector in sectors]
    sector = random.choice(len(sectors), n, p=_normal([share.share for share in shares]))
    spread = random.random(n)
    counts = np.array([len(item.subsectors) for item in sectors])
    subsector = np.minimum((spread**1.4 * counts[sector]).astype(np.intp), counts[sector] - 1)
    codes = list(recipe.provinces)
    province = random.choice(len(codes), n, p=_normal([item.share for item in recipe.provinces.values()]))
    tier = _tiers(random, np.array([share.critical for share in shares])[sector])
    size = _pick(random, SIZE_SHARES[tier])
    public = random.random(n) < np.array([share.public for share in shares])[sector]
    ot = random.random(n) < np.array([share.ot for share in shares])[sector]
    maturity = (
        0.46
        + np.array([share.effect for share in shares])[sector]
        + np.array([item.effect for item in recipe.provinces.values()])[province]
        + TIER_EFFECTS[tier]
        + SIZE_EFFECTS[size]
        + random.normal(0.0, 0.09, n)
    )
    under_province = random.random(n) < UNDER_PROVINCE
    words = random.permutation(len(recipe.seconds) * max(len(pairs) for pairs in recipe.firsts.values()))
    sector_codes = [item.code for item in sectors]
    table = pl.DataFrame(
        {
            "identifier": [f"{nation.country}-D-{number:06d}" for number in range(1, n + 1)],
            "sector": [sector_codes[index] for index in sector],
            "subsector": [sectors[one].subsectors[two].code for one, two in zip(sector, subsector, strict=True)],
            "province": [codes[index] for index in province],
            "ownership": np.where(public, "public", "private"),
            "tier": (tier + 1).astype(np.int64),
            "size": np.array(SIZES)[size],
            "under_province": under_province,
        }
    )
    table = _named(table, recipe, words)
    table = _with_ministry(table, nation, recipe)
    table, maturity = _feature(table, maturity, recipe)
    return Register(table=_with_domain(table), maturity=np.clip(maturity, 0.05, 0.95), ot=ot)


def _normal(shares: list[float]) -> Floats:
    values = np.array(shares)
    shares_of_one: Floats = values / values.sum()
    return shares_of_one


def _pick(random: np.random.Generator, shares: Floats) -> Indices:
    """One column for each row, by the row's own shares."""
    return (random.random(len(shares))[:, None] > shares.cumsum(axis=1)[:, :-1]).sum(axis=1)


def _tiers(random: np.random.Generator, critical: Floats) -> Indices:
    weights = np.repeat(TIER_SHARES[None, :], len(critical), axis=0)
    weights[:, :2] *= critical[:, None]
    return _pick(random, weights / weights.sum(axis=1, keepdims=True))


def _named(table: pl.DataFrame, recipe: Recipe, order: Indices) -> pl.DataFrame:
    """Names are unique: within a province and subsector a counter walks over words, then kinds, then numbers."""
    numbered = table.with_columns(pl.int_range(pl.len()).over("province", "subsector").alias("turn"))
    names, urdu = [], []
    for province, subsector, turn in numbered.select("province", "subsector", "turn").iter_rows():
        firsts, kinds = recipe.firsts[province], recipe.kinds[subsector]
        words = len(firsts) * len(recipe.seconds)
        # A step that is prime to the number of words visits all of them, far apart.
        word = (turn * _step(words) + int(order[len(subsector)]) * 5 + len(subsector)) % words
        kind = kinds[(turn // words + turn % words) % len(kinds)]
        number = turn // (words * len(kinds))
        first, second = firsts[word % len(firsts)], recipe.seconds[word // len(firsts)]
        suffix = f" {number + 1}" if number else ""
        names.append(f"{first[0]}{second[0]} {kind[0]}{suffix}{MARK}")
        urdu.append(f"{first[1]}{second[1]} {kind[1]}{suffix}{MARK_UR}")
    return numbered.drop("turn").with_columns(pl.Series("name", names), pl.Series("name_ur", urdu))


def _step(words: int) -> int:
    return next(step for step in (37, 41, 43, 47) if np.gcd(step, words) == 1)


def _with_ministry(table: pl.DataFrame, nation: Nation, recipe: Recipe) -> pl.DataFrame:
    """Public ones answer to their province's department for the sector or to a ministry, private to a regulator."""
    departments = {
        (body.province, sector): body.code
        for body in reversed(nation.bodies)
        if body.province
        for sector in body.sectors
    }
    known = {body.code for body in nation.bodies}
    found: list[str | None] = []
    for sector, subsector, province, ownership, under in table.select(
        "sector", "subsector", "province", "ownership", "under_province"
    ).iter_rows():
        code = recipe.regulators.get(subsector) or recipe.regulators.get(sector)
        if ownership == "public":
            local = departments.get((province, sector)) if subsector != "government-federal" else None
            federal = recipe.ministries.get(subsector) or recipe.ministries.get(sector)
            code = (local or (None if under else federal)) if province != "PK-IS" else federal
        found.append(code if code in known else None)
    return table.drop("under_province").with_columns(pl.Series("ministry", found, dtype=pl.String))


def _feature(table: pl.DataFrame, maturity: Floats, recipe: Recipe) -> tuple[pl.DataFrame, Floats]:
    """Put the featured organisations into the first rows."""
    rows = recipe.featured[: table.height]
    featured = pl.DataFrame(
        [
            item.model_dump(exclude={"maturity"}) | {"name": item.name + MARK, "name_ur": item.name_ur + MARK_UR}
            for item in rows
        ],
        schema_overrides={"tier": pl.Int64, "ministry": pl.String},
    ).with_columns(table["identifier"].head(len(rows)))
    changed = maturity.copy()
    changed[: len(rows)] = [item.maturity for item in rows]
    return pl.concat([featured.select(table.columns), table.slice(len(rows))]), changed


def _with_domain(table: pl.DataFrame) -> pl.DataFrame:
    """A domain under `.example` from the name; two equal ones are told apart by the identifier."""
    slug = (
        pl.col("name")
        .str.strip_suffix(MARK)
        .str.to_lowercase()
        .str.replace_all(r"[^a-z0-9]+", "-")
        .str.strip_chars("-")
    )
    number = pl.col("identifier").str.split("-").list.last().str.strip_chars_start("0")
    domain = pl.when(slug.is_duplicated()).then(slug + "-" + number).otherwise(slug) + ".example"
    return table.with_columns(domain.alias("domain"))
