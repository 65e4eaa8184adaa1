"""CSAF 2.0 and 2.1 documents: security advisories and VEX, as what they say of each product and CVE.

Structure and values: OASIS CSAF 2.0 (product tree, product status, flags). Only what a document says itself is read;
nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sipar.formats.cve import CVE
from sipar.formats.documents import load_json
from sipar.formats.inventory import LIMITS, listing, mapping, text
from sipar.formats.problems import FormatProblem

STATUSES = {
    "known_affected": "affected",
    "first_affected": "affected",
    "last_affected": "affected",
    "known_not_affected": "not_affected",
    "fixed": "fixed",
    "first_fixed": "fixed",
    "under_investigation": "under_investigation",
}
MOST_PRODUCTS = 100_000
MOST_STATEMENTS = 500_000


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the tree: what identifies it, and the version that its branches or its name give.

    `range` is a version range in words (vers or free text) where the branch is one, else empty.
    """

    name: str
    vendor: str = ""
    product: str = ""
    version: str = ""
    range: str = ""
    cpe: str = ""
    purl: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """What the document says of one CVE in one product; `why` is the justification of a not affected one."""

    cve: str
    product: Product
    status: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """One document. `tlp` is its label in lower case, empty where it has none."""

    identifier: str
    publisher: str
    namespace: str
    title: str
    version: str
    released: datetime
    category: str
    final: bool
    tlp: str
    statements: tuple[Statement, ...]


def read_csaf(data: bytes) -> Advisory:
    """The document. Raises FormatProblem `csaf.shape`, `csaf.version`, `csaf.date`, `csaf.product` or `csaf.size`."""
    content = load_json(data, LIMITS)
    about = mapping(mapping(content).get("document"))
    if str(about.get("csaf_version", "")) not in ("2.0", "2.1"):
        raise FormatProblem("csaf.version", "this is no CSAF document of version 2.0 or 2.1", "document/csaf_version")
    tracking, publisher = mapping(about.get("tracking")), mapping(about.get("publisher"))
    identifier, namespace = text(tracking.get("id"), 200), text(publisher.get("namespace"), 300)
    if not identifier or not namespace:
        raise FormatProblem("csaf.shape", "the document has no tracking id or publisher", "document/tracking")
    products = dict(_products(mapping(content.get("product_tree"))))
    if len(products) > MOST_PRODUCTS:
        raise FormatProblem("csaf.size", f"more than {MOST_PRODUCTS:,} products", "product_tree")
    statements = tuple(_statements(listing(content.get("vulnerabilities")), products, _groups(content)))
    tlp = mapping(mapping(about.get("distribution")).get("tlp")).get("label")
    return Advisory(
        identifier=identifier,
        publisher=text(publisher.get("name"), 200),
        namespace=namespace,
        title=text(about.get("title"), 300),
        version=text(tracking.get("version"), 40),
        released=_moment(tracking.get("current_release_date")),
        category=text(about.get("category"), 60),
        final=tracking.get("status") != "draft",
        tlp=text(tlp, 20).casefold().removeprefix("tlp:"),
        statements=statements,
    )


def _products(tree: dict[str, Any]) -> Iterator[tuple[str, Product]]:
    """Every product by its identifier: of branches, of plain names, and of relationships (a product on a platform)."""
    waiting: list[tuple[Any, dict[str, str]]] = [(branch, {}) for branch in listing(tree.get("branches"))]
    known: dict[str, Product] = {}
    while waiting:
        entry, above = waiting.pop()
        branch = mapping(entry)
        here = above | {text(branch.get("category"), 40): text(branch.get("name"), 200)}
        waiting += [(child, here) for child in listing(branch.get("branches"))]
        if found := _product(mapping(branch.get("product")), here):
            known[found[0]] = found[1]
    for entry in listing(tree.get("full_product_names")):
        if found := _product(mapping(entry), {}):
            known[found[0]] = found[1]
    for relationship in map(mapping, listing(tree.get("relationships"))):
        inside = known.get(text(relationship.get("product_reference"), 300))
        found = _product(mapping(relationship.get("full_product_name")), {})
        if found:
            # A product on a platform is asked for by the product, unless the pair has a name of its own.
            own = found[1]
            known[found[0]] = own if own.cpe or own.purl or inside is None else inside
    yield from known.items()


def _product(entry: dict[str, Any], branches: dict[str, str]) -> tuple[str, Product] | None:
    identifier = text(entry.get("product_id"), 300)
    if not identifier:
        return None
    helper = mapping(entry.get("product_identification_helper"))
    # CSAF 2.1 has lists of purls, 2.0 one.
    purl = helper.get("purl") or next(iter(listing(helper.get("purls"))), "")
    return identifier, Product(
        name=text(entry.get("name"), 300),
        vendor=branches.get("vendor", ""),
        product=branches.get("product_name", ""),
        version=branches.get("product_version", ""),
        range=branches.get("product_version_range", ""),
        cpe=text(helper.get("cpe"), 400),
        purl=text(purl, 400),
    )


def _groups(content: dict[str, Any]) -> dict[str, list[str]]:
    tree = mapping(content.get("product_tree"))
    return {
        text(group.get("group_id"), 300): [text(one, 300) for one in listing(group.get("product_ids"))]
        for group in map(mapping, listing(tree.get("product_groups")))
    }


def _statements(entries: list[Any], products: dict[str, Product], groups: dict[str, list[str]]) -> Iterator[Statement]:
    count = 0
    for place, entry in enumerate(entries):
        vulnerability = mapping(entry)
        cve = text(vulnerability.get("cve"), 40)
        if not CVE.match(cve):
            continue
        reasons = _reasons(vulnerability, groups)
        for status, identifiers in mapping(vulnerability.get("product_status")).items():
            said = STATUSES.get(status)
            if said is None:
                continue
            for identifier in listing(identifiers):
                product = products.get(text(identifier, 300))
                if product is None:
                    raise FormatProblem(
                        "csaf.product",
                        f'the product "{text(identifier, 80)}" is not in the product tree',
                        f"vulnerabilities/{place}/product_status/{status}",
                    )
                count += 1
                if count > MOST_STATEMENTS:
                    raise FormatProblem("csaf.size", f"more than {MOST_STATEMENTS:,} statements", "vulnerabilities")
                yield Statement(
                    cve, product, said, reasons.get(text(identifier, 300), "") if said == "not_affected" else ""
                )


def _reasons(vulnerability: dict[str, Any], groups: dict[str, list[str]]) -> dict[str, str]:
    """Why a product is not affected: the machine-readable flag, else the impact in words."""
    found: dict[str, str] = {}
    words = [
        (threat, "details")
        for threat in listing(vulnerability.get("threats"))
        if mapping(threat).get("category") == "impact"
    ]
    for entry, field in [*words, *((flag, "label") for flag in listing(vulnerability.get("flags")))]:
        said = mapping(entry)
        named = [text(one, 300) for one in listing(said.get("product_ids"))]
        named += [one for group in listing(said.get("group_ids")) for one in groups.get(text(group, 300), [])]
        found |= dict.fromkeys(named, text(said.get(field), 200))
    return found


def _moment(value: object) -> datetime:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise FormatProblem("csaf.date", "this is no date", "document/tracking/current_release_date") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
