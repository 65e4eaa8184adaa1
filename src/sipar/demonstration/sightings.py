"""What invented sensors saw of the invented nation in thirty days, drawn as tables before any database.

One row is one line of one report: its `day` counts from 0, the oldest, to 29, yesterday. Every address is out of the
documentation ranges, every name ends in `.example`. CVE identifiers are real ones of CISA's catalogue of known
exploited vulnerabilities (https://www.cisa.gov/known-exploited-vulnerabilities-catalog); the machines are not.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

import numpy as np
import polars as pl

from sipar.demonstration.ground import Ground
from sipar.demonstration.stage_claims import CLAIMED_TWICE, CLOUD_RANGE, INSIDE_OF_MOBILE, NAT_RANGE, NOBODYS
from sipar.demonstration.stage_claims import NOBODYS_HEALTH as HEALTH

DAYS = 30
OTHERS = 26


@dataclass(frozen=True)
class Weakness:
    """A kind of exposed service, and how often among them it is met."""

    kind: str
    classification: str
    severity: str
    port: int
    share: float
    product: str = ""
    cves: str = ""
    transport: str = "tcp"


WEAKNESSES = (
    Weakness("accessible-rdp", "potentially-unwanted-accessible", "high", 3389, 0.14),
    Weakness("accessible-smb", "potentially-unwanted-accessible", "high", 445, 0.08),
    Weakness("accessible-telnet", "potentially-unwanted-accessible", "medium", 23, 0.1),
    Weakness("open-snmp", "ddos-amplifier", "medium", 161, 0.1, transport="udp"),
    Weakness("open-ntp-monitor", "ddos-amplifier", "low", 123, 0.08, transport="udp"),
    Weakness("accessible-database", "information-disclosure", "high", 5432, 0.07, "PostgreSQL"),
    Weakness("expired-certificate", "weak-crypto", "low", 443, 0.14),
    Weakness("ssl-freak", "weak-crypto", "low", 8443, 0.1),
    Weakness("accessible-modbus", "potentially-unwanted-accessible", "critical", 502, 0.02),
    Weakness("vulnerable-vpn", "vulnerable-system", "critical", 443, 0.04, "PAN-OS", "CVE-2024-3400"),
    Weakness("vulnerable-gateway", "vulnerable-system", "critical", 443, 0.04, "NetScaler Gateway", "CVE-2023-4966"),
    Weakness("vulnerable-activemq", "vulnerable-system", "critical", 61616, 0.03, "ActiveMQ", "CVE-2023-46604"),
    Weakness("vulnerable-confluence", "vulnerable-system", "high", 8090, 0.03, "Confluence", "CVE-2022-26134"),
    Weakness("vulnerable-php", "vulnerable-system", "high", 80, 0.03, "PHP", "CVE-2024-4577"),
)
BY_KIND = {one.kind: one for one in WEAKNESSES}
# The organisation of the demonstration's CISO: an address, what is there, and the days on which it is.
POWER_STORY: tuple[tuple[int, str, tuple[tuple[int, int], ...]], ...] = (
    (1, "vulnerable-vpn", ((4, 29),)),
    (2, "accessible-rdp", ((0, 9), (16, 29))),
    (3, "accessible-telnet", ((0, 12),)),
    (3, "open-snmp", ((2, 20),)),
    (4, "accessible-modbus", ((25, 29),)),
    (5, "expired-certificate", ((2, 29),)),
    (5, "ssl-freak", ((0, 29),)),
    (6, "accessible-database", ((7, 29),)),
)
# Others whose people or whose CERT have something to decide.
STORIES: tuple[tuple[str, str, tuple[tuple[int, int], ...]], ...] = (
    ("192.0.2.9", "vulnerable-gateway", ((11, 29),)),
    ("192.0.2.10", "accessible-rdp", ((3, 29),)),
    ("192.0.2.11", "accessible-smb", ((0, 29),)),
    ("192.0.2.17", "accessible-database", ((5, 29),)),
    ("192.0.2.25", "accessible-modbus", ((1, 29),)),
    ("192.0.2.33", "vulnerable-activemq", ((14, 29),)),
    ("192.0.2.34", "vulnerable-php", ((2, 18), (24, 29))),
    (str(ipaddress.ip_network(INSIDE_OF_MOBILE)[0]), "accessible-telnet", ((6, 29),)),
    (str(ipaddress.ip_network(CLAIMED_TWICE)[2]), "accessible-rdp", ((8, 29),)),
    (str(ipaddress.ip_network(CLOUD_RANGE)[3]), "accessible-smb", ((10, 21),)),
    (str(ipaddress.ip_network(CLOUD_RANGE)[9]), "accessible-smb", ((18, 29),)),
    (str(ipaddress.ip_network(HEALTH)[4]), "accessible-database", ((4, 29),)),
    (str(ipaddress.ip_network(HEALTH)[7]), "accessible-telnet", ((9, 29),)),
    (str(ipaddress.ip_network(NOBODYS)[5]), "vulnerable-confluence", ((12, 29),)),
    ("2001:db8:ffff::53", "open-snmp", ((0, 29),)),
)
MALWARE = ("Sarab", "Tufan", "Zanjir")
SITES = (("badsecret", "vulnerable-system", "medium"), ("expired-certificate", "weak-crypto", "low"),
         ("phishing-page", "phishing", "high"), ("directory-listing", "information-disclosure", "medium"))  # fmt: skip


def exposed(ground: Ground) -> pl.DataFrame:
    """The daily scan of exposed services: day, address, kind, class, severity, port, transport, product, cves."""
    random = ground.random(60)
    told = [(f"192.0.2.{last}", kind, spans) for last, kind, spans in POWER_STORY]
    rows = [_stretch(address, BY_KIND[kind], spans) for address, kind, spans in (*told, *STORIES)]
    shares = np.array([one.share for one in WEAKNESSES])
    for address in _addresses(ground, random):
        weakness = WEAKNESSES[random.choice(len(WEAKNESSES), p=shares / shares.sum())]
        rows.append(_stretch(address, weakness, _spans(random)))
    return pl.concat(rows)


def sensor(ground: Ground) -> pl.DataFrame:
    """What a made-up sensor noted: day, address, port, kind. Some were seen in the first days only."""
    random = ground.random(61)
    network = ipaddress.ip_network(NAT_RANGE)
    rows = [(day, str(network[2 + (day * 7) % 26]), 22, "password-guessing") for day in range(1, DAYS, 2)]
    rows += [(day, "192.0.2.6", 8080, "open-http-proxy") for day in range(3, 11, 2)]
    rows += [(day, "192.0.2.20", 1080, "open-http-proxy") for day in range(21, DAYS, 2)]
    # What is always there: a report that shrinks to less than half would be held.
    steady = (f"198.51.100.{8 * turn + 3}" for turn in range(14))
    rows += [(day, address, 53, "dns-open-resolver") for address in steady for day in range(1, DAYS, 2)]
    for turn, address in enumerate(_addresses(ground, random)[::3]):
        first = 1 + 2 * int(random.integers(0, 12))
        last = int(random.integers(first, DAYS))
        port, kind = ((53, "dns-open-resolver"), (8080, "open-http-proxy"), (1900, "open-ssdp"))[turn % 3]
        rows += [(day, address, port, kind) for day in range(first, last + 1, 2)]
    schema = {"day": pl.Int64, "address": pl.String, "port": pl.Int64, "kind": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def sinkhole(ground: Ground) -> pl.DataFrame:
    """Machines that called an invented botnet: day, address, malware."""
    random = ground.random(62)
    network = ipaddress.ip_network(NAT_RANGE)
    rows = [(day, str(network[1 + turn]), MALWARE[turn % 3]) for day in range(0, DAYS, 3) for turn in range(6)]
    rows += [(day, "192.0.2.5", MALWARE[0]) for day in range(18, DAYS, 3)]
    rows += [(day, "192.0.2.12", MALWARE[1]) for day in range(3, 12, 3)]
    for address in _addresses(ground, random)[1::4]:
        first = int(random.integers(0, 8)) * 3
        rows += [(day, address, MALWARE[int(random.integers(3))]) for day in range(first, min(first + 10, DAYS), 3)]
    return pl.DataFrame(rows, schema={"day": pl.Int64, "address": pl.String, "malware": pl.String}, orient="row")


def sites(ground: Ground) -> pl.DataFrame:
    """Web sites looked at every third day: day, host, kind, class, severity."""
    random = ground.random(63)
    domains = ground.register.table["domain"]
    hosts = [f"www.{domains[0]}", f"portal.{domains[4]}", f"shop.{domains[4]}", f"old.{domains[1]}"]
    hosts += [f"www.{domains[int(place)]}" for place in random.integers(5, len(domains), 24)]
    rows = []
    for turn, host in enumerate(dict.fromkeys(hosts)):
        kind, classification, severity = SITES[turn % len(SITES)]
        first = 0 if turn < 16 else int(random.integers(0, 8)) * 3
        rows += [(day, host, kind, classification, severity) for day in range(first, DAYS, 3)]
    names = ("day", "host", "kind", "class", "severity")
    schema = {name: pl.Int64 if name == "day" else pl.String for name in names}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _addresses(ground: Ground, random: np.random.Generator) -> list[str]:
    """Some addresses inside the networks of organisations that no story is told of."""
    featured = len(ground.recipe.featured)
    blocks = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/25")
    small = [net for block in blocks for net in ipaddress.ip_network(block).subnets(new_prefix=29)]
    critical = int((ground.register.table["tier"] <= 2).sum())
    owned = small[featured : max(min(critical, len(small)), featured + 1)]
    chosen = random.choice(len(owned), min(OTHERS, len(owned)), replace=False)
    return [
        str(owned[place][1 + int(random.integers(6))]) for place in chosen for _ in range(int(random.integers(1, 4)))
    ]


def _spans(random: np.random.Generator) -> tuple[tuple[int, int], ...]:
    """Days on which something was there: mostly to the end, often repaired, now and then back again."""
    first = int(random.integers(0, DAYS - 1)) if random.random() < 0.7 else 0
    if random.random() < 0.55:
        return ((first, DAYS - 1),)
    ended = min(first + 1 + int(random.gamma(2.0, 4.0)), DAYS - 1)
    back = ended + 3
    return ((first, ended), (back, DAYS - 1)) if back < DAYS - 2 and random.random() < 0.2 else ((first, ended),)


def _stretch(address: str, weakness: Weakness, spans: tuple[tuple[int, int], ...]) -> pl.DataFrame:
    days = [day for first, last in spans for day in range(first, last + 1)]
    return pl.DataFrame({"day": pl.Series(days, dtype=pl.Int64)}).with_columns(
        address=pl.lit(address),
        kind=pl.lit(weakness.kind),
        classification=pl.lit(weakness.classification),
        severity=pl.lit(weakness.severity),
        port=pl.lit(weakness.port, dtype=pl.Int64),
        transport=pl.lit(weakness.transport),
        product=pl.lit(weakness.product),
        cves=pl.lit(weakness.cves),
    )
