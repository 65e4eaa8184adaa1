"""One step of the routing bench, in a process of its own: `python -m sipar.bench.routing_measure STEP`.

Prints one JSON object. Needs no database: claims, addresses and names are generated with a fixed seed. Addresses have
no locality, which is the worst case for every method.
"""

from __future__ import annotations

import ipaddress
import json
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from sipar.routing import addresses as text_addresses
from sipar.routing.addresses import Addresses
from sipar.routing.claims import CLAIM_SCHEMA
from sipar.routing.lookup import compile_lookup
from sipar.routing.route import Routed, address_nodes, route

type U64 = npt.NDArray[np.uint64]

PREFIXES4, PREFIXES6, DOMAINS = 42_000, 8_000, 20_000
ASKED4, ASKED6, HOSTS = 5_000_000, 1_000_000, 1_000_000
REPEATS: Final = 5
SEED: Final = 7
LENGTHS4: Final = (12, 14, 16, 18, 20, 22, 24, 26, 28, 32)
LENGTHS6: Final = (32, 36, 40, 44, 48, 56, 64)
ZONES: Final = ("gov.example", "com.example", "example", "org.test")


def addresses() -> dict[str, Any]:
    """Compiling, routing and the same by pytricia."""
    chance = np.random.default_rng(SEED)
    base4, length4 = _prefixes(chance, PREFIXES4, LENGTHS4, top=32, roots=4_000, spread=18)
    base6, length6 = _prefixes(chance, PREFIXES6, LENGTHS6, top=64, roots=2_000, spread=40)
    values = [f"{ipaddress.IPv4Address(int(low))}/{bits}" for low, bits in zip(base4, length4, strict=True)]
    values += [f"{ipaddress.IPv6Address(int(high) << 64)}/{bits}" for high, bits in zip(base6, length6, strict=True)]
    claims = _claims("prefix", values)
    lookup, compiling = _timed(lambda: compile_lookup(claims))
    near4 = base4[chance.integers(0, PREFIXES4, ASKED4 // 2)] + chance.integers(0, 256, ASKED4 // 2, dtype=np.uint64)
    asked4 = np.concatenate([near4, chance.integers(0, 2**32, ASKED4 - len(near4), dtype=np.uint64)])
    chance.shuffle(asked4)
    near6 = base6[chance.integers(0, PREFIXES6, ASKED6)] ^ (np.uint64(1) << chance.integers(0, 40, ASKED6, np.uint64))
    four = Addresses.of_ipv4(asked4.astype(np.uint32))
    six = Addresses.of_ipv6(near6, chance.integers(0, 2**63, ASKED6, dtype=np.uint64))
    found: dict[str, Any] = {"compile": compiling}
    routed: list[Routed] = []
    for name, asked in (("ipv4", four), ("ipv6", six)):
        days, text = _days(len(asked)), text_addresses.written(asked)
        rows = len(asked) / 1e6
        whole, spent = _timed(lambda asked=asked, days=days: route(lookup, ip=asked, day=days))  # type: ignore[misc]
        _, parsed = _timed(lambda text=text, days=days: route(lookup, ip=text, day=days))  # type: ignore[misc]
        _, match = _timed(lambda asked=asked: address_nodes(lookup, asked))  # type: ignore[misc]
        routed.append(whole)
        found[name] = {"wall": rows / spent["wall"], "cpu": rows / spent["cpu"]}
        found[name] |= {"text": rows / parsed["wall"], "text_cpu": rows / parsed["cpu"]}
        found[name] |= {"match": rows / match["wall"], "match_cpu": rows / match["cpu"]}
    return found | {"peer": _pytricia(values, four, six, routed)}


def names() -> dict[str, Any]:
    """Host names: one in twenty only looks like a claimed name, three in ten are nobody's."""
    domains = [f"d{place}.{ZONES[place % 4]}" for place in range(DOMAINS * 3 // 4)]
    domains += [f"x{place}.{domains[place]}" for place in range(DOMAINS - len(domains))]
    lookup = compile_lookup(_claims("domain", domains))
    hosts = [_host(place, domains[place * 7_919 % DOMAINS]) for place in range(HOSTS)]
    column, days = pa.array(hosts), _days(HOSTS)
    routed, spent = _timed(lambda: route(lookup, hostname=column, day=days))
    known = {domain: place + 1 for place, domain in enumerate(domains)}

    def stripped() -> list[int | None]:
        found = []
        for host in hosts:
            name = host
            while name and name not in known:
                name = name.partition(".")[2]
            found.append(known.get(name))
        return found

    expected, peer = _timed(stripped, repeats=1)
    rows = HOSTS / 1e6
    return {
        "names": {"wall": rows / spent["wall"], "cpu": rows / spent["cpu"]},
        "peer": {"names": rows / peer["wall"]} | _compared(routed.claim.to_pylist(), expected),
    }


def _host(place: int, domain: str) -> str:
    kind = place % 20
    if kind == 0:
        return f"not{domain}"
    if kind < 7:
        return f"host{place}.elsewhere.invalid"
    return domain if kind < 9 else f"www.{domain}" if kind < 15 else f"mail.site{place % 97}.{domain}"


def _pytricia(values: list[str], four: Addresses, six: Addresses, routed: list[Routed]) -> dict[str, Any] | None:
    """The longest prefix of every address by pytricia: its rates, and how many differ from ours."""
    try:
        import pytricia  # type: ignore[import-not-found]
    except ImportError:
        return None
    begun = time.perf_counter()
    trees = {4: pytricia.PyTricia(32), 6: pytricia.PyTricia(128)}
    for place, value in enumerate(values):
        trees[6 if ":" in value else 4][value] = place + 1
    compiling = time.perf_counter() - begun
    numbers = four.low.tolist()
    packed = np.stack([six.high, six.low], axis=1).astype(">u8").tobytes()
    keys = [packed[place : place + 16] for place in range(0, len(packed), 16)]
    found4, spent4 = _timed(lambda: [trees[4].get(number) for number in numbers], repeats=1)
    found6, spent6 = _timed(lambda: [trees[6].get(key) for key in keys], repeats=1)
    ours = [*routed[0].claim.to_pylist(), *routed[1].claim.to_pylist()]
    rates = {"ipv4": len(four) / 1e6 / spent4["wall"], "ipv6": len(six) / 1e6 / spent6["wall"], "compile": compiling}
    return rates | _compared(ours, [*found4, *found6])


def _compared(ours: list[int | None], expected: list[int | None]) -> dict[str, int]:
    different = sum(one != other for one, other in zip(ours, expected, strict=True))
    return {"compared": len(ours), "different": different, "found": len(ours) - ours.count(None)}


def _prefixes(
    chance: np.random.Generator, count: int, lengths: tuple[int, ...], *, top: int, roots: int, spread: int
) -> tuple[U64, U64]:
    """Distinct nested prefixes, in random order: lowest address (of the upper 64 bits for IPv6) and length."""
    first, last = (0x0B000000, 0xDF000000) if top == 32 else (0x2400000000000000, 0x2A10000000000000)
    root = chance.integers(first, last, roots, dtype=np.uint64)
    address = root[chance.integers(0, roots, 2 * count)] + chance.integers(0, 1 << spread, 2 * count, dtype=np.uint64)
    length = chance.choice(np.array(lengths, np.uint64), 2 * count)
    behind = np.uint64(top) - length
    distinct = np.unique(np.stack([(address >> behind) << behind, length]), axis=1)
    chosen = distinct[:, chance.permutation(distinct.shape[1])[:count]]
    assert chosen.shape[1] == count
    return chosen[0], chosen[1]


def _claims(kind: str, values: list[str]) -> pl.DataFrame:
    size = len(values)
    parts = {"id": range(1, size + 1), "organisation": [place % 5_000 for place in range(size)], "value": values}
    rest = {"team": None, "kind": kind, "valid_from": None, "valid_until": None, "source": "manual", "mark": ""}
    frame = pl.DataFrame(parts).with_columns(**{name: pl.lit(value) for name, value in rest.items()})
    return frame.select(pl.col(name).cast(dtype) for name, dtype in CLAIM_SCHEMA.items())


def _days(rows: int) -> pa.Array:
    return pa.array(np.full(rows, 20_600, np.int32)).cast(pa.date32())


def _timed[T](work: Callable[[], T], *, repeats: int = REPEATS) -> tuple[T, dict[str, float]]:
    """The result, and the fastest of `repeats` in wall seconds and in CPU seconds: a machine busy with other things
    counts less so. Work that is repeated is done once before, where the kernels are compiled."""
    result = work() if repeats > 1 else None
    wall, used = [], []
    for _ in range(repeats):
        begun, worked = time.perf_counter(), time.process_time()
        result = work()
        wall.append(time.perf_counter() - begun)
        used.append(time.process_time() - worked)
    assert result is not None
    return result, {"wall": min(wall), "cpu": min(used)}


STEPS: dict[str, Callable[[], dict[str, Any]]] = {"addresses": addresses, "names": names}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(STEPS[sys.argv[1]]()) + "\n")
