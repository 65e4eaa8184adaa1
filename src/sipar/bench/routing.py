"""`sipar bench routing`: addresses and names through a lookup of 50,000 prefixes, beside pytricia and a dictionary."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from sipar.bench.figures import Figure, Peer

STEPS = 2

type Say = Callable[[str], object]


def run(say: Say) -> list[Figure]:
    """Every figure of the bench, with a sentence to `say` before each of `STEPS` steps."""
    say("Routing 5,000,000 IPv4 and 1,000,000 IPv6 addresses against 50,000 prefixes")
    addresses = _step("addresses")
    say("Routing 1,000,000 host names against 20,000 domains")
    names = _step("names")
    return [
        _rate("ipv4_m_per_s", addresses, "ipv4", 10.0, _pytricia(addresses, "ipv4")),
        _rate("ipv6_m_per_s", addresses, "ipv6", 4.0, _pytricia(addresses, "ipv6")),
        Figure("compile_s", *_compile(addresses)),
        _rate("domains_m_per_s", names, "names", 1.0, _dictionary(names)),
        Figure("equal_to_pytricia", *_equal(addresses, "peer", "addresses, {found:,} of them claimed")),
        Figure("equal_to_dictionary", *_equal(names, "peer", "names, {found:,} of them claimed")),
    ]


def _rate(name: str, step: dict[str, Any], what: str, limit: float, peer: Peer | None) -> Figure:
    if "failed" in step:
        return Figure(name, None, "M/s", limit, "min", note=step["failed"])
    found = step[what]
    note = f"whole result with every other claim; {found['cpu']:.1f} M in a second of CPU"
    if "text" in found:
        note += f"; from text {found['text']:.1f} M/s ({found['text_cpu']:.1f} of CPU)"
        note += f"; the match alone {found['match']:.1f} M/s ({found['match_cpu']:.1f} of CPU)"
    return Figure(name, found["wall"], "M/s", limit, "min", peer, note)


def _pytricia(step: dict[str, Any], what: str) -> Peer | None:
    if "failed" in step:
        return None
    if not step["peer"]:
        return Peer("pytricia", None, "not installed")
    return Peer("pytricia", step["peer"][what], "get(), the longest prefix only, from integers or packed bytes")


def _dictionary(step: dict[str, Any]) -> Peer | None:
    if "failed" in step:
        return None
    return Peer("a Python dictionary", step["peer"]["names"], "labels stripped one by one, the longest name only")


def _compile(step: dict[str, Any]) -> tuple[Any, ...]:
    """Value, unit, limit, direction, peer and note."""
    if "failed" in step:
        return None, "s", 0.5, "max", None, step["failed"]
    found = step["compile"]
    peer = Peer("pytricia", step["peer"]["compile"], "prefixes inserted one by one") if step["peer"] else None
    note = f"50,000 claims checked, compiled and hashed; {found['cpu']:.3f} s of CPU"
    return found["wall"], "s", 0.5, "max", peer, note


def _equal(step: dict[str, Any], peer: str, sentence: str) -> tuple[Any, ...]:
    """Value, unit, limit, direction, peer and note of a comparison: 1 where nothing differs."""
    if "failed" in step or not step[peer]:
        return None, "", 1.0, "min", None, step.get("failed", "the peer is not installed")
    found = step[peer]
    note = f"{found['compared']:,} " + sentence.format(found=found["found"]) + f", {found['different']} different"
    return float(found["different"] == 0), "", 1.0, "min", None, note


def _step(name: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "sipar.bench.routing_measure", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no reason was given"])[-1]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
