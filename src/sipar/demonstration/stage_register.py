"""Loading the register: organisations with contacts and assets, candidates for designation, fictional CERTs."""

from __future__ import annotations

import ipaddress
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sipar.core.acting import Actor
from sipar.core.actions import action
from sipar.demonstration.bulk import insert_rows
from sipar.demonstration.ground import Ground
from sipar.demonstration.register import MARK
from sipar.orgs.models import Asset, Contact, Designation, Organisation

IPV4_BLOCKS = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
IPV6_BLOCK = ipaddress.IPv6Network("2001:db8::/32")
FIRST_ASN, LAST_ASN = 64496, 64511
# Kept free of the register's own small networks, for the claims that `stage_claims` tells of.
SPARE_BLOCK = ipaddress.IPv4Network("203.0.113.128/25")
PRODUCTS = (
    "cpe:2.3:a:postgresql:postgresql:15.4:*:*:*:*:*:*:*",
    "cpe:2.3:a:f5:nginx:1.24.0:*:*:*:*:*:*:*",
    "cpe:2.3:o:canonical:ubuntu_linux:22.04:*:*:*:lts:*:*:*",
    "cpe:2.3:o:debian:debian_linux:12.0:*:*:*:*:*:*:*",
    "pkg:pypi/django@4.2.11",
    "pkg:maven/org.apache.logging.log4j/log4j-core@2.17.1",
    "pkg:deb/debian/openssl@3.0.11",
    "pkg:deb/debian/openssh@9.2",
)
CRYPTOGRAPHY = (
    ("RSA-2048", 0.55), ("TLS 1.2", 0.5), ("TLS 1.3", 0.3), ("AES-256", 0.4), ("ECDSA P-256", 0.2), ("RSA-1024", 0.05),
    ("SHA-1", 0.06), ("X25519MLKEM768", 0.03), ("ML-DSA-65", 0.01),
)  # fmt: skip
TECHNOLOGIES = (
    ("cloud", 0.55), ("remote_access", 0.5), ("virtualisation", 0.4), ("ai", 0.18), ("erp", 0.3), ("mobile", 0.25),
    ("voip", 0.2), ("iot", 0.1), ("mainframe", 0.02),
)  # fmt: skip
FUNCTIONS = {
    "energy": "Control of the network that serves a province", "finance": "Clearing of payments between banks",
    "health": "Records and imaging of a teaching hospital", "telecom": "Core network and lawful numbering",
    "water": "Control of pumps and treatment", "government": "A register that citizens depend on",
}  # fmt: skip
WITHDRAWN = "The service moved to another operator (demonstration)."
# Invented licences of invented operators: a law binds licensees, and no column of the register tells who is one.
LICENCES = {
    f"telecom-{kind}": f'{{"licensee": "category_{category}"}}'
    for kind, category in (("mobile", 1), ("fixed", 1), ("transit", 1), ("internet", 2))
}
STATES = ("listed", "graded", "designated", "withdrawn")
STATE_SHARES = (0.4, 0.25, 0.3, 0.05)


@action("demonstration.register")
def load_register(actor: Actor, ground: Ground) -> None:
    """Write the organisations of the register with their contacts and assets."""
    table = ground.register.table
    rows = table.select(
        "identifier",
        "name",
        "name_ur",
        "ownership",
        "size",
        pl.col("tier"),
        pl.col("sector").replace_strict(ground.sectors).alias("sector_id"),
        pl.col("subsector").replace_strict(ground.sectors).alias("subsector_id"),
        pl.col("province").replace_strict(ground.provinces).alias("province_id"),
        pl.col("ministry").replace_strict(ground.ministries, default=None).alias("ministry_id"),
        ("DEMO-" + pl.col("identifier").str.split("-").list.last()).alias("registration_number"),
        ("https://" + pl.col("domain") + "/").alias("website"),
        pl.col("subsector").replace_strict(LICENCES, default="{}").alias("law_facts"),
        pl.lit(value=True).alias("is_fictional"),
    )
    ids = insert_rows(Organisation, rows)
    insert_rows(Contact, _contacts(ground, ids))
    insert_rows(Asset, _assets(ground, ids))


@action("demonstration.designations")
def load_designations(actor: Actor, ground: Ground) -> None:
    """Write candidates and designations in every state; gazette references say that they are for demonstration."""
    insert_rows(Designation, _designations(ground))


def _contacts(ground: Ground, ids: pl.Series) -> pl.DataFrame:
    random = ground.random(1)
    firsts, lasts = ground.recipe.first_names, ground.recipe.last_names
    base = ground.register.table.select("domain", "tier").with_columns(ids.alias("organisation_id")).with_row_index("n")
    parts = []
    for number, (kind, mailbox) in enumerate((("point_of_contact", "soc"), ("ciso", "ciso"), ("head", "office"))):
        names = [
            f"{firsts[one][0]} {lasts[two]}"
            for one, two in zip(
                random.integers(len(firsts), size=len(ids)), random.integers(len(lasts), size=len(ids)), strict=True
            )
        ]
        part = base.with_columns(pl.Series("name", names)).filter(pl.lit(number < 2) | (pl.col("tier") <= 2))
        parts.append(
            part.select(
                "organisation_id",
                "name",
                pl.lit(kind).alias("kind"),
                (pl.lit(f"{mailbox}@") + pl.col("domain")).alias("email"),
                # A country code with an area that nobody has: nobody's telephone rings.
                (f"+92 000 {number}" + pl.col("n").cast(pl.String).str.zfill(6)).alias("phone"),
            )
        )
    return pl.concat(parts)


def _assets(ground: Ground, ids: pl.Series) -> pl.DataFrame:
    random = ground.random(2)
    n = len(ids)
    owner = ids.to_numpy()
    parts = [pl.DataFrame({"organisation_id": owner, "kind": "domain", "value": ground.register.table["domain"]})]

    def add(kind: str, who: NDArray[np.intp], values: list[str]) -> None:
        parts.append(
            pl.DataFrame(
                {"organisation_id": owner[who], "kind": pl.repeat(kind, len(values), eager=True), "value": values}
            )
        )

    online = np.flatnonzero(random.random(n) < 0.45)
    first = int(IPV6_BLOCK.network_address) >> 80
    subnets = (1 << 16) - 1
    add(
        "prefix",
        online[:subnets],
        [f"{ipaddress.IPv6Address((first + turn + 1) << 80)}/48" for turn in range(len(online[:subnets]))],
    )
    critical = np.flatnonzero((ground.register.table["tier"] <= 2).to_numpy())
    small = [
        str(net)
        for block in IPV4_BLOCKS
        for net in ipaddress.IPv4Network(block).subnets(new_prefix=29)
        if not net.subnet_of(SPARE_BLOCK)
    ]
    add("prefix", critical[: len(small)], small[: len(critical)])
    networks = np.flatnonzero((ground.register.table["sector"] == "telecom").to_numpy())
    numbers = [f"AS{number}" for number in range(FIRST_ASN, LAST_ASN + 1)]
    add("asn", networks[: len(numbers)], numbers[: len(networks)])
    for value, share in CRYPTOGRAPHY:
        who = np.flatnonzero(random.random(n) < share)
        add("cryptography", who, [value] * len(who))
    for value, share in TECHNOLOGIES:
        who = np.flatnonzero(random.random(n) < share)
        add("technology", who, [value] * len(who))
    plants = np.flatnonzero(ground.register.ot)
    add("technology", plants, ["ot"] * len(plants))
    for value in PRODUCTS:
        who = np.flatnonzero(random.random(n) < 0.12)
        add("product", who, [value] * len(who))
    return pl.concat(parts).with_columns(valid_from=pl.lit(ground.now.date() - timedelta(days=400)))


def _designations(ground: Ground) -> pl.DataFrame:
    random = ground.random(3)
    table = ground.register.table.with_columns(ground.organisations.alias("organisation_id"))
    featured = len(ground.recipe.featured)
    chosen = (table["tier"] <= 2).to_numpy() & (
        (random.random(table.height) < 0.4) | (np.arange(table.height) < featured)
    )
    rows = table.filter(pl.Series(chosen)).with_row_index("n")
    state = random.choice(len(STATES), rows.height, p=STATE_SHARES)
    # The regulator of the featured organisation has one to decide.
    state[: min(featured, rows.height)] = [1, 2, 0, 1, 2][: min(featured, rows.height)]
    listed = random.integers(40, 380, rows.height)
    background = np.array(ground.background)
    moment = pl.lit(ground.now)
    withdrawn_late = random.random(rows.height) < 0.5
    graded = (state == 1) | (state == 2) | ((state == 3) & withdrawn_late)
    designated = (state == 2) | ((state == 3) & withdrawn_late)
    grader, ministry = ground.person("national-head"), ground.person("ministry")
    days = pl.Series("listed_days", listed)

    def ago(share: float) -> pl.Expr:
        return moment - pl.duration(days=(pl.col("listed_days") * share).cast(pl.Int64))

    def known(mask: NDArray[np.bool_], value: pl.Expr) -> pl.Expr:
        return pl.when(pl.Series(mask)).then(value).otherwise(None)

    gone = state == 3
    grade = pl.when(pl.col("tier") == 1).then(pl.lit("A")).otherwise(pl.lit("B"))
    gazette = pl.lit("DEMO-S.R.O. ") + (pl.col("n") + 1).cast(pl.String) + "(I)/0000"
    review_after = pl.when(pl.col("n") % 5 == 0).then(40).otherwise(365)
    # The officer of the demonstration speaks for one regulator; others decided for the rest.
    decider = pl.when(pl.col("ministry") == "nepra").then(pl.lit(ministry)).otherwise(pl.lit(int(background[-1])))
    return rows.with_columns(days).select(
        "organisation_id",
        (pl.col("name").str.strip_suffix(MARK) + " main system" + MARK).alias("asset_name"),
        pl.col("sector").replace_strict(FUNCTIONS, default="A service that many depend on").alias("function"),
        pl.Series("state", np.array(STATES)[state]),
        pl.Series("listed_by_id", background[np.arange(rows.height) % (len(background) - 1)]),
        ago(1.0).alias("listed_at"),
        known(graded, grade).fill_null("").alias("grade"),
        known(graded, pl.lit(grader)).alias("graded_by_id"),
        known(graded, ago(0.7)).alias("graded_at"),
        known(designated, decider).alias("designated_by_id"),
        known(designated, ago(0.4)).alias("designated_at"),
        known(designated, gazette).fill_null("").alias("gazette_reference"),
        known(state == 2, (ago(0.4) + pl.duration(days=review_after)).dt.date()).alias("review_due_on"),
        known(gone & designated, pl.lit(grader)).alias("withdrawal_asked_by_id"),
        known(gone, decider).alias("withdrawn_by_id"),
        known(gone, ago(0.1)).alias("withdrawn_at"),
        known(gone, pl.lit(WITHDRAWN)).fill_null("").alias("withdrawn_reason"),
    )
