"""The machine code of the Monte Carlo engine: random numbers by counting, magnitudes by inversion, whole years.

Random numbers are Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
A number depends on the seed and on where it is used (year, stream, event, use) and on nothing else, so that a year has
the same bits whoever computes it. All kernels stand in one file because numba does not see a change in another one.
"""

from __future__ import annotations

import math

import numpy as np

from sipar.risk.columns import LOGNORMAL, TABLE, Flags, Floats, Ints, Waves, Words
from sipar.routing.compiling import inlined, kernel, leaf

# What a random number is used for; shocks are streams of their own below the groups.
SIZE, ARRIVAL, SECOND = 1 << 24, 2 << 24, 3 << 24
SHOCK = 1 << 30
PROVIDER = 1 << 29
# The columns of what chooses a row, and of what is known of one, side by side in memory.
CUT, ALIAS = range(2)
PICKS = ALIAS + 1
SPREAD, KEEP, SCALE, LOSS = range(4)
FACTS = LOSS + 1
# The same of what a provider's link strikes, so that a failure reads its links one after the other.
STRIKES, LINK_SCALE, LINK_LOSS = range(3)
LINKS = LINK_LOSS + 1
# Events whose random numbers are drawn together.
BATCH = 256
_32 = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


@inlined
def philox(
    year: int, stream: int, event: int, use: int, seed: int
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Four words of 32 bits for this place; `seed` has 64 bits."""
    a, b = np.uint64(year) & _LOW, np.uint64(stream) & _LOW
    c, d = np.uint64(event) & _LOW, np.uint64(use) & _LOW
    k, m = np.uint64(seed) & _LOW, np.uint64(seed) >> _32
    for _ in range(10):
        left, right = np.uint64(0xD2511F53) * a, np.uint64(0xCD9E8D57) * c
        a, b, c, d = (right >> _32) ^ b ^ k, right & _LOW, (left >> _32) ^ d ^ m, left & _LOW
        k, m = (k + np.uint64(0x9E3779B9)) & _LOW, (m + np.uint64(0xBB67AE85)) & _LOW
    return a, b, c, d


@kernel
def philox_row(year: int, stream: int, event: int, use: int, seed: int, words: Words, many: int) -> None:
    """The same for `many` events from `event` on, in the columns of `words`: ten times as fast as one by one."""
    for place in range(many):
        words[0, place], words[1, place], words[2, place], words[3, place] = philox(
            year, stream, event + place, use, seed
        )


@kernel
def unit(high: np.uint64, low: np.uint64) -> float:
    """Two words as a number strictly between 0 and 1, with 52 bits."""
    return (float((high << np.uint64(20)) | (low >> np.uint64(12))) + 0.5) * 2.0**-52


@kernel
def coin(word: np.uint64) -> float:
    """One word as a number strictly between 0 and 1, with 32 bits."""
    return (float(word) + 0.5) * 2.0**-32


@kernel
def rest(word: np.uint64, other: np.uint64, many: int) -> float:
    """What is left of `word` once it has chosen one of `many`, between 0 and 1 and even again.

    The 12 bits of `other` that `unit` leaves fill in what the choice has taken.
    """
    left = float((word * np.uint64(many)) & _LOW)
    return (left + (float(other & np.uint64(0xFFF)) + 0.5) * 2.0**-12 * many) * 2.0**-32


@kernel
def poisson_law(mean: float) -> tuple[int, Floats]:
    """A whole number, and the chances of at most that many events, at most one more, and so on up to 1.

    What lies outside has less than 2^-53 of the chance: nine standard deviations and thirty events to either side.
    """
    lowest = max(0, int(mean - 9 * math.sqrt(mean)) - 30)
    chances = np.ones(int(mean + 9 * math.sqrt(mean)) + 31 - lowest)
    if mean <= 0:
        return lowest, chances
    chance = math.exp(lowest * math.log(mean) - mean - math.lgamma(lowest + 1.0))
    chances[0] = chance
    for place in range(1, chances.shape[0]):
        chance *= mean / (lowest + place)
        chances[place] = chances[place - 1] + chance
    return lowest, chances / chances[-1]


@kernel
def poisson_number(law: tuple[int, Floats], probability: float) -> int:
    """How many events: the smallest number whose chance of at most as many reaches `probability`."""
    lowest, chances = law
    return lowest + int(np.searchsorted(chances, probability))


@kernel
def normal_quantile(probability: float) -> float:
    """The standard normal quantile, to about 1e-9 relative (Acklam's rational approximation and its two tails)."""
    if probability < 0.02425 or probability > 1 - 0.02425:
        tail = min(probability, 1 - probability)
        q = math.sqrt(-2 * math.log(tail))
        top = (
            (((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838) * q - 2.549732539343734) * q
            + 4.374664141464968
        ) * q + 2.938163982698783
        bottom = (
            ((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996) * q + 3.754408661907416
        ) * q + 1.0
        return top / bottom if probability < 0.5 else -top / bottom
    q = probability - 0.5
    r = q * q
    top = (
        (((-3.969683028665376e01 * r + 2.209460984245205e02) * r - 2.759285104469687e02) * r + 1.383577518672690e02) * r
        - 3.066479806614716e01
    ) * r + 2.506628277459239
    bottom = (
        (((-5.447609879822406e01 * r + 1.615858368580409e02) * r - 1.556989798598866e02) * r + 6.680131188771972e01) * r
        - 1.328068155288572e01
    ) * r + 1.0
    return q * top / bottom


@kernel
def normal_share(values: Floats) -> Floats:
    """The standard normal distribution function of each value."""
    made = np.empty(values.shape[0])
    for place in range(values.shape[0]):
        made[place] = 0.5 * math.erfc(-values[place] / math.sqrt(2.0))
    return made


@leaf
def quantile(shapes: Floats, row: int, table: Floats, probability: float) -> float:
    """What an event costs at this probability, by a row of `shapes`.

    Its columns: kind, a, b, tail from, threshold, scale, xi, limit.
    """
    if probability > shapes[row, 3]:
        beyond = (1 - probability) / (1 - shapes[row, 3])
        if abs(shapes[row, 6]) < 1e-9:
            cost = shapes[row, 4] - shapes[row, 5] * math.log(beyond)
        else:
            cost = shapes[row, 4] + shapes[row, 5] / shapes[row, 6] * (beyond ** (-shapes[row, 6]) - 1)
    elif shapes[row, 0] == LOGNORMAL:
        cost = math.exp(shapes[row, 1] + shapes[row, 2] * normal_quantile(probability))
    elif shapes[row, 0] == TABLE:
        place = probability * (shapes[row, 2] - 1)
        whole = min(int(place), int(shapes[row, 2]) - 2)
        first = int(shapes[row, 1]) + whole
        cost = table[first] + (place - whole) * (table[first + 1] - table[first])
    else:
        cost = table[int(shapes[row, 1]) + min(int(probability * shapes[row, 2]), int(shapes[row, 2]) - 1)]
    return float(min(cost, shapes[row, 7]))


@leaf
def choose_rows(
    words: Words, batch: int, first: int, many: int, picks: Words, facts: Floats, chosen: Ints, happens: Flags
) -> None:
    """For each event of a batch, which of `many` rows from `first` on it strikes, and whether controls let it happen.

    All rows of the batch come before any of their losses: the processor waits for many rows at once.
    """
    for place in range(batch):
        row = first + int((words[2, place] * np.uint64(many)) >> _32)
        other = np.int64(picks[row, ALIAS])
        chosen[place] = row if rest(words[2, place], words[1, place], many) < coin(picks[row, CUT]) else other
    for place in range(batch):
        happens[place] = coin(words[3, place]) < facts[chosen[place], KEEP]


@kernel
def simulate_years(
    years: Ints,
    seed: int,
    groups: Ints,
    cluster_rates: Floats,
    sector_shocks: Floats,
    nation_shock: Floats,
    picks: Words,
    facts: Floats,
    shapes: Floats,
    second: Floats,
    table: Floats,
    failures: Floats,
    link_starts: Ints,
    link_rows: Ints,
    links: Floats,
    totals: Floats,
    by_row: Floats,
    by_link: Floats,
    cell: Ints,
    by_cell: Floats,
) -> None:
    """Put the loss of each of `years` into `totals` and, where `by_row` has rows, add each loss to its scenario's row.

    What came through a provider's link is added to `by_link` too. Where `cell` says to which cell each row belongs, the
    loss of each year and cell is put into `by_cell`.

    Group g holds rows groups[g] to groups[g + 1]; a shock is (probability, factor if so, factor if not). `shapes` has
    two rows for each loss, primary and secondary, and `second` the probability of the secondary one. `picks`
    (columns `CUT` and `ALIAS`) chooses rows, `facts` holds what is known of one side by side (columns `SPREAD` to
    `LOSS`): rows are met at random, and each costs one look.
    """
    rows, cells = by_row.shape[0] > 0, cell.shape[0] > 0
    words, chosen = np.empty((4, BATCH), np.uint64), np.empty(BATCH, np.int64)
    happens = np.empty(BATCH, np.bool_)
    totals[:] = 0.0
    # One group, then one provider, over all of the years: its rows stay near the processor.
    for group in range(groups.shape[0] - 1):
        first, many = groups[group], groups[group + 1] - groups[group]
        # As many laws of the number of clusters as there are shocks together: nation's, sector's, or not.
        laws = (
            poisson_law(cluster_rates[group] * nation_shock[1] * sector_shocks[group, 1]),
            poisson_law(cluster_rates[group] * nation_shock[1] * sector_shocks[group, 2]),
            poisson_law(cluster_rates[group] * nation_shock[2] * sector_shocks[group, 1]),
            poisson_law(cluster_rates[group] * nation_shock[2] * sector_shocks[group, 2]),
        )
        for position in range(years.shape[0]):
            year, total = years[position], totals[position]
            a, b, _, _ = philox(year, SHOCK, 0, 0, seed)
            c, d, _, _ = philox(year, SHOCK, group + 1, 0, seed)
            calm = 2 * int(unit(a, b) >= nation_shock[0]) + int(unit(c, d) >= sector_shocks[group, 0])
            a, b, _, _ = philox(year, group, 0, ARRIVAL, seed)
            clusters = poisson_number(laws[calm], unit(a, b))
            for begin in range(0, clusters, BATCH):
                batch = min(BATCH, clusters - begin)
                philox_row(year, group, begin, 0, seed, words, batch)
                choose_rows(words, batch, first, many, picks, facts, chosen, happens)
                for place in range(batch):
                    row, cluster = chosen[place], begin + place
                    a, b, d = words[0, place], words[1, place], words[3, place]
                    size, comes = 1, happens[place]
                    if facts[row, SPREAD] > 0:
                        e, f, g, h = philox(year, group, cluster, SIZE, seed)
                        # Kemp's second way to a logarithmic number (Applied Statistics 30, 1981).
                        base = 1 - (1 - facts[row, SPREAD]) ** unit(e, f)
                        size = 1 + int(math.log(unit(g, h)) / math.log(base)) if base > 0 else 1
                    for event in range(size):
                        if event:
                            a, b, _, d = philox(year, group, cluster, event, seed)
                            comes = coin(d) < facts[row, KEEP]
                        if not comes:
                            continue
                        entry = int(facts[row, LOSS])
                        cost = quantile(shapes, 2 * entry, table, unit(a, b))
                        # Whoever passed the first coin has an even one left: the same word says whether it costs more.
                        if coin(d) < second[entry] * facts[row, KEEP]:
                            a, b, _, _ = philox(year, group, cluster, SECOND + event, seed)
                            cost += quantile(shapes, 2 * entry + 1, table, unit(a, b))
                        total += cost * facts[row, SCALE]
                        if rows:
                            by_row[row] += cost * facts[row, SCALE]
                        if cells:
                            by_cell[position, cell[row]] += cost * facts[row, SCALE]
            totals[position] = total
    for provider in range(failures.shape[0]):
        if failures[provider] <= 0:
            continue
        for position in range(years.shape[0]):
            year, total = years[position], totals[position]
            clock, failure = 0.0, 0
            while True:
                a, b, _, _ = philox(year, PROVIDER + provider, failure, ARRIVAL, seed)
                clock -= math.log(unit(a, b)) / failures[provider]
                if clock > 1:
                    break
                for begin in range(link_starts[provider], link_starts[provider + 1], BATCH):
                    batch = min(BATCH, link_starts[provider + 1] - begin)
                    # The link is counted in the event's place: a provider may have more links than a use has room for.
                    philox_row(year, PROVIDER + provider, begin, failure, seed, words, batch)
                    for place in range(batch):
                        happens[place] = coin(words[2, place]) < links[begin + place, STRIKES]
                    for place in range(batch):
                        if not happens[place]:
                            continue
                        link = begin + place
                        a, b, d = words[0, place], words[1, place], words[3, place]
                        entry = int(links[link, LINK_LOSS])
                        cost = quantile(shapes, 2 * entry, table, unit(a, b))
                        if coin(d) < second[entry]:
                            a, b, _, _ = philox(year, PROVIDER + provider, link, SECOND + failure, seed)
                            cost += quantile(shapes, 2 * entry + 1, table, unit(a, b))
                        cost *= links[link, LINK_SCALE]
                        total += cost
                        if rows:
                            by_row[link_rows[link]] += cost
                            by_link[link] += cost
                        if cells:
                            by_cell[position, cell[link_rows[link]]] += cost
                failure += 1
            totals[position] = total


@kernel
def shock_factors(years: Ints, seed: int, group: int, sector_shock: Floats, nation_shock: Floats) -> Floats:
    """The factor on everything of this group in each of `years`, as `simulate_years` draws it."""
    made = np.empty(years.shape[0])
    for position in range(years.shape[0]):
        a, b, _, _ = philox(years[position], SHOCK, 0, 0, seed)
        nation = nation_shock[1] if unit(a, b) < nation_shock[0] else nation_shock[2]
        a, b, _, _ = philox(years[position], SHOCK, group + 1, 0, seed)
        made[position] = nation * (sector_shock[1] if unit(a, b) < sector_shock[0] else sector_shock[2])
    return made


@kernel
def failure_counts(years: Ints, seed: int, provider: int, failures: float) -> Floats:
    """How often this provider fails in each of `years`, as `simulate_years` draws it."""
    made = np.zeros(years.shape[0])
    for position in range(years.shape[0]):
        clock, failure = 0.0, 0
        while failures > 0:
            a, b, _, _ = philox(years[position], PROVIDER + provider, failure, ARRIVAL, seed)
            clock -= math.log(unit(a, b)) / failures
            if clock > 1:
                break
            failure += 1
        made[position] = failure
    return made


@kernel
def alias_table(weights: Floats, first: int, cut: Floats, alias: Ints) -> None:
    """Fill `cut` and `alias` from row `first` on, to pick a row by weight in one step (Walker, Vose)."""
    many = weights.shape[0]
    heavy, light = np.empty(many, np.int64), np.empty(many, np.int64)
    share = weights * (many / weights.sum())
    above, below = 0, 0
    for row in range(many):
        cut[first + row], alias[first + row] = 1.0, first + row
        if share[row] < 1:
            light[below] = row
            below += 1
        else:
            heavy[above] = row
            above += 1
    while above and below:
        below -= 1
        small, large = light[below], heavy[above - 1]
        cut[first + small], alias[first + small] = share[small], first + large
        share[large] -= 1 - share[small]
        if share[large] < 1:
            above -= 1
            light[below] = large
            below += 1


@kernel
def add_chances(logarithm: Waves, cost: Waves, share: float, count: float) -> None:
    """Add `count` times the logarithm of 1 + share * (cost - 1), its angle followed from frequency to frequency.

    The trap: a part of a count times an angle that jumps by a whole turn would be another number.
    """
    before = 0.0
    for place in range(logarithm.shape[0]):
        real, imaginary = 1 + share * (cost[place].real - 1), share * cost[place].imag
        square = max(real * real + imaginary * imaginary, 1e-300)
        angle = math.atan2(imaginary, real)
        angle += 2 * math.pi * round((before - angle) / (2 * math.pi))
        before = angle
        logarithm[place] += complex(0.5 * count * math.log(square), count * angle)
